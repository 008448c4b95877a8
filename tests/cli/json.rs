//! What programs read: one form of moments, and documents whose end is told.

use serde_json::Value;

use crate::{AS_OF, Shop};

/// Every moment in JSON, wherever it stands, with its name.
fn moments<'j>(json: &'j Value, found: &mut Vec<(&'j str, &'j Value)>) {
    match json {
        Value::Array(items) => items.iter().for_each(|item| moments(item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                if matches!(name.as_str(), "as_of" | "at" | "since") || name.ends_with("_at") {
                    found.push((name, value));
                }
                moments(value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn moments_in_json_are_rfc_3339() {
    let shop = Shop::new();
    shop.write("muster.yaml", "sources:\n  website: The shop's pages\n");
    let out = shop.path().join("out");
    std::fs::create_dir(&out).expect("a folder");
    shop.write("destinations/out.yaml", &format!("destination: out\ntype: file\npath: {}\nfields: [id, email]\n", out.display()));
    let text = "audience: recent\ndescription: Bought something in the last month.\nwho: { did: Order Completed, within: 30 days }\nsync:\n  - to: out\ntests:\n  - name: somebody who did nothing\n    as_of: 2025-03-03T00:00:00Z\n    person: {}\n    expect: out\n";
    shop.write("audiences/recent.yaml", text);
    std::fs::create_dir(shop.path().join("models")).expect("a folder");
    shop.write(
        "models/members.yaml",
        "model: members\ndescription: Members of the programme.\nfrom: { file: members.csv }\nprimary_key: id\nidentify: { email: mail }\n",
    );
    shop.write("members.csv", "id,mail\n1,ada@example.com\n");
    shop.expect(0, &["ingest", "events.example.ndjson"]);
    shop.expect(0, &["source", "add", "website"]);
    shop.expect(0, &["token", "add", "support"]);
    shop.expect(0, &["model", "sync"]);
    let check = |names: &[&str], arguments: &[&str]| {
        let json = shop.json(arguments);
        let mut found = Vec::new();
        moments(&json, &mut found);
        for name in names {
            assert!(found.iter().any(|(found, value)| found == name && !value.is_null()), "{arguments:?} has no `{name}`: {json}");
        }
        for (name, value) in found.into_iter().filter(|(_, value)| !value.is_null()) {
            let text = value.as_str().unwrap_or_else(|| panic!("{arguments:?}: `{name}` is {value}"));
            assert!(text.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(text).is_ok(), "{arguments:?}: `{name}` is {text}");
        }
    };
    check(&["as_of"], &["run", "--as-of", AS_OF, "--dry-run"]);
    check(&["as_of", "updated_at"], &["run", "--as-of", AS_OF]);
    check(&["as_of", "recorded_at"], &["run", "--as-of", AS_OF]);
    check(&["as_of", "updated_at"], &["audiences"]);
    check(&["as_of"], &["members", "recent", "--count"]);
    check(&["updated_at"], &["deliver", "--all"]);
    check(&["updated_at"], &["resync", "recent"]);
    check(&["as_of"], &["backfill", "--from", "2025-03-03T01:00:00Z", "--to", "2025-03-03T02:00:00Z"]);
    check(&["as_of"], &["test"]);
    check(&["newest_key_at"], &["source", "list"]);
    check(&["created_at"], &["token", "list"]);
    check(&["synced_at"], &["model", "list"]);
    check(&["first_at"], &["catalog"]);
    check(&["as_of", "created_at"], &["profile", "email:ben@example.com"]);
    check(&["exported_at"], &["export", "email:ben@example.com"]);
    check(&[], &["identities"]);
    check(&[], &["suppress", "email:ben@example.com"]);
    check(&["since"], &["suppressions"]);
    check(&["requested_at", "erased_at"], &["delete", "email:ben@example.com", "--yes"]);
    check(&["finished_at"], &["erasures"]);
}

#[test]
fn each_file_that_is_ingested_has_its_line_of_json() {
    let shop = Shop::new();
    std::fs::copy(shop.path().join("events.example.ndjson"), shop.path().join("again.ndjson")).expect("our own file");
    let told = shop.expect(0, &["--json", "ingest", "events.example.ndjson", "again.ndjson"]);
    let files: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("a document a line")).collect();
    assert_eq!([&files[0]["file"], &files[1]["file"]], ["events.example.ndjson", "again.ndjson"]);
}
