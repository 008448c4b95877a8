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
    let mut child = start(folder, arguments);
    let status = child.wait().expect("a status");
    finished(child, status);
    struck
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
