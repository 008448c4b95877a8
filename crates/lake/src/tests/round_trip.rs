//! Facts read back as they were written, whatever they hold.

use std::collections::{BTreeMap, BTreeSet};

use model::{EventName, Fact, FactKind, LogName, MessageKey, Moment, ProfileId, SourceOrder, Value};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{DAY, event, lake, traits};
use crate::{Cell, Reader, parse_json};

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Flag),
        any::<i128>().prop_map(Value::from_integer),
        any::<i64>().prop_map(|integer| Value::from_integer(i128::from(integer))),
        proptest::num::f64::NORMAL.prop_map(Value::Number),
        (-1000i32..1000).prop_map(|cents| Value::Number(f64::from(cents) / 100.0)),
        any::<String>().prop_map(Value::Text),
        Just(Value::Text(String::new())),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    scalars().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::List), btree_map(any::<String>(), inner, 0..4).prop_map(Value::Object)]
    })
}

/// Few names, so that facts share columns and mix types in them; some odd.
fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["total", "total:number", "", ":", "profile_id", "größe", "a.b", "Total", "x\u{0}y", "日本"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn kinds() -> impl Strategy<Value = FactKind> {
    let events = prop::sample::select(vec!["Order Completed", "../..", "注文"]);
    let event = (events, btree_map(names(), values(), 0..5)).prop_map(|(name, properties)| FactKind::Event {
        name: EventName::parse(name).expect("an event name"),
        properties: properties.into_iter().collect(),
    });
    let traits = btree_map(names(), proptest::option::of(values()), 0..5).prop_map(|traits| FactKind::Traits(traits.into_iter().collect()));
    prop_oneof![2 => event, 1 => traits]
}

pub(super) fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let moments = prop_oneof![
        20 => DAY..DAY + 3,
        2 => DAY - 86_400_000_000..DAY + 86_400_000_000,
        1 => -4_000_000_000_000_000..9_000_000_000_000_000i64,
    ];
    let fact = (any::<u32>(), moments, 0..3i64, any::<u128>(), kinds()).prop_map(|(profile, occurred, received, key, kind)| Fact {
        profile: ProfileId(profile),
        occurred_at: Moment::from_micros(occurred),
        received_at: Moment::from_micros(received),
        message_key: MessageKey(key),
        source_order: SourceOrder { batch: profile, place: u32::try_from(received).expect("small") },
        kind,
    });
    vec(fact, 0..40)
}

pub(super) type Order = (Option<EventName>, chrono::NaiveDate, Moment, Moment, SourceOrder, MessageKey);

pub(super) fn order(fact: &Fact) -> Order {
    let event = match &fact.kind {
        FactKind::Event { name, .. } => Some(name.clone()),
        FactKind::Traits(_) => None,
    };
    (event, fact.occurred_at.day(), fact.occurred_at, fact.received_at, fact.source_order, fact.message_key)
}

fn cell_value(cell: Cell<'_>) -> Option<Value> {
    match cell {
        Cell::Number(number) => Some(Value::Number(number)),
        Cell::Flag(flag) => Some(Value::Flag(flag)),
        Cell::Text(text) => Some(text.into()),
        Cell::Json(json) => Some(parse_json(json)),
        Cell::Gone => None,
    }
}

fn cells(fact: &Fact) -> BTreeMap<&str, Option<Value>> {
    match &fact.kind {
        FactKind::Event { properties, .. } => properties.iter().map(|(name, value)| (name.as_str(), Some(value.clone()))).collect(),
        FactKind::Traits(traits) => traits.iter().map(|(name, value)| (name.as_str(), value.clone())).collect(),
    }
}

proptest! {
    // Every segment waits for the disk, so there are few cases of many facts.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_goes_in_comes_out_in_order(facts in facts()) {
        let (_folder, lake) = lake();
        let segments = lake.write(&facts).expect("written");
        let mut expected = facts;
        expected.sort_by_key(order);

        let reader = Reader::new(lake.clone(), 1 << 20);
        let mut found = Vec::new();
        for segment in &segments {
            let read = lake.facts(segment).expect("readable");
            prop_assert_eq!(read.len() as u64, segment.rows);
            prop_assert_eq!(read[0].occurred_at, segment.first_at);
            prop_assert_eq!(read[read.len() - 1].occurred_at, segment.last_at);
            prop_assert!(read.iter().all(|fact| fact.occurred_at.day() == segment.day));
            let event = match &segment.log {
                LogName::Events(name) => Some(name.clone()),
                LogName::Traits => None,
            };
            prop_assert!(read.iter().all(|fact| order(fact).0 == event));
            let keys: Vec<_> = read.iter().map(|fact| fact.message_key).collect();
            prop_assert_eq!(&lake.message_keys(segment).expect("readable"), &keys);

            let names = lake.names(segment).expect("readable");
            let said: BTreeSet<String> = read.iter().flat_map(|fact| cells(fact).into_keys().map(str::to_owned)).collect();
            prop_assert_eq!(&names, &said);

            let asked: Vec<&str> = names.iter().map(String::as_str).collect();
            let frame = reader.frame(segment, &asked).expect("readable");
            let ties = reader.ties(segment).expect("readable");
            for (row, fact) in read.iter().enumerate() {
                prop_assert_eq!(frame.profiles[row], fact.profile.0);
                prop_assert_eq!(frame.occurred_at[row], fact.occurred_at.micros());
                prop_assert_eq!(ties.received_at[row], fact.received_at.micros());
                prop_assert_eq!(ties.message_keys[row], fact.message_key.0);
                let said = cells(fact);
                for (name, column) in asked.iter().zip(&frame.columns) {
                    prop_assert_eq!(column.cell(row).map(cell_value), said.get(name).cloned());
                }
            }
            found.extend(read);
        }
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn one_property_of_many_types_loses_nothing() {
    let (_folder, lake) = lake();
    let huge = Value::Integer(9_007_199_254_740_993);
    let said = [Value::Number(19.99), "19.99".into(), true.into(), huge, Value::List(vec!["a".into(), 1.0.into()])];
    let facts: Vec<Fact> = said.iter().zip(0..).map(|(value, second)| event("Order", second, &[("total", value.clone())])).collect();
    let segments = lake.write(&facts).expect("written");
    assert_eq!(lake.facts(&segments[0]).expect("readable"), facts);

    let frame = Reader::new(lake, 1 << 20).frame(&segments[0], &["total", "never said"]).expect("readable");
    let cells: Vec<_> = (0..5).map(|row| frame.columns[0].cell(row)).collect();
    let json = |text| Some(Cell::Json(text));
    let texts = [Some(Cell::Number(19.99)), Some(Cell::Text("19.99")), Some(Cell::Flag(true))];
    assert_eq!(cells, [&texts[..], &[json("9007199254740993"), json(r#"["a",1]"#)]].concat());
    assert!(frame.columns[1].is_absent());
    assert_eq!(frame.columns[1].cell(0), None);
}

#[test]
fn a_trait_taken_away_is_not_a_trait_never_said() {
    let (_folder, lake) = lake();
    let facts = [traits(1, &[("plan", Some("pro".into()))]), traits(2, &[("plan", None)]), traits(3, &[])];
    let segments = lake.write(&facts).expect("written");
    assert_eq!(lake.facts(&segments[0]).expect("readable"), facts);
    let frame = Reader::new(lake, 1 << 20).frame(&segments[0], &["plan"]).expect("readable");
    assert_eq!(frame.columns[0].cell(0), Some(Cell::Text("pro")));
    assert_eq!(frame.columns[0].cell(1), Some(Cell::Gone));
    assert_eq!(frame.columns[0].cell(2), None);
}

#[test]
fn texts_are_coded_once_across_pages_and_row_groups() {
    let (_folder, lake) = lake();
    let long = |number: i64| format!("a text too long to lie inside a view, number {number}");
    let text = |row: i64| if row % 7 == 0 { long(row % 5) } else { format!("t{}", row % 3) };
    let facts: Vec<Fact> = (0..300_000)
        .map(|row| {
            let mut fact = event("Order", 0, &[("sku", text(row).as_str().into())]);
            fact.message_key = MessageKey(row.unsigned_abs().into());
            fact
        })
        .collect();
    let segments = lake.write(&facts).expect("written");
    let frame = Reader::new(lake, 1 << 30).frame(&segments[0], &["sku"]).expect("readable");
    let texts = frame.columns[0].texts.as_ref().expect("texts");
    assert_eq!(texts.values.len(), 8);
    for row in 0..300_000 {
        let place = usize::try_from(row).expect("not negative");
        assert_eq!(texts.get(place), Some(text(row).as_str()));
    }
}

#[test]
fn many_different_texts_keep_apart_and_equal_ones_together() {
    let text = |number: i64| if number % 3 == 0 { format!("{number}") } else { format!("a text that is longer than a view, {number}") };
    let facts: Vec<Fact> = (0..6_000).map(|row| event("Said", row, &[("what", text(row * 7 % 2_000).as_str().into())])).collect();
    let (_folder, lake) = lake();
    let segments = lake.write(&facts).expect("written");
    let reader = Reader::new(lake, 1 << 20);
    let [segment] = segments.as_slice() else { panic!("all of one day: {segments:?}") };
    let frame = reader.frame(segment, &["what"]).expect("read");
    let texts = frame.columns[0].texts.as_ref().expect("texts");
    assert_eq!(texts.values.len(), 2_000);
    for row in 0..6_000 {
        assert_eq!(texts.get(usize::try_from(row).expect("small")), Some(text(row * 7 % 2_000).as_str()));
    }
}

/// What an integrator does who takes a property's name for a value: each message brings a name of its own.
#[test]
fn names_that_nobody_else_uses_make_more_segments_and_not_a_wider_one() {
    let (_folder, lake) = lake();
    let facts: Vec<Fact> = (0..9_000).map(|second| event("Viewed", second, &[(&format!("sku_{second}"), Value::Flag(true))])).collect();
    let segments = lake.write(&facts).expect("it is written");
    assert!(segments.iter().all(|segment| segment.columns.len() <= 2_000), "no segment is as wide as it is long");
    assert!(segments.windows(2).all(|pair| pair[0].last_at < pair[1].first_at), "in the order of time");
    let read: Vec<Fact> = segments.iter().flat_map(|segment| lake.facts(segment).expect("it is read")).collect();
    assert_eq!(read, facts);
    assert_eq!(lake.write(&facts).expect("it is written again"), segments);

    let names: Vec<String> = (0..3_000).map(|number| format!("name_{number}")).collect();
    let members: Vec<(&str, Value)> = names.iter().map(|name| (name.as_str(), Value::Flag(true))).collect();
    assert_eq!(lake.write(&[event("Viewed", 0, &members)]).expect("one fact is never cut").len(), 1);
}
