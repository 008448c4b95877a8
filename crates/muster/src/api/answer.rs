//! Answers: a page with its cursor, or an error with a code that programs know and a message for people.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::ProfileError;
use serde::Serialize;
use serde_json::json;
use store::StoreError;

/// Why there is no answer. Messages repeat nothing of what was asked.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// No token, or none that is good.
    Authentication,
    /// The token asks too often.
    RateLimit(Duration),
    /// The request is none of this API.
    Invalid(&'static str),
    /// A parameter says what it cannot.
    Validation(String),
    /// There is no such path.
    NoPath,
    /// Nobody has this identifier.
    NotFound,
    /// It could not be looked up.
    Internal(ProfileError),
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Authentication => StatusCode::UNAUTHORIZED,
            Self::RateLimit(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Invalid(_) | Self::Validation(_) => StatusCode::BAD_REQUEST,
            Self::NoPath | Self::NotFound => StatusCode::NOT_FOUND,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Authentication => "authentication_error",
            Self::RateLimit(_) => "rate_limit_error",
            Self::Invalid(_) => "invalid_request_error",
            Self::Validation(_) => "validation_error",
            Self::NoPath | Self::NotFound => "not_found",
            Self::Internal(_) => "internal_error",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Authentication => "send a token as the user name of basic authentication: `muster token add NAME` makes one".to_owned(),
            Self::RateLimit(_) => "too many requests with this token: wait as long as `Retry-After` says".to_owned(),
            Self::Invalid(message) => (*message).to_owned(),
            Self::Validation(message) => message.clone(),
            Self::NoPath => "no such path: ask for /v1/spaces/SPACE/collections/{users,accounts}/profiles/KIND:VALUE/\
                             {traits,external_ids,events,metadata,links}"
                .to_owned(),
            Self::NotFound => "no profile of this collection has this identifier".to_owned(),
            Self::Internal(_) => "it could not be looked up: try again later".to_owned(),
        }
    }
}

impl From<ProfileError> for ApiError {
    fn from(error: ProfileError) -> Self {
        Self::Internal(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Internal(error.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Internal(error) = &self {
            tracing::error!(error = error as &dyn std::error::Error, "a question about a profile could not be answered");
        }
        let body = json!({ "error": { "code": self.code(), "message": self.message() } });
        let mut response = json_response(self.status(), &body);
        let headers = response.headers_mut();
        match self {
            Self::RateLimit(wait) => {
                let secs = (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1);
                headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
            }
            Self::Authentication => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"profiles\""));
            }
            Self::Invalid(_) | Self::Validation(_) | Self::NoPath | Self::NotFound | Self::Internal(_) => {}
        }
        response
    }
}

/// Where a page ends, and how to ask for the next one.
#[derive(Debug, Serialize)]
pub(crate) struct Cursor {
    /// The path that was asked.
    pub(crate) url: String,
    /// Whether there is more.
    pub(crate) has_more: bool,
    /// The parameter `next` of the next page; empty when there is none.
    pub(crate) next: String,
    /// How many a page has at most.
    pub(crate) limit: usize,
}

impl Cursor {
    /// `next` is where the next page begins, if there is one.
    pub(crate) fn new(url: &str, next: Option<String>, limit: usize) -> Self {
        Self { url: url.to_owned(), has_more: next.is_some(), next: next.unwrap_or_default(), limit }
    }
}

/// A JSON answer, which nobody on the way may keep.
pub(crate) fn json_response(status: StatusCode, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).expect("texts and numbers always become JSON");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body).into_response()
}
