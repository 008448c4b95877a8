//! One writer at a time: a lock on a file in the data folder, and a lease in the store.
//!
//! The lock keeps processes on this machine apart and goes with the process that held it, however it ended. The lease
//! keeps machines apart: it belongs to the data folder, is renewed while it is held, and expires when a machine is gone. So
//! a killed process is followed at once by the next one here, and within a minute elsewhere.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use store::{Store, StoreError};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::{Clock as _, SystemClock, Workspace};

/// How long a lease lives without being renewed.
const LEASE_LIFE: Duration = Duration::from_mins(1);
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
    #[error("could not start: another muster process is {} (if its machine died, its lease expires within a minute)", match .0 { LeaseName::Writer => "writing to this store", LeaseName::Delivery => "delivering" })]
    Taken(LeaseName),
    /// The lock file does not work.
    #[error("could not lock `{}`", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store did not answer.
    #[error("could not take a lease")]
    Store(#[from] StoreError),
}

/// A held lease. Give it back with [`Lease::release`]; a dropped one stops being renewed and expires.
pub struct Lease {
    name: LeaseName,
    holder: String,
    renewal: JoinHandle<()>,
    store: Arc<dyn Store>,
    _locked: File,
}

impl Lease {
    /// Takes the lease, or says who is in the way.
    ///
    /// Leases live by the machine's clock, also where runs live by another: they are about processes, not about data.
    ///
    /// # Errors
    /// When another process holds it, or the data folder or the store does not answer.
    pub async fn take(name: LeaseName, workspace: &Workspace) -> Result<Self, LeaseError> {
        let (locked, holder) = lock(name, &workspace.data)?;
        let store = Arc::clone(&workspace.store);
        if !extend(name, store.as_ref(), &holder).await? {
            return Err(LeaseError::Taken(name));
        }
        let renewal = tokio::spawn(renew(name, Arc::clone(&store), holder.clone()));
        Ok(Self { name, holder, renewal, store, _locked: locked })
    }

    /// Gives the lease back.
    pub async fn release(self) {
        self.renewal.abort();
        if let Err(error) = self.store.release(self.name.as_str(), &self.holder).await {
            tracing::warn!(%error, lease = self.name.as_str(), "lease not given back; it will expire");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Locks the lease's file; inside stands the name under which this folder holds leases, made the first time.
fn lock(name: LeaseName, data: &Path) -> Result<(File, String), LeaseError> {
    let path = data.join(format!("{}.lock", name.as_str()));
    let failed = |source| LeaseError::Lock { path: path.clone(), source };
    let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(LeaseError::Taken(name)),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let mut holder = String::new();
    file.read_to_string(&mut holder).map_err(failed)?;
    if holder.is_empty() {
        holder = Uuid::new_v4().simple().to_string();
        file.write_all(holder.as_bytes()).map_err(failed)?;
    }
    Ok((file, holder))
}

async fn extend(name: LeaseName, store: &dyn Store, holder: &str) -> Result<bool, StoreError> {
    let now = SystemClock.now();
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
