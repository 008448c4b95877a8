//! Creating, reading, changing and deleting nodes.

use fake_graph::Options;
use serde_json::{Value, json};

use crate::client::{ACCOUNT, Rig, emails, upload};

#[tokio::test]
async fn an_ad_account_answers_its_prefixed_id() {
    let rig = Rig::quiet().await;
    let answer = rig.get(&format!("{ACCOUNT}?fields=id,name,account_status,tos_accepted")).await;
    assert_eq!(answer.json["id"], "act_1234567890");
    assert_eq!(answer.json["account_status"], 1);
    assert_eq!(rig.get(ACCOUNT).await.json, json!({ "id": "act_1234567890" }), "without `fields`, `id` alone");
}

#[tokio::test]
async fn creating_is_checked() {
    let rig = Rig::quiet().await;
    let cases = [
        (json!({ "name": "a", "subtype": "CUSTOM" }), (200, 0, 0)),
        (json!({ "name": "a", "subtype": "CUSTOM" }), (200, 0, 0)),
        (json!({ "name": "a", "subtype": "LOOKALIKE" }), (200, 0, 0)),
        (json!({ "subtype": "CUSTOM" }), (400, 100, 0)),
        (json!({ "name": "  ", "subtype": "CUSTOM" }), (400, 100, 0)),
        (json!({ "name": "a" }), (400, 100, 0)),
        (json!({ "name": "a", "subtype": "custom" }), (400, 100, 0)),
        (json!({ "name": "a", "subtype": "CUSTOM", "customer_file_source": "MINE" }), (400, 100, 0)),
        (json!({ "name": "a", "subtype": "CUSTOM", "retention_days": 181 }), (400, 100, 0)),
        (json!({ "name": "a", "subtype": "CUSTOM", "retention_days": "180" }), (200, 0, 0)),
    ];
    for (body, expected) in cases {
        assert_eq!(rig.post(&format!("{ACCOUNT}/customaudiences"), body.clone()).await.refusal(), expected, "{body}");
    }
    assert_eq!(rig.fake.state().audiences.len(), 4, "the same name twice is two audiences");
}

#[tokio::test]
async fn an_account_holds_five_hundred() {
    let rig = Rig::quiet().await;
    let mut last = String::new();
    for number in 0..500 {
        let id = rig.create(&format!("audience {number}")).await;
        assert!(id.len() == 17 && (last.is_empty() || id.parse::<u64>().unwrap() > last.parse::<u64>().unwrap()), "ids grow");
        last = id;
    }
    let body = json!({ "name": "one more", "subtype": "CUSTOM" });
    assert_eq!(rig.post(&format!("{ACCOUNT}/customaudiences"), body).await.refusal(), (400, 2654, 0));
}

#[tokio::test]
async fn reading_shows_what_was_asked() {
    let rig = Rig::quiet().await;
    let body = json!({ "name": "High value, EU", "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY",
        "description": "Synced hourly [aud:7f3a]", "is_value_based": "1" });
    let id = rig.post(&format!("{ACCOUNT}/customaudiences"), body).await.json["id"].as_str().unwrap().to_owned();
    let fields = "id,name,account_id,subtype,description,customer_file_source,is_value_based,operation_status,delivery_status,\
         approximate_count_lower_bound,approximate_count_upper_bound,permission_for_actions{can_edit},delete_time";
    let node = rig.get(&format!("/v26.0/{id}?fields={fields}")).await.json;
    let expected = json!({
        "id": id, "name": "High value, EU", "account_id": "1234567890", "subtype": "CUSTOM",
        "description": "Synced hourly [aud:7f3a]", "customer_file_source": "USER_PROVIDED_ONLY", "is_value_based": true,
        "approximate_count_lower_bound": 0, "approximate_count_upper_bound": 0,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&node[name], value, "{name}");
    }
    assert_eq!((&node["operation_status"]["code"], &node["delivery_status"]["code"]), (&json!(410), &json!(300)));
    assert_eq!(node["permission_for_actions"]["can_edit"], true);
    assert!(node.get("delete_time").is_none() && node.get("time_created").is_none());
    assert_eq!(rig.get(&format!("/{id}?fields=approximate_count")).await.refusal(), (400, 100, 0), "a field that is gone");
}

#[tokio::test]
async fn sizes_follow_the_uploads() {
    let rig = Rig::quiet().await;
    let id = rig.filled("a", 0..99).await;
    let sizes = format!("/{id}?fields=operation_status,delivery_status,approximate_count_lower_bound,approximate_count_upper_bound");
    let node = rig.get(&sizes).await.json;
    assert_eq!((&node["operation_status"]["code"], &node["delivery_status"]["code"]), (&json!(200), &json!(300)));
    assert_eq!((&node["approximate_count_lower_bound"], &node["approximate_count_upper_bound"]), (&json!(0), &json!(100)));
    rig.post(&format!("/{id}/users"), upload(&["EMAIL"], emails(50..250))).await;
    let node = rig.get(&sizes).await.json;
    assert_eq!(node["delivery_status"]["code"], 200);
    assert_eq!((&node["approximate_count_lower_bound"], &node["approximate_count_upper_bound"]), (&json!(200), &json!(300)));
}

#[tokio::test]
async fn a_share_of_people_matches_and_sizes_may_be_hidden() {
    let rig = Rig::start(Options { hide_sizes: true, ..Options::default() }).await;
    let id = rig.filled("a", 0..1_000).await;
    let matched = rig.fake.state().audiences[0].matched;
    assert!((550..650).contains(&matched), "{matched} of 1000 at 0.6");
    assert_eq!(rig.get(&format!("/{id}?fields=approximate_count_lower_bound")).await.json["approximate_count_lower_bound"], -1);
}

#[tokio::test]
async fn updating_and_deleting() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    assert_eq!(rig.post(&format!("/{id}"), json!({ "name": "b", "description": "d" })).await.json, json!({ "success": true }));
    assert_eq!(rig.post(&format!("/{id}"), json!({ "name": "" })).await.refusal(), (400, 100, 0));
    assert_eq!(rig.get(&format!("/{id}?fields=name,description")).await.json, json!({ "id": id, "name": "b", "description": "d" }));
    assert_eq!(rig.delete(&format!("/{id}"), Value::Null).await.json, json!({ "success": true }));
    for path in [format!("/{id}"), format!("/{id}/sessions")] {
        assert_eq!(rig.get(&path).await.refusal(), (400, 100, 33));
    }
    assert_eq!(rig.post(&format!("/{id}/users"), upload(&["EMAIL"], emails(0..1))).await.refusal(), (400, 100, 33));
}

#[tokio::test]
async fn what_is_not_there_is_refused() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    assert_eq!(rig.get("/v26.0/").await.refusal(), (400, 100, 33));
    assert_eq!(rig.get("/nonsense").await.refusal(), (400, 100, 33));
    assert_eq!(rig.get(&format!("/{id}/shoes")).await.refusal(), (400, 2500, 0));
    assert_eq!(rig.get(&format!("/{id}/users")).await.refusal(), (400, 100, 33));
    assert_eq!(rig.get(&format!("/{id}/adaccounts")).await.json, json!({ "data": [] }));
}

#[tokio::test]
async fn somebody_else_changes_audiences() {
    let rig = Rig::quiet().await;
    let id = rig.filled("a", 0..1).await;
    let before = rig.fake.state().audiences[0].time_content_updated;
    let row = json!({ "EMAIL": crate::client::hash(9) });
    rig.control("audiences", json!({ "change": "edited", "id": id, "name": "theirs", "rows": [row] })).await;
    let edited = rig.fake.state().audiences[0].clone();
    assert_eq!((edited.name.as_str(), edited.rows.len()), ("theirs", 2));
    assert!(edited.time_content_updated > before, "always newer");

    let users = format!("/{id}/users");
    let add = || rig.post(&users, upload(&["EMAIL"], emails(0..1)));
    rig.control("audiences", json!({ "change": "flagged", "id": id })).await;
    assert_eq!(add().await.refusal(), (400, 100, 1_713_230));
    let node = rig.get(&format!("/{id}?fields=operation_status,fields_violating_integrity_policy")).await.json;
    assert_eq!((&node["operation_status"]["code"], &node["fields_violating_integrity_policy"]), (&json!(471), &json!(["name"])));
    rig.control("audiences", json!({ "change": "unflagged", "id": id })).await;
    rig.control("audiences", json!({ "change": "locked", "id": id })).await;
    assert_eq!(add().await.refusal(), (403, 200, 0));
    rig.control("audiences", json!({ "change": "unlocked", "id": id })).await;
    rig.control("audiences", json!({ "change": "status", "id": id, "operation_status": 100, "delete_time": 7 })).await;
    let node = rig.get(&format!("/{id}?fields=operation_status,delete_time")).await.json;
    assert_eq!((&node["operation_status"]["code"], &node["delete_time"]), (&json!(100), &json!(7)));
    assert_eq!(add().await.status, 200, "a warning is not a refusal");

    let twin = rig.control("audiences", json!({ "change": "created", "account": "1234567890", "name": "theirs" })).await;
    assert_ne!(twin["id"], json!(id));
    rig.control("audiences", json!({ "change": "deleted", "id": id })).await;
    assert_eq!(add().await.refusal(), (400, 100, 33));
    let gone = rig.http.post(format!("{}/_fake/audiences", rig.fake.url())).body(r#"{"change":"deleted","id":"1"}"#).send().await.unwrap();
    assert_eq!(gone.status().as_u16(), 400);
}
