//! Cases 37 to 39: sums, the most frequent value, and what there is of nothing.

use std::collections::BTreeMap;

use definitions::UNIQUE_MAX;
use model::{AsOf, Fact, IdentifierKind, Membership, ProfileId, Value};
use serde_json::json;

use crate::scene::{IN, OUT, T, catalog_of, check, known_by, moment, said, world_of, x};

/// The computed traits of the one person.
fn computed(traits: &[(&str, &str)], facts: &[Fact]) -> BTreeMap<String, Value> {
    let file = |(key, body): &(&str, &str)| {
        (format!("traits/{key}.yaml"), format!("trait: {key}\ndescription: Made for a test.\nevent: X\n{body}\n"))
    };
    let mut files: Vec<(String, String)> = traits.iter().map(file).collect();
    files.push(("audiences/a.yaml".to_owned(), "audience: a\ndescription: Made for a test.\nwho: { did: X }\n".to_owned()));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let world = world_of(known_by(IdentifierKind::USER_ID), facts);
    let asked = Membership::from_iter([ProfileId(0)]);
    let found = world.evaluator().computed_traits(&catalog_of(&files), &world.snapshot(), &asked, AsOf(moment(T))).expect("own lake");
    found.into_values().next().unwrap_or_default()
}

fn values(of: &[serde_json::Value]) -> Vec<Fact> {
    of.iter().map(|value| x("2025-06-01", json!({ "v": value }))).collect()
}

#[test]
fn case_37_sums_are_exact() {
    let tenths = values(&[json!(0.1), json!(0.2)]);
    check("did: X\nsum: { of: v, equals: 0.3 }", &tenths, IN);
    check("did: X\naverage: { of: v, equals: 0.15 }", &tenths, IN);
    assert_eq!(computed(&[("total", "sum: v")], &tenths)["total"], Value::Number(0.3));
    // A number alone is its own sum, also one whose millionths no float holds.
    for alone in [json!(1_000_000_000_001_i64), json!(9_007_199_254_740_993_i64), json!(12_345_678.9)] {
        let expected: Value = serde_json::from_value(alone.clone()).expect("a number");
        assert_eq!(computed(&[("total", "sum: v")], &values(&[alone]))["total"], expected);
    }
    check("did: X\nsum: { of: v, equals: 3 }", &values(&[json!(1), json!("2.00"), json!("3 EUR"), json!([[]]), json!(true)]), IN);
}

#[test]
fn case_38_of_equally_frequent_values_the_first_in_the_alphabet() {
    let twice = values(&[json!("b"), json!("a"), json!(["b", "a"]), json!("c")]);
    check("did: X\nmost_frequent: { of: v, equals: a }", &twice, IN);
    let once = values(&[json!("b"), json!("a")]);
    check("did: X\nmost_frequent: { of: v, equals: a }", &once, OUT);
    check("did: X\nmost_frequent: { of: v, exists: false }", &once, IN);
    let traits = [("usual", "most_frequent: v"), ("first_of_all", "most_frequent: { of: v, at_least: 1 }")];
    assert_eq!(computed(&traits, &once), BTreeMap::from([("first_of_all".to_owned(), Value::from("a"))]));
}

#[test]
fn case_39_of_nothing_there_is_a_count_and_nothing_else() {
    let traits = [
        ("number", "count: true"),
        ("different", "unique_count: v"),
        ("newest", "last: v"),
        ("oldest", "first: v"),
        ("total", "sum: v"),
        ("list", "unique: v"),
        ("or_else", "max: v\nif_none: -1"),
    ];
    let expected = [("number", 0.0), ("different", 0.0), ("or_else", -1.0)];
    let expected = expected.map(|(key, value)| (key.to_owned(), Value::Number(value)));
    assert_eq!(computed(&traits, &[said("2025-06-01", json!({ "v": 1 }))]), BTreeMap::from(expected));
}

#[test]
fn a_list_of_unique_values_keeps_the_earliest_and_counts_all() {
    let name = |number: usize| json!(format!("{:06}", UNIQUE_MAX - number));
    let facts = [
        x("2025-06-02", json!({ "v": [name(UNIQUE_MAX), name(0), "zz"] })),
        x("2025-06-01", json!({ "v": (1..UNIQUE_MAX).map(name).collect::<Vec<_>>() })),
    ];
    let found = computed(&[("list", "unique: v"), ("different", "unique_count: v")], &facts);
    let expected: Vec<Value> = (1..=UNIQUE_MAX).rev().map(|number| Value::from(name(number).as_str().expect("text"))).collect();
    assert_eq!(found["list"], Value::List(expected));
    assert_eq!(found["different"], Value::Number((UNIQUE_MAX + 2) as f64));
}

#[test]
fn the_first_and_the_last_value_at_one_moment_are_told_by_when_they_arrived() {
    let mut facts = vec![x("2025-05-31", json!({})), x("2025-06-01", json!({ "v": 1 })), x("2025-06-01", json!({ "v": "two" }))];
    check("did: X\nfirst: { of: v, equals: 1 }", &facts, IN);
    check("did: X\nlast: { of: v, equals: two }", &facts, IN);
    facts[1].received_at = moment("2025-06-02");
    check("did: X\nfirst: { of: v, equals: two }", &facts, IN);
    check("did: X\nlast: { of: v, equals: 1 }", &facts, IN);
    facts.push(x("2025-06-03", json!({})));
    check("did: X\nlast: { of: v, equals: 1 }", &facts, IN);
}
