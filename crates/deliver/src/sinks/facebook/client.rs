//! One call to the Graph API: the token in the header, JSON in and out, every strange answer a named failure.
//!
//! **It never** puts the token or the proof into a log or an error, follows a redirect, or logs a body. The proof stands
//! in the query of a GET, where Facebook wants it; it is worthless without the token.

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use sha2::Sha256;

use super::errors::{Advice, CallKind, Failure, GraphError, judge};
use super::options::RemoveTransport;
use super::usage::Usage;
use crate::Secret;
use crate::hex::hex;

const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const MESSAGE_LENGTH_MAX: usize = 240;

/// One call to make.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    /// Below the version, such as `act_12/customaudiences`.
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    /// The body's members; a GET has none.
    pub(super) body: Option<serde_json::Map<String, Value>>,
    pub(super) kind: CallKind,
}

impl Request {
    /// Reads something.
    pub(super) fn get(path: impl Into<String>, fields: &str) -> Self {
        let query = vec![("fields", fields.to_owned())];
        Self { method: Method::GET, path: path.into(), query, body: None, kind: CallKind::Other }
    }

    /// Changes something that is not rows.
    pub(super) fn post(path: impl Into<String>, members: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let body = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { method: Method::POST, path: path.into(), query: Vec::new(), body: Some(body), kind: CallKind::Other }
    }
}

impl Request {
    /// Makes it a removal, as this destination sends them.
    pub(super) fn remove_by(&mut self, transport: RemoveTransport) {
        match transport {
            RemoveTransport::DeleteBody => self.method = Method::DELETE,
            RemoveTransport::PostMethodDelete => drop(self.body.get_or_insert_default().insert("method".to_owned(), Value::from("DELETE"))),
        }
    }
}

/// A client could not be made on this machine.
#[derive(Debug, thiserror::Error)]
#[error("cannot make an HTTP client")]
pub(super) struct ClientError(#[source] reqwest::Error);

/// Speaks to one Graph API with one token.
pub(super) struct GraphClient {
    http: reqwest::Client,
    /// Base URL and version, without a slash at the end.
    root: String,
    token: Secret,
    proof: Option<Secret>,
}

impl fmt::Debug for GraphClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphClient").field("root", &self.root).finish_non_exhaustive()
    }
}

impl GraphClient {
    /// A client for a base URL. A loopback one is reached directly and in the clear, any other over TLS only.
    pub(super) fn new(base_url: &reqwest::Url, version: &str, token: Secret, app_secret: Option<&Secret>) -> Result<Self, ClientError> {
        // Somebody else in this process may have chosen a provider already; either will do.
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT);
        let in_the_clear = base_url.scheme() == "http";
        let builder = if in_the_clear { builder.no_proxy().tls_certs_only([]) } else { builder.https_only(true) };
        let http = builder.build().map_err(ClientError)?;
        let proof = app_secret.map(|secret| proof(secret, &token));
        Ok(Self { http, root: format!("{}/{version}", base_url.as_str().trim_end_matches('/')), token, proof })
    }

    /// The token, for the one call that asks about it in its body.
    pub(super) fn token(&self) -> &str {
        self.token.expose()
    }

    /// Makes one call, once.
    pub(super) async fn send(&self, request: &Request, timeout: Duration) -> (Result<Value, Failure>, Usage) {
        let mut call = self.http.request(request.method.clone(), format!("{}/{}", self.root, request.path)).timeout(timeout);
        call = call.bearer_auth(self.token.expose()).query(&request.query);
        if let Some(body) = &request.body {
            let mut body = body.clone();
            if let Some(proof) = &self.proof {
                body.insert("appsecret_proof".to_owned(), Value::from(proof.expose()));
            }
            call = call.header(CONTENT_TYPE, "application/json").body(Value::Object(body).to_string());
        } else if let Some(proof) = &self.proof {
            call = call.query(&[("appsecret_proof", proof.expose())]);
        }
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let failure = Failure::outage(no_answer(error));
                tracing::warn!(method = request.method.as_str(), path = request.path, what = failure.what, "facebook did not answer");
                return (Err(failure), Usage::default());
            }
        };
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let usage = Usage::read(&headers);
        let result = match read(answer).await {
            Ok(text) => self.understand(status, &text, request.kind),
            Err(failure) => Err(failure),
        };
        let result = result.map_err(|failure| Failure { wait: usage.wait(), ..failure });
        log(request, status, &headers, result.as_ref().err());
        (result, usage)
    }

    fn understand(&self, status: u16, text: &str, kind: CallKind) -> Result<Value, Failure> {
        if (300..400).contains(&status) {
            return Err(Failure::config(Advice::Look, format!("the answer was a redirect (HTTP {status}); check `base_url`")));
        }
        let Ok(Value::Object(members)) = serde_json::from_str::<Value>(text) else {
            return Err(not_json(status, text, kind));
        };
        let json = Value::Object(members);
        if !json["error"].is_null() {
            return Err(self.graph_failure(status, &json["error"], kind));
        }
        if is_no(&json["success"]) {
            return Err(Failure::outage(format!("the answer was `success: false` (HTTP {status})")));
        }
        if (200..300).contains(&status) {
            return Ok(json);
        }
        let (verdict, advice) = judge(&GraphError { status, ..GraphError::default() }, kind);
        Err(Failure { verdict, advice, code: None, what: format!("HTTP {status}"), wait: None })
    }

    fn graph_failure(&self, status: u16, body: &Value, kind: CallKind) -> Failure {
        let error = GraphError {
            status,
            code: integer(&body["code"]),
            subcode: integer(&body["error_subcode"]),
            transient: body["is_transient"].as_bool().unwrap_or(false),
            message: body["message"].as_str().or(body.as_str()).unwrap_or_default().to_owned(),
        };
        let (verdict, advice) = judge(&error, kind);
        let user_message = body["error_user_msg"].as_str().filter(|text| !text.trim().is_empty());
        let message = self.scrubbed(user_message.unwrap_or(&error.message));
        let numbers = match (error.code, error.subcode) {
            (Some(code), Some(subcode)) => format!("error {code}/{subcode}"),
            (Some(code), None) => format!("error {code}"),
            (None, _) => format!("HTTP {status}"),
        };
        let trace = body["fbtrace_id"].as_str().map(|trace| format!(", trace {}", self.scrubbed(trace))).unwrap_or_default();
        Failure { verdict, advice, code: error.code, what: format!("{numbers}: {message}{trace}"), wait: None }
    }

    /// Text from Facebook as it may be shown: short, on one line, without secrets, hashes or addresses.
    pub(super) fn scrubbed(&self, text: &str) -> String {
        let mut shown = text.replace(self.token.expose(), "[token]");
        if let Some(proof) = &self.proof {
            shown = shown.replace(proof.expose(), "[proof]");
        }
        let word = |word: &str| {
            let hash = word.split(|c: char| !c.is_ascii_hexdigit()).any(|part| part.len() >= 32);
            let address = word.contains('@');
            if hash || address { "[value]".to_owned() } else { word.to_owned() }
        };
        let words: Vec<String> = shown.split_whitespace().map(word).collect();
        words.join(" ").chars().filter(|c| !c.is_control()).take(MESSAGE_LENGTH_MAX).collect()
    }
}

/// Lower-case hex HMAC-SHA256 of the token under the app's secret.
fn proof(app_secret: &Secret, token: &Secret) -> Secret {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(token.expose().as_bytes());
    Secret::new(&hex(&mac.finalize().into_bytes()))
}

async fn read(mut answer: reqwest::Response) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= ANSWER_BYTES_MAX => bytes.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(Failure::outage("the answer was too long")),
            Ok(None) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => return Err(Failure::outage(no_answer(error))),
        }
    }
}

/// Why there was no answer. The innermost cause says it best; the URL is left out.
fn no_answer(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let what = if error.is_connect() { "could not connect" } else { "the connection broke" };
    format!("{what}: {cause}")
}

/// An answer that is no JSON object: an outage, unless the status says something else.
fn not_json(status: u16, text: &str, kind: CallKind) -> Failure {
    let (verdict, advice) = match status {
        413 | 414 | 429 => judge(&GraphError { status, ..GraphError::default() }, kind),
        _ => judge(&GraphError { status: 500, ..GraphError::default() }, kind),
    };
    let what = if text.trim().is_empty() { "an empty answer" } else { "an answer that is not JSON" };
    Failure { verdict, advice, code: None, what: format!("{what} (HTTP {status})"), wait: None }
}

fn is_no(value: &Value) -> bool {
    value == &Value::Bool(false) || value.as_str() == Some("false")
}

/// Numbers come as numbers or as text.
pub(super) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn log(request: &Request, status: u16, headers: &HeaderMap, failure: Option<&Failure>) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (method, path) = (request.method.as_str(), request.path.as_str());
    let (request_id, trace_id) = (header("x-fb-request-id"), header("x-fb-trace-id"));
    match failure {
        None => tracing::debug!(method, path, status, request_id, trace_id, "facebook answered"),
        Some(failure) => {
            tracing::warn!(method, path, status, request_id, trace_id, verdict = ?failure.verdict, what = failure.what, "facebook refused");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> GraphClient {
        let base = reqwest::Url::parse("http://127.0.0.1:1").expect("a URL");
        let app_secret = Secret::new("app-secret");
        GraphClient::new(&base, "v26.0", Secret::new("EAAB-token"), Some(&app_secret)).expect("a client")
    }

    #[track_caller]
    fn check(status: u16, text: &str, expected: crate::dispatch::Verdict) {
        let failure = client().understand(status, text, CallKind::Rows).expect_err(text);
        assert_eq!(failure.verdict, expected, "{}", failure.what);
    }

    #[test]
    fn a_good_status_does_not_make_a_good_answer() {
        use crate::dispatch::Verdict::{Auth, Retry};
        for text in ["", "Service Unavailable", "<html></html>", "{\"success\":false}", "{\"success\":\"false\"}", "[1]", "{\"id\":"] {
            check(200, text, Retry);
        }
        check(200, r#"{"error":{"code":190,"message":"expired"}}"#, Auth);
        check(200, r#"{"error":{"message":"who knows"}}"#, Retry);
        check(200, r#"{"error":"who knows"}"#, Retry);
    }

    #[test]
    fn the_status_of_pages_is_looked_at_where_it_says_something() {
        use crate::dispatch::Verdict::{Config, Data, Retry, Throttle};
        check(502, "<html>bad gateway</html>", Retry);
        check(400, "<html>bad request</html>", Retry);
        check(413, "<html>too large</html>", Data);
        check(429, "", Throttle);
        check(302, "", Config);
    }

    #[test]
    fn errors_show_neither_secrets_nor_values() {
        let client = client();
        let text =
            format!("bad EAAB-token for mary@example.com, row {}, proof {}", "ab".repeat(32), client.proof.as_ref().expect("set").expose());
        assert_eq!(client.scrubbed(&text), "bad [token] for [value] row [value] proof [proof]");
        assert!(!format!("{client:?}").contains("EAAB"));
    }

    #[test]
    fn the_proof_is_the_hmac_of_the_token() {
        let proof = proof(&Secret::new("key"), &Secret::new("The quick brown fox jumps over the lazy dog"));
        assert_eq!(proof.expose(), "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
    }
}
