//! Random catalogs: every condition, operator, window and modifier, over the names of random histories.

use std::collections::BTreeMap;

use definitions::{
    Audience, Catalog, Condition, CountRange, EventCondition, Filter, Matcher, Operator, PathMatch, Scalar, Settings, StoreSetting,
};
use model::{AudienceKey, EventName, Fingerprint, IdentifierKind, Lookback, MomentSpec, Window, WorkspaceZone};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::histories::{EVENTS, INTEGERS, KINDS, MEMBERS, NAMES, NUMBERS, TEXTS, moment};

const LOOKBACKS: [&str; 10] =
    ["1 day", "7 days", "30 days", "12 hours", "720 hours", "1 minute", "1 week", "1 month", "2 months", "99999 months"];

/// One to four audiences, each perhaps referring to those before it.
pub(crate) fn audiences() -> impl Strategy<Value = Vec<Audience>> {
    let kinds = subsequence(KINDS.to_vec(), 1..=KINDS.len());
    prop::collection::vec((kinds, condition()), 1..5).prop_map(|drafts| {
        let audience = |(number, (kinds, mut who)): (usize, (Vec<&str>, Condition))| {
            refer_backwards(&mut who, number);
            Audience {
                key: key(number),
                title: None,
                description: String::new(),
                owner: None,
                identified_by: kinds.into_iter().map(IdentifierKind::new).collect(),
                who,
                of: model::Collection::Users,
                state: definitions::AudienceState::Live,
                guards: definitions::Guards::default(),
                tests: Vec::new(),
                syncs: Vec::new(),
                fingerprint: Fingerprint(number.to_string()),
            }
        };
        drafts.into_iter().enumerate().map(audience).collect()
    })
}

pub(crate) fn catalog(audiences: &[Audience], zone: WorkspaceZone) -> Catalog {
    let settings =
        Settings { data: "data".to_owned(), store: StoreSetting::Sqlite, zone, schedule: "0 * * * *".to_owned(), csv: BTreeMap::new() };
    Catalog {
        settings,
        order: audiences.iter().map(|audience| audience.key.clone()).collect(),
        audiences: audiences.iter().map(|audience| (audience.key.clone(), audience.clone())).collect(),
        traits: BTreeMap::new(),
        trait_order: Vec::new(),
        destinations: BTreeMap::new(),
        fingerprint: Fingerprint("law".to_owned()),
    }
}

/// Keys descend, so that the order of evaluation is not that of the keys.
fn key(number: usize) -> AudienceKey {
    AudienceKey::parse(&format!("audience_{}", 9 - number)).expect("plain")
}

/// References are drawn before anybody knows what there is to refer to.
fn refer_backwards(condition: &mut Condition, number: usize) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
            for part in parts {
                refer_backwards(part, number);
            }
        }
        Condition::InAudience(target) | Condition::NotInAudience(target) if number > 0 => {
            let drawn: usize = target.as_str().trim_start_matches("audience_").parse().expect("drawn");
            *target = key(drawn % number);
        }
        Condition::InAudience(_) => *condition = Condition::All(Vec::new()),
        Condition::NotInAudience(_) => *condition = Condition::Any(Vec::new()),
        _ => {}
    }
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        4 => event_condition().prop_map(Condition::Event),
        4 => prop::collection::vec(path_match(), 1..3).prop_map(Condition::Traits),
        1 => (0..4_usize).prop_map(|number| Condition::InAudience(key(number))),
        1 => (0..4_usize).prop_map(|number| Condition::NotInAudience(key(number))),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let parts = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![parts().prop_map(Condition::All), parts().prop_map(Condition::Any), parts().prop_map(Condition::None)]
    })
}

fn event_condition() -> impl Strategy<Value = EventCondition> {
    let count = prop_oneof![
        3 => Just(CountRange { at_least: 1, at_most: None }),
        2 => Just(CountRange { at_least: 0, at_most: Some(0) }),
        2 => (0..4_u32, prop::option::of(0..3_u32))
            .prop_map(|(at_least, more)| CountRange { at_least, at_most: more.map(|more| at_least + more) }),
    ];
    let event = select(EVENTS.to_vec()).prop_map(|name| EventName::parse(name).expect("plain"));
    (event, filter(), window(), count).prop_map(|(event, filter, window, count)| EventCondition {
        filter,
        window,
        count,
        ..EventCondition::did(event)
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let set = |sizes| prop::collection::vec(path_match(), sizes);
    let some = (set(0..3), prop::collection::vec(set(1..3), 0..3)).prop_map(|(all, any)| Filter { all, any });
    prop_oneof![Just(Filter::default()), some]
}

fn window() -> impl Strategy<Value = Window> {
    prop_oneof![
        1 => Just(Window::Ever),
        2 => lookback().prop_map(Window::Within),
        2 => (prop::option::of(moment_spec()), prop::option::of(moment_spec()))
            .prop_map(|(from, until)| Window::Between { from, until }),
    ]
}

fn lookback() -> impl Strategy<Value = Lookback> {
    select(LOOKBACKS.to_vec()).prop_map(|text| Lookback::parse(text).expect("plain"))
}

fn moment_spec() -> impl Strategy<Value = MomentSpec> {
    prop_oneof![
        moment().prop_map(|moment| MomentSpec::Date(moment.day())),
        moment().prop_map(MomentSpec::At),
        lookback().prop_map(MomentSpec::Ago),
        lookback().prop_map(MomentSpec::FromNow),
        Just(MomentSpec::Now),
        Just(MomentSpec::Today),
    ]
}

fn path_match() -> impl Strategy<Value = PathMatch> {
    let path = prop_oneof![
        3 => select(NAMES.to_vec()).prop_map(|name| vec![name]),
        1 => (select(NAMES.to_vec()), select(MEMBERS.to_vec())).prop_map(|(name, member)| vec![name, member]),
        1 => (select(NAMES.to_vec()), select(MEMBERS.to_vec()), select(MEMBERS.to_vec())).prop_map(|(name, a, b)| vec![name, a, b]),
    ];
    (path, prop::collection::vec(operator(), 1..3), any::<bool>(), prop::bool::weighted(0.2)).prop_map(
        |(path, operators, ignore_case, or_missing)| PathMatch {
            path: path.into_iter().map(str::to_owned).collect(),
            matcher: Matcher { operators, ignore_case, or_missing },
        },
    )
}

fn operator() -> impl Strategy<Value = Operator> {
    prop_oneof![
        3 => scalar().prop_map(Operator::Equals),
        2 => scalar().prop_map(Operator::NotEquals),
        2 => prop::collection::vec(scalar(), 1..4).prop_map(Operator::OneOf),
        2 => prop::collection::vec(scalar(), 1..3).prop_map(Operator::NoneOf),
        1 => needle().prop_map(Operator::Contains),
        1 => needle().prop_map(Operator::NotContains),
        1 => prop::collection::vec(needle(), 1..3).prop_map(Operator::ContainsAny),
        1 => needle().prop_map(Operator::StartsWith),
        1 => needle().prop_map(Operator::EndsWith),
        1 => number().prop_map(Operator::Above),
        1 => number().prop_map(Operator::AtLeast),
        1 => number().prop_map(Operator::Below),
        1 => number().prop_map(Operator::AtMost),
        2 => any::<bool>().prop_map(Operator::Exists),
        1 => moment_spec().prop_map(Operator::Before),
        1 => moment_spec().prop_map(Operator::After),
        1 => lookback().prop_map(Operator::WithinLast),
        1 => lookback().prop_map(Operator::WithinNext),
    ]
}

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        4 => select(TEXTS.to_vec()).prop_map(|text| Scalar::Text(text.to_owned())),
        2 => number().prop_map(Scalar::Number),
        1 => select(INTEGERS.to_vec()).prop_map(Scalar::Integer),
        1 => any::<bool>().prop_map(Scalar::Flag),
    ]
}

fn number() -> impl Strategy<Value = f64> {
    select(NUMBERS.to_vec())
}

fn needle() -> impl Strategy<Value = String> {
    select(vec!["vip", "VIP", "5", "e\u{301}", "\u{c9}", "οσ", "ΟΔ", "2025", "tru", "T00", "007"]).prop_map(str::to_owned)
}
