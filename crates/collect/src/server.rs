//! The collector: the paths of messages on a socket, and the thread that writes them down.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::HeaderValue;
use ingest::inbox::Inbox;
use ingest::{Barred, Judge};
use model::Moment;
use tokio::sync::watch;

use crate::calls::{App, routes};
use crate::commit::Commit;
use crate::keys::WriteKeys;
use crate::limits::Limits;
use crate::listener::Listener;
use crate::rejections::Rejections;

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
    listener: Listener,
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
        let (commit, writer) = Commit::start(inbox, limits.waiting).map_err(CollectError::Thread)?;
        let app = App { keys, judge, rejections, barred, commit, now, limits, memory: App::memory(&limits) };
        let router = routes(app, &origins);
        let listener = Listener::start(address, router, limits.connections, limits.patience).await;
        Ok(Self { listener: listener.map_err(|source| CollectError::Listen { address, source })?, writer })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Takes no more connections, lets requests under way finish for a moment, and returns when all they wrote is durable.
    pub async fn stop(self) {
        let has_ended = self.listener.stop().await;
        if self.writer.join().is_err() || !has_ended {
            tracing::error!("the collector ended abnormally");
        }
    }
}
