//! Every fault, as a client meets it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{ACCOUNT, EMAILS, Rig, emails, upload};

/// One upload of one row, of which only the first is hit.
async fn hit(action: Value, applied: bool) -> (Rig, Result<crate::client::Answer, reqwest::Error>) {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    rig.control("faults", json!({ "match": { "path": "*/users", "times": 1 }, "action": action, "applied": applied })).await;
    let answer = rig.send(Method::POST, &format!("/{id}/users"), &upload(&[EMAILS], emails(0..1))).await;
    let second = rig.post(&format!("/{id}/users"), upload(&[EMAILS], emails(1..2))).await;
    assert_eq!(second.status, 200, "the fault is over: {}", second.text);
    (rig, answer)
}

#[tokio::test]
async fn spoiled_answers() {
    let cases = [
        (json!({ "kind": "html500" }), 500, "<!DOCTYPE html>"),
        (json!({ "kind": "empty_body" }), 200, ""),
        (json!({ "kind": "empty_body", "status": 502 }), 502, ""),
        (json!({ "kind": "service_unavailable" }), 200, "Service Unavailable"),
        (json!({ "kind": "success_false" }), 200, r#"{"success":false}"#),
        (json!({ "kind": "malformed_json" }), 200, r#"{"id":"#),
    ];
    for (action, status, start) in cases {
        for applied in [false, true] {
            let (rig, answer) = hit(action.clone(), applied).await;
            let answer = answer.unwrap();
            assert_eq!(answer.status, status, "{action}");
            assert!(answer.text.starts_with(start) && (start.is_empty() == answer.text.is_empty()), "{action}: {}", answer.text);
            assert_eq!(rig.rows(), if applied { 2 } else { 1 }, "{action} applied: {applied}");
        }
    }
}

#[tokio::test]
async fn errors_are_answered_word_by_word() {
    let action = json!({
        "kind": "error", "status": 200, "code": 613, "subcode": 1996, "transient": true, "type": "T", "message": "m",
        "user_title": "t", "user_msg": "u", "error_data": "{}", "headers": { "Retry-After": "7" },
    });
    let (_rig, answer) = hit(action, false).await;
    let answer = answer.unwrap();
    assert_eq!(answer.refusal(), (200, 613, 1996));
    assert_eq!(answer.header("retry-after"), "7");
    let mut error = answer.json["error"].clone();
    error.as_object_mut().unwrap().remove("fbtrace_id").unwrap();
    let expected = json!({
        "message": "m", "type": "T", "code": 613, "error_subcode": 1996, "is_transient": true,
        "error_user_title": "t", "error_user_msg": "u", "error_data": "{}",
    });
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_connection_closes_before_and_after() {
    for applied in [false, true] {
        let (rig, answer) = hit(json!({ "kind": "close" }), applied).await;
        let error = answer.unwrap_err();
        assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
        assert_eq!(rig.rows(), if applied { 2 } else { 1 }, "applied: {applied}");
        assert_eq!(rig.fake.state().requests[1].status, None, "nothing was answered");
    }
}

#[tokio::test]
async fn a_body_is_cut() {
    let (rig, answer) = hit(json!({ "kind": "truncated_body" }), true).await;
    assert!(answer.is_err(), "the body is not all there");
    assert_eq!(rig.rows(), 2);
    let id = rig.fake.state().audiences[0].id.clone();
    rig.control("faults", json!({ "action": { "kind": "truncated_body" } })).await;
    let response = rig.http.get(format!("{}/{id}?access_token=fake-token", rig.fake.url())).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn answers_come_late_or_never() {
    for (applied, rows) in [(true, 1), (false, 0)] {
        let rig = Rig::quiet().await;
        let id = rig.create("a").await;
        rig.control("faults", json!({ "action": { "kind": "slow", "ms": 1_200 }, "applied": applied })).await;
        let request = rig.http.post(format!("{}/{id}/users", rig.fake.url())).bearer_auth("fake-token");
        let impatient = request.json(&upload(&[EMAILS], emails(0..1))).timeout(Duration::from_millis(500)).send().await;
        assert!(impatient.unwrap_err().is_timeout());
        assert_eq!(rig.rows(), rows, "applied: {applied}");
        let began = Instant::now();
        let patient = rig.send(Method::GET, &format!("/{id}"), &Value::Null).await;
        assert!(began.elapsed() >= Duration::from_millis(1_200));
        assert_eq!(patient.is_ok(), applied);
    }
}

#[tokio::test]
async fn connections_are_refused_for_a_while() {
    let rig = Rig::quiet().await;
    rig.get(ACCOUNT).await;
    rig.control("faults", json!({ "action": { "kind": "connection_refused", "ms": 700 } })).await;
    let began = Instant::now();
    let (mut refused, mut back) = (false, false);
    while !back && began.elapsed() < Duration::from_secs(9) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        match rig.send(Method::GET, ACCOUNT, &Value::Null).await {
            Ok(answer) => back = refused && answer.status == 200,
            Err(error) => refused |= error.is_connect(),
        }
    }
    assert!(refused && back, "refused: {refused}, back: {back}");
    assert_eq!(rig.get(ACCOUNT).await.status, 200);
}

#[tokio::test]
async fn a_throttle_lasts_and_violations_are_counted() {
    let rig = Rig::quiet().await;
    rig.control("faults", json!({ "match": { "times": 1 }, "action": { "kind": "throttle_until", "minutes": 5, "subcode": 2_446_079 } }))
        .await;
    let first = rig.get(ACCOUNT).await;
    assert_eq!(first.refusal(), (400, 80_003, 2_446_079));
    let usage: Value = serde_json::from_str(first.header("x-business-use-case-usage")).unwrap();
    assert_eq!(usage["1234567890"][0]["estimated_time_to_regain_access"], 5);
    assert!(rig.fake.state().throttle_violations.is_empty(), "the call that learnt of it is no violation");
    rig.fake.advance_clock(200);
    assert_eq!(rig.get(ACCOUNT).await.refusal(), (400, 80_003, 2_446_079));
    let violations = rig.fake.state().throttle_violations;
    assert_eq!((violations.len(), violations[0].path.as_str()), (1, "/act_1234567890"));
    rig.fake.advance_clock(101);
    assert_eq!(rig.get(ACCOUNT).await.status, 200);
}

#[tokio::test]
async fn a_token_expires_from_now_on() {
    let rig = Rig::quiet().await;
    rig.control("faults", json!({ "match": { "nth": 2 }, "action": { "kind": "expire_token" } })).await;
    assert_eq!(rig.get(ACCOUNT).await.status, 200);
    assert_eq!(rig.get(ACCOUNT).await.refusal(), (400, 190, 463));
    assert_eq!(rig.get(ACCOUNT).await.refusal(), (400, 190, 463));
    rig.http.delete(format!("{}/_fake/faults", rig.fake.url())).send().await.unwrap();
    assert_eq!(rig.get(ACCOUNT).await.status, 200);
}

#[tokio::test]
async fn an_audience_goes_in_the_middle_of_things() {
    let rig = Rig::quiet().await;
    let id = rig.filled("a", 0..2).await;
    let change = json!({ "change": "deleted", "id": id });
    rig.control("faults", json!({ "match": { "path": "*/users", "nth": 2 }, "action": { "kind": "audience", "change": change } })).await;
    assert_eq!(rig.post(&format!("/{id}/users"), upload(&[EMAILS], emails(0..1))).await.status, 200);
    assert_eq!(rig.post(&format!("/{id}/users"), upload(&[EMAILS], emails(0..1))).await.refusal(), (400, 100, 33));
}

#[tokio::test]
async fn answers_that_are_not_the_whole_truth() {
    let (rig, answer) = hit(json!({ "kind": "invalid_rows", "count": 1, "reason": "not today" }), true).await;
    let answer = answer.unwrap().json;
    assert_eq!((&answer["num_received"], &answer["num_invalid_entries"]), (&json!(1), &json!(1)));
    assert_eq!(answer["invalid_entry_samples"].as_object().unwrap().values().next(), Some(&json!("not today")));
    assert_eq!(rig.rows(), 1, "the invalid row is not stored");
    let (rig, answer) = hit(json!({ "kind": "lost_rows", "count": 1 }), true).await;
    assert_eq!(answer.unwrap().json["num_received"], 0);
    assert_eq!(rig.rows(), 1, "the lost row is not stored");
    let (rig, answer) = hit(json!({ "kind": "short_num_received", "by": 1 }), true).await;
    assert_eq!(answer.unwrap().json["num_received"], 0);
    assert_eq!(rig.rows(), 2);
}

#[tokio::test]
async fn faults_choose_their_calls() {
    let rig = Rig::quiet().await;
    rig.control("faults", json!({ "match": { "param": "filtering" }, "action": { "kind": "error", "code": 100 } })).await;
    rig.control("faults", json!({ "match": { "method": "GET", "path": "/act_*/customaudiences", "nth": 2, "times": 2 }, "action": { "kind": "error", "code": 1 } })).await;
    let list = format!("{ACCOUNT}/customaudiences");
    assert_eq!(rig.get(&format!("{list}?filtering=[]")).await.refusal(), (400, 100, 0));
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(rig.get(&list).await.refusal().1);
    }
    assert_eq!(codes, [1, 1, 0, 0], "the refused call counted as the first");
    let hits: Vec<(u64, u64)> = rig.fake.state().faults.iter().map(|fault| (fault.seen, fault.hit)).collect();
    assert_eq!(hits, [(1, 1), (5, 2)]);
}

#[tokio::test]
async fn the_state_is_readable_and_mistakes_are_told() {
    let rig = Rig::quiet().await;
    rig.filled("a", 0..2).await;
    let state: Value = rig.http.get(format!("{}/_fake/state", rig.fake.url())).send().await.unwrap().json().await.unwrap();
    assert_eq!(state["audiences"][0]["rows"].as_array().unwrap().len(), 2);
    assert_eq!(state["requests"].as_array().unwrap().len(), 2, "control calls are not among them");
    for (path, body) in [("faults", r#"{"action":{"kind":"eror"}}"#), ("clock", r#"{"minutes":5}"#), ("audiences", "nonsense")] {
        let answer = rig.http.post(format!("{}/_fake/{path}", rig.fake.url())).body(body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 400, "{path}");
    }
}
