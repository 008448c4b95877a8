//! What the cases are asked of.
//!
//! `T` is 10 June 2025, noon UTC. Unless a case says otherwise there is one person, known by a user id since January.

use std::collections::BTreeMap;

use definitions::Catalog;
use evaluate::{Evaluation, Recorded};
use model::{
    AsOf, AudienceKey, EventName, Fact, FactKind, IdentifierKind, MessageKey, Moment, People, ProfileId, Sighting, SourceOrder, Value,
};

use serde_json::json;

use crate::world::World;
use crate::{folder, written};

pub(crate) const T: &str = "2025-06-10T12:00:00Z";
pub(crate) const IN: bool = true;
pub(crate) const OUT: bool = false;

pub(crate) fn moment(text: &str) -> Moment {
    Moment::parse(text).expect("a moment")
}

fn fact(at: &str, kind: FactKind) -> Fact {
    Fact {
        profile: ProfileId(0),
        occurred_at: moment(at),
        received_at: moment(at),
        message_key: MessageKey(0),
        source_order: SourceOrder::default(),
        kind,
    }
}

/// This happened, with these properties.
pub(crate) fn did(name: &str, at: &str, properties: serde_json::Value) -> Fact {
    let properties: BTreeMap<String, Value> = serde_json::from_value(properties).expect("an object without nulls");
    fact(at, FactKind::Event { name: EventName::parse(name).expect("plain"), properties: properties.into_iter().collect() })
}

/// `X` happened, with these properties.
pub(crate) fn x(at: &str, properties: serde_json::Value) -> Fact {
    did("X", at, properties)
}

/// These traits were said; null takes one away.
pub(crate) fn said(at: &str, traits: serde_json::Value) -> Fact {
    let traits: BTreeMap<String, Option<Value>> = serde_json::from_value(traits).expect("an object");
    fact(at, FactKind::Traits(traits.into_iter().collect()))
}

/// One person known by an identifier of this kind.
pub(crate) fn known_by(kind: &str) -> People {
    let sighting = Sighting { profile: ProfileId(0), first_seen_at: moment("2025-01-01") };
    let sightings = BTreeMap::from([(IdentifierKind::new(kind), vec![sighting])]);
    People { canonical: vec![ProfileId(0)], accounts: Vec::new(), sightings, links: Vec::new() }
}

/// A lake in which each fact came in a batch of its own, in this order.
pub(crate) fn world_of(people: People, facts: &[Fact]) -> World {
    let mut world = World::new(people);
    for (number, fact) in facts.iter().enumerate() {
        world.write(&[Fact { message_key: MessageKey(number as u128), ..fact.clone() }]);
    }
    world
}

pub(crate) fn ask(world: &World, who: &str, as_of: &str) -> Evaluation {
    let catalog = written::catalog(&[("case", who)], "UTC");
    world.evaluator().evaluate(&catalog, &world.snapshot(), &Recorded::default(), AsOf(moment(as_of))).expect("own lake")
}

pub(crate) fn is_in(evaluation: &Evaluation) -> bool {
    evaluation.memberships[&AudienceKey::parse("case").expect("plain")].contains(ProfileId(0))
}

#[track_caller]
pub(crate) fn check_at(as_of: &str, who: &str, facts: &[Fact], expected: bool) -> Evaluation {
    let evaluation = ask(&world_of(known_by(IdentifierKind::USER_ID), facts), who, as_of);
    assert_eq!(is_in(&evaluation), expected, "{who} as of {as_of}");
    evaluation
}

#[track_caller]
pub(crate) fn check(who: &str, facts: &[Fact], expected: bool) -> Evaluation {
    check_at(T, who, facts, expected)
}

/// A person whose trait `t` is this value (null: none).
#[track_caller]
pub(crate) fn check_trait(matcher: &str, value: &serde_json::Value, expected: bool) -> Evaluation {
    check(&format!("traits: {{ t: {matcher} }}"), &[said("2025-06-01", json!({ "t": value }))], expected)
}

/// Loads files given as (path, text), which hold no mistake.
#[track_caller]
pub(crate) fn catalog_of(files: &[(&str, &str)]) -> Catalog {
    let files: Vec<(String, String)> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let loaded = folder::load(&files, "UTC");
    loaded.catalog.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}
