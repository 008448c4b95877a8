//! The command line as its user meets it: a newcomer's first minutes, mistakes, and what programs read.

mod json;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

struct Shop {
    folder: TempDir,
}

impl Shop {
    /// What `muster init` makes.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = run(folder.path(), &["init", folder.path().to_str().expect("UTF-8")]);
        assert_eq!(made.status.code(), Some(0), "{}", told(&made));
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("written");
    }

    fn muster(&self, arguments: &[&str]) -> Output {
        run(self.path(), arguments)
    }

    #[track_caller]
    fn expect(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.muster(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", told(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    #[track_caller]
    fn complaint(&self, arguments: &[&str]) -> String {
        let output = self.muster(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        String::from_utf8(output.stderr).expect("UTF-8")
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.expect(0, &[&["--json"], arguments].concat())).expect("JSON")
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_muster")).current_dir(folder).env_remove("MUSTER_LOG").args(arguments).output().expect("muster starts")
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

const AS_OF: &str = "2025-03-03T00:00:00Z";

#[test]
fn a_newcomer_gets_from_nothing_to_an_audience() {
    let shop = Shop::new();
    assert!(shop.expect(0, &["check"]).contains("no mistakes"));
    let ingested = shop.expect(0, &["ingest", "events.example.ndjson"]);
    assert!(ingested.contains("5 accepted (3 events, 2 trait changes), 0 known already, 0 rejected; 2 new profiles"), "{ingested}");

    let looked = shop.expect(0, &["run", "--as-of", AS_OF, "--dry-run"]);
    assert!(looked.contains("dry run  as of 2025-03-03 00:00 UTC"), "{looked}");
    assert!(shop.expect(0, &["audiences"]).contains("no run yet"), "a dry run records nothing");

    let ran = shop.expect(0, &["run", "--as-of", AS_OF]);
    assert!(ran.contains("suppress_recent_buyers"), "{ran}");
    assert!(shop.expect(0, &["run", "--as-of", AS_OF]).contains("already done"));

    assert_eq!(shop.expect(0, &["members", "suppress_recent_buyers", "--count"]).trim(), "1");
    assert!(shop.expect(0, &["members", "suppress_recent_buyers"]).contains("ben@example.com"));
    assert!(shop.expect(0, &["members", "retarget_cart_7d"]).contains("ada@example.com"));
}

#[test]
fn an_audience_of_ones_own_over_a_file_of_ones_own() {
    let shop = Shop::new();
    shop.write(
        "audiences/coffee_lovers.yaml",
        "audience: coffee_lovers\ndescription: Bought coffee twice in the last month.\nwho:\n  did: Order Completed\n  within: 30 days\n  at_least: 2\n  where:\n    category: coffee\n",
    );
    shop.write(
        "mine.csv",
        "when,who,what,cost\n2025-02-20,u-1,coffee,4.5\n2025-02-21,u-1,coffee,4.5\n2025-02-21,u-2,tea,3\n2025-02-22,u-2,coffee,4.5\n",
    );
    let settings = "csv:\n  orders:\n    event: Order Completed\n    user_id: who\n    timestamp: when\n    columns: { what: category, cost: revenue }\n";
    shop.write("muster.yaml", settings);
    shop.expect(0, &["check"]);
    shop.expect(0, &["ingest", "mine.csv", "--csv", "orders"]);
    let run = shop.json(&["run", "--as-of", "2025-03-01"]);
    let found = run["audiences"].as_array().expect("audiences").iter().find(|found| found["audience"] == "coffee_lovers").expect("found");
    assert_eq!((found["members"].as_u64(), found["entered"].as_u64()), (Some(1), Some(1)));

    let members = shop.json(&["members", "coffee_lovers"]);
    assert_eq!(members[0]["user_id"], "u-1");
    shop.expect(0, &["members", "coffee_lovers", "--output", "members.csv"]);
    assert!(std::fs::read_to_string(shop.path().join("members.csv")).expect("written").contains("u-1"));
    shop.expect(0, &["members", "coffee_lovers", "--output", "members.parquet"]);
    assert!(std::fs::read(shop.path().join("members.parquet")).expect("written").starts_with(b"PAR1"));
}

#[test]
fn the_same_file_again_changes_nothing() {
    let shop = Shop::new();
    shop.expect(0, &["ingest", "events.example.ndjson"]);
    assert!(shop.expect(0, &["ingest", "events.example.ndjson"]).contains("imported before, nothing changed"));
}

#[test]
fn a_dry_run_of_an_import_tells_and_writes_nothing() {
    let shop = Shop::new();
    let told = shop.expect(0, &["ingest", "events.example.ndjson", "--dry-run"]);
    assert!(told.contains("would be 5 accepted (3 events, 2 trait changes)"), "{told}");
    assert!(told.contains("2 messages `identify`") && told.contains("nothing was written"), "{told}");
    assert!(told.lines().all(|line| line.chars().count() <= 120), "{told}");
    let json = shop.json(&["ingest", "events.example.ndjson", "--dry-run"]);
    assert_eq!((json["dry_run"].as_bool(), json["messages"]["identify"].as_u64()), (Some(true), Some(2)));
    let done = shop.json(&["ingest", "events.example.ndjson"]);
    assert_eq!((done["already"].as_bool(), done["accepted"].as_u64()), (Some(false), Some(5)));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a run is as of a second, and two of one second are the same")]
fn a_model_is_synced_asked_about_and_reset() {
    let shop = Shop::new();
    assert!(shop.complaint(&["model", "sync"]).contains("describe one in `models/NAME.yaml`"));
    std::fs::create_dir(shop.path().join("models")).expect("a folder");
    let model = "model: members\ndescription: Members of the programme.\nfrom:\n  file: members.csv\nprimary_key: id\nidentify:\n  email: mail\ntraits:\n  tier: tier\n";
    shop.write("models/members.yaml", model);
    shop.write(
        "audiences/members.yaml",
        "audience: members\ndescription: Those who have a row.\nwho:\n  traits:\n    model_members: true\n",
    );
    shop.write("members.csv", "id,mail,tier\n1,ada@example.com,gold\n2,ben@example.com,\n,cleo@example.com,\n");
    let tried = shop.expect(1, &["model", "sync", "--dry-run"]);
    assert!(tried.contains("would sync 3 rows: 2 new") && tried.contains("line 4: the primary key `id` is empty"), "{tried}");
    assert!(shop.expect(1, &["model", "sync", "members"]).contains("synced 3 rows: 2 new, 0 updated, 0 deleted"));
    let listed = shop.json(&["model", "list"]);
    assert_eq!((listed[0]["model"].as_str(), listed[0]["rows"].as_u64()), (Some("members"), Some(2)));
    assert!(shop.expect(0, &["model", "list"]).lines().all(|line| line.chars().count() <= 80));
    shop.expect(0, &["run"]);
    assert_eq!(shop.expect(0, &["members", "members", "--count"]).trim(), "2");

    shop.write("members.csv", "id,mail,tier\n2,ben@example.com,silver\n");
    let synced = shop.json(&["model", "sync", "members"]);
    let counts = ["new", "updated", "deleted", "unchanged"].map(|count| synced[count].as_u64().expect("a count"));
    assert_eq!(counts, [0, 1, 1, 0]);
    std::thread::sleep(std::time::Duration::from_secs(1));
    shop.expect(0, &["run"]);
    assert!(shop.expect(0, &["members", "members"]).contains("ben@example.com"));
    assert_eq!(shop.expect(0, &["members", "members", "--count"]).trim(), "1");

    shop.write("members.csv", "id,mail,tier\n");
    assert!(shop.complaint(&["model", "sync"]).contains("--allow-empty"));
    shop.write("members.csv", "id,mail,tier\n2,ben@example.com,silver\n");
    assert!(shop.expect(0, &["model", "reset", "members"]).contains("takes every row as new"));
    assert!(shop.expect(0, &["model", "sync"]).contains("1 new"));
    assert!(shop.complaint(&["model", "sync", "membres"]).contains("did you mean `members`?"));
}

#[test]
fn a_list_that_events_keep_is_an_audience() {
    let shop = Shop::new();
    shop.write("muster.yaml", "list_events:\n  USER_ADD: vip_list\n");
    shop.write("audiences/vips.yaml", "audience: vips\ndescription: Those on the list.\nwho:\n  traits:\n    list_vip_list: true\n");
    shop.expect(0, &["ingest", "events.example.ndjson"]);
    shop.expect(0, &["check", "--strict"]);
    let event = r#"{"type":"track","event":"USER_ADD","anonymousId":"a","timestamp":"2025-03-01T00:00:00Z","properties":{"userListAdd":[{"EMAIL":"vip@example.com"},{"FN":"Ada"}]}}"#;
    shop.write("lists.ndjson", &format!("{event}\n"));
    assert!(shop.expect(1, &["ingest", "lists.ndjson"]).contains("1 rejected: nobody"));
    shop.expect(0, &["run", "--as-of", AS_OF]);
    assert!(shop.expect(0, &["members", "vips"]).contains("vip@example.com"));
}

#[test]
fn tables_of_a_warehouse_are_ingested_by_folder() {
    let shop = Shop::new();
    assert!(shop.complaint(&["ingest", "audiences", "--warehouse"]).contains("no tables"));
    std::fs::create_dir(shop.path().join("exports")).expect("a folder");
    shop.write("exports/tracks.csv", "id,received_at,event_text,user_id\n1,2025-03-01 10:00:00,Paid,u1\n");
    shop.write("exports/paid.csv", "id,received_at,event_text,user_id,total\n1,2025-03-01 10:00:00,Paid,u1,9.5\n");
    let told = shop.expect(0, &["ingest", "exports", "--warehouse"]);
    let accepted: Vec<_> = told.lines().map(|line| line.contains("1 accepted (1 event, ")).collect();
    assert_eq!(accepted, [true, false], "{told}");
}

#[test]
fn a_database_keeps_its_url_to_itself() {
    let shop = Shop::new();
    std::fs::create_dir(shop.path().join("models")).expect("a folder");
    let model = "model: people\ndescription: People of the warehouse.\nfrom:\n  sql: SELECT id FROM people\n  database:\n    env: MUSTER_TEST_WAREHOUSE\nprimary_key: id\nidentify:\n  user_id: id\n";
    shop.write("models/people.yaml", model);
    assert!(shop.complaint(&["model", "sync"]).contains("`MUSTER_TEST_WAREHOUSE`, which is not set"));
    shop.write("url", "postgres://muster:hunter2@127.0.0.1:1/shop\n");
    shop.write("models/people.yaml", &model.replace("env: MUSTER_TEST_WAREHOUSE", "file: url"));
    let told = shop.complaint(&["--log", "debug", "model", "sync"]);
    assert!(told.contains("could not reach the database") && !told.contains("hunter2"), "{told}");
}

#[test]
fn bad_lines_are_shown_and_stop_nothing() {
    let shop = Shop::new();
    let good = r#"{"type":"track","userId":"u-1","event":"Order Completed","timestamp":"2025-03-01T10:00:00Z"}"#;
    let old = r#"{"type":"track","userId":"u-1","event":"Order Completed","timestamp":"1899-03-01T10:00:00Z"}"#;
    shop.write("bad.ndjson", &format!("{good}\nnot json\n{old}\n{{\"type\":\"track\",\"event\":\"X\"}}\n{good}\n"));
    let told = shop.expect(1, &["ingest", "bad.ndjson"]);
    assert!(told.contains("2 accepted"), "{told}");
    assert!(told.contains("3 rejected"), "{told}");
    for line in ["line 2", "line 3", "line 4"] {
        assert!(told.contains(line), "{told}");
    }
}

#[test]
fn every_mistake_in_the_definitions_is_drawn_at_once() {
    let shop = Shop::new();
    shop.write(
        "audiences/broken.yaml",
        "audience: brokn\ndescription: Has several mistakes at once.\nwho:\n  did: Order Completed\n  within: 7d\n  wher:\n    total: 3\nsync:\n  - to: facebook_mian\n",
    );
    let told = shop.expect(1, &["check"]);
    insta::assert_snapshot!("check_broken", told);
    let json: Value = serde_json::from_str(&shop.expect(1, &["--json", "check"])).expect("JSON");
    assert_eq!(json["ok"], false);
    assert!(json["diagnostics"].as_array().expect("diagnostics").len() >= 4);
    // Nothing runs under definitions that are not understood.
    assert!(shop.complaint(&["run"]).contains("have mistakes"));
}

#[test]
fn a_backfill_records_history_and_resumes() {
    let shop = Shop::new();
    shop.expect(0, &["ingest", "events.example.ndjson"]);
    let range = ["backfill", "--from", "2025-03-01T00:00:00Z", "--to", "2025-03-03T00:00:00Z", "--every", "1h"];
    let dry = shop.json(&[&range[..], &["--dry-run"]].concat());
    let done = shop.json(&range);
    assert_eq!((done["recorded"].as_u64(), done["known"].as_u64()), (Some(49), Some(0)));
    assert_eq!((&dry["entered"], &dry["exited"]), (&done["entered"], &done["exited"]));
    let again = shop.json(&range);
    assert_eq!((again["recorded"].as_u64(), again["known"].as_u64()), (Some(0), Some(49)));

    // History goes forward, unless it is replaced on purpose.
    let earlier = ["backfill", "--from", "2025-02-28T00:00:00Z", "--to", "2025-03-03T00:00:00Z", "--every", "1h"];
    assert!(shop.complaint(&earlier).contains("--replace"));
    let replaced = shop.json(&[&earlier[..], &["--replace"]].concat());
    assert_eq!(replaced["recorded"].as_u64(), Some(73));
    assert_eq!(shop.expect(0, &["members", "suppress_recent_buyers", "--count"]).trim(), "1");
}

#[test]
fn definitions_are_compared_with_what_is_recorded() {
    let shop = Shop::new();
    assert!(shop.expect(0, &["check"]).contains("no mistakes"));
    assert!(!shop.path().join("data").exists(), "looking makes nothing");
    shop.expect(0, &["ingest", "events.example.ndjson"]);
    shop.expect(0, &["run", "--as-of", AS_OF]);
    assert!(shop.expect(0, &["check"]).contains("no mistakes"));

    let file = shop.path().join("audiences/retarget_cart_7d.yaml");
    std::fs::remove_file(&file).expect("deleted");
    let told = shop.expect(1, &["check"]);
    assert!(told.contains("error[deleted-audience]: the audience `retarget_cart_7d` was recorded, and its file is gone"), "{told}");
    assert!(told.contains("help: restore `audiences/retarget_cart_7d.yaml` with `state: retired`"), "{told}");
    let refused = shop.complaint(&["run", "--as-of", "2025-03-04T00:00:00Z"]);
    assert!(refused.contains("error: the definitions do not fit what is recorded"), "{refused}");
    assert!(refused.contains("the audience `retarget_cart_7d` was recorded, and its file is gone"), "{refused}");
    assert!(shop.complaint(&["backfill", "--from", "2025-03-04"]).contains("its file is gone"));
    // Looking is allowed.
    shop.expect(0, &["run", "--as-of", "2025-03-04T00:00:00Z", "--dry-run"]);
}

#[test]
fn a_held_change_is_shown_and_released() {
    let shop = Shop::new();
    shop.expect(0, &["ingest", "events.example.ndjson"]);
    // The guard is asked first; the destination has no token, and nothing leaves the house.
    let text = "audience: recent\ndescription: Bought something in the last month.\nwho:\n  did: Order Completed\n  within: 30 days\nguards:\n  min_size: 5\nsync:\n  - to: nowhere\n";
    let write = |state: &str| shop.write("audiences/recent.yaml", &format!("{text}state: {state}\n"));
    write("live");
    let destination = "destination: nowhere\ntype: facebook\nad_account: \"1\"\naccess_token: { env: NOT_SET_ANYWHERE }\n";
    shop.write("destinations/nowhere.yaml", destination);
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for arguments in [&["run", "--as-of", AS_OF][..], &["deliver"]] {
        let told = shop.expect(1, arguments);
        assert!(squeezed(&told).contains("held: 1 member, fewer than `min_size: 5`"), "{told}");
    }
    let listed = shop.json(&["audiences"]);
    let audience = listed.as_array().expect("audiences").iter().find(|found| found["audience"] == "recent").expect("listed");
    assert_eq!(audience["state"], "live");
    let reason = "1 member, fewer than `min_size: 5`; look at it, then release it with `muster deliver --release recent`";
    assert_eq!(audience["held"]["reason"], reason);
    let told = shop.expect(1, &["deliver", "--release", "recent"]);
    assert!(told.contains("released `recent`: 1 member as of 2025-03-03 00:00 UTC, held since"), "{told}");
    assert!(squeezed(&told).contains("NOT_SET_ANYWHERE"), "{told}");

    write("paused");
    assert!(shop.expect(0, &["audiences"]).contains("recent (paused)"));
    assert!(shop.expect(0, &["run", "--as-of", "2025-03-04T00:00:00Z"]).contains("recent (paused)"));
    write("retired");
    assert!(shop.expect(0, &["run", "--as-of", "2025-03-05T00:00:00Z"]).contains("recent (retired)"));
    write("live");
    let told = shop.expect(1, &["check"]);
    assert!(told.contains("error[key-used-before]: the key `recent` was retired on"), "{told}");
    assert!(shop.complaint(&["deliver", "--all"]).contains("keys are never used again"));
}

#[test]
fn errors_say_what_to_do_next() {
    let shop = Shop::new();
    assert!(shop.complaint(&["ingest", "nowhere.ndjson"]).contains("nowhere.ndjson"));
    assert!(shop.complaint(&["ingest", "events.example.ndjson", "--csv", "orders"]).contains("no CSV mapping named `orders`"));
    assert!(shop.complaint(&["members", "supress_recent_buyers"]).contains("did you mean `suppress_recent_buyers`?"));
    assert!(shop.complaint(&["members", "suppress_recent_buyers"]).contains("`muster run` does it"));
    assert!(shop.complaint(&["deliver", "--release", "supress_recent_buyers"]).contains("did you mean `suppress_recent_buyers`?"));
    assert!(shop.complaint(&["deliver", "--release", "suppress_recent_buyers"]).contains("nothing of `suppress_recent_buyers` is held"));
    assert!(shop.complaint(&["init", shop.path().to_str().expect("UTF-8")]).contains("is not empty"));
    assert!(shop.complaint(&["-C", "/nonexistent", "check-nothing"]).contains("check-nothing"));
    assert!(shop.complaint(&["run", "--as-of", "yesterday"]).contains("ISO 8601"));
    assert!(shop.complaint(&["backfill", "--from", "2025-03-02", "--to", "2025-03-01"]).contains("the end lies before the beginning"));
    let listen = "write an IP address and a port, such as `127.0.0.1:8080`";
    assert!(shop.complaint(&["serve", "--listen", "localhost:8080"]).contains(listen));
}

#[test]
fn what_is_known_of_people_is_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let shop = Shop::new();
    let mode = |name: &str| std::fs::metadata(shop.path().join(name)).expect(name).permissions().mode() & 0o777;
    shop.expect(0, &["ingest", "events.example.ndjson"]);
    assert_eq!(mode("data"), 0o700);
    shop.expect(0, &["run", "--as-of", AS_OF]);
    for file in ["members.csv", "members.parquet"] {
        shop.write(file, "an older file that others may read");
        shop.expect(0, &["members", "suppress_recent_buyers", "--output", file]);
        assert_eq!(mode(file), 0o600, "{file}");
    }
    assert!(std::fs::read_to_string(shop.path().join("members.csv")).expect("written").contains("ben@example.com"));
    // Whoever opened the folder to others meant it.
    std::fs::set_permissions(shop.path().join("data"), std::fs::Permissions::from_mode(0o750)).expect("our own folder");
    shop.expect(0, &["audiences"]);
    assert_eq!(mode("data"), 0o750);
}

/// Needs a server whose store holds no run yet, as `tests/with-postgres.sh` starts it.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test asks its environment which server to use")]
fn the_same_way_on_postgresql() {
    const URL: &str = "MUSTER_TEST_POSTGRES_URL";
    if std::env::var(URL).is_err() {
        eprintln!("skipped: needs a PostgreSQL in {URL}; run it with tests/with-postgres.sh");
        return;
    }
    let shop = Shop::new();
    shop.write("muster.yaml", &format!("store: {{ url_env: {URL} }}\n"));
    if shop.json(&["audiences"])[0]["members"].is_u64() {
        eprintln!("skipped: the store in {URL} holds runs already");
        return;
    }
    assert!(shop.expect(0, &["ingest", "events.example.ndjson"]).contains("5 accepted"));
    shop.expect(0, &["backfill", "--from", "2025-03-01", "--to", AS_OF, "--every", "1d"]);
    assert_eq!(shop.expect(0, &["members", "suppress_recent_buyers", "--count"]).trim(), "1");
    assert!(!shop.path().join("data/muster.db").exists(), "nothing is kept in SQLite");
    assert!(shop.complaint(&["run", "--as-of", "2025-03-02T12:00:00Z"]).contains("history is recorded forward"));
    shop.write("muster.yaml", "store: { url_env: NOT_SET_ANYWHERE }\n");
    assert!(shop.complaint(&["run"]).contains("`NOT_SET_ANYWHERE`, which is not set"));
}

#[test]
fn an_unwritable_data_folder_is_named() {
    let shop = Shop::new();
    shop.write("data", "a file where the folder should be");
    assert!(shop.complaint(&["run"]).contains("data"));
}

#[test]
fn write_keys_are_shown_once_rotated_and_revoked() {
    let shop = Shop::new();
    assert!(shop.complaint(&["source", "add", "website"]).contains("add it under `sources:`"));
    shop.write("muster.yaml", "sources:\n  website: The shop's pages\n  app: The shop's app\n");
    assert!(shop.complaint(&["source", "add", "websit"]).contains("did you mean `website`?"));
    assert!(shop.complaint(&["source", "rotate", "website"]).contains("`muster source add website`"));
    let first = shop.expect(0, &["source", "add", "website"]);
    assert!(first.starts_with("wk_") && first.trim().len() == 35, "{first}");
    assert!(shop.complaint(&["source", "add", "website"]).contains("`muster source rotate website`"));
    let second = shop.json(&["source", "rotate", "website"]);
    assert_ne!(second["write_key"].as_str(), Some(first.trim()));
    let listed = shop.json(&["source", "list"]);
    let keys = |place: usize| (listed[place]["source"].clone(), listed[place]["keys"].clone());
    assert_eq!([keys(0), keys(1)], [("app".into(), 0.into()), ("website".into(), 2.into())]);
    let store = std::fs::read(shop.path().join("data/muster.db")).expect("the store");
    let holds = |text: &str| store.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!holds(first.trim()), "a key is kept");
    assert_eq!(shop.expect(0, &["source", "revoke", "website", "--old"]), "1 key of `website` revoked\n");
    assert!(shop.complaint(&["source", "revoke", "website", "--old"]).contains("no older key"));
    assert_eq!(shop.json(&["source", "revoke", "website"])["revoked"], 1);
    assert!(shop.complaint(&["source", "revoke", "website"]).contains("`muster source list`"));
    let table = shop.expect(0, &["source", "list"]);
    assert!(table.lines().count() == 3 && table.lines().all(|line| line.chars().count() <= 80), "{table}");
}

#[test]
fn every_command_explains_itself() {
    let shop = Shop::new();
    for command in [
        "init",
        "check",
        "fmt",
        "test",
        "schema",
        "explain",
        "ingest",
        "model",
        "run",
        "backfill",
        "serve",
        "source",
        "audiences",
        "members",
        "deliver",
        "demo",
        "completions",
    ] {
        let help = shop.expect(0, &[command, "--help"]);
        assert!(help.contains("Usage: muster"), "{command}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{command}: {help}");
    }
    assert!(shop.expect(0, &["completions", "bash"]).contains("muster"));
}

#[test]
fn what_a_newcomer_begins_with_is_in_its_canonical_layout() {
    let shop = Shop::new();
    assert!(shop.expect(0, &["fmt", "--check"]).contains("0 files would be formatted"));
    let demo = std::fs::canonicalize("../../fixtures/demo/definitions").expect("the demo's definitions");
    shop.expect(0, &["-C", demo.to_str().expect("UTF-8"), "fmt", "--check"]);
}

#[test]
fn formatting_changes_the_layout_and_nothing_else() {
    use std::os::unix::fs::PermissionsExt as _;
    let shop = Shop::new();
    let odd = "# the odd one\nwho:   {within: 7 days, did: A} # all\ndescription: 'Somebody that a test is about.'\naudience: odd\n";
    shop.write("audiences/odd.yaml", odd);
    let path = shop.path().join("audiences/odd.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("our own file");
    assert!(shop.expect(1, &["fmt", "--check"]).starts_with("audiences/odd.yaml\n1 file would be formatted"));
    assert_eq!(std::fs::read_to_string(&path).expect("still there"), odd);

    shop.expect(0, &["fmt", "audiences/odd.yaml"]);
    let formatted = "# the odd one\naudience: odd\ndescription: Somebody that a test is about.\nwho: { did: A, within: 7 days } # all\n";
    assert_eq!(std::fs::read_to_string(&path).expect("still there"), formatted);
    assert_eq!(std::fs::metadata(&path).expect("still there").permissions().mode() & 0o777, 0o640);
    shop.expect(0, &["fmt", "--check"]);

    // What is not YAML stays as it is, and is shown.
    shop.write("audiences/odd.yaml", "audience: odd\nwho: [\n");
    let told = shop.complaint(&["fmt"]);
    assert!(told.contains("error[yaml-syntax]") && told.contains("1 file could not be formatted"), "{told}");
    assert_eq!(std::fs::read_to_string(&path).expect("still there"), "audience: odd\nwho: [\n");
    assert_eq!(std::fs::read_dir(shop.path().join("audiences")).expect("a folder").count(), 3, "nothing is left behind");
}

#[test]
fn formatting_passes_over_no_file_that_it_could_not_read() {
    let shop = Shop::new();
    let path = shop.path().join("audiences/x.yaml");
    let check = |expected: &str| {
        let told = shop.complaint(&["fmt", "--check"]);
        assert!(told.contains(expected) && told.contains("1 file could not be formatted"), "{expected}: {told}");
    };
    // A link to nowhere is as unreadable to root as to anybody else.
    std::os::unix::fs::symlink("nowhere", &path).expect("a link");
    check("error[unreadable-file]");
    std::fs::remove_file(&path).expect("our own link");
    std::fs::write(&path, b"audience: \xff\n").expect("written");
    check("error[not-utf8]");
    std::fs::rename(&path, path.with_extension("yml")).expect("our own file");
    check("rename it to `x.yaml`");
    let refused = shop.muster(&["--json", "fmt"]);
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    let refused: Value = serde_json::from_slice(&refused.stdout).expect("JSON");
    assert_eq!(refused["refused"], serde_json::json!(["audiences/x.yml"]));
    assert!(shop.complaint(&["fmt", "audiences"]).contains("it is a folder, name the files in it"));
}

#[test]
fn tests_need_neither_store_nor_data() {
    let shop = Shop::new();
    assert!(shop.expect(0, &["test"]).contains("no tests"));
    assert_eq!(shop.json(&["test"])["tests"], serde_json::json!([]));
    assert!(shop.complaint(&["test", "retarget_cart"]).contains("did you mean `retarget_cart_7d`?"));
    shop.write("audiences/broken.yaml", "audience: broken\n");
    assert!(shop.complaint(&["test"]).contains("error[missing-key]"));
    assert!(!shop.path().join("data").exists());
}

#[test]
fn looking_at_what_was_observed_makes_nothing() {
    let shop = Shop::new();
    shop.expect(0, &["check", "--strict"]);
    let plain = shop.json(&["schema"]);
    assert_eq!(plain["$schema"], "http://json-schema.org/draft-07/schema#");
    let known = shop.json(&["schema", "--observed"]);
    assert_eq!(known["definitions"]["audience_key"]["anyOf"][0]["enum"][0], "retarget_cart_7d");
    assert!(!shop.path().join("data").exists());

    shop.expect(0, &["ingest", "events.example.ndjson"]);
    let events = shop.json(&["schema", "--observed"])["definitions"]["event_name"]["anyOf"].clone();
    let names: Vec<&str> = events.as_array().expect("events").iter().filter_map(|event| event["enum"][0].as_str()).collect();
    assert_eq!(names, ["Order Completed", "Product Added"]);
}

#[test]
fn codes_operators_and_keys_are_explained() {
    let shop = Shop::new();
    assert!(shop.expect(0, &["explain", "at-most-alone"]).starts_with("code `at-most-alone`\n"));
    let both = shop.expect(0, &["explain", "at_least"]);
    assert!(both.contains("operator `at_least`") && both.contains("beside a condition `at_least`"), "{both}");
    assert!(shop.complaint(&["explain", "start_with_"]).contains("did you mean `start_with`?"));
    assert!(shop.expect(0, &["explain", "--all"]).lines().count() > 200);
    assert!(shop.json(&["explain", "exists"])[0]["text"].as_str().expect("a text").contains("Takes `true` or `false`."));
}

/// As the reference says: a definition is sound on a machine that has no secrets, such as one that checks pull requests.
#[test]
fn a_secret_is_missed_where_a_destination_is_connected() {
    let shop = Shop::new();
    let text = "destination: nowhere\ntype: facebook\nad_account: \"1\"\naccess_token: { env: NOT_SET_ANYWHERE }\n";
    shop.write("destinations/nowhere.yaml", text);
    assert_eq!(shop.json(&["check"])["diagnostics"], serde_json::json!([]));
    assert!(shop.complaint(&["destination", "check", "nowhere"]).contains("`NOT_SET_ANYWHERE` is not set"));
    let page = shop.expect(0, &["explain", "--markdown"]);
    assert!(page.contains("finds all of it but `missing-secret`"), "the page promises more than `muster check` does");
}

#[test]
fn the_reference_page_is_the_one_the_tables_make() {
    let shop = Shop::new();
    let page = std::fs::read_to_string("../../docs/reference.md").expect("docs/reference.md");
    assert_eq!(shop.expect(0, &["explain", "--markdown"]), page, "`muster explain --markdown > docs/reference.md` makes it anew");
}

#[test]
fn a_closed_pipe_is_success() {
    let shop = Shop::new();
    let muster = env!("CARGO_BIN_EXE_muster");
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{muster} completions bash | head -1 >/dev/null; exit ${{PIPESTATUS:-0}}"))
        .current_dir(shop.path())
        .status();
    assert!(status.expect("sh").success());
}

#[test]
fn whatever_is_refused_is_counted_and_shown() {
    let shop = Shop::new();
    assert!(shop.expect(0, &["identities"]).contains("nobody is known yet"));
    shop.write("muster.yaml", "identity: { kinds: { anonymous_id: { limit: { most: 2, per: week } } } }\n");
    let line = |number: u32| {
        format!(r#"{{"type":"track","userId":"u","anonymousId":"b{number}","event":"E","timestamp":"2025-03-0{}T10:00:00Z"}}"#, number + 1)
    };
    let lines: Vec<_> = (0..4).map(line).chain(["{}".to_owned()]).collect();
    shop.write("m.ndjson", &lines.join("\n"));
    let told = shop.expect(1, &["ingest", "m.ndjson"]);
    assert!(told.contains("2 values of `anonymous_id` not attached: one profile may have 2 `anonymous_id` in a week"), "{told}");
    let told = shop.json(&["identities"]);
    assert_eq!((&told["profiles"]["users"], &told["identifiers"]["anonymous_id"]), (&1.into(), &2.into()));
    assert_eq!((&told["near_limits"][0]["has"], &told["near_limits"][0]["per"]), (&2.into(), &"week".into()));
    let mut refused: Vec<_> =
        told["refusals"].as_array().expect("refusals").iter().map(|one| (one["subject"].as_str(), one["count"].as_u64())).collect();
    refused.sort_unstable();
    assert_eq!(refused, [(Some("anonymous_id"), Some(2)), (Some("message"), Some(1))]);
    let drawn = shop.expect(0, &["identities"]);
    assert!(drawn.lines().all(|line| line.chars().count() <= 80), "{drawn}");
    // Read again, nothing is refused twice.
    shop.expect(0, &["ingest", "m.ndjson"]);
    assert_eq!(shop.json(&["identities"])["refusals"], told["refusals"]);
}
