//! A shop with two people in everything there is, and what can be searched for of each.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use fake_graph::{FakeGraph, Options};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

const TOKEN: &str = "invented-token";

const BUYERS: &str = "\
audience: buyers
description: Everybody who ever bought something.
who:
  did: Order Completed
sync:
  - to: facebook_main
    match_on: [email, phone, first_name]
  - to: files
";

const MEMBERS: &str = "\
model: members
description: The loyalty programme.
from: { file: members.csv }
primary_key: member
identify: { user_id: user, email: mail }
traits: { level: level }
";

/// A workspace, a fake Facebook and a folder of files beside it.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) graph: FakeGraph,
}

/// Somebody invented, with everything that finds them.
pub(crate) struct Somebody {
    pub(crate) name: &'static str,
}

impl Somebody {
    /// Every value that is theirs alone.
    pub(crate) fn values(&self) -> Vec<String> {
        let name = self.name;
        let number = self.number();
        [
            format!("u-{name}"),
            format!("a-{name}"),
            format!("device-{name}"),
            format!("{name}@example.com"),
            format!("{name}.second@example.com"),
            format!("{name}.club@example.com"),
            format!("{name}.inbox@example.com"),
            format!("1415555{number}"),
            format!("1415666{number}"),
            format!("First{name}"),
            format!("basket-of-{name}"),
            format!("M-{name}"),
        ]
        .into()
    }

    fn number(&self) -> u32 {
        1_000 + self.name.bytes().fold(0, |sum, byte| (sum * 31 + u32::from(byte)) % 9_000)
    }

    /// What to look for: values as they are, in either case, and their SHA-256 as text and as bytes.
    pub(crate) fn needles(&self) -> Vec<Vec<u8>> {
        let mut needles = Vec::new();
        for value in self.values() {
            for text in [value.clone(), value.to_lowercase(), value.to_uppercase()] {
                let hash = Sha256::digest(text.as_bytes());
                let hex = hash.iter().fold(String::new(), |mut hex, byte| {
                    write!(hex, "{byte:02x}").expect("text grows");
                    hex
                });
                needles.extend([text.into_bytes(), hex.to_uppercase().into_bytes(), hex.into_bytes(), hash.to_vec()]);
            }
        }
        needles.sort();
        needles.dedup();
        needles
    }

    /// Messages on a day of March 2025: traits, orders, a browser that turns out to be theirs, an alias.
    pub(crate) fn messages(&self, day: u32) -> String {
        let name = self.name;
        let number = self.number();
        let at = |minute: u32| format!("2025-03-{day:02}T09:{minute:02}:00Z");
        let messages = [
            json!({ "type": "track", "anonymousId": format!("a-{name}"), "event": "Page Viewed", "timestamp": at(0) }),
            json!({ "type": "identify", "userId": format!("u-{name}"), "timestamp": at(1), "traits": {
                "email": format!("{name}@example.com"), "phone": format!("+1415555{number}"), "firstName": format!("First{name}") } }),
            json!({ "type": "identify", "userId": format!("u-{name}"), "anonymousId": format!("a-{name}"), "timestamp": at(2), "traits": {
                "email": format!("{name}.Second@example.com"), "phone": format!("+1415666{number}") } }),
            json!({ "type": "track", "userId": format!("u-{name}"), "event": "Order Completed", "timestamp": at(3), "properties": {
                "total": day, "basket": format!("basket-of-{name}"), "contact": format!("{name}@example.com") },
                "context": { "device": { "id": format!("device-{name}"), "type": "ios" } } }),
            json!({ "type": "group", "userId": format!("u-{name}"), "groupId": "everybody", "timestamp": at(4), "traits": { "size": 2 } }),
            json!({ "type": "alias", "userId": format!("u-{name}"), "previousId": format!("device-{name}"), "timestamp": at(5) }),
        ];
        messages.iter().map(|message| format!("{message}\n")).collect()
    }

    fn member(&self) -> String {
        let name = self.name;
        format!("M-{name},u-{name},{name}.club@example.com,gold\n")
    }

    pub(crate) fn posted(&self) -> Value {
        let name = self.name;
        json!({ "type": "identify", "userId": format!("u-{name}"), "messageId": format!("post-{}", self.number()),
            "traits": { "email": format!("{name}.inbox@example.com") } })
    }
}

impl Scene {
    /// Everybody is in the lake, in a model, at Facebook and in files; segments were merged and columns decoded.
    pub(crate) async fn open(people: &[Somebody]) -> Self {
        let options = Options { token: TOKEN.to_owned(), ..Options::default() };
        let graph = FakeGraph::start(options, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("the fake starts");
        let scene = Self { folder: tempfile::tempdir().expect("a folder"), graph };
        scene.write("muster.yaml", "data: data\nsources:\n  web: The pages of a test\n");
        scene.write(
            "destinations/facebook_main.yaml",
            &format!(
                "destination: facebook_main\ntype: facebook\nad_account: act_1234567890\naccess_token: {{ env: TOKEN }}\nminimum_size: 1\nbase_url: {}\n",
                scene.graph.url()
            ),
        );
        scene.write("destinations/files.yaml", "destination: files\ntype: file\npath: out\nformat: csv\n");
        scene.write("audiences/buyers.yaml", BUYERS);
        scene.write("models/members.yaml", MEMBERS);
        let rows: String = people.iter().map(Somebody::member).collect();
        scene.write("members.csv", &format!("member,user,mail,level\n{rows}"));
        for day in 1..=3 {
            let lines: String = people.iter().map(|somebody| somebody.messages(day)).collect();
            scene.write(&format!("day-{day}.ndjson"), &lines);
            scene.expect(0, &["ingest", &format!("day-{day}.ndjson")]);
        }
        scene.expect(0, &["model", "sync"]);
        scene.expect(0, &["run", "--as-of", "2025-03-04T00:00:00Z"]);
        scene.expect(0, &["compact"]);
        scene.expect(0, &["run"]);
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.current_dir(self.folder.path()).env("TOKEN", TOKEN).env("USER", "keeper").env_remove("MUSTER_LOG").args(arguments);
        command.stdin(Stdio::null());
        command
    }

    /// What a command says on both streams.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("muster starts");
        let told = both(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        told
    }

    /// What a command says in JSON, whatever its exit code.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(&[&["--json"], arguments].concat()).output().expect("muster starts");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", both(&output)))
    }

    /// Rows that the fake holds.
    pub(crate) fn rows_at_facebook(&self) -> usize {
        self.graph.state().audiences.iter().map(|audience| audience.rows.len()).sum()
    }

    /// Of each needle, where it is found in the data folder: in a file's bytes, or in what a segment says once decoded.
    pub(crate) async fn places(&self, needles: &[Vec<u8>]) -> Vec<String> {
        let data = self.path("data");
        let mut haystacks = Vec::new();
        gather(&data, &mut haystacks);
        let lake = lake::Lake::open(&data.join("lake")).expect("the lake opens");
        let store = store::open(&store::StoreUrl::SqliteFile(data.join("muster.db"))).await.expect("the store opens");
        for (_, segment) in store.segments().await.expect("segments") {
            let said = format!("{:?}", lake.facts(&segment).expect("readable"));
            haystacks.push((segment.path.clone(), said.into_bytes()));
        }
        let mut places = Vec::new();
        for (place, bytes) in &haystacks {
            for needle in needles.iter().filter(|needle| memmem(bytes, needle)) {
                places.push(format!("{place}: {}", String::from_utf8_lossy(needle)));
            }
        }
        places
    }

    /// `muster serve` taking messages, once it does.
    pub(crate) async fn serve(&self) -> (Serving, SocketAddr, String) {
        let key = self.json(&["source", if self.path("key").exists() { "rotate" } else { "add" }, "web"]);
        let key = key["write_key"].as_str().expect("a key").to_owned();
        self.write("key", "");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let mut command = self.command(&["serve", "--listen", &address.to_string()]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("muster starts");
        for _ in 0..200 {
            if std::net::TcpStream::connect(address).is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        (Serving(child), address, key)
    }
}

/// A process that takes messages; killed at the latest when the test ends, however it does.
pub(crate) struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("gone");
    }
}

/// Posts a batch: what was answered.
pub(crate) async fn post(address: SocketAddr, key: &str, messages: &[Value]) -> Value {
    let _already_chosen = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let sent = client.post(format!("http://{address}/v1/batch")).basic_auth(key, Some("")).json(&json!({ "batch": messages })).send().await;
    let answer = sent.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.json().await.expect("JSON")
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Every file below a folder, with its bytes.
fn gather(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, found);
        } else {
            match fs::read(&path) {
                Ok(bytes) => found.push((path.display().to_string(), bytes)),
                // The log of the store goes with the last who has it open.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// Whether the bytes hold the needle.
fn memmem(bytes: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return true };
    let mut from = 0;
    while let Some(place) = bytes[from..].iter().position(|byte| byte == first) {
        let start = from + place;
        if bytes[start..].starts_with(needle) {
            return true;
        }
        from = start + 1;
    }
    false
}
