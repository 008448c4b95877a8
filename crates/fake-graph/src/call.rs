//! One call as the handlers see it: method, path, parameters and the token, wherever each was found.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::errors::GraphResult;
use crate::params::Params;

/// Parameters that must not be kept or shown.
const SECRET_PARAMS: [&str; 3] = ["access_token", "appsecret_proof", "appsecret_time"];

/// What a client asked for.
#[derive(Clone)]
pub(crate) struct Call {
    /// In upper case, after `method=` had its say.
    pub(crate) method: String,
    /// Without version, and without a slash at the end.
    pub(crate) path: String,
    /// Such as `v26.0`, if the path began with one.
    pub(crate) version: Option<String>,
    /// Shared with the log, because a full payload is large.
    pub(crate) params: Arc<Params>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) token: Option<SentToken>,
    pub(crate) proof: Option<SentProof>,
    pub(crate) body_bytes: usize,
}

/// An access token and the place it travelled in: `header`, `query` or `body`.
#[derive(Clone)]
pub(crate) struct SentToken {
    pub(crate) value: String,
    pub(crate) place: &'static str,
}

/// A proof that the caller knows the app's secret.
#[derive(Clone)]
pub(crate) struct SentProof {
    pub(crate) proof: String,
    pub(crate) time: Option<String>,
}

impl Call {
    /// Reads a whole request. The call comes back even when its body is unreadable, so that it can be logged.
    pub(crate) async fn read(parts: &Parts, body: &Bytes) -> (Self, GraphResult<()>) {
        let query = Params::from_query(parts.uri.query().unwrap_or_default());
        let token_in_query = query.has("access_token");
        let mut params = query;
        let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let outcome = params.merge_body(content_type, body).await;
        let place = if token_in_query { "query" } else { "body" };
        let mut call = Self::build(parts.method.as_str(), parts.uri.path(), params, place);
        if let Some(value) = bearer(&parts.headers) {
            call.token = Some(SentToken { value, place: "header" });
        }
        call.headers = visible_headers(&parts.headers);
        call.body_bytes = body.len();
        (call, outcome)
    }

    /// A call from its parts; also used for the calls inside a batch.
    pub(crate) fn build(method: &str, path: &str, mut params: Params, token_place: &'static str) -> Self {
        let overridden = if method == "POST" { params.text("method") } else { None };
        let token = params.text("access_token").map(|value| SentToken { value, place: token_place });
        let proof = params.text("appsecret_proof").map(|proof| SentProof { proof, time: params.text("appsecret_time") });
        for name in SECRET_PARAMS {
            params.take(name);
        }
        let (version, path) = split_version(path);
        Self {
            method: overridden.unwrap_or_else(|| method.to_owned()).to_ascii_uppercase(),
            path,
            version,
            params: Arc::new(params),
            headers: BTreeMap::new(),
            token,
            proof,
            body_bytes: 0,
        }
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
    known.then(|| token.trim().to_owned())
}

fn visible_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut visible = BTreeMap::new();
    for (name, value) in headers {
        if name != header::AUTHORIZATION {
            visible.insert(name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
    }
    visible
}

fn split_version(path: &str) -> (Option<String>, String) {
    let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let version = segments.first().filter(|first| is_version(first)).map(|first| (*first).to_owned());
    if version.is_some() {
        segments.remove(0);
    }
    (version, format!("/{}", segments.join("/")))
}

fn is_version(segment: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    segment.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(major, minor)| digits(major) && digits(minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, version: Option<&str>, rest: &str) {
        assert_eq!(split_version(path), (version.map(str::to_owned), rest.to_owned()));
    }

    #[test]
    fn versions_and_slashes_are_optional() {
        check("/v26.0/777/", Some("v26.0"), "/777");
        check("/777/users", None, "/777/users");
        check("/v9.0/", Some("v9.0"), "/");
        check("/version/users", None, "/version/users");
    }

    #[test]
    fn a_post_may_be_another_method() {
        let call = Call::build("POST", "/1/users", Params::from_query("method=delete&access_token=t"), "query");
        assert_eq!(call.method, "DELETE");
        assert!(!call.params.has("access_token"), "tokens are kept out of the parameters");
    }
}
