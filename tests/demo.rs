//! The demo, whole, against numbers computed without muster (`tests/demo_counts.py` writes `fixtures/demo/expected.json`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

fn muster(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_muster")).args(arguments).output().expect("muster starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn fixture(name: &str) -> Value {
    let path = Path::new("../../fixtures/demo").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).expect("the fixture")).expect("JSON")
}

/// Members, entered and exited of each audience.
type Counts = BTreeMap<String, (u64, u64, u64)>;

fn expected(moment: &Value) -> Counts {
    let audiences = moment["audiences"].as_object().expect("audiences");
    let count = |audience: &Value, what: &str| audience[what].as_u64().expect("a count");
    audiences
        .iter()
        .map(|(key, audience)| (key.clone(), (count(audience, "members"), count(audience, "entered"), count(audience, "exited"))))
        .collect()
}

fn counted(run: &Value) -> Counts {
    let audiences = run["audiences"].as_array().expect("audiences");
    let count = |audience: &Value, what: &str| audience[what].as_u64().expect("a count");
    let key = |audience: &Value| audience["audience"].as_str().expect("a key").to_owned();
    audiences
        .iter()
        .map(|audience| (key(audience), (count(audience, "members"), count(audience, "entered"), count(audience, "exited"))))
        .collect()
}

fn sorted_user_ids_hash(csv_path: &Path) -> String {
    let mut reader = csv::Reader::from_path(csv_path).expect("members.csv");
    let mut user_ids: Vec<String> = reader.records().map(|record| record.expect("a row")[1].to_owned()).collect();
    user_ids.sort();
    Sha256::digest(user_ids.join("\n")).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_demo_counts_what_an_independent_script_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept: PathBuf = folder.path().join("demo");
    let told = muster(&["--json", "demo", "--keep", kept.to_str().expect("UTF-8")]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let expected_moments = fixture("expected.json");
    let expected_moments = expected_moments.as_array().expect("moments");

    let imports = told["imports"].as_array().expect("imports");
    assert_eq!(imports.iter().map(|import| import["events"].as_u64().expect("events")).sum::<u64>(), 69_659);
    assert_eq!(imports.iter().map(|import| import["new_profiles"].as_u64().expect("profiles")).sum::<u64>(), 23_570);

    let ticks = told["ticks"].as_array().expect("ticks");
    let (backfilled, hourly) = expected_moments.split_at(expected_moments.len() - ticks.len());
    assert_eq!(told["backfill"]["recorded"].as_u64(), Some(backfilled.len() as u64));
    assert_eq!(counted(&told["backfill"]["last"]), expected(backfilled.last().expect("a last moment")));
    let sum = |half: &str| -> u64 {
        let audiences = backfilled.iter().flat_map(|moment| moment["audiences"].as_object().expect("audiences").values());
        audiences.map(|audience| audience[half].as_u64().expect("a count")).sum()
    };
    assert_eq!(told["backfill"]["entered"].as_u64(), Some(sum("entered")));
    assert_eq!(told["backfill"]["exited"].as_u64(), Some(sum("exited")));
    for (tick, moment) in ticks.iter().zip(hourly) {
        assert_eq!(counted(&tick["run"]), expected(moment), "{}", moment["as_of"]);
    }

    // Not only as many, but the same people.
    let last = expected_moments.last().expect("a last moment")["audiences"].as_object().expect("audiences");
    for (key, audience) in last {
        let file = kept.join(format!("{key}.csv"));
        muster(&["-C", kept.to_str().expect("UTF-8"), "members", key, "--output", file.to_str().expect("UTF-8")]);
        assert_eq!(Some(sorted_user_ids_hash(&file).as_str()), audience["sha256"].as_str(), "{key}");
    }
    facebook_holds_who_should_be_there(&told, last);
    nobody_else_changed_anything(&kept);
}

/// What the demo left at the stand-in is what it wrote, so no sync may tell of somebody else.
fn nobody_else_changed_anything(kept: &Path) {
    let listed = muster(&["--json", "-C", kept.to_str().expect("UTF-8"), "audiences"]);
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let syncs: Vec<&Value> =
        listed.as_array().expect("audiences").iter().flat_map(|audience| audience["syncs"].as_array().expect("syncs")).collect();
    assert!(!syncs.is_empty(), "{listed}");
    for sync in syncs {
        assert!(!sync["message"].as_str().unwrap_or_default().contains("somebody else"), "{sync}");
    }
}

/// Everybody has an external id, so everybody can be sent: an audience that ever had 100 members is on Facebook whole, one
/// that never had is not there at all.
fn facebook_holds_who_should_be_there(told: &Value, last: &serde_json::Map<String, Value>) {
    let held = told["facebook"].as_array().expect("audiences at Facebook");
    let people: Vec<u64> = held.iter().map(|audience| audience["people"].as_u64().expect("a count")).collect();
    let mut should: Vec<u64> =
        last.values().map(|audience| audience["members"].as_u64().expect("a count")).filter(|members| *members >= 100).collect();
    let mut found = people.clone();
    should.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, should);
    assert!(last.values().any(|audience| audience["members"].as_u64() < Some(100)), "the demo shows an audience below the minimum");
}
