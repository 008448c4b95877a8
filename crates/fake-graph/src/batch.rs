//! `POST /` with `batch`: several calls in one, each answered with its own status and its body as text.

use serde_json::{Value, json};

use crate::call::{Call, SentToken};
use crate::errors::GraphError;
use crate::faults::Twist;
use crate::graph;
use crate::limits;
use crate::params::Params;
use crate::reply::Reply;
use crate::route;
use crate::state::State;

pub(crate) fn is_batch(call: &Call) -> bool {
    call.method == "POST" && call.path == "/" && call.params.has("batch")
}

pub(crate) fn answer(state: &mut State, call: &Call) -> Reply {
    let Some(Value::Array(items)) = call.params.get("batch") else {
        return graph::plain(state, call, Err(GraphError::invalid("Param batch must be an array").blame("batch")));
    };
    if items.len() > limits::BATCH_MAX {
        return graph::plain(
            state,
            call,
            Err(GraphError::invalid("Too many requests in batch message. Maximum batch size is 50").blame("batch")),
        );
    }
    let mut answers = Vec::new();
    for item in items {
        let inner = inner_call(call, item);
        let result = route::dispatch(state, &inner, &Twist::default());
        let reply = graph::plain(state, &inner, result);
        let headers: Vec<Value> = reply.headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        answers.push(json!({ "code": reply.status, "headers": headers, "body": reply.body }));
    }
    graph::plain(state, call, Ok(Value::Array(answers)))
}

/// A call inside the batch; it inherits the version, the token and the proof of the call around it.
fn inner_call(outer: &Call, item: &Value) -> Call {
    let method = item["method"].as_str().unwrap_or("GET");
    let relative = item["relative_url"].as_str().unwrap_or_default();
    let (path, query) = relative.split_once('?').unwrap_or((relative, ""));
    let both = [query, item["body"].as_str().unwrap_or_default()].join("&");
    let mut call = Call::build(method, path, Params::from_query(&both), "body");
    call.version = call.version.or_else(|| outer.version.clone());
    call.token = call.token.or_else(|| outer.token.as_ref().map(|token| SentToken { value: token.value.clone(), place: token.place }));
    call.proof = call.proof.or_else(|| outer.proof.clone());
    call
}
