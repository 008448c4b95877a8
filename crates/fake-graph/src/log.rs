//! The calls that were made, kept so that a test can ask about them. The token is never kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::call::Call;
use crate::params::Params;

/// Payloads are large; when they exceed this together, the oldest calls are forgotten.
const BODY_BYTES_MAX: usize = 512 * 1024 * 1024;

/// One call, as it was understood.
#[derive(Debug, Clone, Serialize)]
pub struct RequestView {
    /// Counts from 1 and never repeats, even when old calls are forgotten.
    pub number: u64,
    /// Unix seconds on the fake's clock.
    pub at: i64,
    /// In upper case, after `method=` had its say.
    pub method: String,
    /// Without version and without a slash at the end, such as `/act_1/customaudiences`.
    pub path: String,
    /// Such as `v26.0`.
    pub version: Option<String>,
    /// The merged parameters without token and proof.
    pub params: BTreeMap<String, Value>,
    /// The headers, names in lower case, without `authorization`.
    pub headers: BTreeMap<String, String>,
    /// Where the token travelled: `header`, `query` or `body`.
    pub token_in: Option<String>,
    /// Whether an `appsecret_proof` came with it.
    pub proof_sent: bool,
    /// The status that was answered; nothing if the connection was closed instead.
    pub status: Option<u16>,
    /// The error code that was answered, if any.
    pub error_code: Option<i64>,
}

/// The calls of one fake, oldest first.
pub(crate) struct RequestLog {
    entries: VecDeque<Entry>,
    kept_max: usize,
    body_bytes: usize,
    next: u64,
}

struct Entry {
    view: RequestView,
    params: Arc<Params>,
    body_bytes: usize,
}

impl RequestLog {
    pub(crate) fn new(kept_max: usize) -> Self {
        Self { entries: VecDeque::new(), kept_max: kept_max.max(1), body_bytes: 0, next: 1 }
    }

    /// Records a call before it is answered, so that it is seen even when it never is.
    pub(crate) fn begin(&mut self, call: &Call, at: i64) {
        let view = RequestView {
            number: self.next,
            at,
            method: call.method.clone(),
            path: call.path.clone(),
            version: call.version.clone(),
            params: BTreeMap::new(),
            headers: call.headers.clone(),
            token_in: call.token.as_ref().map(|token| token.place.to_owned()),
            proof_sent: call.proof.is_some(),
            status: None,
            error_code: None,
        };
        self.next += 1;
        self.body_bytes += call.body_bytes;
        self.entries.push_back(Entry { view, params: Arc::clone(&call.params), body_bytes: call.body_bytes });
        while self.entries.len() > self.kept_max || (self.body_bytes > BODY_BYTES_MAX && self.entries.len() > 1) {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.body_bytes -= oldest.body_bytes;
        }
    }

    /// Adds to the call begun last what it was answered.
    pub(crate) fn finish(&mut self, status: Option<u16>, error_code: Option<i64>) {
        if let Some(entry) = self.entries.back_mut() {
            entry.view.status = status;
            entry.view.error_code = error_code;
        }
    }

    pub(crate) fn view(&self) -> Vec<RequestView> {
        self.entries.iter().map(|entry| RequestView { params: entry.params.all().clone(), ..entry.view.clone() }).collect()
    }
}
