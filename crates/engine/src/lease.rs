//! One writer at a time: a lease in the store, renewed while it is held, given back at the end.
//!
//! A process that dies leaves its lease behind; it expires, and the next one takes over.

use std::sync::Arc;
use std::time::Duration;

use store::{Store, StoreError};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::Clock;

/// How long a lease lives without being renewed.
const LEASE_LIFE: Duration = Duration::from_secs(60);
const RENEW_EVERY: Duration = Duration::from_secs(15);

/// What a lease protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseName {
    /// Writing facts, identities and runs.
    Writer,
    /// Speaking to destinations.
    Delivery,
}

impl LeaseName {
    fn as_str(self) -> &'static str {
        match self {
            Self::Writer => "writer",
            Self::Delivery => "delivery",
        }
    }
}

/// A lease could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else holds it.
    #[error("could not start: another muster process is {} (if it died, its lease expires within a minute)", match .0 { LeaseName::Writer => "writing to this store", LeaseName::Delivery => "delivering" })]
    Taken(LeaseName),
    /// The store did not answer.
    #[error("could not take a lease")]
    Store(#[from] StoreError),
}

/// A held lease. Give it back with [`Lease::release`]; a dropped one stops being renewed and expires.
#[derive(Debug)]
pub struct Lease {
    name: LeaseName,
    holder: String,
    renewal: JoinHandle<()>,
}

impl Lease {
    /// Takes the lease, or says who is in the way.
    ///
    /// Leases live by the machine's clock, also where runs live by another: they are about processes, not about data.
    ///
    /// # Errors
    /// When another process holds it, or the store does not answer.
    pub async fn take(name: LeaseName, store: &Arc<dyn Store>) -> Result<Self, LeaseError> {
        let holder = Uuid::new_v4().simple().to_string();
        if !extend(name, store.as_ref(), &holder).await? {
            return Err(LeaseError::Taken(name));
        }
        let renewal = tokio::spawn(renew(name, Arc::clone(store), holder.clone()));
        Ok(Self { name, holder, renewal })
    }

    /// Gives the lease back.
    pub async fn release(self, store: &dyn Store) {
        self.renewal.abort();
        if let Err(error) = store.release(self.name.as_str(), &self.holder).await {
            tracing::warn!(%error, lease = self.name.as_str(), "lease not given back; it will expire");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

async fn extend(name: LeaseName, store: &dyn Store, holder: &str) -> Result<bool, StoreError> {
    let now = crate::SystemClock.now();
    let life = i64::try_from(LEASE_LIFE.as_micros()).expect("a minute fits");
    store.lease(name.as_str(), holder, now, now.plus_micros(life)).await
}

async fn renew(name: LeaseName, store: Arc<dyn Store>, holder: String) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        match extend(name, store.as_ref(), &holder).await {
            Ok(true) => {}
            Ok(false) => tracing::error!(lease = name.as_str(), "lease lost to another process"),
            Err(error) => tracing::warn!(%error, lease = name.as_str(), "lease not renewed; trying again"),
        }
    }
}
