//! The socket: connections, each with its limits, served until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ingest::inbox::Inbox;
use ingest::{Barred, Judge};
use model::Moment;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::calls::{App, routes};
use crate::commit::Commit;
use crate::keys::WriteKeys;
use crate::limits::Limits;
use crate::rejections::Rejections;

/// How long requests under way may take once the collector stops.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait when the system gives no more connections.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Headers of one request.
const HEADER_BYTES_MAX: usize = 64 << 10;

/// The collector could not start.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The address cannot be listened on.
    #[error("could not listen on `{address}`: choose another with `--listen`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The system has no thread left.
    #[error("could not start the thread that writes messages")]
    Thread(#[source] io::Error),
    /// An origin cannot be one.
    #[error("`{0}` is no origin such as `https://www.example.com`")]
    Origin(String),
}

/// What a collector works with.
pub struct Setup {
    /// Where to listen; port 0 is any free one.
    pub address: SocketAddr,
    /// The origins whose pages may send, such as `https://www.example.com`.
    pub origins: Vec<String>,
    /// How much it puts up with.
    pub limits: Limits,
    /// The good keys; may change at any time.
    pub keys: watch::Receiver<Arc<WriteKeys>>,
    /// Judges messages.
    pub judge: Judge,
    /// Where rejected messages are counted.
    pub rejections: Arc<Rejections>,
    /// Who is kept out; may change at any time.
    pub barred: watch::Receiver<Arc<Barred>>,
    /// Where accepted messages go.
    pub inbox: Arc<Inbox>,
    /// Tells the time.
    pub now: Arc<dyn Fn() -> Moment + Send + Sync>,
}

/// A running collector.
pub struct Collector {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    writer: std::thread::JoinHandle<()>,
}

impl Collector {
    /// Listens, and serves in the background.
    ///
    /// # Errors
    /// When the address cannot be listened on, or an origin is none.
    pub async fn start(setup: Setup) -> Result<Self, CollectError> {
        let Setup { address, origins, limits, keys, judge, rejections, barred, inbox, now } = setup;
        let origin = |text: String| HeaderValue::from_str(&text).map_err(|_| CollectError::Origin(text));
        let origins = origins.into_iter().map(origin).collect::<Result<Vec<_>, _>>()?;
        let failed = |source| CollectError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let (commit, writer) = Commit::start(inbox, limits.waiting).map_err(CollectError::Thread)?;
        let app = App { keys, judge, rejections, barred, commit, now, limits, memory: App::memory(&limits) };
        let router = routes(app, &origins);
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(serve(listener, router, limits, stopped));
        Ok(Self { address: bound, stop, server, writer })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets requests under way finish for a moment, and returns when all they wrote is durable.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if self.server.await.is_err() || self.writer.join().is_err() {
            tracing::error!("the collector ended abnormally");
        }
    }
}

async fn serve(listener: TcpListener, router: Router, limits: Limits, mut stopped: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(limits.connections));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            continue;
        };
        // Answers are small and awaited: they do not wait for more to send.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.patience)
            .max_buf_size(HEADER_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // How a connection ends is its client's affair.
            let _ = connection.await;
            drop(place);
        });
    }
    drop((listener, router));
    let _ = tokio::time::timeout(STOP_WITHIN, graceful.shutdown()).await;
}
