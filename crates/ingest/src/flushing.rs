//! Flushing: one batch becomes true while the next is made ready, for the store's work and ours are on different cores.
//!
//! **Invariant:** batches become true one after the other, in the order in which they were handed over.

use std::sync::Arc;

use store::{Flush, Store};
use tokio::task::JoinSet;

use crate::IngestError;

/// The flush under way, if there is one. Whoever drops it takes that back, if it is not true yet.
pub(crate) struct Flushing {
    store: Arc<dyn Store>,
    under_way: JoinSet<Result<(), store::StoreError>>,
}

impl Flushing {
    pub(crate) fn to(store: &Arc<dyn Store>) -> Self {
        Self { store: Arc::clone(store), under_way: JoinSet::new() }
    }

    /// Begins to make a batch true, once the one before is.
    ///
    /// # Errors
    /// When the one before could not be made true.
    pub(crate) async fn begin(&mut self, flush: Flush) -> Result<(), IngestError> {
        self.finish().await?;
        let store = Arc::clone(&self.store);
        self.under_way.spawn(async move { store.flush(&flush).await });
        Ok(())
    }

    /// Waits until everything handed over is true.
    ///
    /// # Errors
    /// When it could not be made true.
    ///
    /// # Panics
    /// Where the store panicked.
    pub(crate) async fn finish(&mut self) -> Result<(), IngestError> {
        while let Some(flushed) = self.under_way.join_next().await {
            match flushed {
                Ok(flushed) => flushed.map_err(IngestError::Store)?,
                Err(failed) => std::panic::resume_unwind(failed.into_panic()),
            }
        }
        Ok(())
    }
}
