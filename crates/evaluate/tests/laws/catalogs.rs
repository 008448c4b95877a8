//! Random catalogs: audiences of users and of accounts in every state, and computed traits, over the names of random
//! histories. Whatever is drawn can be spelled in the language, unless it contradicts itself.

use std::collections::BTreeMap;

use definitions::{
    Aggregate, Audience, AudienceState, Catalog, ComputedTrait, Condition, Filter, Guards, Operator, Reducer, ReferenceOf, Scalar, Settings,
};
use model::{AudienceKey, Collection, Fingerprint, IdentifierKind, Lookback, TraitKey, Value, WorkspaceZone};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::conditions::{condition, event, numbered, window};
use crate::histories::{KINDS, KINDS_ACCOUNTS, TEXTS};
use crate::matchers::{Sight, composed, filter, number, path, scalar};

/// Computed traits are named like a trait that is sent, or not; they are evaluated in this order.
const TRAITS: [&str; 3] = ["p", "d", "c"];

/// Everything that is defined.
#[derive(Debug, Clone)]
pub(crate) struct Defined {
    pub(crate) traits: Vec<ComputedTrait>,
    pub(crate) audiences: Vec<Audience>,
}

impl Defined {
    pub(crate) fn catalog(&self, zone: WorkspaceZone) -> Catalog {
        let settings = Settings { zone, ..Settings::default() };
        Catalog {
            settings,
            order: self.audiences.iter().map(|audience| audience.key.clone()).collect(),
            audiences: self.audiences.iter().map(|audience| (audience.key.clone(), audience.clone())).collect(),
            trait_order: self.traits.iter().map(|computed| computed.key.clone()).collect(),
            traits: self.traits.iter().map(|computed| (computed.key.clone(), computed.clone())).collect(),
            destinations: BTreeMap::new(),
            models: BTreeMap::new(),
            fingerprint: Fingerprint("law".to_owned()),
        }
    }
}

/// One to four audiences, each perhaps referring to those before it, and up to three computed traits likewise.
pub(crate) fn defined() -> impl Strategy<Value = Defined> {
    (traits(), audiences()).prop_map(|(traits, audiences)| Defined { traits, audiences })
}

fn traits() -> impl Strategy<Value = Vec<ComputedTrait>> {
    let reducer = select(vec![
        Reducer::Count,
        Reducer::Sum,
        Reducer::Average,
        Reducer::Min,
        Reducer::Max,
        Reducer::First,
        Reducer::Last,
        Reducer::MostFrequent { at_least: 1 },
        Reducer::MostFrequent { at_least: 2 },
        Reducer::Unique,
        Reducer::UniqueCount,
    ]);
    let if_none = prop::option::weighted(0.3, (number(), select(TEXTS.to_vec()), scalar()));
    let draft = (collection(), event(), filter(Sight::Profile), window(), reducer, path(), if_none);
    let names = prop_oneof![Just(Vec::new()), subsequence(TRAITS.to_vec(), 1..=TRAITS.len())];
    (names, prop::collection::vec(draft, TRAITS.len())).prop_map(|(names, drafts)| {
        let mut traits: Vec<ComputedTrait> = Vec::new();
        for (name, (of, event, mut filter, window, reducer, path, if_none)) in names.iter().zip(drafts) {
            let known: Vec<&str> = traits.iter().map(|computed| computed.key.as_str()).collect();
            refer_to_known(&mut filter, &names, &known);
            let path = if reducer == Reducer::Count { Vec::new() } else { path };
            traits.push(ComputedTrait {
                key: TraitKey::parse(name).expect("plain"),
                description: String::new(),
                owner: None,
                of,
                event,
                filter,
                window,
                aggregate: Aggregate { reducer, path },
                if_none: if_none.map(|(number, text, any)| fitting(reducer, number, text, any)),
                fingerprint: Fingerprint((*name).to_owned()),
            });
        }
        traits
    })
}

/// A computed trait may refer to those before it alone: other names become that of a trait that is only sent.
fn refer_to_known(filter: &mut Filter, names: &[&str], known: &[&str]) {
    let matches = filter.all.iter_mut().chain(filter.any.iter_mut().flatten());
    for operator in matches.flat_map(|path_match| &mut path_match.matcher.operators) {
        if let Operator::Compare { with, .. } = operator
            && with.of == ReferenceOf::Trait
            && names.contains(&with.path[0].as_str())
            && !known.contains(&with.path[0].as_str())
        {
            "q".clone_into(&mut with.path[0]);
        }
    }
}

/// What stands in place of nothing has the type of the trait.
fn fitting(reducer: Reducer, number: f64, text: &str, any: Scalar) -> Value {
    match reducer {
        Reducer::Count | Reducer::Sum | Reducer::Average | Reducer::Min | Reducer::Max | Reducer::UniqueCount => Value::Number(number),
        Reducer::MostFrequent { .. } => Value::Text(composed(text)),
        Reducer::Unique => Value::List(vec![Value::Text(composed(text))]),
        Reducer::First | Reducer::Last => value(any),
    }
}

fn value(scalar: Scalar) -> Value {
    match scalar {
        Scalar::Flag(flag) => Value::Flag(flag),
        Scalar::Number(number) => Value::Number(number),
        Scalar::Integer(integer) => Value::Integer(integer),
        Scalar::Text(text) => Value::Text(text),
    }
}

fn audiences() -> impl Strategy<Value = Vec<Audience>> {
    let state = prop_oneof![8 => Just(AudienceState::Live), 1 => Just(AudienceState::Paused), 1 => Just(AudienceState::Retired)];
    let draft = (collection(), state).prop_flat_map(|(of, state)| {
        let kinds = match of {
            Collection::Users => subsequence(KINDS.to_vec(), 1..=KINDS.len()),
            Collection::Accounts => subsequence(KINDS_ACCOUNTS.to_vec(), 1),
        };
        (Just(of), Just(state), kinds, condition(of))
    });
    prop::collection::vec(draft, 1..5).prop_map(|drafts| {
        let mut audiences: Vec<Audience> = Vec::new();
        for (number, (of, state, kinds, mut who)) in drafts.into_iter().enumerate() {
            refer_backwards(&mut who, of, &audiences);
            audiences.push(Audience {
                key: numbered(number),
                title: None,
                description: String::new(),
                owner: None,
                of,
                state,
                identified_by: kinds.into_iter().map(IdentifierKind::new).collect(),
                who,
                syncs: Vec::new(),
                guards: Guards::default(),
                tests: Vec::new(),
                fingerprint: Fingerprint(number.to_string()),
            });
        }
        audiences
    })
}

fn collection() -> impl Strategy<Value = Collection> {
    prop_oneof![2 => Just(Collection::Users), 1 => Just(Collection::Accounts)]
}

/// A reference leads to an audience before this one, of the same collection and not retired; or becomes something else.
fn refer_backwards(condition: &mut Condition, of: Collection, before: &[Audience]) {
    let possible: Vec<&AudienceKey> = before
        .iter()
        .filter(|audience| audience.of == of && audience.state != AudienceState::Retired)
        .map(|audience| &audience.key)
        .collect();
    match condition {
        Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
            for part in parts {
                refer_backwards(part, of, before);
            }
        }
        Condition::AnyUser(inner) | Condition::AllUsers(inner) | Condition::NoUser(inner) => {
            refer_backwards(inner, Collection::Users, before);
        }
        Condition::Account(inner) => refer_backwards(inner, Collection::Accounts, before),
        Condition::InAudience(target)
        | Condition::NotInAudience(target)
        | Condition::MemberFor { audience: target, .. }
        | Condition::EnteredAudience { audience: target, .. }
        | Condition::ExitedAudience { audience: target, .. } => {
            let drawn: usize = target.as_str().trim_start_matches("audience_").parse().expect("drawn");
            match possible.get(drawn % possible.len().max(1)) {
                Some(key) => *target = (*key).clone(),
                None => *condition = Condition::ActiveWithin(Lookback::parse("1 day").expect("plain")),
            }
        }
        Condition::Event(_) | Condition::Traits(_) | Condition::ActiveWithin(_) | Condition::InactiveFor(_) | Condition::Sample { .. } => {}
    }
}
