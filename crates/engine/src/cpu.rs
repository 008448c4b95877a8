//! The one door between async code and computation.
//!
//! One computation at a time: it uses every core by itself, and a second one beside it would only make both slower.

use std::future::Future;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

static DOOR: Semaphore = Semaphore::const_new(1);
/// Two look something up at a time, whoever computes.
static SIDE_DOOR: Semaphore = Semaphore::const_new(2);

/// Runs a computation on a blocking thread, when its turn comes.
///
/// # Panics
/// Panics where the computation panicked.
pub async fn run<T, F>(computation: F) -> T
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let _turn = DOOR.acquire().await.expect("the door is never closed");
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    match tokio::task::spawn_blocking(computation).await {
        Ok(value) => value,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

/// Looks something up on a blocking thread: for what takes milliseconds and must not wait until everybody is evaluated.
///
/// # Panics
/// Panics where it panicked.
pub async fn look<T, F>(up: F) -> T
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let _turn = SIDE_DOOR.acquire().await.expect("the door is never closed");
    #[expect(clippy::disallowed_methods, reason = "this is the side door")]
    match tokio::task::spawn_blocking(up).await {
        Ok(value) => value,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

/// Drives a future that computes between its awaits, on a thread of its own and when its turn comes: whoever else lives on
/// the runtime, such as connections, is not kept waiting.
///
/// # Panics
/// Panics where the future panicked, or when the system has no thread left.
pub(crate) async fn drive<T, F>(future: F) -> T
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let _turn = DOOR.acquire().await.expect("the door is never closed");
    let (done, outcome) = oneshot::channel();
    let runtime = Handle::current();
    let drive = move || {
        // Nobody to hand it to: whoever asked was dropped.
        let _ = done.send(runtime.block_on(future));
    };
    let thread = std::thread::Builder::new().name("driver".to_owned()).spawn(drive).expect("a thread");
    match outcome.await {
        Ok(value) => value,
        Err(_) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!("it sends before it ends"),
        },
    }
}
