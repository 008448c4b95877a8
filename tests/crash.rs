//! kill -9 at any moment: nothing accepted is lost, nothing is doubled, Facebook ends in step.
//!
//! Each command is started, killed after a while, and started again, until it ends by itself. `MUSTER_KILLS` sets how many
//! kills each command has to bear (8 by default; hundreds in the long mode).
#![expect(clippy::disallowed_methods, reason = "the test reads its own setting, and waits before it kills")]

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use fake_graph::{FakeGraph, Options};
use serde_json::Value;

const PEOPLE: u32 = 3_000;
const ORDERS_EACH: u32 = 3;

fn kills() -> u64 {
    std::env::var("MUSTER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_muster"))
        .current_dir(folder)
        .env("TOKEN", "fake-token")
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("muster starts")
}

/// Runs a command under kills; the later the kill, the further it gets. Returns how many kills found it running.
fn bear(folder: &Path, arguments: &[&str]) -> u64 {
    let mut struck = 0;
    for round in 0..kills() {
        let mut child = start(folder, arguments);
        std::thread::sleep(Duration::from_millis(15 + round * 1_200 / kills()));
        if let Some(status) = child.try_wait().expect("a status") {
            finished(child, status);
            continue;
        }
        child.kill().expect("killed");
        child.wait().expect("gone");
        struck += 1;
    }
    finish(folder, arguments);
    struck
}

fn finish(folder: &Path, arguments: &[&str]) {
    let mut child = start(folder, arguments);
    let status = child.wait().expect("a status");
    finished(child, status);
}

fn finished(mut child: Child, status: ExitStatus) {
    let mut told = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().expect("stderr"), &mut told).expect("UTF-8");
    assert!(status.success(), "{status}: {told}");
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(path, text).expect("written");
}

/// Everybody orders three times, half of them on the first day only. Messages have no ids: the file's lines are told apart.
fn orders() -> String {
    let mut lines = String::new();
    for order in 0..ORDERS_EACH {
        for person in 0..PEOPLE {
            let day = if person % 2 == 0 { 1 } else { 1 + order };
            writeln!(
                lines,
                r#"{{"type":"track","userId":"u-{person}","context":{{"traits":{{"email":"u{person}@example.com"}}}},"event":"Order Completed","timestamp":"2025-03-0{day}T10:00:00Z","properties":{{"total":{order}}}}}"#
            )
            .expect("text grows");
        }
    }
    lines
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_muster")).current_dir(folder).args(arguments).output().expect("muster starts");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_doubled() {
    let graph = FakeGraph::start(Options::default(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("the fake starts");
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    write(folder, "muster.yaml", "data: data\n");
    write(
        folder,
        "destinations/facebook_main.yaml",
        &format!(
            "destination: facebook_main\ntype: facebook\nad_account: \"1234567890\"\naccess_token: {{ env: TOKEN }}\nbase_url: {}\n",
            graph.url()
        ),
    );
    write(
        folder,
        "audiences/thrice.yaml",
        "audience: thrice\ndescription: Ordered exactly three times, ever.\nwho:\n  did: Order Completed\n  exactly: 3\n",
    );
    write(
        folder,
        "audiences/recent.yaml",
        "audience: recent\ndescription: Ordered in the last two days.\nwho:\n  did: Order Completed\n  within: 2 days\nsync:\n  - to: facebook_main\n    match_on: [email]\n",
    );
    write(folder, "orders.ndjson", &orders());

    let mut struck = bear(folder, &["ingest", "orders.ndjson"]);
    struck += bear(folder, &["run", "--as-of", "2025-03-03T09:00:00Z"]);
    struck += bear(folder, &["backfill", "--from", "2025-03-03T10:00:00Z", "--to", "2025-03-04T12:00:00Z", "--every", "1h"]);
    assert!(struck > 0, "no kill found anything running");

    let audiences = json(folder, &["--json", "audiences"]);
    let members = |key: &str| {
        let listed = audiences.as_array().expect("audiences");
        listed.iter().find(|audience| audience["audience"] == key).expect(key)["members"].as_u64()
    };
    assert_eq!(members("thrice"), Some(u64::from(PEOPLE)), "every order counts once");
    assert_eq!(members("recent"), Some(u64::from(PEOPLE / 2)));
    let state = graph.state();
    assert_eq!(state.audiences.len(), 1, "created once");
    assert_eq!(state.audiences[0].rows.len(), (PEOPLE / 2) as usize);
    assert!(state.raw_pii.is_empty());
    // What is on the disk is what the store names, as far as the next writer is concerned.
    assert!(json(folder, &["--json", "ingest", "orders.ndjson"])["already"].as_bool().expect("a flag"));
}

/// Visits of many people on many days, each file bringing some of every day; lines of different files differ.
fn visits(file: u32) -> String {
    let mut lines = String::new();
    for day in 0..VISIT_DAYS {
        for person in 0..VISITORS {
            let (month, day) = (1 + day / 28, 1 + day % 28);
            writeln!(
                lines,
                r#"{{"type":"track","userId":"v-{person}","event":"Page Viewed","timestamp":"2025-{month:02}-{day:02}T10:00:{file:02}Z","properties":{{"path":"/{file}"}}}}"#
            )
            .expect("text grows");
        }
    }
    lines
}

const VISIT_FILES: u32 = 6;
const VISIT_DAYS: u32 = 84;
const VISITORS: u32 = 25;

/// The lake's Parquet files.
fn lake_files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| if path.is_dir() { lake_files(&path) } else { 1 }).sum()
}

#[test]
fn a_compaction_loses_and_doubles_nothing() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    write(folder, "muster.yaml", "data: data\n");
    let each = VISIT_FILES * VISIT_DAYS;
    let audience = |key: &str, count: u32| {
        let text = format!("audience: {key}\ndescription: Counts visits.\nwho:\n  did: Page Viewed\n  exactly: {count}\n");
        write(folder, &format!("audiences/{key}.yaml"), &text);
    };
    audience("all_there", each);
    audience("one_missing", each - 1);
    for file in 0..VISIT_FILES {
        write(folder, &format!("visits-{file}.ndjson"), &visits(file));
        finish(folder, &["ingest", &format!("visits-{file}.ndjson")]);
    }
    finish(folder, &["run", "--as-of", "2025-04-01T00:00:00Z"]);
    let planned = json(folder, &["--json", "compact", "--dry-run"]);
    // Days that are over come in by the month.
    assert_eq!(planned["segments_before"].as_u64(), Some(u64::from(VISIT_FILES * VISIT_DAYS / 28)));

    let struck = bear(folder, &["compact"]);
    assert!(struck > 0, "no kill found anything running");

    let after = json(folder, &["--json", "compact"]);
    assert_eq!((after["merged"].as_u64(), after["segments_before"].as_u64()), (Some(0), Some(3)), "{after}");
    assert_eq!(lake_files(&folder.join("data/lake")), 3, "what is on the disk is what the store names");
    let report = json(folder, &["--json", "run", "--as-of", "2025-04-01T01:00:00Z"]);
    for found in report["audiences"].as_array().expect("audiences") {
        let expected = if found["audience"] == "all_there" { VISITORS } else { 0 };
        assert_eq!(found["members"].as_u64(), Some(u64::from(expected)), "{found}");
        assert_eq!((found["entered"].as_u64(), found["exited"].as_u64()), (Some(0), Some(0)), "{found}");
    }
    let again = json(folder, &["--json", "ingest", "visits-0.ndjson"]);
    assert!(again["already"].as_bool().expect("a flag"));
}
