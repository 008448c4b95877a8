//! The paths, and what happens to a request on each.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use ingest::inbox::Accepted;
use ingest::{Barred, Judge};
use model::Moment;
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::answer::{self, Refusal, Taken};
use crate::auth;
use crate::body::{self, Packing};
use crate::commit::Commit;
use crate::keys::WriteKeys;
use crate::limits::Limits;
use crate::messages::{Call, Sent};
use crate::rejections::Rejections;

/// What each path takes: the whole names, and the letters that the browser library shortens them to.
const PATHS: [(&str, Call); 15] = [
    ("/v1/identify", Call::One("identify")),
    ("/v1/track", Call::One("track")),
    ("/v1/page", Call::One("page")),
    ("/v1/screen", Call::One("screen")),
    ("/v1/group", Call::One("group")),
    ("/v1/alias", Call::One("alias")),
    ("/v1/batch", Call::Batch),
    ("/v1/import", Call::Batch),
    ("/v1/i", Call::One("identify")),
    ("/v1/t", Call::One("track")),
    ("/v1/p", Call::One("page")),
    ("/v1/s", Call::One("screen")),
    ("/v1/g", Call::One("group")),
    ("/v1/a", Call::One("alias")),
    ("/v1/b", Call::Batch),
];

/// Memory is reserved by the KiB: the semaphore counts in 32 bits.
const MEMORY_UNIT_BYTES: usize = 1 << 10;
/// How long a request waits for memory before it is told to come back.
const MEMORY_WAIT: Duration = Duration::from_secs(1);
const PREFLIGHT_AGE: Duration = Duration::from_hours(2);

/// Tells the time.
pub(crate) type Now = Arc<dyn Fn() -> Moment + Send + Sync>;

/// What every request shares.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) keys: watch::Receiver<Arc<WriteKeys>>,
    pub(crate) judge: Judge,
    pub(crate) rejections: Arc<Rejections>,
    /// Who is kept out.
    pub(crate) barred: watch::Receiver<Arc<Barred>>,
    pub(crate) commit: Commit,
    pub(crate) now: Now,
    pub(crate) limits: Limits,
    pub(crate) memory: Arc<Semaphore>,
}

impl App {
    /// Memory for as many bodies at a time as these limits allow.
    pub(crate) fn memory(limits: &Limits) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(limits.memory_bytes.div_ceil(MEMORY_UNIT_BYTES)))
    }

    fn good_keys(&self) -> Arc<WriteKeys> {
        Arc::clone(&self.keys.borrow())
    }

    async fn reserve(&self, bytes: usize) -> Result<SemaphorePermit<'_>, Refusal> {
        let units = u32::try_from(bytes.div_ceil(MEMORY_UNIT_BYTES)).unwrap_or(u32::MAX);
        match tokio::time::timeout(MEMORY_WAIT, self.memory.acquire_many(units)).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Refusal::Behind(MEMORY_WAIT)),
        }
    }
}

/// All paths, for pages from these origins too.
pub(crate) fn routes(app: App, origins: &[HeaderValue]) -> Router {
    let mut router = Router::new()
        .route("/v1/m", post(async || answer::json(StatusCode::OK, &json!({ "success": true }))))
        .route("/v1/projects/{write_key}/settings", get(settings))
        .route("/health", get(health));
    for (path, call) in PATHS {
        let take = async move |State(app): State<App>, request: Request| match take(&app, call, request).await {
            Ok(taken) => taken.into_response(),
            Err(refusal) => refusal.into_response(),
        };
        router = router.route(path, post(take));
    }
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::POST, Method::OPTIONS])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static("x-retry-count")])
        .max_age(PREFLIGHT_AGE);
    router.method_not_allowed_fallback(async || Refusal::NoMethod).fallback(async || Refusal::NoPath).layer(cors).with_state(app)
}

async fn take(app: &App, call: Call, request: Request) -> Result<Taken, Refusal> {
    let (head, body) = request.into_parts();
    let header_key = auth::header_key(&head.headers);
    let packing = Packing::of(&head.headers)?;
    let _memory = app.reserve(body::reserve(&head.headers, packing, &app.limits)).await?;
    // Read also for an unknown key: whoever is answered in the middle of sending may never hear it.
    let body = body::read(body, packing, &app.limits).await?;
    let keys = app.good_keys();
    if let Some(key) = &header_key {
        auth::find(&keys, Some(key), None)?;
    }
    let sent = Sent::read(&body, call, &app.limits)?;
    let key = auth::find(&keys, header_key.as_deref(), sent.write_key().as_deref())?;
    key.take().map_err(Refusal::TooOften)?;
    let _more_memory = app.reserve(sent.copied_bytes(&app.limits)).await?;
    let now = (app.now)();
    let mut rejected = |code: &'static str, message: &str| app.rejections.add(&key.source, code, message, now);
    let barred = Arc::clone(&app.barred.borrow());
    let found = sent.lines(now, (&app.judge, &barred), &app.limits, &mut rejected)?;
    if found.rejected > 0 || found.large > 0 {
        let first = found.taken.rejected.first().map_or("", |rejected| rejected.code);
        tracing::info!(
            source = key.source,
            rejected = found.rejected,
            first,
            large = found.large,
            "not all of a request is as it should be"
        );
    }
    if found.taken.accepted > 0 {
        app.commit.write(Accepted { source: key.source.clone(), lines: found.lines }).await?;
    }
    Ok(found.taken)
}

/// What the browser library asks for before it sends: that it may, and where to.
async fn settings(State(app): State<App>, Path(write_key): Path<String>, headers: HeaderMap) -> Response {
    if let Err(refusal) = auth::find(&app.good_keys(), Some(&write_key), None) {
        return refusal.into_response();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let segment_io = json!({ "apiKey": write_key, "apiHost": format!("{host}/v1") });
    answer::json(StatusCode::OK, &json!({ "integrations": { "Segment.io": segment_io } }))
}

async fn health(State(app): State<App>) -> Response {
    if app.commit.is_broken() {
        return Refusal::Broken.into_response();
    }
    answer::json(StatusCode::OK, &json!({ "success": true }))
}
