//! Tokens, proofs, rights, versions and terms.

use fake_graph::{Options, Proof, Rights, Token};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{ACCOUNT, Rig};

// Made with `openssl dgst -sha256 -hmac s3cret` over `fake-token`.
const PROOF: &str = "28ed2c3e619b5ba00df6cee7643e30c925c470c52317ca18935075f8256874df";

async fn with_token(rig: &Rig, method: Method, path: &str, token: &str) -> (u64, i64, i64) {
    let url = format!("{}{path}", rig.fake.url());
    let answer = rig.http.request(method, url).bearer_auth(token).json(&json!({ "name": "a", "subtype": "CUSTOM" })).send().await.unwrap();
    let status = u64::from(answer.status().as_u16());
    let body: Value = answer.json().await.unwrap();
    let number = |name: &str| body["error"][name].as_i64().unwrap_or(0);
    (status, number("code"), number("error_subcode"))
}

#[tokio::test]
async fn tokens_have_rights() {
    let token = |token: &str, rights, accounts: Option<&str>| Token {
        token: token.to_owned(),
        rights,
        accounts: accounts.map(|account| vec![account.to_owned()]),
    };
    let more_tokens =
        vec![token("reader", Rights::Read, None), token("nobody", Rights::None, None), token("other", Rights::Full, Some("222"))];
    let accounts = vec!["1234567890".to_owned(), "222".to_owned()];
    let rig = Rig::start(Options { more_tokens, accounts, ..Options::default() }).await;
    let create = format!("{ACCOUNT}/customaudiences");
    let cases = [
        (Method::GET, ACCOUNT, "fake-token", (200, 0, 0)),
        (Method::GET, ACCOUNT, "reader", (200, 0, 0)),
        (Method::POST, create.as_str(), "reader", (403, 200, 0)),
        (Method::GET, ACCOUNT, "nobody", (403, 10, 0)),
        (Method::GET, ACCOUNT, "other", (403, 200, 0)),
        (Method::GET, "/v26.0/act_222", "other", (200, 0, 0)),
        (Method::GET, ACCOUNT, "unheard-of", (400, 190, 0)),
        (Method::GET, "/v26.0/act_333", "fake-token", (400, 100, 33)),
    ];
    for (method, path, token, expected) in cases {
        assert_eq!(with_token(&rig, method, path, token).await, expected, "{path} {token}");
    }
    let answer = rig.http.get(format!("{}{ACCOUNT}", rig.fake.url())).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401, "no token at all");
    let seen = rig.http.get(format!("{}/me/adaccounts?access_token=other", rig.fake.url())).send().await.unwrap();
    assert_eq!(seen.json::<Value>().await.unwrap(), json!({ "data": [{ "id": "act_222" }] }));
}

#[tokio::test]
async fn proofs_are_checked_in_both_forms() {
    let rig = Rig::start(Options { app_secret: Some("s3cret".to_owned()), proof: Proof::Required, ..Options::default() }).await;
    let now = rig.fake.state().now;
    let timed = |at: i64| format!("appsecret_proof={}&appsecret_time={at}", proof(&format!("fake-token|{at}")));
    let cases = [
        (format!("appsecret_proof={PROOF}"), 200),
        (timed(now), 200),
        (timed(now - 600), 400),
        ("appsecret_proof=wrong".to_owned(), 400),
        (String::new(), 400),
    ];
    for (query, status) in cases {
        let answer = rig.get(&format!("{ACCOUNT}?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
        if status == 400 {
            assert_eq!(
                (answer.json["error"]["code"].as_i64(), answer.json["error"]["type"].as_str()),
                (Some(100), Some("GraphMethodException"))
            );
        }
    }
    assert!(!serde_json::to_string(&rig.fake.state()).unwrap().contains(PROOF), "proofs are not kept");
}

#[tokio::test]
async fn versions_are_switched_off() {
    let rig = Rig::start(Options { refused_versions: vec!["v18.0".to_owned()], ..Options::default() }).await;
    assert_eq!(rig.get("/v18.0/act_1234567890").await.refusal(), (400, 2635, 0));
    assert_eq!(rig.get("/v19.0/act_1234567890").await.status, 200);
}

#[tokio::test]
async fn terms_are_revoked_and_accepted_again() {
    let rig = Rig::quiet().await;
    let terms = format!("{ACCOUNT}?fields=tos_accepted");
    assert_eq!(rig.get(&terms).await.json["tos_accepted"], json!({ "custom_audience_tos": 1 }));
    rig.control("faults", json!({ "match": { "times": 1 }, "action": { "kind": "revoke_terms" } })).await;
    assert_eq!(rig.get(&terms).await.json["tos_accepted"], json!({}));
    let create = json!({ "name": "a", "subtype": "CUSTOM" });
    assert_eq!(rig.post(&format!("{ACCOUNT}/customaudiences"), create.clone()).await.refusal(), (400, 200, 1_870_034));
    rig.fake.clear_faults();
    assert_eq!(rig.post(&format!("{ACCOUNT}/customaudiences"), create).await.status, 200);
}

fn proof(message: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"s3cret").unwrap();
    mac.update(message.as_bytes());
    let digest = mac.finalize().into_bytes();
    digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
