//! Answers: what the libraries read, and what makes them try again or give up.
//!
//! They give up on 400, 401, 404, 413 and 415, and try again on 408, 429 and 503; `Retry-After` is never above 300
//! seconds, the longest they wait. Nothing is ever redirected: Node's library takes a redirect for success.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

const RETRY_AFTER_MAX_SECS: u64 = 300;
const RATE_LIMIT_RESET: &str = "x-ratelimit-reset";

/// A request of which nothing was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is no request that can be understood: a word for why, and the same for people.
    Unreadable(&'static str, String),
    /// Nothing says whose messages these are.
    NoKey,
    /// The key is not known, or revoked.
    UnknownKey,
    /// There is no such path.
    NoPath,
    /// The path takes another method.
    NoMethod,
    /// The client is too slow.
    TooSlow,
    /// Too large: what of it.
    TooLarge(String),
    /// A compression that is not known.
    UnknownEncoding,
    /// The key asks too often.
    TooOften(Duration),
    /// More comes in than can be taken.
    Behind(Duration),
    /// The disk fails.
    Broken,
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unreadable(..) => StatusCode::BAD_REQUEST,
            Self::NoKey | Self::UnknownKey => StatusCode::UNAUTHORIZED,
            Self::NoPath => StatusCode::NOT_FOUND,
            Self::NoMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnknownEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooOften(_) | Self::Behind(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Broken => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(code, _) => code,
            Self::NoKey => "no-write-key",
            Self::UnknownKey => "unknown-write-key",
            Self::NoPath => "no-such-path",
            Self::NoMethod => "wrong-method",
            Self::TooSlow => "too-slow",
            Self::TooLarge(_) => "too-large",
            Self::UnknownEncoding => "unknown-encoding",
            Self::TooOften(_) => "too-often",
            Self::Behind(_) => "behind",
            Self::Broken => "broken",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Unreadable(_, message) | Self::TooLarge(message) => message.clone(),
            Self::NoKey => "no write key: send it as the user name of basic authentication, or as `writeKey`".to_owned(),
            Self::UnknownKey => "unknown write key: `muster source add NAME` makes one".to_owned(),
            Self::NoPath => "no such path: messages go to `/v1/batch`, `/v1/track` and the like, without a slash at the end".to_owned(),
            Self::NoMethod => "messages are sent with POST".to_owned(),
            Self::TooSlow => "the body did not arrive in time: send it again".to_owned(),
            Self::UnknownEncoding => "unknown `Content-Encoding`: send gzip or nothing".to_owned(),
            Self::TooOften(_) => "too many requests with this key: send larger batches, or raise `requests_per_second`".to_owned(),
            Self::Behind(_) => "more comes in than can be taken: send it again later".to_owned(),
            Self::Broken => "messages cannot be stored at the moment: send it again later".to_owned(),
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooOften(wait) | Self::Behind(wait) => Some((wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)),
            Self::Broken => Some(30),
            Self::Unreadable(..)
            | Self::NoKey
            | Self::UnknownKey
            | Self::NoPath
            | Self::NoMethod
            | Self::TooSlow
            | Self::TooLarge(_)
            | Self::UnknownEncoding => None,
        }
        .map(|secs| secs.min(RETRY_AFTER_MAX_SECS))
    }
}

#[derive(Serialize)]
struct RefusalJson {
    success: bool,
    code: &'static str,
    message: String,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = RefusalJson { success: false, code: self.code(), message: self.message() };
        let mut response = json(self.status(), &body);
        if let Some(secs) = self.retry_after() {
            let value = HeaderValue::from(secs);
            response.headers_mut().insert(header::RETRY_AFTER, value.clone());
            response.headers_mut().insert(RATE_LIMIT_RESET, value);
        }
        response
    }
}

/// A request that was taken, though not every message of it may be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Taken {
    success: True,
    /// Messages that are on the disk.
    pub(crate) accepted: usize,
    /// The first of those that are not.
    pub(crate) rejected: Vec<Rejected>,
}

/// A message that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Rejected {
    /// Its place in the batch, from 0.
    pub(crate) index: usize,
    /// Why, as a word.
    pub(crate) code: &'static str,
    /// Why, for people; without a word of what was sent.
    pub(crate) message: String,
}

impl IntoResponse for Taken {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct True;

impl Serialize for True {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).expect("texts and numbers always become JSON");
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn waits(refusal: &Refusal, expected: Option<u64>) {
        assert_eq!(refusal.retry_after(), expected);
    }

    #[test]
    fn nobody_is_told_to_wait_longer_than_the_libraries_do() {
        waits(&Refusal::TooOften(Duration::from_millis(3)), Some(1));
        waits(&Refusal::TooOften(Duration::from_millis(1_001)), Some(2));
        waits(&Refusal::Behind(Duration::from_hours(1)), Some(300));
        waits(&Refusal::Broken, Some(30));
        waits(&Refusal::UnknownKey, None);
    }

    #[test]
    fn a_success_reads_as_the_libraries_expect() {
        let rejected = vec![Rejected { index: 1, code: "no-user", message: "nobody".to_owned() }];
        let text = serde_json::to_string(&Taken { accepted: 1, rejected, ..Taken::default() }).expect("JSON");
        assert_eq!(text, r#"{"success":true,"accepted":1,"rejected":[{"index":1,"code":"no-user","message":"nobody"}]}"#);
    }
}
