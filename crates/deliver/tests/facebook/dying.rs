//! A ledger whose process is killed after a number of steps: what it was asked then never returns.
//!
//! Between two calls to Facebook there is always a step of the ledger, so that every moment between two of them can be met.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use deliver::conformance::MemoryLedger;
use deliver::{Ledger, LedgerError};
use model::{AudienceKey, DestinationKey, LedgerChange, LedgerRow, Moment, ProfileId, RemoteAudience};
use tokio::sync::Notify;

pub(crate) struct DyingLedger<'a> {
    ledger: &'a MemoryLedger,
    steps_left: AtomicU32,
    /// Whether the last step still takes effect.
    last_takes_effect: bool,
    killed: Notify,
}

impl<'a> DyingLedger<'a> {
    pub(crate) fn new(ledger: &'a MemoryLedger, (steps, last_takes_effect): (u32, bool)) -> Self {
        Self { ledger, steps_left: AtomicU32::new(steps), last_takes_effect, killed: Notify::new() }
    }

    /// Returns once the process is dead.
    pub(crate) async fn death(&self) {
        self.killed.notified().await;
    }

    async fn step<T>(&self, step: impl Future<Output = T>) -> T {
        let left = self.steps_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            return step.await;
        }
        if self.last_takes_effect {
            step.await;
        }
        self.killed.notify_one();
        std::future::pending().await
    }
}

#[async_trait]
impl Ledger for DyingLedger<'_> {
    async fn rows(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Vec<LedgerRow>, LedgerError> {
        self.step(self.ledger.rows(audience, destination)).await
    }

    async fn change(&self, audience: &AudienceKey, destination: &DestinationKey, change: &LedgerChange) -> Result<(), LedgerError> {
        self.step(self.ledger.change(audience, destination, change)).await
    }

    async fn remote_audience(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Option<RemoteAudience>, LedgerError> {
        self.step(self.ledger.remote_audience(audience, destination)).await
    }

    async fn save_remote_audience(
        &self,
        audience: &AudienceKey,
        destination: &DestinationKey,
        remote: &RemoteAudience,
    ) -> Result<(), LedgerError> {
        self.step(self.ledger.save_remote_audience(audience, destination, remote)).await
    }

    async fn rows_of(&self, destination: &DestinationKey, profiles: &[ProfileId]) -> Result<Vec<(AudienceKey, LedgerRow)>, LedgerError> {
        self.step(self.ledger.rows_of(destination, profiles)).await
    }

    async fn audiences(&self, destination: &DestinationKey) -> Result<Vec<AudienceKey>, LedgerError> {
        self.step(self.ledger.audiences(destination)).await
    }

    async fn not_before(&self, subject: &str) -> Result<Option<Moment>, LedgerError> {
        self.step(self.ledger.not_before(subject)).await
    }

    async fn set_not_before(&self, subject: &str, until: Option<Moment>) -> Result<(), LedgerError> {
        self.step(self.ledger.set_not_before(subject, until)).await
    }
}
