//! One person at the command line: shown, handed over, not found; and what has come in of everybody.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

fn muster(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_muster")).current_dir(folder).env_remove("MUSTER_LOG").args(arguments).output().expect("muster starts")
}

struct Shop(TempDir);

impl Shop {
    /// Ada ordered every day of March; her browser was somebody else at first; she is in an audience.
    fn open() -> Self {
        let shop = Self(tempfile::tempdir().expect("a folder"));
        let buyers = "audience: buyers\ndescription: Bought something.\nwho:\n  did: Order Completed\n  within: 7 days\n";
        for (name, text) in [("muster.yaml", "data: data\n"), ("audiences/buyers.yaml", buyers)] {
            let path = shop.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("written");
        }
        let at = |day: u32| format!("2025-03-{day:02}T10:00:00Z");
        let long = "long ".repeat(60);
        let mut lines = vec![
            json!({"type": "identify", "userId": "ada", "timestamp": at(1), "traits": {"email": "ada@example.com", "plan": "free", "about": long}}),
            json!({"type": "identify", "anonymousId": "b-1", "timestamp": at(2), "traits": {"plan": "pro", "address": {"city": "Bern"}}}),
            json!({"type": "identify", "userId": "ada", "anonymousId": "b-1", "timestamp": at(3)}),
            json!({"type": "identify", "userId": "ada", "timestamp": at(4), "traits": {"address": null}}),
            json!({"type": "group", "userId": "ada", "groupId": "acme", "timestamp": at(4), "traits": {"name": "Acme"}}),
        ];
        for day in 1..=31 {
            let total = if day == 7 { json!("seven") } else { json!(day) };
            let properties = json!({"total": total, "products": [{"sku": "a"}, {"sku": "b"}], "note": long});
            lines.push(
                json!({"type": "track", "userId": "ada", "event": "Order Completed", "timestamp": at(day), "properties": properties}),
            );
        }
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(shop.path().join("people.ndjson"), text).expect("written");
        shop.done(&["ingest", "people.ndjson", "--source", "website"]);
        for as_of in ["2025-03-02", "2025-03-20"] {
            shop.done(&["run", "--as-of", as_of]);
        }
        shop
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let output = muster(self.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    #[track_caller]
    fn complaint(&self, arguments: &[&str]) -> String {
        let output = muster(self.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[&["--json"], arguments].concat())).expect("JSON")
    }
}

fn of<'v>(list: &'v Value, key: &str) -> Vec<&'v Value> {
    list.as_array().expect("a list").iter().map(|item| &item[key]).collect()
}

#[test]
fn everything_known_is_shown_within_80_columns() {
    let shop = Shop::open();
    let shown = shop.done(&["profile", "email:ADA@example.com"]);
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    for part in
        ["identifiers", "ada@example.com", "stands for", "traits", "pro", "audiences", "2025-03-02 00:00 UTC", "definition", "accounts"]
    {
        assert!(shown.contains(part), "no `{part}`: {shown}");
    }
    assert!(!shown.contains("Bern"), "it was taken away: {shown}");
    assert!(shown.contains("2025-03-31 10:00 UTC  Order Completed") && !shown.contains("2025-03-21 10:00"), "the latest ten: {shown}");

    let known = shop.json(&["profile", "user_id:ada", "--events", "3", "--since", "2025-03-30"]);
    assert_eq!(of(&known["events"], "occurred_at"), ["2025-03-31T10:00:00Z", "2025-03-30T10:00:00Z"]);
    assert_eq!(known["events"][0]["properties"]["products"], json!([{"sku": "a"}, {"sku": "b"}]));
    assert_eq!(of(&known["traits"], "name"), ["about", "email", "plan"]);
    assert_eq!(known["audiences"][0]["entered_at"], "2025-03-02T00:00:00Z");
    assert_eq!(known["links"][0]["collection"], "accounts");

    // By the public id, also of the profile that was merged away, and from stdin.
    for id in [&known["profile"]["id"], &known["profile"]["merged"][0]["id"]] {
        let again = shop.json(&["profile", &format!("id:{}", id.as_str().expect("an id"))]);
        assert_eq!(again["profile"], known["profile"]);
    }
    let account = shop.done(&["profile", "group_id:acme"]);
    assert!(account.starts_with("account ") && account.contains("users"), "{account}");
}

#[test]
fn nobody_is_found_with_a_way_out() {
    let shop = Shop::open();
    let told = shop.complaint(&["profile", "email:secret@example.com"]);
    assert!(told.contains("nobody is known by this `email`") && !told.contains("secret"), "{told}");
    assert!(shop.complaint(&["profile", "emial:ada@example.com"]).contains("did you mean `email:`?"));
    assert!(shop.complaint(&["profile", "ada@example.com"]).contains("write a kind and a value"));
    assert!(shop.complaint(&["profile", "id:nobody"]).contains("nobody has this public id"));
    assert!(shop.complaint(&["export", "user_id:null"]).contains("cannot identify anybody"));
}

#[test]
fn everything_held_is_handed_over() {
    let shop = Shop::open();
    // Found out of by time, and in again by an order.
    for as_of in ["2025-04-01", "2025-04-20"] {
        shop.done(&["run", "--as-of", as_of]);
    }
    let more = json!({"type": "track", "userId": "ada", "event": "Order Completed", "timestamp": "2025-04-20T10:00:00Z"}).to_string();
    std::fs::write(shop.path().join("more.ndjson"), more).expect("written");
    shop.done(&["ingest", "more.ndjson"]);
    shop.done(&["run", "--as-of", "2025-04-21"]);
    let written = shop.json(&["export", "email:ada@example.com", "--output", "ada.json"]);
    assert_eq!(written["events"], 32);
    let file = shop.path().join("ada.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    }
    let document: Value = serde_json::from_slice(&std::fs::read(&file).expect("a file")).expect("JSON");
    let members: Vec<&str> = document.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut expected = [
        "format",
        "version",
        "exported_at",
        "profile",
        "suppressed",
        "identifiers",
        "links",
        "memberships",
        "sent",
        "models",
        "traits",
        "events",
    ];
    expected.sort_unstable();
    assert_eq!(members, expected);
    assert_eq!((&document["format"], &document["version"]), (&json!("muster-profile"), &json!(1)));
    let times = of(&document["events"], "occurred_at");
    assert_eq!(times.len(), 32);
    assert!(times.is_sorted_by_key(|at| at.as_str()), "{times:?}");
    let plans: Vec<_> = document["traits"].as_array().expect("a list").iter().filter(|said| said["name"] == "plan").collect();
    assert_eq!(plans.iter().map(|said| &said["value"]).collect::<Vec<_>>(), ["free", "pro"], "traits with history");
    assert!(document["traits"].as_array().expect("a list").iter().any(|said| said["name"] == "address" && said["value"].is_null()));
    let memberships = &document["memberships"];
    assert_eq!(of(memberships, "entered_at"), ["2025-03-02T00:00:00Z", "2025-04-21T00:00:00Z"]);
    assert_eq!(of(memberships, "exited_at"), [&json!("2025-04-20T00:00:00Z"), &Value::Null]);
    assert_eq!(of(memberships, "exited_reason"), [&json!("time"), &Value::Null]);
    assert!(!shop.path().join("data/ada.json").exists());
    let printed: Value = serde_json::from_str(&shop.done(&["export", "email:ada@example.com"])).expect("JSON");
    assert_eq!(printed["events"], document["events"]);
}

#[test]
fn what_came_in_is_counted_and_mixed_types_are_flagged() {
    let shop = Shop::open();
    let listed = shop.done(&["catalog"]);
    assert!(listed.lines().all(|line| line.chars().count() <= 80), "{listed}");
    assert!(listed.contains("Order Completed     31  2025-03-01  2025-03-31  3, 1 of mixed types"), "{listed}");
    let one = shop.done(&["catalog", "Order Completed"]);
    assert!(one.contains("from website: 31") && one.contains("mixed: number 30, text 1"), "{one}");
    assert!(shop.complaint(&["catalog", "order completed"]).contains("did you mean `Order Completed`?"));
    let all = shop.json(&["catalog"]);
    let traits = all["traits"].as_array().expect("a list");
    let address = traits.iter().find(|found| found["name"] == "address").expect("it came in");
    assert_eq!(address["types"], json!({"json": 1, "gone": 1}));
    assert_eq!(
        (&address["mixed"], &address["first_day"], &address["last_day"]),
        (&json!(false), &json!("2025-03-02"), &json!("2025-03-04"))
    );
    // Merging segments changes nothing of it, and the same file again neither.
    shop.done(&["compact"]);
    shop.done(&["ingest", "people.ndjson", "--source", "website"]);
    assert_eq!(shop.json(&["catalog"]), all);
    let empty = tempfile::tempdir().expect("a folder");
    std::fs::write(empty.path().join("muster.yaml"), "data: data\n").expect("written");
    let nothing = muster(empty.path(), &["catalog"]);
    assert!(String::from_utf8_lossy(&nothing.stdout).contains("nothing has come in yet"));
    assert!(!empty.path().join("data").exists(), "looking makes nothing");
}
