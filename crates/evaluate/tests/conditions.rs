//! Tables of conditions: `fixtures/conditions/*.json`, every value against every matcher.

#[path = "world/folder.rs"]
mod folder;
mod world;
#[path = "world/written.rs"]
mod written;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use evaluate::Recorded;
use model::{AsOf, AudienceKey, Fact, FactKind, IdentifierKind, MessageKey, Moment, People, ProfileId, Sighting, SourceOrder, Value};

use world::World;
use written::catalog;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    as_of: Option<String>,
    zone: Option<String>,
    rows: Vec<Row>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    path: Option<String>,
    matcher: serde_json::Value,
    r#in: Vec<Value>,
    out: Vec<Value>,
    missing: Option<String>,
}

#[test]
fn every_table_holds() {
    let folder = Path::new("../../fixtures/conditions");
    let mut checked = 0;
    for entry in fs::read_dir(folder).expect("the fixtures") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path).expect("a readable file");
            let table: Table = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            checked += check(&path.display().to_string(), &table);
        }
    }
    assert!(checked > 300, "{checked} values checked");
}

/// One audience for each row, one profile for each different value, one evaluation for the whole table.
fn check(file: &str, table: &Table) -> usize {
    let as_of = Moment::parse(table.as_of.as_deref().unwrap_or("2025-06-10T12:00:00Z")).expect("a moment");
    let mut values: Vec<&Value> = Vec::new();
    for value in table.rows.iter().flat_map(|row| row.r#in.iter().chain(&row.out)) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let profile = |number: usize| ProfileId(u32::try_from(number).expect("few"));
    let missing = profile(values.len());
    let facts: Vec<Fact> = values.iter().enumerate().map(|(number, value)| said(profile(number), value, as_of)).collect();
    let seen = (0..=values.len()).map(|number| Sighting { profile: profile(number), first_seen_at: as_of }).collect();
    let people = People {
        canonical: (0..=values.len()).map(profile).collect(),
        accounts: Vec::new(),
        links: Vec::new(),
        sightings: BTreeMap::from([(IdentifierKind::new(IdentifierKind::USER_ID), seen)]),
    };
    let mut world = World::new(people);
    world.write(&facts);

    let conditions: Vec<(String, String)> =
        table.rows.iter().enumerate().map(|(number, row)| (format!("row_{number}"), row.who())).collect();
    let audiences: Vec<(&str, &str)> = conditions.iter().map(|(key, who)| (key.as_str(), who.as_str())).collect();
    let catalog = catalog(&audiences, table.zone.as_deref().unwrap_or("UTC"));
    let evaluation = world.evaluator().evaluate(&catalog, &world.snapshot(), &Recorded::default(), AsOf(as_of)).expect("own lake");

    let mut checked = 0;
    for (row, (key, who)) in table.rows.iter().zip(&conditions) {
        let members = &evaluation.memberships[&AudienceKey::parse(key).expect("plain")];
        let place = |value: &Value| profile(values.iter().position(|known| *known == value).expect("collected"));
        for (value, expected) in row.r#in.iter().map(|value| (value, true)).chain(row.out.iter().map(|value| (value, false))) {
            assert_eq!(members.contains(place(value)), expected, "{file}: {who} on {}", serde_json::to_string(value).expect("JSON"));
            checked += 1;
        }
        let expected = row.missing.as_deref() == Some("in");
        assert_eq!(members.contains(missing), expected, "{file}: {who} on a missing value");
        checked += 1;
    }
    checked
}

impl Row {
    fn who(&self) -> String {
        let path = self.path.as_deref().unwrap_or("value");
        format!("{{\"traits\": {{\"{path}\": {}}}}}", self.matcher)
    }
}

fn said(profile: ProfileId, value: &Value, at: Moment) -> Fact {
    Fact {
        profile,
        occurred_at: at,
        received_at: at,
        message_key: MessageKey(u128::from(profile.0)),
        source_order: SourceOrder::default(),
        kind: FactKind::Traits(vec![("value".to_owned(), Some(value.clone()))]),
    }
}
