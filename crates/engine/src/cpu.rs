//! The one door between async code and computation.
//!
//! One computation at a time: it uses every core by itself, and a second one beside it would only make both slower.

use tokio::sync::Semaphore;

static DOOR: Semaphore = Semaphore::const_new(1);

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
