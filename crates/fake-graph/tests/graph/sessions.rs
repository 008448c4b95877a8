//! Upload sessions and their rules.

use serde_json::json;

use crate::client::{EMAILS, Rig, batch, hash, upload};

#[tokio::test]
async fn received_counts_the_session_and_a_repeat_is_safe() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    let users = format!("/{id}/users");
    let received = |body| async { rig.post(&users, body).await.json["num_received"].as_u64() };
    assert_eq!(received(batch(7, 1, false, 0..3)).await, Some(3));
    assert_eq!(received(batch(7, 2, true, 3..5)).await, Some(5));
    assert_eq!(received(batch(7, 2, true, 3..5)).await, Some(7), "a lost answer: the repeat counts twice");
    assert_eq!(rig.rows(), 5);
    assert_eq!(rig.post(&users, batch(7, 3, false, 5..6)).await.refusal(), (400, 100, 0), "after the last one");
    assert_eq!(rig.post(&users, batch(7, 2, true, 5..6)).await.refusal(), (400, 100, 0), "other rows are no repeat");
    assert_eq!(rig.rows(), 5, "what came later was discarded");
    let session = rig.fake.state().sessions[0].clone();
    assert_eq!((session.operation.as_str(), session.batches, session.closed), ("add", vec![1, 2], true));
}

#[tokio::test]
async fn a_session_has_one_audience_operation_and_schema() {
    let rig = Rig::quiet().await;
    let (id, other) = (rig.create("a").await, rig.create("b").await);
    rig.post(&format!("/{id}/users"), batch(7, 1, false, 0..3)).await;
    assert_eq!(rig.post(&format!("/{other}/users"), batch(7, 2, true, 0..1)).await.refusal(), (400, 100, 0), "another audience");
    assert_eq!(rig.delete(&format!("/{id}/users"), batch(7, 2, true, 0..1)).await.refusal(), (400, 100, 0), "another operation");
    let mut phones = upload(&["PHONE"], json!([[hash(1)]]));
    phones["session"] = json!({ "session_id": 7, "batch_seq": 2, "last_batch_flag": true });
    assert_eq!(rig.post(&format!("/{id}/users"), phones).await.refusal(), (400, 100, 0), "another schema");
    assert_eq!(rig.post(&format!("/{id}/users"), batch(7, 2, true, 3..4)).await.status, 200);
}

#[tokio::test]
async fn ninety_minutes_end_a_session() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    rig.post(&format!("/{id}/users"), batch(7, 1, false, 0..3)).await;
    rig.control("clock", json!({ "advance_s": 5_399 })).await;
    assert_eq!(rig.post(&format!("/{id}/users"), batch(7, 2, false, 3..4)).await.status, 200);
    rig.fake.advance_clock(60);
    assert_eq!(rig.post(&format!("/{id}/users"), batch(7, 3, true, 4..5)).await.refusal(), (400, 100, 0));
    assert_eq!(rig.rows(), 4);
}

#[tokio::test]
async fn the_edge_answers_texts() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    let (open, done) = (batch(7, 1, false, 0..3), batch(8, 1, true, 3..5));
    rig.post(&format!("/{id}/users"), open).await;
    rig.post(&format!("/{id}/users"), done).await;
    let fields = "session_id,stage,progress,num_received,num_matched,num_invalid_entries,start_time,end_time";
    let edge = |session: u64| format!("/v26.0/{id}/sessions?session_id={session}&fields={fields}");
    let done = rig.get(&edge(8)).await.json["data"][0].clone();
    assert!(done.as_object().unwrap().values().all(serde_json::Value::is_string), "{done}");
    assert_eq!((&done["session_id"], &done["num_received"], &done["num_matched"]), (&json!("8"), &json!("2"), &json!("2")));
    assert_eq!((&done["stage"], &done["progress"]), (&json!("finished"), &json!("100")));
    let open = rig.get(&edge(7)).await.json["data"][0].clone();
    assert_eq!(open["stage"], "uploading");
    assert!(open.get("end_time").is_none());
    assert_eq!(rig.get(&format!("/{id}/sessions")).await.json["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn ids_may_be_text_and_large() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    let mut body = upload(&[EMAILS], json!([[hash(1)]]));
    body["session"] = json!({ "session_id": "9223372036854775807", "batch_seq": "1", "last_batch_flag": "true" });
    assert_eq!(rig.post(&format!("/{id}/users"), body).await.json["session_id"], "9223372036854775807");
}
