//! kill -9 under load: `muster serve` is killed again and again while senders post; whatever was acknowledged is a fact in
//! the end, and nothing is one twice.
//!
//! `MUSTER_KILLS` sets how often it is killed (4 by default). A sender repeats a batch until it is acknowledged, as the
//! real libraries do; it never makes a batch anew.
#![expect(clippy::disallowed_methods, reason = "the test reads its own setting, and waits before it kills")]

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

const SENDERS: u32 = 4;
const LOG: &str = "serve.log";
const PEOPLE: u32 = 50;

fn kills() -> u64 {
    std::env::var("MUSTER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

fn muster(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.current_dir(folder).args(arguments);
    command
}

fn said(folder: &Path, arguments: &[&str]) -> Value {
    let output = muster(folder, arguments).output().expect("muster starts");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {complaint}"))
}

fn serve(folder: &Path, address: SocketAddr) -> Child {
    let address = address.to_string();
    let log = File::options().create(true).append(true).open(folder.join(LOG)).expect("a log");
    let mut command = muster(folder, &["--log", "debug", "serve", "--listen", &address]);
    command.stdout(Stdio::null()).stderr(log).spawn().expect("muster starts")
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address")
}

/// Posts batches until it is told to stop: one event for each person, each batch until it is acknowledged. How many were.
async fn send(sender: u32, url: String, key: String, stop: Arc<AtomicBool>, acknowledged: Arc<AtomicU32>) -> u32 {
    let _already_chosen = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().expect("a client");
    let mut batches = 0;
    while !stop.load(Ordering::Relaxed) {
        let event = |person: u32| {
            json!({
                "type": "track", "event": "Ping", "userId": format!("u-{person}"),
                "messageId": format!("{sender}-{batches}-{person}"), "timestamp": "2025-03-01T10:00:00Z",
            })
        };
        let body = json!({ "batch": (0..PEOPLE).map(event).collect::<Vec<_>>() });
        loop {
            let answer = client.post(&url).basic_auth(&key, Some("")).json(&body).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        batches += 1;
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    batches
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_once() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    };
    write("muster.yaml", "data: data\nsources:\n  web: The pages of a test\n");
    let key = said(folder, &["--json", "source", "add", "web"])["write_key"].as_str().expect("a key").to_owned();

    let address = free_address();
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let mut child = serve(folder, address);
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let url = format!("http://{address}/v1/batch");
            tokio::spawn(send(sender, url, key.clone(), Arc::clone(&stop), Arc::clone(&acknowledged)))
        })
        .collect();
    for round in 0..kills() {
        let before = acknowledged.load(Ordering::Relaxed);
        while acknowledged.load(Ordering::Relaxed) < before + 10 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(37 * (round % 7))).await;
        child.kill().expect("killed");
        child.wait().expect("gone");
        child = serve(folder, address);
    }
    stop.store(true, Ordering::Relaxed);
    let mut batches = 0;
    for sender in senders {
        batches += sender.await.expect("a sender ends");
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
    assert!(batches > 0);

    // Everybody was in every batch, so an audience of exactly so many is everybody, or a batch was lost or doubled.
    let audience = |key: &str, count: u32| {
        let text = format!("audience: {key}\ndescription: Counts what was sent.\nwho:\n  did: Ping\n  exactly: {count}\n");
        write(&format!("audiences/{key}.yaml"), &text);
    };
    audience("all_there", batches);
    let report = said(folder, &["--json", "run"]);
    assert_eq!(report["audiences"][0]["members"].as_u64(), Some(u64::from(PEOPLE)), "{batches} batches: {report}");
    let left: Vec<_> = std::fs::read_dir(folder.join("data/inbox")).expect("the inbox").filter_map(Result::ok).collect();
    assert!(left.iter().all(|entry| entry.file_name() == "lock"), "{left:?}");
    let log = std::fs::read_to_string(folder.join(LOG)).expect("the log");
    assert!(log.contains("taking messages at"), "{log}");
    assert!(!log.contains(&key) && !log.contains("\"u-"), "the log shows a key or what was sent");
}
