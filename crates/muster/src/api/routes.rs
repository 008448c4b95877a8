//! The paths, and who may ask: a token first, then everything else.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{OriginalUri, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use collect::{WriteKeys, header_key};
use engine::Workspace;
use model::Collection;
use serde_json::{Value as Json, json};
use store::ProfileRecord;
use tokio::sync::watch;

use super::answer::{ApiError, json_response};
use super::query::Parameters;
use super::{events, ids, links, traits};
use crate::commands::whom;
use crate::person;

/// What every request shares.
#[derive(Clone)]
pub(crate) struct App {
    /// The workspace under the latest definitions.
    pub(crate) workspace: watch::Receiver<Workspace>,
    /// The good tokens; may change at any time.
    pub(crate) keys: watch::Receiver<Arc<WriteKeys>>,
}

/// One question about one profile.
pub(crate) struct Asked {
    /// Where it is answered from.
    pub(crate) workspace: Workspace,
    /// Whom it is about.
    pub(crate) record: ProfileRecord,
    /// The parameters.
    pub(crate) parameters: Parameters,
    /// The path, for cursors.
    pub(crate) url: String,
}

/// All paths.
pub(crate) fn routes(app: App) -> Router {
    let profiles = Router::new()
        .route("/v1/spaces/{space}/collections/{collection}/profiles/{id}/{what}", get(answer))
        .method_not_allowed_fallback(async || ApiError::Invalid("profiles are asked for with GET"))
        .fallback(async || ApiError::NoPath)
        .layer(middleware::from_fn_with_state(app.clone(), allowed))
        .with_state(app);
    Router::new().route("/health", get(async || json_response(StatusCode::OK, &json!({ "status": "ok" })))).fallback_service(profiles)
}

/// Lets a request on whose token is good and has not asked too often.
async fn allowed(State(app): State<App>, request: Request, next: Next) -> Response {
    let token = header_key(request.headers()).and_then(|token| app.keys.borrow().find(&token));
    let Some(token) = token else { return ApiError::Authentication.into_response() };
    if let Err(wait) = token.take() {
        return ApiError::RateLimit(wait).into_response();
    }
    next.run(request).await
}

type Parts = (String, String, String, String);

async fn answer(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    path: Result<Path<Parts>, PathRejection>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    match answered(&app, uri.path(), path, query).await {
        Ok(body) => json_response(StatusCode::OK, &body),
        Err(error) => error.into_response(),
    }
}

async fn answered(
    app: &App,
    url: &str,
    path: Result<Path<Parts>, PathRejection>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json, ApiError> {
    let Path((_space, collection, id, what)) =
        path.map_err(|_| ApiError::Invalid("the path is not UTF-8, escaped where URLs ask for it"))?;
    let Query(pairs) = query.map_err(|_| ApiError::Invalid("the parameters cannot be read"))?;
    let collection = match collection.as_str() {
        "users" => Collection::Users,
        "accounts" => Collection::Accounts,
        _ => return Err(ApiError::NoPath),
    };
    let name = whom::parse(&id).map_err(|_| ApiError::Invalid("a profile is asked for as KIND:VALUE, such as `user_id:42`"))?;
    let workspace = app.workspace.borrow().clone();
    let record = workspace.store.profile(&name).await?;
    let record = record.filter(|record| record.collection == collection).ok_or(ApiError::NotFound)?;
    let asked = Asked { workspace, record, parameters: Parameters::new(pairs), url: url.to_owned() };
    match what.as_str() {
        "traits" => traits::page(&asked).await,
        "external_ids" => ids::page(&asked),
        "events" => events::page(&asked).await,
        "metadata" => Ok(json!({ "metadata": person::identity(&asked.record) })),
        "links" => links::page(&asked).await,
        _ => Err(ApiError::NoPath),
    }
}
