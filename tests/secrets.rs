//! Secrets and personal data reach no log, no error, no report: everything is logged, a token and contacts are planted, and
//! every byte that comes out is searched.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use fake_graph::{FakeGraph, Options};

const TOKEN: &str = "EAAplantedTokenThatNobodyMaySee";
const CONTACTS: [&str; 3] = ["planted.person@example.com", "5550142", "Plantedname"];

/// Everything a command says, on both streams, with the log wide open.
fn told(folder: &Path, token: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    let output = command.current_dir(folder).env("TOKEN", token).args(["--log", "trace"]).args(arguments).output().expect("muster starts");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn check(what: &str, text: &str) {
    assert!(!text.contains(TOKEN), "{what} shows the token");
    for contact in CONTACTS {
        assert!(!text.contains(contact), "{what} shows `{contact}`");
    }
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_contacts_come_out_nowhere() {
    let options = Options { token: TOKEN.to_owned(), ..Options::default() };
    let graph = FakeGraph::start(options, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("the fake starts");
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    for sub in ["audiences", "destinations"] {
        fs::create_dir(folder.join(sub)).expect("a folder");
    }
    fs::write(folder.join("muster.yaml"), "data: data\n").expect("written");
    let destination = format!(
        "destination: facebook_main\ntype: facebook\nad_account: \"1234567890\"\naccess_token: {{ env: TOKEN }}\nminimum_size: 1\nbase_url: {}\n",
        graph.url()
    );
    fs::write(folder.join("destinations/facebook_main.yaml"), destination).expect("written");
    let audience = "audience: buyers\ndescription: Bought something at any time.\nwho:\n  did: Order Completed\nsync:\n  - to: facebook_main\n    match_on: [email, phone, first_name]\n";
    fs::write(folder.join("audiences/buyers.yaml"), audience).expect("written");
    let [email, phone, name] = CONTACTS;
    let lines = [
        format!(
            r#"{{"type":"identify","userId":"u-1","timestamp":"2025-03-01T09:00:00Z","traits":{{"email":"{email}","phone":"+1415{phone}","firstName":"{name}"}}}}"#
        ),
        r#"{"type":"track","userId":"u-1","timestamp":"2025-03-01T10:00:00Z","event":"Order Completed"}"#.to_owned(),
        format!(r#"{{"type":"identify","userId":"u-2","timestamp":"{email}","traits":{{"email":"{email}"}}}}"#),
        format!(r#"{{"type":"{name}","userId":"{email}"}}"#),
        format!("{email} is not JSON"),
    ];
    fs::write(folder.join("messages.ndjson"), lines.join("\n")).expect("written");

    check("ingest", &told(folder, TOKEN, &["ingest", "messages.ndjson"]));
    check(
        "a run with a token that Facebook refuses",
        &told(folder, &format!("{TOKEN}-no-longer-valid"), &["run", "--as-of", "2025-03-02"]),
    );
    let ran = told(folder, TOKEN, &["run", "--as-of", "2025-03-03"]);
    check("a run", &ran);
    assert!(ran.contains("sent"), "{ran}");
    check("audiences", &told(folder, TOKEN, &["audiences"]));
    check("one audience", &told(folder, TOKEN, &["audiences", "buyers"]));
    check("a resync", &told(folder, TOKEN, &["resync", "buyers"]));
    check("a look into the destination", &told(folder, TOKEN, &["destination", "check", "facebook_main", "--email", CONTACTS[0]]));
    check("the same with a wrong token", &told(folder, &format!("{TOKEN}-x"), &["--json", "destination", "check", "facebook_main"]));
    check("deliver", &told(folder, TOKEN, &["--json", "deliver", "--all"]));

    let mut found = Vec::new();
    files(&folder.join("data"), &mut found);
    assert!(found.len() >= 3, "{found:?}");
    for path in found {
        let bytes = fs::read(&path).expect("a file");
        assert!(!bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes()), "{} holds the token", path.display());
    }
    let state = graph.state();
    assert!(state.raw_pii.is_empty(), "only hashes left the process");
    assert!(state.requests.iter().all(|request| !request.path.contains(TOKEN)), "no URL holds the token");
    assert_eq!(state.audiences[0].rows.len(), 1);
}

#[test]
fn a_token_in_a_definition_is_found_and_not_drawn() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    fs::create_dir(folder.join("destinations")).expect("a folder");
    let (facebook, webhook) =
        ("destination: place\ntype: facebook\nad_account: \"1234567890\"\n", "destination: place\ntype: webhook\nsecret: { env: TOKEN }\n");
    let cases = [
        (format!("{facebook}access_token: {TOKEN}\n"), "secret-in-definition"),
        (format!("{facebook}access_token: [{TOKEN}]\n"), "secret-in-definition"),
        (format!("{facebook}access_token: {{ token: {TOKEN} }}\n"), "unknown-key"),
        (format!("{facebook}acces_token: {TOKEN}\n"), "unknown-key"),
        (format!("{facebook}access_token: \"{TOKEN}\n"), "yaml-syntax"),
        (format!("{facebook}access_token: !secret {TOKEN}\n"), "tag"),
        (format!("{facebook}access_token: 1\naccess_token: {TOKEN}\n"), "duplicate-key"),
        (format!("{webhook}url: https://ann:{TOKEN}@hooks.example.com\n"), "secret-in-definition"),
        (format!("{webhook}url: ftp://ann:{TOKEN}@hooks.example.com\n"), "invalid-option"),
        (format!("{webhook}url: https://hooks.example.com\nheaders:\n  authorization: Bearer {TOKEN}\n"), "secret-in-definition"),
    ];
    for (destination, code) in cases {
        fs::write(folder.join("muster.yaml"), "data: data\n").expect("written");
        fs::write(folder.join("destinations/place.yaml"), &destination).expect("written");
        for arguments in [&["check"][..], &["--json", "check"], &["run"], &["fmt", "--check"]] {
            let text = told(folder, "", arguments);
            check(&format!("{arguments:?} of {destination}"), &text);
            assert!(arguments[0] != "check" || text.contains(code), "{text}");
        }
    }
    fs::remove_file(folder.join("destinations/place.yaml")).expect("removed");
    for settings in [format!("store: postgres://ann:{TOKEN}@db/muster\n"), format!("store:\n  url: postgres://ann:{TOKEN}@db/muster\n")] {
        fs::write(folder.join("muster.yaml"), &settings).expect("written");
        check(&settings, &told(folder, "", &["check"]));
    }
}
