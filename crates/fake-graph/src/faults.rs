//! What goes wrong, and for which calls. The shapes here are the JSON of `POST /_fake/faults`.
//!
//! Nothing in this module acts: it decides which fault a call meets. `graph` carries it out.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::Call;
use crate::change::AudienceChange;

const FAULTS_MAX: usize = 1_000;

/// One fault: which calls it meets and what it does to them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The calls it meets; all of them when left out.
    #[serde(default, rename = "match")]
    pub matching: Match,
    /// What happens to such a call.
    pub action: Action,
    /// Whether the call takes effect although its answer is spoiled. Left out: only where the answer is genuine
    /// (`slow`, `truncated_body`, and the actions that change the fake or twist an answer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<bool>,
}

/// Which calls a fault meets. Everything given must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// `GET`, `POST` or `DELETE`, after `method=` had its say.
    pub method: Option<String>,
    /// The path without version; `*` stands for any characters, such as `*/users`.
    pub path: Option<String>,
    /// A parameter that the call must have, such as `filtering`.
    pub param: Option<String>,
    /// A text that the call's payload must contain, such as a cell of one row.
    pub contains: Option<String>,
    /// The first matching call that is hit, counted from 1 and from when the fault was set.
    pub nth: Option<u64>,
    /// How many calls are hit: 1 if `nth` is given, else all.
    pub times: Option<u64>,
    /// The chance with which a call is hit, from 0.0 to 1.0.
    pub probability: Option<f64>,
    /// Makes the chances repeatable.
    pub seed: u64,
}

/// What a fault does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// An error body, with any status: 200 is one that has been seen.
    Error(ErrorAnswer),
    /// A throttle; every call before its end is refused too and counts as a violation.
    ThrottleUntil {
        /// How long it lasts.
        minutes: i64,
        /// Left out: 80003.
        #[serde(default = "throttle_code")]
        code: i32,
        /// Left out: none.
        #[serde(default)]
        subcode: Option<i32>,
    },
    /// An HTML page with status 500.
    Html500,
    /// No body at all.
    EmptyBody {
        /// Left out: 200.
        #[serde(default = "ok")]
        status: u16,
    },
    /// Status 200 and the words `Service Unavailable`.
    ServiceUnavailable,
    /// Status 200 and `{"success":false}`.
    SuccessFalse,
    /// Status 200 and half a JSON text, although the body is complete.
    MalformedJson,
    /// The connection closes without an answer.
    Close,
    /// The answer comes late. With `applied: false` it waits and then never comes.
    Slow {
        /// How late.
        ms: u64,
    },
    /// Half of the answer, then the connection breaks.
    TruncatedBody,
    /// Nothing listens for a while. Takes effect at once, whatever the match says.
    ConnectionRefused {
        /// How long.
        ms: u64,
    },
    /// The token has expired from this call on: 190/463.
    ExpireToken {
        /// Left out: the token of the call.
        #[serde(default)]
        token: Option<String>,
    },
    /// The terms are no longer accepted from this call on.
    RevokeTerms {
        /// An account number; left out: every account.
        #[serde(default)]
        account: Option<String>,
    },
    /// Somebody else does something to an audience just before this call.
    Audience {
        /// What somebody does.
        change: AudienceChange,
    },
    /// Lists come in pages of this size, whatever the limit says; 0 is an empty page with a `next`.
    PagesOf {
        /// Items in a page.
        size: usize,
    },
    /// The first rows of an upload are reported invalid, and not stored.
    InvalidRows {
        /// How many.
        count: usize,
        /// The reason in the samples.
        #[serde(default = "invalid_reason")]
        reason: String,
    },
    /// The last rows of an upload never arrive: they are neither stored nor counted.
    LostRows {
        /// How many.
        count: usize,
    },
    /// `num_received` says less than arrived.
    ShortNumReceived {
        /// How much less.
        by: u64,
    },
}

/// An error to answer, word by word.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ErrorAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `error.code`.
    pub code: i64,
    /// `error.error_subcode`.
    pub subcode: Option<i64>,
    /// `error.is_transient`.
    pub transient: Option<bool>,
    /// `error.type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `error.message`.
    pub message: String,
    /// `error.error_user_title`.
    pub user_title: Option<String>,
    /// `error.error_user_msg`.
    pub user_msg: Option<String>,
    /// `error.error_data`, as an object or as JSON text.
    pub error_data: Option<Value>,
    /// Further headers, such as `retry-after`.
    pub headers: BTreeMap<String, String>,
}

impl Default for ErrorAnswer {
    fn default() -> Self {
        Self {
            status: 400,
            code: 1,
            subcode: None,
            transient: None,
            kind: "OAuthException".to_owned(),
            message: "An error that a test asked for".to_owned(),
            user_title: None,
            user_msg: None,
            error_data: None,
            headers: BTreeMap::new(),
        }
    }
}

/// What a fault does to an answer that is otherwise genuine.
#[derive(Default)]
pub(crate) struct Twist {
    pub(crate) page_size: Option<usize>,
    pub(crate) invalid_rows: Option<(usize, String)>,
    pub(crate) rows_lost: usize,
    pub(crate) received_short: u64,
}

/// The faults that are set, in the order in which they came.
#[derive(Default)]
pub(crate) struct Faults {
    next: u64,
    active: Vec<Active>,
}

struct Active {
    number: u64,
    fault: Fault,
    seen: u64,
    hit: u64,
    chance: StdRng,
}

/// A fault and how often it was met.
#[derive(Debug, Clone, Serialize)]
pub struct FaultView {
    /// The number that setting it answered.
    pub number: u64,
    /// The fault.
    pub fault: Fault,
    /// Calls that fitted its match.
    pub seen: u64,
    /// Calls that it hit.
    pub hit: u64,
}

impl Faults {
    /// Sets a fault, and answers its number. Beyond a limit the oldest gives way.
    pub(crate) fn add(&mut self, fault: Fault) -> u64 {
        self.next += 1;
        if self.active.len() >= FAULTS_MAX {
            self.active.remove(0);
        }
        let chance = StdRng::seed_from_u64(fault.matching.seed);
        self.active.push(Active { number: self.next, fault, seen: 0, hit: 0, chance });
        self.next
    }

    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    /// The first fault that hits this call. Every fault that fits counts it.
    pub(crate) fn strike(&mut self, call: &Call) -> Option<Fault> {
        let mut struck = None;
        for active in &mut self.active {
            if !active.fault.matching.fits(call) {
                continue;
            }
            active.seen += 1;
            if struck.is_none() && active.is_due() {
                active.hit += 1;
                struck = Some(active.fault.clone());
            }
        }
        struck
    }

    pub(crate) fn view(&self) -> Vec<FaultView> {
        let view = |active: &Active| FaultView { number: active.number, fault: active.fault.clone(), seen: active.seen, hit: active.hit };
        self.active.iter().map(view).collect()
    }
}

impl Active {
    fn is_due(&mut self) -> bool {
        let matching = &self.fault.matching;
        let times = matching.times.unwrap_or(if matching.nth.is_some() { 1 } else { u64::MAX });
        if self.hit >= times || matching.nth.is_some_and(|nth| self.seen < nth) {
            return false;
        }
        matching.probability.is_none_or(|probability| self.chance.random::<f64>() < probability)
    }
}

impl Match {
    fn fits(&self, call: &Call) -> bool {
        self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&call.method))
            && self.path.as_ref().is_none_or(|pattern| is_like(&call.path, pattern))
            && self.param.as_ref().is_none_or(|name| call.params.has(name))
            && self
                .contains
                .as_ref()
                .is_none_or(|text| call.params.get("payload").is_some_and(|payload| payload.to_string().contains(text)))
    }
}

/// Whether a text fits a pattern in which `*` stands for any characters.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    while let Some((middle, tail)) = rest.split_once('*') {
        let Some(at) = text.find(middle) else { return false };
        text = &text[at + middle.len()..];
        rest = tail;
    }
    text.ends_with(rest)
}

fn throttle_code() -> i32 {
    80_003
}

fn ok() -> u16 {
    200
}

fn invalid_reason() -> String {
    "invalid entry".to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::params::Params;

    #[track_caller]
    fn check(matching: &Value, calls: usize, hits: &[usize]) {
        let mut faults = Faults::default();
        faults.add(serde_json::from_value(json!({ "match": matching, "action": { "kind": "close" } })).unwrap());
        let call = Call::build("POST", "/v26.0/12/users", Params::default(), "query");
        let hit: Vec<usize> = (1..=calls).filter(|_| faults.strike(&call).is_some()).collect();
        assert_eq!(hit, hits);
    }

    #[test]
    fn which_calls_are_hit() {
        check(&json!({}), 3, &[1, 2, 3]);
        check(&json!({ "method": "POST", "path": "*/users" }), 2, &[1, 2]);
        check(&json!({ "nth": 2 }), 4, &[2]);
        check(&json!({ "nth": 2, "times": 2 }), 5, &[2, 3]);
        check(&json!({ "times": 1 }), 3, &[1]);
        check(&json!({ "method": "GET" }), 3, &[]);
        check(&json!({ "path": "/*/customaudiences" }), 3, &[]);
        check(&json!({ "param": "payload" }), 3, &[]);
        check(&json!({ "probability": 0.0 }), 3, &[]);
        check(&json!({ "probability": 1.0 }), 3, &[1, 2, 3]);
    }

    #[test]
    fn chance_is_repeatable() {
        let hits = |seed: u64| {
            let mut faults = Faults::default();
            faults.add(
                serde_json::from_value(json!({ "match": { "probability": 0.5, "seed": seed }, "action": { "kind": "close" } })).unwrap(),
            );
            let call = Call::build("GET", "/1", Params::default(), "query");
            (0..64).map(|_| faults.strike(&call).is_some()).collect::<Vec<bool>>()
        };
        assert_eq!(hits(7), hits(7));
        assert_ne!(hits(7), hits(8));
        assert!(hits(7).contains(&true) && hits(7).contains(&false));
    }

    #[test]
    fn stars() {
        assert!(is_like("/act_1/customaudiences", "*customaudiences") && is_like("/1/users", "/*/users") && is_like("/1", "*"));
        assert!(is_like("/a/b/c", "/a*b*c") && !is_like("/a/c", "/a*b*c") && !is_like("/1/usersreplace", "*/users"));
    }

    #[test]
    fn a_misspelt_fault_is_refused() {
        assert!(serde_json::from_value::<Fault>(json!({ "action": { "kind": "eror" } })).is_err());
        assert!(serde_json::from_value::<Fault>(json!({ "match": { "methods": "GET" }, "action": { "kind": "close" } })).is_err());
        assert!(serde_json::from_value::<Fault>(json!({ "action": { "kind": "error", "cod": 1 } })).is_err());
    }
}
