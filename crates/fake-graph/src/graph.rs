//! One call from request to answer: log it, refuse it while throttled, let a fault have its way, answer.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::batch;
use crate::call::Call;
use crate::errors::GraphResult;
use crate::faults::{Action, ErrorAnswer, Fault, Twist};
use crate::reply::{Delivery, HTML, JSON, Reply, TEXT};
use crate::route;
use crate::state::State;
use crate::throttle::{Throttle, ThrottleViolation};
use crate::usage;

const HTML_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Error</title></head>\
     <body><h1>Sorry, something went wrong.</h1></body></html>\n";

/// Answers a call that was read, or that could not be.
pub(crate) fn answer(state: &mut State, call: &Call, readable: GraphResult<()>) -> Reply {
    state.settle();
    state.log.begin(call, state.clock.now());
    let reply = match readable {
        Err(error) => plain(state, call, Err(error)),
        Ok(()) => match blocked(state, call) {
            Some(reply) => reply,
            None => struck_or_genuine(state, call),
        },
    };
    state.settle();
    let is_sent = !matches!(reply.delivery, Delivery::Never | Delivery::LateNever(_));
    state.log.finish(is_sent.then_some(reply.status), error_code(&reply.body));
    reply
}

/// An answer whose body was never read.
pub(crate) fn page(state: &mut State, call: &Call, status: u16) -> Reply {
    state.log.begin(call, state.clock.now());
    state.log.finish(Some(status), None);
    Reply { content_type: HTML, ..raw(state, call, status, HTML_PAGE) }
}

/// The body and status of a result, as Facebook would send them.
pub(crate) fn plain(state: &mut State, call: &Call, result: GraphResult<Value>) -> Reply {
    let trace = state.next_trace();
    let headers = usage::headers(state, call, &trace, 0);
    match result {
        Ok(value) => Reply::json(200, headers, &value),
        Err(error) => Reply::json(error.status, headers, &error.body(&trace)),
    }
}

fn struck_or_genuine(state: &mut State, call: &Call) -> Reply {
    match state.faults.strike(call) {
        Some(fault) => struck(state, call, &fault),
        None => genuine(state, call, &Twist::default()),
    }
}

fn genuine(state: &mut State, call: &Call, twist: &Twist) -> Reply {
    if batch::is_batch(call) {
        return batch::answer(state, call);
    }
    let result = route::dispatch(state, call, twist);
    plain(state, call, result)
}

fn struck(state: &mut State, call: &Call, fault: &Fault) -> Reply {
    if let Some(twist) = twist(&fault.action) {
        return genuine(state, call, &twist);
    }
    if change_world(state, call, &fault.action) {
        return genuine(state, call, &Twist::default());
    }
    let is_genuine = matches!(fault.action, Action::Slow { .. } | Action::TruncatedBody);
    let applied = fault.applied.unwrap_or(is_genuine).then(|| genuine(state, call, &Twist::default()));
    match &fault.action {
        Action::Error(spec) => error_reply(state, call, spec),
        Action::ThrottleUntil { minutes, code, subcode } => {
            let until = state.clock.now() + minutes * 60;
            state.throttle = Some(Throttle { until, code: *code, subcode: *subcode });
            throttled(state, call)
        }
        Action::Html500 => Reply { content_type: HTML, ..raw(state, call, 500, HTML_PAGE) },
        Action::EmptyBody { status } => raw(state, call, *status, ""),
        Action::ServiceUnavailable => Reply { content_type: TEXT, ..raw(state, call, 200, "Service Unavailable") },
        Action::SuccessFalse => raw(state, call, 200, r#"{"success":false}"#),
        Action::MalformedJson => raw(state, call, 200, r#"{"id":"2385000"#),
        Action::Slow { ms } => {
            let wait = Duration::from_millis(*ms);
            match applied {
                Some(reply) => reply.deliver(Delivery::Late(wait)),
                None => raw(state, call, 200, "").deliver(Delivery::LateNever(wait)),
            }
        }
        Action::TruncatedBody => applied.unwrap_or_else(|| raw(state, call, 200, r#"{"id":"2385000"}"#)).deliver(Delivery::Cut),
        Action::Close
        | Action::ConnectionRefused { .. }
        | Action::ExpireToken { .. }
        | Action::RevokeTerms { .. }
        | Action::Audience { .. }
        | Action::PagesOf { .. }
        | Action::InvalidRows { .. }
        | Action::LostRows { .. }
        | Action::ShortNumReceived { .. } => raw(state, call, 200, "").deliver(Delivery::Never),
    }
}

/// Faults that leave the answer genuine but for one detail.
fn twist(action: &Action) -> Option<Twist> {
    match action {
        Action::PagesOf { size } => Some(Twist { page_size: Some(*size), ..Twist::default() }),
        Action::InvalidRows { count, reason } => Some(Twist { invalid_rows: Some((*count, reason.clone())), ..Twist::default() }),
        Action::LostRows { count } => Some(Twist { rows_lost: *count, ..Twist::default() }),
        Action::ShortNumReceived { by } => Some(Twist { received_short: *by, ..Twist::default() }),
        _ => None,
    }
}

/// Faults that change what is true, and let the call find out. Says whether this was one.
fn change_world(state: &mut State, call: &Call, action: &Action) -> bool {
    match action {
        Action::ExpireToken { token } => {
            let own = || call.token.as_ref().map(|token| token.value.clone());
            state.expired_tokens.extend(token.clone().or_else(own));
        }
        Action::RevokeTerms { account } => {
            for (number, known) in &mut state.accounts {
                if account.as_ref().is_none_or(|account| account == number) {
                    known.terms_accepted = false;
                }
            }
        }
        Action::Audience { change } => {
            if let Err(reason) = change.apply(state) {
                tracing::warn!(%reason, "a fault could not change an audience");
            }
        }
        _ => return false,
    }
    true
}

fn blocked(state: &mut State, call: &Call) -> Option<Reply> {
    let now = state.clock.now();
    let until = state.throttle.as_ref()?.until;
    if until <= now {
        state.throttle = None;
        return None;
    }
    state.violations.push(ThrottleViolation { at: now, until, method: call.method.clone(), path: call.path.clone() });
    Some(throttled(state, call))
}

fn throttled(state: &mut State, call: &Call) -> Reply {
    let now = state.clock.now();
    let Some(throttle) = &state.throttle else { return raw(state, call, 500, "") };
    let (code, subcode, minutes) = (throttle.code, throttle.subcode, throttle.minutes_left(now));
    let trace = state.next_trace();
    let message = format!("(#{code}) There have been too many calls to this ad-account. Wait a bit and try again.");
    let mut error = Map::from_iter([
        ("message".to_owned(), json!(message)),
        ("type".to_owned(), json!("OAuthException")),
        ("code".to_owned(), json!(code)),
        ("fbtrace_id".to_owned(), json!(trace)),
    ]);
    if let Some(subcode) = subcode {
        error.insert("error_subcode".to_owned(), json!(subcode));
    }
    let headers = usage::headers(state, call, &trace, minutes);
    Reply::json(400, headers, &json!({ "error": error }))
}

fn error_reply(state: &mut State, call: &Call, spec: &ErrorAnswer) -> Reply {
    let trace = state.next_trace();
    let fields = [
        ("message", Some(json!(spec.message))),
        ("type", Some(json!(spec.kind))),
        ("code", Some(json!(spec.code))),
        ("error_subcode", spec.subcode.map(|subcode| json!(subcode))),
        ("is_transient", spec.transient.map(|transient| json!(transient))),
        ("error_user_title", spec.user_title.as_ref().map(|title| json!(title))),
        ("error_user_msg", spec.user_msg.as_ref().map(|text| json!(text))),
        ("error_data", spec.error_data.clone()),
        ("fbtrace_id", Some(json!(trace))),
    ];
    let error: Map<String, Value> = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let mut headers = usage::headers(state, call, &trace, 0);
    headers.extend(spec.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())));
    Reply::json(spec.status, headers, &json!({ "error": error }))
}

fn raw(state: &mut State, call: &Call, status: u16, body: &str) -> Reply {
    let trace = state.next_trace();
    let headers = usage::headers(state, call, &trace, 0);
    Reply { status, headers, content_type: JSON, body: body.to_owned(), delivery: Delivery::Whole }
}

fn error_code(body: &str) -> Option<i64> {
    if !body.starts_with(r#"{"error""#) {
        return None;
    }
    serde_json::from_str::<Value>(body).ok()?["error"]["code"].as_i64()
}
