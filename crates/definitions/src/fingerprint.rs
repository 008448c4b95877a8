//! Fingerprints: hashes of what definitions mean. Layout, comments, titles and the order of keys do not count.
//!
//! The fingerprint of an audience tells whether a recorded membership is still an answer to the same question. So what
//! is asked counts, with everything that the question refers to, and that nobody is asked any more once it is retired.
//! Whether it is paused does not: its membership stays the answer. What is sent and when (syncs, guards) does not
//! either, nor do tests. The fingerprint of the catalog tells whether a run would find something else; there a pause
//! counts, because what is paused is not evaluated.

use std::collections::BTreeMap;

use model::{AudienceKey, Collection, Fingerprint, IdentifierKind, TraitKey, WorkspaceZone};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::meaning::{Audience, AudienceState, ComputedTrait};
use crate::uses::Uses;

/// Changes when the way of computing fingerprints does.
const VERSION: &str = "2";
/// How many hexadecimal digits are kept.
const DIGITS: usize = 32;
/// Members that are ways to a value, whose steps have an order.
const ORDERED: [&str; 2] = ["path", "parent_path"];

/// The fingerprint of one computed trait; `traits` has those that it refers to, each with its fingerprint.
pub(crate) fn computed_trait(computed: &ComputedTrait, traits: &BTreeMap<TraitKey, ComputedTrait>) -> Fingerprint {
    let uses = Uses::of_filter(&computed.filter, computed.of);
    hash(&serde_json::json!({
        "version": VERSION,
        "of": computed.of,
        "event": computed.event,
        "filter": computed.filter,
        "window": computed.window,
        "aggregate": computed.aggregate,
        "if_none": computed.if_none,
        "traits": traits_used(&uses, traits),
    }))
}

/// The fingerprint of one audience; `audiences` and `traits` have what it refers to. In another zone days and months are
/// others.
pub(crate) fn audience(
    audience: &Audience,
    audiences: &BTreeMap<AudienceKey, Fingerprint>,
    traits: &BTreeMap<TraitKey, ComputedTrait>,
    zone: WorkspaceZone,
) -> Fingerprint {
    if audience.state == AudienceState::Retired {
        // Nobody is in, whatever is asked.
        return hash(&serde_json::json!({ "version": VERSION, "retired": true, "of": audience.of }));
    }
    let mut kinds: Vec<&str> = audience.identified_by.iter().map(IdentifierKind::as_str).collect();
    kinds.sort_unstable();
    let uses = Uses::of_condition(&audience.who, audience.of);
    let refers_to: BTreeMap<&str, &str> =
        uses.audiences.iter().filter_map(|key| Some((key.as_str(), audiences.get(key)?.0.as_str()))).collect();
    hash(&serde_json::json!({
        "version": VERSION,
        "zone": zone.name(),
        "of": audience.of,
        "who": audience.who,
        "identified_by": kinds,
        "refers_to": refers_to,
        "traits": traits_used(&uses, traits),
    }))
}

/// The fingerprint of everything that evaluation depends on.
pub(crate) fn catalog(
    audiences: &BTreeMap<AudienceKey, Audience>,
    traits: &BTreeMap<TraitKey, ComputedTrait>,
    zone: WorkspaceZone,
) -> Fingerprint {
    let by_key: BTreeMap<&str, &str> = audiences.iter().map(|(key, audience)| (key.as_str(), audience.fingerprint.0.as_str())).collect();
    let traits: BTreeMap<&str, &str> = traits.iter().map(|(key, computed)| (key.as_str(), computed.fingerprint.0.as_str())).collect();
    let paused: Vec<&str> =
        audiences.values().filter(|audience| audience.state == AudienceState::Paused).map(|audience| audience.key.as_str()).collect();
    hash(&serde_json::json!({ "version": VERSION, "audiences": by_key, "traits": traits, "paused": paused, "zone": zone.name() }))
}

/// The fingerprints of the computed ones among the traits that are named. The others are what messages say.
fn traits_used<'a>(uses: &Uses, traits: &'a BTreeMap<TraitKey, ComputedTrait>) -> BTreeMap<&'a str, &'a str> {
    let named = |name: &str, of: Collection| {
        let computed = traits.get(&TraitKey::parse(name).ok()?).filter(|computed| computed.of == of)?;
        Some((computed.key.as_str(), computed.fingerprint.0.as_str()))
    };
    uses.traits.iter().filter_map(|(name, of)| named(name, *of)).collect()
}

fn hash(value: &Value) -> Fingerprint {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(DIGITS);
    for byte in Sha256::digest(canonical(value, false).as_bytes()).iter().take(DIGITS / 2) {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Fingerprint(hex)
}

/// One text per meaning: keys sorted, and lists too, because every list of the meaning is a set. Only a path's steps
/// have an order; the steps of a sequence have theirs by lying inside each other.
fn canonical(value: &Value, ordered: bool) -> String {
    match value {
        Value::Object(members) => {
            let mut texts: Vec<String> = members
                .iter()
                .map(|(name, member)| format!("{}:{}", Value::from(name.as_str()), canonical(member, ORDERED.contains(&name.as_str()))))
                .collect();
            texts.sort_unstable();
            format!("{{{}}}", texts.join(","))
        }
        Value::Array(items) => {
            let mut texts: Vec<String> = items.iter().map(|item| canonical(item, false)).collect();
            if !ordered {
                texts.sort_unstable();
                texts.dedup();
            }
            format!("[{}]", texts.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use model::{EventName, Lookback, Window};

    use super::*;
    use crate::meaning::{
        Aggregate, AggregateMatch, Comparison, Condition, CountRange, EventCondition, Filter, Guards, Matcher, Operator, PathMatch,
        Reducer, Reference, ReferenceOf, SamePath, Scalar, Step, Which,
    };

    const COUNT: CountRange = CountRange { at_least: 1, at_most: None };

    fn event(name: &str) -> EventName {
        EventName::parse(name).expect("a name")
    }

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    fn matcher(operator: Operator) -> Matcher {
        Matcher { operators: vec![operator], ignore_case: false, or_missing: false }
    }

    fn compare(of: ReferenceOf, text: &str) -> Matcher {
        matcher(Operator::Compare { comparison: Comparison::Above, with: Reference { of, path: path(text) } })
    }

    fn step(name: &str, then: Option<Step>) -> Step {
        let same = vec![SamePath { parent_path: path("cart.id"), path: path("order.cart") }];
        Step { event: event(name), filter: Filter::default(), within: None, count: COUNT, same, then: then.map(Box::new) }
    }

    fn first() -> EventCondition {
        EventCondition { then: Some(Box::new(step("B", Some(step("C", None))))), ..EventCondition::did(event("A")) }
    }

    fn of(who: Condition) -> Fingerprint {
        of_zone(who, chrono_tz::UTC)
    }

    fn of_zone(who: Condition, zone: WorkspaceZone) -> Fingerprint {
        let key = AudienceKey::parse("a").expect("a key");
        let audience = Audience {
            key,
            title: None,
            description: String::new(),
            owner: None,
            of: Collection::Users,
            state: AudienceState::Live,
            identified_by: Vec::new(),
            who,
            syncs: Vec::new(),
            guards: Guards::default(),
            tests: Vec::new(),
            fingerprint: Fingerprint(String::new()),
        };
        super::audience(&audience, &BTreeMap::new(), &BTreeMap::new(), zone)
    }

    #[track_caller]
    fn differs(change: impl Fn(&mut EventCondition)) {
        let mut changed = first();
        change(&mut changed);
        assert_ne!(changed, first(), "nothing was changed");
        assert_ne!(of(Condition::Event(changed)), of(Condition::Event(first())));
    }

    #[test]
    fn days_and_months_are_those_of_the_zone() {
        let who = || Condition::Event(first());
        assert_ne!(of(who()), of_zone(who(), chrono_tz::Europe::Berlin));
    }

    #[test]
    fn every_part_of_a_sequence_counts() {
        differs(|event| event.which = Which::Last);
        differs(|event| event.then = None);
        differs(|event| event.window = Window::Within(Lookback::parse("7 days").expect("plain")));
        differs(|event| event.then.as_mut().expect("a step").count = CountRange { at_least: 0, at_most: Some(0) });
        differs(|event| event.then.as_mut().expect("a step").within = Lookback::parse("7 days").ok());
        differs(|event| event.then.as_mut().expect("a step").same.clear());
        differs(|event| event.then.as_mut().expect("a step").then = None);
    }

    #[test]
    fn the_order_of_steps_counts_in_paths_and_in_sequences() {
        differs(|event| event.then = Some(Box::new(step("C", Some(step("B", None))))));
        differs(|event| event.then.as_mut().expect("a step").same[0].parent_path.reverse());
        differs(|event| event.then.as_mut().expect("a step").same[0].path.reverse());
        differs(|event| {
            let SamePath { parent_path, path } = &mut event.then.as_mut().expect("a step").same[0];
            std::mem::swap(parent_path, path);
        });
    }

    #[test]
    fn the_order_of_alternatives_does_not() {
        let with = |same: Vec<SamePath>| {
            let mut event = first();
            event.then.as_mut().expect("a step").same = same;
            of(Condition::Event(event))
        };
        let (a, b) = (SamePath { parent_path: path("a"), path: path("a") }, SamePath { parent_path: path("b"), path: path("b") });
        assert_eq!(with(vec![a.clone(), b.clone()]), with(vec![b, a]));
    }

    #[test]
    fn references_and_aggregates_count() {
        let filtered = |matcher: Matcher| {
            let filter = Filter { all: vec![PathMatch { path: path("total"), matcher }], any: Vec::new() };
            of(Condition::Event(EventCondition { filter, ..first() }))
        };
        let compared = filtered(compare(ReferenceOf::Parent, "cart.total"));
        assert_ne!(compared, filtered(compare(ReferenceOf::Parent, "total.cart")));
        assert_ne!(compared, filtered(compare(ReferenceOf::Trait, "cart.total")));
        let with = |reducer: Reducer, text: &str, number: f64| {
            let aggregate = Aggregate { reducer, path: path(text) };
            let aggregate = Some(AggregateMatch { aggregate, matcher: matcher(Operator::AtLeast(number)) });
            of(Condition::Event(EventCondition { aggregate, ..first() }))
        };
        let sum = with(Reducer::Sum, "a.b", 5.0);
        assert_ne!(sum, with(Reducer::Max, "a.b", 5.0));
        assert_ne!(sum, with(Reducer::Sum, "b.a", 5.0));
        assert_ne!(sum, with(Reducer::Sum, "a.b", 6.0));
        assert_ne!(sum, of(Condition::Event(first())));
    }

    #[test]
    fn whose_trait_is_meant_counts() {
        let trait_is = |value: &str| {
            let matcher = matcher(Operator::Equals(Scalar::Text(value.to_owned())));
            Box::new(Condition::Traits(vec![PathMatch { path: path("plan"), matcher }]))
        };
        let all = [
            of(*trait_is("gold")),
            of(Condition::Account(trait_is("gold"))),
            of(Condition::AnyUser(trait_is("gold"))),
            of(Condition::AllUsers(trait_is("gold"))),
            of(Condition::NoUser(trait_is("gold"))),
        ];
        let different: std::collections::BTreeSet<&Fingerprint> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
