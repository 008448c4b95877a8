//! Files and webhooks over the command line: what a consumer finds in the folder, what a receiver is told, and kill -9 in
//! between.
#![expect(clippy::disallowed_methods, reason = "the test waits before it kills")]

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

const SECRET: &str = "planted-signing-key";

struct Shop(TempDir);

impl Shop {
    /// People 0 to `count` ordered on the first of March; those with an even number again on the eighth.
    fn new(count: u32, destinations: &[(&str, &str)]) -> Self {
        let shop = Self(tempfile::tempdir().expect("a folder"));
        shop.write("muster.yaml", "data: data\n");
        let mut syncs = String::new();
        for (key, options) in destinations {
            shop.write(&format!("destinations/{key}.yaml"), &format!("destination: {key}\n{options}"));
            syncs.push_str(&format!("  - to: {key}\n"));
        }
        let audience =
            "audience: recent\ndescription: Ordered in the last 7 days.\nwho:\n  did: Order Completed\n  within: 7 days\nsync:\n";
        shop.write("audiences/recent.yaml", &format!("{audience}{syncs}"));
        let order = |person: u32, day: &str| {
            format!(
                r#"{{"type":"track","userId":"u-{person}","context":{{"traits":{{"email":"u{person}@example.com"}}}},"event":"Order Completed","timestamp":"2025-03-{day}T10:00:00Z"}}"#
            )
        };
        let first = (0..count).map(|person| order(person, "01"));
        let again = (0..count).filter(|person| person % 2 == 0).map(|person| order(person, "08"));
        shop.write("orders.ndjson", &first.chain(again).collect::<Vec<_>>().join("\n"));
        shop.succeed(&["ingest", "orders.ndjson"]);
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.current_dir(self.0.path()).env("WEBHOOK_SECRET", SECRET).args(arguments);
        command
    }

    #[track_caller]
    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("muster starts");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", told(&output));
        told(&output)
    }

    /// Kills a command after so many milliseconds; whether it was still running.
    fn kill_after(&self, arguments: &[&str], wait_ms: u64) -> bool {
        let mut child = self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("muster starts");
        std::thread::sleep(Duration::from_millis(wait_ms));
        let struck = child.try_wait().expect("a status").is_none();
        child.kill().expect("killed");
        child.wait().expect("gone");
        struck
    }

    /// The files of a folder whose names hold this, in order.
    fn files(&self, folder: &str, part: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path(folder)).expect("the folder").map(|entry| entry.expect("an entry").path());
        let mut files: Vec<_> = entries.filter(|path| path.file_name().expect("a name").to_string_lossy().contains(part)).collect();
        files.sort();
        files
    }
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a file");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Signatures and bodies, as they came.
type Calls = Arc<Mutex<Vec<(String, Value)>>>;

/// A receiver of one call at a time: takes everything, and keeps the bodies and their signatures.
fn receiver() -> (String, Calls) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
    let calls = Calls::default();
    let taken = Arc::clone(&calls);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut bytes = Vec::new();
            let (head, length) = loop {
                let mut chunk = [0; 4096];
                let read = stream.read(&mut chunk).expect("a call");
                bytes.extend_from_slice(&chunk[..read]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
                let length = length.expect("a length");
                if body.len() >= length {
                    break (head.to_owned(), length);
                }
            };
            let signature = head.lines().find_map(|line| line.strip_prefix("x-muster-signature: ")).expect("signed").to_owned();
            let body = serde_json::from_slice(&bytes[bytes.len() - length..]).expect("JSON");
            taken.lock().expect("no panic").push((signature, body));
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").expect("answered");
        }
    });
    (url, calls)
}

#[test]
fn who_enters_and_exits_reaches_files_and_a_receiver() {
    let (url, calls) = receiver();
    let hook = format!("type: webhook\nurl: {url}\nsecret: {{ env: WEBHOOK_SECRET }}\nallow_private: true\n");
    let destinations =
        [("table", "type: file\npath: table\n"), ("columns", "type: file\npath: columns\nformat: parquet\n"), ("hook", hook.as_str())];
    let shop = Shop::new(4, &destinations);
    assert!(shop.succeed(&["check"]).contains("no mistakes"));

    shop.succeed(&["run", "--as-of", "2025-03-02"]);
    let said = shop.succeed(&["run", "--as-of", "2025-03-09"]);
    assert!(!said.contains("example.com") && !said.contains(SECRET), "{said}");

    let members = std::fs::read_to_string(shop.path("table/recent.members.csv")).expect("the members");
    let rows: BTreeSet<_> = members.lines().skip(1).map(|line| line.split_once(',').expect("an id").1).collect();
    assert!(members.starts_with("id,user_id,email\n"), "{members}");
    assert_eq!(rows, BTreeSet::from(["u-0,u0@example.com", "u-2,u2@example.com"]));
    let changes = shop.files("table", ".changes.");
    assert_eq!(changes.len(), 2);
    let last = std::fs::read_to_string(&changes[1]).expect("changes");
    let gone: BTreeSet<_> = last.lines().skip(1).map(|line| line.splitn(4, ',').nth(3).expect("ids")).collect();
    assert!(last.lines().skip(1).all(|line| line.starts_with("exited,")), "{last}");
    assert_eq!(gone, BTreeSet::from(["u-1,u1@example.com", "u-3,u3@example.com"]), "exits carry the address");

    let parquet = shop.files("columns", ".parquet");
    assert_eq!(parquet.len(), 3);
    for path in parquet {
        let bytes = std::fs::read(&path).expect("a file");
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{}", path.display());
    }

    let calls = calls.lock().expect("no panic");
    let messages: Vec<&Value> = calls.iter().flat_map(|(_, body)| body["batch"].as_array().expect("a batch")).collect();
    let events: Vec<_> = messages.iter().map(|message| (message["event"].as_str(), message["properties"]["recent"].as_bool())).collect();
    assert_eq!(events[..4], [(Some("Audience Entered"), Some(true)); 4]);
    assert_eq!(events[4..], [(Some("Audience Exited"), Some(false)); 2]);
    assert!(calls.iter().all(|(signature, _)| signature.starts_with("t=") && signature.contains(",v1=")));
    drop(calls);
    shop.succeed(&["deliver", "--all"]);
    assert_eq!(shop.files("table", ".changes.").len(), 2, "in step already");
}

/// A consumer applies the changes in order; each comes once, whatever was killed.
#[test]
fn kills_cost_no_change_and_double_none() {
    let shop = Shop::new(3_000, &[("lines", "type: file\npath: lines\nformat: ndjson\n")]);
    let mut struck = 0;
    for as_of in ["2025-03-02", "2025-03-09"] {
        for round in 0..6 {
            struck += u32::from(shop.kill_after(&["run", "--as-of", as_of], 30 + 90 * round));
            struck += u32::from(shop.kill_after(&["deliver"], 30 + 90 * round));
        }
        shop.succeed(&["run", "--as-of", as_of]);
        shop.succeed(&["deliver"]);
    }
    assert!(struck > 0, "no kill found anything running");
    let mut held = BTreeSet::new();
    for line in shop.files("lines", ".changes.").iter().flat_map(|path| lines(path)) {
        let person = line["user_id"].as_str().expect("an id").to_owned();
        match line["change"].as_str().expect("a word") {
            "entered" => assert!(held.insert(person), "twice: {line}"),
            "exited" => assert!(held.remove(&person), "never entered: {line}"),
            other => panic!("{other}"),
        }
    }
    let members: BTreeSet<_> =
        lines(&shop.path("lines/recent.members.ndjson")).iter().map(|line| line["user_id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(held, members);
    assert_eq!(members.len(), 1_500);
    assert_eq!(shop.files("lines", ".tmp").len(), 0);
}
