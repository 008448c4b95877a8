//! Adding and removing people.

use std::collections::BTreeMap;

use fake_graph::{Options, RawPii, Samples};
use serde_json::{Value, json};

use crate::client::{ACCOUNT, EMAILS, Rig, emails, hash, upload};

#[tokio::test]
async fn invalid_rows_are_counted_and_the_others_go_in() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    let schema = ["EXTERN_ID", "EMAIL", "PHONE", "COUNTRY"];
    let data = json!([["u-1", hash(1), hash(2), hash(3)], ["", hash(4), "", hash(3)], ["u-2", hash(5), "", ""]]);
    let mut body = upload(&schema, data);
    body["session"] = json!({ "session_id": 8_123_456_789_u64, "batch_seq": 1, "last_batch_flag": true, "estimated_num_total": 3 });
    let answer = rig.post(&format!("/{id}/users"), body).await.json;
    let sample = json!(["", hash(4), "", hash(3)]).to_string();
    let mut samples = json!({});
    samples[sample.as_str()] = json!("empty external ID");
    let expected = json!({
        "audience_id": id, "session_id": "8123456789", "num_received": 3, "num_invalid_entries": 1, "invalid_entry_samples": samples,
    });
    assert_eq!(answer, expected);
    let rows = rig.fake.state().audiences[0].rows.clone();
    let second = BTreeMap::from([("EXTERN_ID".to_owned(), "u-2".to_owned()), ("EMAIL".to_owned(), hash(5))]);
    assert_eq!((rows.len(), &rows[1]), (2, &second), "empty cells are left out");
}

#[tokio::test]
async fn samples_may_be_a_list() {
    let rig = Rig::start(Options { samples: Samples::List, ..Options::default() }).await;
    let id = rig.create("a").await;
    let answer = rig.post(&format!("/{id}/users"), upload(&["EXTERN_ID"], json!([["u"]]))).await.json;
    assert_eq!(answer["invalid_entry_samples"], json!([]));
    let answer = rig.post(&format!("/{id}/users"), upload(&["EXTERN_ID", "EMAIL"], json!([["", hash(1)]]))).await.json;
    assert_eq!(answer["invalid_entry_samples"], json!([json!(["", hash(1)]).to_string()]));
}

#[tokio::test]
async fn a_request_that_is_wrong_changes_nothing() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    let too_many = emails(0..10_001);
    let cases = [
        json!({}),
        json!({ "payload": "EMAIL" }),
        upload(&["SHOES"], json!([["44"]])),
        upload(&[EMAILS], json!([[hash(1), hash(2)]])),
        upload(&[EMAILS], json!([[null]])),
        upload(&[EMAILS], json!([])),
        upload(&[EMAILS, "LOOKALIKE_VALUE"], json!([[hash(1), 5]])),
        upload(&[EMAILS], too_many),
        json!({ "payload": { "schema": [EMAILS], "data": [[hash(1)]] }, "session": { "session_id": 0, "batch_seq": 1 } }),
        json!({ "payload": { "schema": [EMAILS], "data": [[hash(1)]] }, "session": { "session_id": 5, "batch_seq": 2 } }),
    ];
    for body in cases {
        let shown = body.to_string().chars().take(80).collect::<String>();
        assert_eq!(rig.post(&format!("/{id}/users"), body).await.refusal(), (400, 100, 0), "{shown}");
    }
    let answer = rig.post(&format!("/{id}/users"), upload(&[EMAILS], json!([[hash(1), ""]]))).await;
    assert!(answer.json["error"]["message"].as_str().unwrap().contains("Data is missing or does not match schema"));
    assert_eq!(answer.json["error"]["error_data"], r#"{"blame_field_specs":[["payload"]]}"#);
    assert_eq!((rig.rows(), rig.fake.state().sessions.len()), (0, 0));
    assert_eq!(rig.post(&format!("/{id}/users"), upload(&[EMAILS], emails(0..10_000))).await.json["num_received"], 10_000);
}

#[tokio::test]
async fn values_belong_to_value_based_audiences() {
    let rig = Rig::quiet().await;
    let body = json!({ "name": "v", "subtype": "CUSTOM", "is_value_based": true });
    let id = rig.post(&format!("{ACCOUNT}/customaudiences"), body).await.json["id"].as_str().unwrap().to_owned();
    assert_eq!(rig.post(&format!("/{id}/users"), upload(&[EMAILS], emails(0..1))).await.refusal(), (400, 100, 0));
    let data = json!([[hash(1), 12.5], [hash(2), "much"]]);
    let answer = rig.post(&format!("/{id}/users"), upload(&[EMAILS, "LOOKALIKE_VALUE"], data)).await.json;
    assert_eq!(answer["num_invalid_entries"], 1);
    assert_eq!(rig.fake.state().audiences[0].rows[0]["LOOKALIKE_VALUE"], "12.5");
}

#[tokio::test]
async fn only_customer_lists_take_people() {
    let rig = Rig::quiet().await;
    let made = rig.control("audiences", json!({ "change": "created", "account": "1234567890", "name": "l", "subtype": "LOOKALIKE" })).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(rig.post(&format!("/{id}/users"), upload(&[EMAILS], emails(0..1))).await.refusal(), (400, 100, 0));
}

#[tokio::test]
async fn removal_takes_everything_that_shares_an_identifier() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    let data = json!([["u-1", hash(1), hash(9)], ["u-2", hash(2), hash(9)], ["u-3", hash(3), ""]]);
    rig.post(&format!("/{id}/users"), upload(&["EXTERN_ID", "EMAIL", "PHONE"], data)).await;
    rig.delete(&format!("/{id}/users"), upload(&["EMAIL"], json!([[hash(3)]]))).await;
    assert_eq!(rig.rows(), 2);
    let answer = rig.delete(&format!("/{id}/users"), upload(&["EXTERN_ID", "PHONE"], json!([["u-1", hash(9)]]))).await;
    assert_eq!(answer.json["num_received"], 1);
    assert_eq!(rig.rows(), 0, "the shared phone took the other member too");
}

#[tokio::test]
async fn people_may_have_several_hashes() {
    let people = BTreeMap::from([(hash(1), "ann".to_owned()), (hash(2), "ann".to_owned())]);
    let rig = Rig::start(Options { people, match_share: 1.0, ..Options::default() }).await;
    let id = rig.filled("a", 1..4).await;
    assert_eq!(rig.fake.state().audiences[0].matched, 2, "two hashes, one person");
    rig.delete(&format!("/{id}/users"), upload(&[EMAILS], json!([[hash(2)]]))).await;
    assert_eq!(rig.rows(), 1);
}

#[tokio::test]
async fn an_opt_out_reaches_every_audience_of_the_account() {
    let rig = Rig::quiet().await;
    rig.filled("a", 0..3).await;
    rig.filled("b", 2..5).await;
    let answer = rig.delete(&format!("{ACCOUNT}/usersofanyaudience"), upload(&[EMAILS], json!([[hash(2)]]))).await;
    assert_eq!(answer.json["num_received"], 1, "{}", answer.text);
    let sizes: Vec<usize> = rig.fake.state().audiences.iter().map(|audience| audience.rows.len()).collect();
    assert_eq!(sizes, [2, 2]);
}

#[tokio::test]
async fn the_guard_keeps_small_audiences() {
    let rig = Rig::start(Options { removal_minimum: Some(100), match_share: 1.0, ..Options::default() }).await;
    let id = rig.filled("a", 0..101).await;
    let path = format!("/{id}/users");
    let remove = |numbers| rig.delete(&path, upload(&[EMAILS], emails(numbers)));
    assert_eq!(remove(0..1).await.status, 200);
    let refused = remove(1..3).await;
    assert_eq!(refused.refusal(), (400, 200, 1_870_047));
    let error = &refused.json["error"];
    assert_eq!((&error["is_transient"], &error["error_user_title"]), (&json!(false), &json!("Audience Size too Low")));
    assert_eq!(rig.rows(), 100, "nothing was removed");
    assert_eq!(remove(900..901).await.status, 200, "removing nobody leaves nobody fewer");
}

#[tokio::test]
async fn raw_personal_data_is_refused_loudly() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let cases = [
        ("EMAIL", "ann@example.com", "contains `@`"),
        ("PHONE", "555 0100", "contains white space"),
        ("COUNTRY", "us", "not 64 lower-case hex digits"),
        ("EMAIL_SHA256", nothing, "hash of the empty string"),
    ];
    for (key, cell, reason) in cases {
        let answer = rig.post(&format!("/{id}/users"), upload(&[key, "EXTERN_ID"], json!([[cell, "u"]]))).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json["error"]["type"], "FakeGraphRawPersonalData");
        assert!(!answer.text.contains(cell), "the value is not repeated");
        assert_eq!(rig.fake.state().raw_pii.last().unwrap().reason, reason);
    }
    assert_eq!((rig.rows(), rig.fake.state().raw_pii.len()), (0, 4));
    let fine = upload(&["EXTERN_ID", "MADID"], json!([["ann@example.com", "0a1b2c3d-0000-4000-8000-0123456789ab"]]));
    assert_eq!(rig.post(&format!("/{id}/users"), fine).await.status, 200, "keys that are not hashed may hold anything");
}

#[tokio::test]
async fn raw_personal_data_may_be_counted_instead() {
    let rig = Rig::start(Options { raw_pii: RawPii::CountInvalid, ..Options::default() }).await;
    let id = rig.create("a").await;
    let answer = rig.post(&format!("/{id}/users"), upload(&[EMAILS], json!([["ann@example.com"], [hash(1)]]))).await.json;
    assert_eq!(answer["num_invalid_entries"], 1);
    let state = rig.fake.state();
    assert_eq!((state.audiences[0].rows.len(), state.raw_pii.len()), (1, 1));
}

#[tokio::test]
async fn without_a_session_facebook_makes_one_up() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    let answer: Value = rig.post(&format!("/{id}/users"), upload(&[EMAILS], emails(0..2))).await.json;
    assert!(answer["session_id"].as_str().unwrap().parse::<u64>().is_ok());
    assert!(rig.fake.state().sessions[0].closed);
}
