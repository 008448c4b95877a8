//! The sockets: connections are served here one by one, so that a fault can close one without an answer.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State as Shared;
use axum::http::{Request, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::call::Call;
use crate::change::AudienceChange;
use crate::faults::Fault;
use crate::options::Options;
use crate::reply::HangUp;
use crate::state::State;
use crate::view::{StateView, view};
use crate::{control, graph};

/// How long answers in flight may take once the fake stops.
const STOP_WITHIN: Duration = Duration::from_secs(1);
/// How long the answer to the control call may take before connections are refused.
const REFUSE_AFTER: Duration = Duration::from_millis(50);

/// A running fake. Dropping it stops it without waiting.
pub struct FakeGraph {
    url: String,
    app: App,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl FakeGraph {
    /// Binds the address, where port 0 means any free port, and serves in the background.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn start(options: Options, address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| format!("bind `{address}`"))?;
        let address = listener.local_addr().context("read the address that was bound")?;
        let url = format!("http://{}", reachable(address));
        let (refusals, refused) = mpsc::channel(8);
        let (stop, stopped) = watch::channel(false);
        let app = App { state: Arc::new(Mutex::new(State::new(options, url.clone()))), refusals };
        let router = control::routes().fallback(serve_graph).with_state(app.clone());
        let server = tokio::spawn(accept(listener, address, router, refused, stopped));
        Ok(Self { url, app, stop, server })
    }

    /// Where it listens, such as `http://127.0.0.1:8666`.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// A snapshot of everything it holds.
    pub fn state(&self) -> StateView {
        let mut state = self.app.state();
        state.settle();
        view(&state)
    }

    /// Sets a fault, as `POST /_fake/faults` does.
    pub fn add_fault(&self, fault: Fault) {
        self.app.state().faults.add(fault);
    }

    /// Clears every fault and what faults have started, as `DELETE /_fake/faults` does.
    pub fn clear_faults(&self) {
        self.app.state().recover();
    }

    /// Moves the clock, as `POST /_fake/clock` does.
    pub fn advance_clock(&self, seconds: i64) {
        self.app.state().clock.advance(seconds);
    }

    /// Makes it this time on the fake, in Unix seconds.
    pub fn set_clock(&self, now: i64) {
        self.app.state().clock.set(now);
    }

    /// Does what somebody else might do, as `POST /_fake/audiences` does, and answers the id of the audience.
    ///
    /// # Errors
    /// If the account or audience does not exist.
    pub fn change_audience(&self, change: &AudienceChange) -> anyhow::Result<String> {
        change.apply(&mut self.app.state()).map_err(anyhow::Error::msg)
    }

    /// Stops listening, lets answers in flight finish for a moment, and frees the port.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if self.server.await.is_err() {
            tracing::warn!("the server of the fake ended abnormally");
        }
    }
}

/// What every handler shares.
#[derive(Clone)]
pub(crate) struct App {
    state: Arc<Mutex<State>>,
    refusals: mpsc::Sender<Duration>,
}

impl App {
    /// The one lock. A handler that panicked leaves a state that is still worth looking at.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops listening for a while, starting just after the current answer.
    pub(crate) fn refuse_connections(&self, length: Duration) {
        if self.refusals.try_send(length).is_err() {
            tracing::warn!("too many refusals are waiting already");
        }
    }
}

async fn serve_graph(Shared(app): Shared<App>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body_bytes_max = app.state().options.body_bytes_max;
    let reply = if let Ok(body) = to_bytes(body, body_bytes_max).await {
        let (call, readable) = Call::read(&parts, &body).await;
        graph::answer(&mut app.state(), &call, readable)
    } else {
        let (call, _) = Call::read(&parts, &Bytes::new()).await;
        graph::page(&mut app.state(), &call, 413)
    };
    reply.send().await
}

async fn accept(
    mut listener: TcpListener,
    address: SocketAddr,
    router: Router,
    mut refused: mpsc::Receiver<Duration>,
    mut stopped: watch::Receiver<bool>,
) {
    let close = watch::Sender::new(0_u64);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve_connection(stream, router.clone(), close.subscribe()));
                }
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            Some(length) = refused.recv() => {
                tokio::time::sleep(REFUSE_AFTER).await;
                drop(listener);
                close.send_modify(|times| *times += 1);
                tokio::time::sleep(length).await;
                listener = match TcpListener::bind(address).await {
                    Ok(listener) => listener,
                    Err(error) => {
                        tracing::error!(%error, "could not listen again");
                        return;
                    }
                };
            }
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    close.send_modify(|times| *times += 1);
    let drained = tokio::time::timeout(STOP_WITHIN, async { while connections.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        connections.shutdown().await;
    }
}

async fn serve_connection(stream: TcpStream, router: Router, mut closing: watch::Receiver<u64>) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let answer = hyper::service::Service::call(&router, request);
        async move { hang_up_or_send(answer.await) }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = closing.changed() => {
            connection.as_mut().graceful_shutdown();
            // An error here is a client that went away, or a fault that closed the connection on purpose.
            let _ = connection.await;
        }
    }
}

/// An error from the service makes hyper close the connection without writing anything.
fn hang_up_or_send(answer: Result<Response<Body>, Infallible>) -> io::Result<Response<Body>> {
    match answer {
        Ok(response) if response.extensions().get::<HangUp>().is_some() => Err(io::ErrorKind::ConnectionAborted.into()),
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

/// An address that listens everywhere is reached on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    let loopback = if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
    SocketAddr::new(loopback, address.port())
}
