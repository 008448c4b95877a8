//! The socket: connections, each with its limits, served until it is told to stop. What is served is the caller's.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};
use tokio::task::JoinHandle;

/// How long requests under way may take once the listener stops.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait when the system gives no more connections.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Headers of one request.
const HEADER_BYTES_MAX: usize = 64 << 10;

/// A socket that is served in the background.
pub struct Listener {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Listener {
    /// Listens, and serves in the background: so many connections at a time, each with so much patience for headers.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(address: SocketAddr, router: Router, connections: usize, patience: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(serve(listener, router, connections, patience, stopped));
        Ok(Self { address, stop, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, and lets requests under way finish for a moment. Whether it ended as it should.
    pub async fn stop(self) -> bool {
        self.stop.send_replace(true);
        self.server.await.is_ok()
    }
}

async fn serve(listener: TcpListener, router: Router, connections: usize, patience: Duration, mut stopped: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(connections));
    // Whoever hears it ends its connection once it has answered what was asked.
    let (leave, _) = broadcast::channel(1);
    loop {
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            continue;
        };
        let Some(place) = place(&room, &leave).await else { break };
        // Answers are small and awaited: they do not wait for more to send.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .max_buf_size(HEADER_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let mut left = leave.subscribe();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            // How a connection ends is its client's affair.
            tokio::select! {
                _ = connection.as_mut() => {}
                _ = left.recv() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            drop(place);
        });
    }
    drop((listener, router));
    let _ = leave.send(());
    let everybody = u32::try_from(connections).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(STOP_WITHIN, room.acquire_many(everybody)).await;
}

/// A place for one more connection. While there is none, those that are only kept open for later make room.
async fn place(room: &Arc<Semaphore>, leave: &broadcast::Sender<()>) -> Option<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(room).try_acquire_owned() {
        return Some(place);
    }
    let _ = leave.send(());
    Arc::clone(room).acquire_owned().await.ok()
}
