//! Every way in which a client may send its parameters.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{ACCOUNT, EMAILS, Rig, emails, hash, upload};

#[tokio::test]
async fn versions_and_slashes_are_optional() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    for path in [format!("/v26.0/{id}/"), format!("/v9.0/{id}"), format!("/{id}")] {
        assert_eq!(rig.get(&path).await.json, json!({ "id": id }), "{path}");
    }
}

#[tokio::test]
async fn forms_multipart_and_queries_say_the_same_as_json() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    let url = |query: &str| format!("{}/v26.0/{id}/users?{query}", rig.fake.url());
    let payload = json!({ "schema": "EMAIL_SHA256", "data": [hash(1)] }).to_string();
    let escaped = payload.replace('"', "%22");
    let multipart = format!("--x\r\nContent-Disposition: form-data; name=\"payload\"\r\n\r\n{payload}\r\n--x--\r\n");
    let requests = [
        rig.http.post(url("access_token=fake-token")).form(&[("payload", payload.as_str())]),
        rig.http.post(url("")).form(&[("payload", payload.as_str()), ("access_token", "fake-token")]),
        rig.http.post(url("access_token=fake-token")).header("content-type", "multipart/form-data; boundary=x").body(multipart),
        rig.http.post(url(&format!("access_token=fake-token&payload={escaped}"))),
        rig.http.post(url("access_token=fake-token")).json(&json!({ "payload": payload, "id": id })),
    ];
    for request in requests {
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["num_received"], 1, "{answer}");
    }
    let places: Vec<Option<String>> = rig.fake.state().requests.into_iter().skip(1).map(|request| request.token_in).collect();
    assert_eq!(places, ["query", "body", "query", "query", "query"].map(|place| Some(place.to_owned())));
    assert_eq!(rig.rows(), 1);
}

#[tokio::test]
async fn a_removal_travels_in_a_body_a_query_or_a_post() {
    let rig = Rig::quiet().await;
    let id = rig.filled("a", 0..4).await;
    rig.delete(&format!("/{id}/users"), upload(&[EMAILS], emails(0..1))).await;
    assert_eq!(rig.rows(), 3);
    let mut body = upload(&[EMAILS], emails(1..2));
    body["method"] = json!("DELETE");
    rig.post(&format!("/{id}/users"), body).await;
    assert_eq!(rig.rows(), 2);
    let payload = upload(&[EMAILS], emails(2..3))["payload"].to_string().replace('"', "%22");
    rig.delete(&format!("/{id}/users?payload={payload}"), json!({})).await;
    assert_eq!(rig.rows(), 1);
}

#[tokio::test]
async fn a_payload_in_the_url_ends_somewhere() {
    let rig = Rig::quiet().await;
    let id = rig.filled("a", 0..1).await;
    let payload = upload(&[EMAILS], emails(0..2_000))["payload"].to_string().replace('"', "%22");
    let answer = rig.send(Method::DELETE, &format!("/{id}/users?payload={payload}"), &Value::Null).await;
    assert!(answer.map_or(true, |answer| answer.status == 414 && answer.json.is_null()), "not JSON, or no answer at all");
    assert_eq!(rig.rows(), 1);
}

#[tokio::test]
async fn a_body_may_be_too_large() {
    let rig = Rig::start(fake_graph::Options { body_bytes_max: 1_000, ..fake_graph::Options::default() }).await;
    let id = rig.create("a").await;
    let answer = rig.post(&format!("/{id}/users"), upload(&[EMAILS], emails(0..100))).await;
    assert_eq!((answer.status, answer.json.is_null()), (413, true));
}

#[tokio::test]
async fn every_answer_has_the_usual_headers() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    let added = rig.post(&format!("/v25.0/{id}/users"), upload(&[EMAILS], emails(0..1))).await;
    let read = rig.get(&format!("/v25.0/{id}")).await;
    let failed = rig.get("/v25.0/1").await;
    for answer in [&added, &read, &failed] {
        assert_eq!(answer.header("facebook-api-version"), "v25.0");
        for name in ["x-fb-trace-id", "x-fb-request-id", "x-fb-rev"] {
            assert!(!answer.header(name).is_empty(), "{name}");
        }
    }
    assert_eq!(failed.json["error"]["fbtrace_id"], failed.header("x-fb-trace-id"));
    assert!(added.header("x-ad-account-usage").contains("acc_id_util_pct") && added.header("x-app-usage").contains("call_count"));
    let usage: Value = serde_json::from_str(read.header("x-business-use-case-usage")).unwrap();
    assert_eq!(usage["1234567890"][0]["type"], "custom_audience");
}

#[tokio::test]
async fn a_batch_answers_each_call() {
    let rig = Rig::quiet().await;
    let id = rig.create("a").await;
    let calls = json!([
        { "method": "GET", "relative_url": format!("{id}?fields=name") },
        { "method": "POST", "relative_url": "v26.0/act_1234567890/customaudiences", "body": "name=b&subtype=CUSTOM" },
        { "method": "GET", "relative_url": "1" },
    ]);
    let answer = rig.post("/v26.0/", json!({ "batch": calls.to_string() })).await;
    let codes: Vec<&Value> = answer.json.as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, [200, 200, 400]);
    let first: Value = serde_json::from_str(answer.json[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(first, json!({ "id": id, "name": "a" }));
    assert_eq!(rig.fake.state().audiences.len(), 2);
}

#[tokio::test]
async fn requests_are_kept_without_the_token() {
    let rig = Rig::quiet().await;
    let path = format!("{}{ACCOUNT}?access_token=fake-token&fields=id", rig.fake.url());
    rig.http.get(path).header("x-test", "seen").send().await.unwrap();
    rig.get(&format!("{ACCOUNT}?fields=name")).await;
    let state = rig.fake.state();
    assert_eq!(state.requests[0].path, "/act_1234567890");
    assert_eq!(state.requests[0].params.keys().collect::<Vec<_>>(), ["fields"]);
    assert_eq!(state.requests[0].headers["x-test"], "seen");
    assert_eq!(state.requests[1].token_in.as_deref(), Some("header"));
    assert_eq!(state.requests[1].status, Some(200));
    assert!(!serde_json::to_string(&state).unwrap().contains("fake-token"));
}

#[tokio::test]
async fn stopping_frees_the_port() {
    let rig = Rig::quiet().await;
    rig.get("/me").await;
    let address = rig.fake.url().trim_start_matches("http://").parse().unwrap();
    rig.fake.stop().await;
    fake_graph::FakeGraph::start(fake_graph::Options::default(), address).await.unwrap().stop().await;
}
