//! What other systems' Facebook destinations do, done here: one test per form, through the command line, against the fake.
//!
//! The table of `docs/destinations/facebook.md` names the same forms.

use serde_json::{Value, json};

use crate::shop::{Shop, TOKEN};

/// Runs ask about whole seconds: what a model says now is known to one a second later.
const A_SECOND: std::time::Duration = std::time::Duration::from_millis(1_100);

/// Messages of so many people: who they are, and an order on 1 March 2025 or on 20 March.
fn messages(people: u32, person: impl Fn(u32) -> Value) -> String {
    let mut lines = Vec::new();
    for number in 0..people {
        let user = format!("u-{number}");
        let day = if number < 5 { 20 } else { 1 };
        lines
            .push(json!({ "type": "identify", "userId": user, "timestamp": "2025-03-01T08:00:00Z", "traits": person(number) }).to_string());
        let at = format!("2025-03-{day:02}T09:00:00Z");
        lines.push(json!({ "type": "track", "userId": user, "timestamp": at, "event": "Order Completed" }).to_string());
    }
    lines.join("\n")
}

const BUYERS: &str = "\
audience: buyers
title: Recent buyers
description: Bought something in the last two weeks.
who:
  did: Order Completed
  within: 2 weeks
sync:
  - to: facebook_main
";

/// Engage's list destination: created under the audience's name, in step every hour, matched on e-mail, mobile id and traits in
/// Segment's spellings; at least 100 people; a later title is not carried over.
#[tokio::test(flavor = "multi_thread")]
async fn engage_list() {
    let shop = Shop::new(&[("audiences/buyers.yaml", BUYERS), ("destinations/facebook_main.yaml", "rename: false\n")]).await;
    let person = |number| {
        json!({
            "email": format!("person{number}@example.com"), "first": "Ann", "lastname": "Lee", "phoneNumber": "+1 415 555 0142",
            "gen": "F", "DOB": "1990-05-17", "address_city": "Menlo Park", "zipCode": "94025", "countryCode": "US"
        })
    };
    shop.write("people.ndjson", &messages(105, person));
    shop.expect(0, &["ingest", "people.ndjson"]);
    shop.expect(0, &["run", "--as-of", "2025-03-02T10:00:00Z"]);
    let audience = shop.there("Recent buyers");
    assert_eq!(audience.rows.len(), 100, "five have not bought yet");
    let keys: Vec<&str> = audience.rows[0].keys().map(String::as_str).collect();
    assert_eq!(keys, ["COUNTRY", "CT", "DOBD", "DOBM", "DOBY", "EMAIL", "EXTERN_ID", "FN", "GEN", "LN", "PHONE", "ZIP"]);

    shop.write("audiences/buyers.yaml", &BUYERS.replace("Recent buyers", "Another title"));
    shop.expect(0, &["run", "--as-of", "2025-03-20T10:00:00Z"]);
    let audience = shop.there("Recent buyers");
    assert_eq!(audience.rows.len(), 5, "a hundred exited, five entered");
    assert!(shop.graph.state().raw_pii.is_empty());
}

/// The older form of the same: e-mail and mobile advertising ids only.
#[tokio::test(flavor = "multi_thread")]
async fn engage_first_form() {
    let sync = "  - to: facebook_main\n    match_on: [email, mobile_id]\n";
    let shop = Shop::new(&[("audiences/buyers.yaml", &BUYERS.replace("  - to: facebook_main\n", sync))]).await;
    let lines: Vec<String> = (0..100)
        .flat_map(|number| {
            let user = format!("u-{number}");
            let device = json!({ "device": { "type": "ios", "adTrackingEnabled": true, "advertisingId": format!("6D92078A-8246-4BA4-AE5B-{number:012}") } });
            [
                json!({ "type": "identify", "userId": user, "timestamp": "2025-03-01T08:00:00Z", "traits": { "email": format!("p{number}@example.com"), "city": "Bonn" } }),
                json!({ "type": "track", "userId": user, "timestamp": "2025-03-01T09:00:00Z", "event": "Order Completed", "context": device }),
            ]
        })
        .map(|line| line.to_string())
        .collect();
    shop.write("people.ndjson", &lines.join("\n"));
    shop.expect(0, &["ingest", "people.ndjson"]);
    shop.expect(0, &["run", "--as-of", "2025-03-02T10:00:00Z"]);
    let rows = shop.there("Recent buyers").rows;
    assert_eq!(rows.len(), 100);
    assert!(rows.iter().all(|row| row.keys().map(String::as_str).eq(["EMAIL", "MADID"])), "{:?}", rows[0]);
    assert!(rows[0]["MADID"].starts_with("6d92078a-"), "lower case, hyphens kept");
}

/// The form that names audiences `CA_{name}` and leaves out people of whom too little is known.
#[tokio::test(flavor = "multi_thread")]
async fn named_with_a_prefix_and_only_who_can_be_found() {
    let destination = "name: CA_{name}\n";
    let shop = Shop::new(&[("audiences/buyers.yaml", BUYERS), ("destinations/facebook_main.yaml", destination)]).await;
    let person = |number| match number {
        // Nobody can be found by a town and a country.
        0..8 => json!({ "city": "Bonn", "country": "DE" }),
        _ => json!({ "email": format!("person{number}@example.com") }),
    };
    shop.write("people.ndjson", &messages(112, person));
    shop.expect(0, &["ingest", "people.ndjson"]);
    let told = shop.expect(0, &["run", "--as-of", "2025-03-20T10:00:00Z"]);
    assert!(told.contains("below minimum"), "three of five recent buyers cannot be found: {told}");
    shop.expect(0, &["run", "--as-of", "2025-03-20T11:00:00Z", "--dry-run"]);
    let shop = Shop::new(&[("audiences/buyers.yaml", BUYERS), ("destinations/facebook_main.yaml", destination)]).await;
    shop.write("people.ndjson", &messages(112, person));
    shop.expect(0, &["ingest", "people.ndjson"]);
    shop.expect(0, &["run", "--as-of", "2025-03-02T10:00:00Z"]);
    assert_eq!(shop.there("CA_Recent buyers").rows.len(), 104);
    let told = shop.expect(0, &["deliver", "--all"]);
    assert!(told.contains("buyers at facebook_main: 3 not taken (insufficient_identifiers)"), "{told}");
}

/// Reverse ETL: rows of a table with a primary key; added and updated rows are added, deleted ones removed by everything that was
/// sent, not by their key alone.
#[tokio::test(flavor = "multi_thread")]
async fn reverse_etl() {
    const MODEL: &str = "\
model: loyalty
description: Members of the loyalty programme.
from:
  file: loyalty.csv
primary_key: member_id
identify:
  user_id: member_id
  email: mail
traits:
  first_name: first
  crm_id: member_id
";
    const AUDIENCE: &str = "\
audience: loyal
title: Loyalty Users
description: Members of the loyalty programme.
who:
  traits:
    model_loyalty: true
sync:
  - to: facebook_main
    match_on: [external_id, email, first_name]
    fields: { external_id: crm_id }
";
    let shop = Shop::new(&[
        ("models/loyalty.yaml", MODEL),
        ("audiences/loyal.yaml", AUDIENCE),
        ("destinations/facebook_main.yaml", "minimum_size: 1\n"),
    ])
    .await;
    let table = |rows: &[(u32, &str)]| {
        let lines: String = rows.iter().map(|(number, mail)| format!("m-{number},{mail},Ann\n")).collect();
        format!("member_id,mail,first\n{lines}")
    };
    shop.write("loyalty.csv", &table(&[(1, "one@example.com"), (2, "two@example.com"), (3, "three@example.com")]));
    shop.expect(0, &["model", "sync"]);
    tokio::time::sleep(A_SECOND).await;
    shop.expect(0, &["run"]);
    assert_eq!(shop.there("Loyalty Users").rows.len(), 3);

    // One is updated, one deleted, one new.
    shop.write("loyalty.csv", &table(&[(1, "one@example.com"), (2, "changed@example.com"), (4, "four@example.com")]));
    let told = shop.expect(0, &["model", "sync", "loyalty"]);
    assert!(told.contains("1 new, 1 updated, 1 deleted, 1 unchanged"), "{told}");
    tokio::time::sleep(A_SECOND).await;
    shop.expect(0, &["run"]);
    let ids: Vec<String> = shop.there("Loyalty Users").rows.iter().map(|row| row["EXTERN_ID"].clone()).collect();
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids, ["m-1", "m-2", "m-4"]);
    assert!(shop.graph.state().raw_pii.is_empty());
}

/// Lists that events keep: `userListAdd` and `userListDelete` of a named event, sent to an audience that is there already.
#[tokio::test(flavor = "multi_thread")]
async fn lists_that_events_keep() {
    const AUDIENCE: &str = "\
audience: vips
description: Those whom events put on the list.
identified_by: [email, anonymous_id]
who:
  traits:
    list_vips: true
sync:
  - to: facebook_main
    audience_id: \"ID\"
    match_on: [email, first_name]
";
    let shop = Shop::new(&[("destinations/facebook_main.yaml", "minimum_size: 1\n")]).await;
    shop.expect(0, &["destination", "check", "facebook_main", "--email", "you@example.com", "--keep"]);
    let chosen = shop.graph.state().audiences[0].clone();
    shop.write("audiences/vips.yaml", &AUDIENCE.replace("ID", &chosen.id));
    shop.write("muster.yaml", "data: data\nlist_events:\n  USER_ADD: vips\n");
    let event = |id: &str, at: &str, properties: Value| {
        json!({ "type": "track", "event": "USER_ADD", "userId": "crm", "messageId": id, "timestamp": at, "properties": properties })
            .to_string()
    };
    let people = |numbers: std::ops::Range<u32>| -> Value {
        numbers.map(|number| json!({ "EMAIL": format!("name{number}@example.com"), "FN": "name" })).collect()
    };
    let added = event("m-1", "2025-03-01T09:00:00Z", json!({ "sessionIdAdd": 123, "userListAdd": people(0..4) }));
    shop.write("one.ndjson", &added);
    shop.expect(0, &["ingest", "one.ndjson"]);
    shop.expect(0, &["run", "--as-of", "2025-03-02T10:00:00Z"]);
    assert_eq!(shop.there(&chosen.name).rows.len(), 4);
    let changed = event("m-2", "2025-03-02T11:00:00Z", json!({ "userListAdd": people(4..5), "userListDelete": people(0..2) }));
    shop.write("two.ndjson", &changed);
    shop.expect(0, &["ingest", "two.ndjson"]);
    shop.expect(0, &["run", "--as-of", "2025-03-02T12:00:00Z"]);
    assert_eq!(shop.there(&chosen.name).rows.len(), 3);
    assert!(shop.graph.state().raw_pii.is_empty());
}

/// A list that exists already is selected by its id, a test record is sent, and what somebody else did is put right.
#[tokio::test(flavor = "multi_thread")]
async fn selected_tested_and_put_right() {
    let shop = Shop::new(&[]).await;
    let walked = shop.expect(0, &["destination", "check", "facebook_main", "--email", "you@example.com", "--keep"]);
    assert!(walked.contains("ok    test row") && walked.contains("History"), "{walked}");
    let chosen = shop.graph.state().audiences[0].clone();
    assert_eq!(chosen.rows.len(), 1, "the test record is there to be looked at");

    let sync = format!(
        "  - to: facebook_main\n    audience_id: \"{}\"\n    fields: {{ external_id: crm_id }}\n    match_on: [external_id, email]\n",
        chosen.id
    );
    shop.write("audiences/buyers.yaml", &BUYERS.replace("  - to: facebook_main\n", &sync));
    let person = |number| json!({ "email": format!("person{number}@example.com"), "crm_id": format!("crm-{number}") });
    shop.write("people.ndjson", &messages(110, person));
    shop.expect(0, &["ingest", "people.ndjson"]);
    shop.expect(0, &["run", "--as-of", "2025-03-02T10:00:00Z"]);
    let rows = shop.there(&chosen.name).rows;
    assert_eq!(rows.len(), 105, "the members took the place of the test record");
    assert!(rows.iter().all(|row| row["EXTERN_ID"].starts_with("crm-")));

    let stranger = json!({ "change": "edited", "id": chosen.id, "rows": [{ "EXTERN_ID": "stranger" }] });
    shop.graph.advance_clock(3_600);
    shop.graph.change_audience(&serde_json::from_value(stranger).expect("a change")).expect("changed");
    let told = shop.expect(0, &["deliver", "--all"]);
    assert!(told.contains("`muster resync"), "{told}");
    let told = shop.expect(0, &["resync", "buyers", "--to", "facebook_main"]);
    assert!(!told.contains("somebody else"), "{told}");
    assert_eq!(shop.there(&chosen.name).rows.len(), 105);
    let told = shop.expect(0, &["audiences", "buyers"]);
    assert!(told.contains("there: delivery") && told.contains("there: operation"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_wrong_is_told() {
    let shop = Shop::new(&[("audiences/buyers.yaml", BUYERS)]).await;
    assert!(shop.expect(2, &["destination", "check", "facebok_main"]).contains("did you mean `facebook_main`?"));
    assert!(shop.expect(2, &["resync", "buyers"]).contains("no run has been recorded yet"));
    shop.expect(0, &["run", "--as-of", "2025-03-02T10:00:00Z"]);
    assert!(shop.expect(2, &["resync", "buyers"]).contains("was not sent anywhere yet"));
    assert!(shop.expect(2, &["destination", "check", "facebook_main", "--keep"]).contains("--email"));
    shop.graph.add_fault(serde_json::from_value(json!({ "action": { "kind": "expire_token" } })).expect("a fault"));
    let told = shop.expect(1, &["destination", "check", "facebook_main"]);
    assert!(told.contains("FAIL  token") && told.contains("-> make a new system-user token"), "{told}");
    assert!(!shop.muster(&["--json", "destination", "check", "facebook_main"]).contains(TOKEN));
}
