//! A client without manners of its own: it sends what a test says and shows what came back.

use std::time::Duration;

use fake_graph::{FakeGraph, Options};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "/v26.0/act_1234567890";
pub(crate) const EMAILS: &str = "EMAIL";

/// A running fake and a client that knows its token.
pub(crate) struct Rig {
    pub(crate) fake: FakeGraph,
    pub(crate) http: Client,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Rig {
    pub(crate) async fn start(options: Options) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let fake = FakeGraph::start(options, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
        Self { fake, http }
    }

    /// A fake in which everybody matches, so that sizes are easy to say.
    pub(crate) async fn quiet() -> Self {
        Self::start(Options { match_share: 1.0, ..Options::default() }).await
    }

    /// Sends JSON with the token in the header. An error is a connection that failed.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        let request = self.http.request(method, format!("{}{path}", self.fake.url())).bearer_auth("fake-token");
        let request = if body.is_null() { request } else { request.json(body) };
        Answer::read(request.send().await?).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &Value::Null).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &body).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str, body: Value) -> Answer {
        self.send(Method::DELETE, path, &body).await.unwrap()
    }

    /// A control call, which needs no token.
    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{}/_fake/{path}", self.fake.url())).json(&body).send().await.unwrap();
        let status = answer.status();
        let value: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{value}");
        value
    }

    /// Creates an audience, and answers its id.
    pub(crate) async fn create(&self, name: &str) -> String {
        let body = json!({ "name": name, "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY" });
        let answer = self.post(&format!("{ACCOUNT}/customaudiences"), body).await;
        answer.json["id"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
    }

    /// An audience that holds one e-mail for each number.
    pub(crate) async fn filled(&self, name: &str, numbers: std::ops::Range<u32>) -> String {
        let id = self.create(name).await;
        let answer = self.post(&format!("/{id}/users"), upload(&[EMAILS], emails(numbers))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        id
    }

    /// How many rows the only audience holds.
    pub(crate) fn rows(&self) -> usize {
        self.fake.state().audiences[0].rows.len()
    }
}

impl Answer {
    async fn read(response: Response) -> Result<Self, reqwest::Error> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Self { status, headers, text, json })
    }

    /// Status, code and subcode; a missing number reads as 0.
    pub(crate) fn refusal(&self) -> (u16, i64, i64) {
        let number = |name: &str| self.json["error"][name].as_i64().unwrap_or(0);
        (self.status, number("code"), number("error_subcode"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

/// 64 hex digits that stand for a person.
pub(crate) fn hash(number: u32) -> String {
    format!("{number:064x}")
}

pub(crate) fn emails(numbers: std::ops::Range<u32>) -> Value {
    numbers.map(|number| json!([hash(number)])).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "calls read better with `json!` in place")]
pub(crate) fn upload(schema: &[&str], data: Value) -> Value {
    json!({ "payload": { "schema": schema, "is_raw": true, "data": data } })
}

/// An upload of e-mails as a batch of a session.
pub(crate) fn batch(session: u64, seq: u64, last: bool, numbers: std::ops::Range<u32>) -> Value {
    let mut body = upload(&[EMAILS], emails(numbers));
    body["session"] = json!({ "session_id": session, "batch_seq": seq, "last_batch_flag": last });
    body
}
