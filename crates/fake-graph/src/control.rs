//! The routes under `/_fake`, which no Facebook has: faults, the clock, what somebody else does, and the state.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::change::AudienceChange;
use crate::faults::{Action, Fault};
use crate::server::App;
use crate::view;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/_fake/state", get(read_state))
        .route("/_fake/faults", post(add_fault).delete(clear_faults))
        .route("/_fake/clock", post(advance_clock))
        .route("/_fake/audiences", post(change_audience))
}

/// The JSON of `POST /_fake/clock`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: i64,
}

async fn read_state(Shared(app): Shared<App>) -> Json<Value> {
    let mut state = app.state();
    state.settle();
    Json(json!(view::view(&state)))
}

async fn add_fault(Shared(app): Shared<App>, body: Bytes) -> Response {
    let fault: Fault = match parse(&body) {
        Ok(fault) => fault,
        Err(reason) => return refuse(&reason),
    };
    if let Action::ConnectionRefused { ms } = fault.action {
        app.refuse_connections(Duration::from_millis(ms));
        return Json(json!({ "number": null })).into_response();
    }
    Json(json!({ "number": app.state().faults.add(fault) })).into_response()
}

async fn clear_faults(Shared(app): Shared<App>) -> Json<Value> {
    app.state().recover();
    Json(json!({ "success": true }))
}

async fn advance_clock(Shared(app): Shared<App>, body: Bytes) -> Response {
    let advance: Advance = match parse(&body) {
        Ok(advance) => advance,
        Err(reason) => return refuse(&reason),
    };
    let mut state = app.state();
    state.clock.advance(advance.advance_s);
    state.settle();
    Json(json!({ "now": state.clock.now() })).into_response()
}

async fn change_audience(Shared(app): Shared<App>, body: Bytes) -> Response {
    let change: AudienceChange = match parse(&body) {
        Ok(change) => change,
        Err(reason) => return refuse(&reason),
    };
    match change.apply(&mut app.state()) {
        Ok(id) => Json(json!({ "id": id })).into_response(),
        Err(reason) => refuse(&reason),
    }
}

/// Reads a control body whatever its content type says; a test that misspells a fault must hear about it.
fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn refuse(reason: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": reason }))).into_response()
}
