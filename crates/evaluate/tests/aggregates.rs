//! Aggregates taken in one pass, owner by owner, and from one moment to the next: one answer, whichever way it was found.

#[path = "world/folder.rs"]
mod folder;
mod world;
#[path = "world/written.rs"]
mod written;

use evaluate::Recorded;
use model::{AsOf, EventName, Fact, FactKind, IdentifierKind, MessageKey, Moment, People, ProfileId, Sighting, SourceOrder, Value};

use world::World;
use written::catalog;

const PROFILES: u32 = 40;
const DAY: i64 = 86_400_000_000;
const AUDIENCES: [(&str, &str); 5] = [
    ("summed", "did: Order\nwithin: 6 days\nsum: { of: total, at_least: 5 }"),
    ("averaged", "did: Order\nwithin: 6 days\naverage: { of: total, below: 4 }"),
    ("largest", "did: Order\nwithin: 6 days\nmax: { of: total, below: 7 }"),
    ("smallest", "did: Order\nwithin: 6 days\nmin: { of: total, at_least: 2 }"),
    ("several", "did: Order\nwithin: 6 days\nunique_count: { of: kind, at_least: 2 }"),
];

/// On each of ten days profile 3 orders, and every third day profile 7 does; 9 was merged into 3 and ordered once.
fn orders() -> Vec<Fact> {
    let order = |profile: u32, day: i64, number: usize| Fact {
        profile: ProfileId(profile),
        occurred_at: Moment::from_micros(day * DAY),
        received_at: Moment::from_micros(day * DAY),
        message_key: MessageKey(number as u128),
        source_order: SourceOrder::default(),
        kind: FactKind::Event {
            name: EventName::parse("Order").expect("a name"),
            properties: vec![
                ("total".to_owned(), Value::Number(day as f64 + 0.5)),
                ("kind".to_owned(), Value::from(["a", "b"][number % 2])),
            ],
        },
    };
    let days = (0..10).flat_map(|day| if day % 3 == 0 { vec![(3, day), (7, day)] } else { vec![(3, day)] });
    days.chain([(9, 5)]).enumerate().map(|(number, (profile, day))| order(profile, day, number)).collect()
}

#[test]
fn every_way_to_an_aggregate_arrives() {
    let mut canonical: Vec<ProfileId> = (0..PROFILES).map(ProfileId).collect();
    canonical[9] = ProfileId(3);
    let sighting = |profile| Sighting { profile: ProfileId(profile), first_seen_at: Moment::from_micros(0) };
    let sightings = [(IdentifierKind::new("user_id"), (0..PROFILES).map(sighting).collect())].into();
    let mut world = World::new(People { canonical, sightings, ..People::default() });
    world.write(&orders());
    let catalog = catalog(&AUDIENCES, "UTC");
    let (snapshot, advancing) = (world.snapshot(), world.evaluator());
    let mut everybody = Vec::new();
    for day in 0..20 {
        let as_of = AsOf(Moment::from_micros(day * DAY));
        let anew = world.evaluator().evaluate(&catalog, &snapshot, &Recorded::default(), as_of).expect("own lake");
        let advanced = advancing.advance(&catalog, &snapshot, &Recorded::default(), as_of).expect("own lake");
        assert_eq!(advanced.advanced, day > 0);
        assert_eq!(advanced.memberships, anew.memberships, "as of day {day}");
        everybody.extend(anew.memberships.into_values().map(|members| members.len()));
    }
    assert!(everybody.iter().sum::<u64>() > 40, "{everybody:?}");
}
