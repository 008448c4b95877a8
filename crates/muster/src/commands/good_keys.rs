//! The good keys of one purpose, kept current while a process serves: they are made and revoked by other processes.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use collect::{KeyHash, WriteKeys};
use store::{KeyPurpose, Store, StoreError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How soon a key that was made or revoked elsewhere is known here.
const KEYS_EVERY: Duration = Duration::from_secs(2);

/// Keys that change while they are used.
pub(crate) struct GoodKeys {
    /// Those that are good now.
    pub(crate) now: watch::Receiver<Arc<WriteKeys>>,
    renewal: JoinHandle<()>,
}

impl GoodKeys {
    /// Loads them, and again and again from then on.
    pub(crate) async fn load(store: Arc<dyn Store>, purpose: KeyPurpose, per_second: NonZeroU32) -> Result<Self, StoreError> {
        let good = good(store.as_ref(), purpose).await?;
        let (sender, now) = watch::channel(Arc::new(WriteKeys::default().renewed(good, per_second)));
        let renewal = tokio::spawn(renew(store, purpose, sender, per_second));
        Ok(Self { now, renewal })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.now.borrow().len()
    }

    /// They stay as they are.
    pub(crate) fn stop(&self) {
        self.renewal.abort();
    }
}

async fn good(store: &dyn Store, purpose: KeyPurpose) -> Result<Vec<(KeyHash, String)>, StoreError> {
    let keys = store.write_keys(purpose).await?.into_iter().filter(|key| key.revoked_at.is_none());
    Ok(keys.map(|key| (KeyHash::kept(key.key_hash), key.source)).collect())
}

/// While the store does not answer, the keys that were good stay good.
async fn renew(store: Arc<dyn Store>, purpose: KeyPurpose, keys: watch::Sender<Arc<WriteKeys>>, per_second: NonZeroU32) {
    loop {
        tokio::time::sleep(KEYS_EVERY).await;
        match good(store.as_ref(), purpose).await {
            Ok(good) => {
                let renewed = keys.borrow().renewed(good, per_second);
                keys.send_replace(Arc::new(renewed));
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "keys could not be loaded anew; the last ones count");
            }
        }
    }
}
