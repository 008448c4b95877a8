//! The ledger that delivery asks for, kept in the store.

use std::sync::Arc;

use async_trait::async_trait;
use deliver::{Ledger, LedgerError};
use model::{AudienceKey, DestinationKey, LedgerChange, LedgerRow, Moment, ProfileId, RemoteAudience};
use store::{Store, StoreError};

pub(crate) struct StoreLedger(pub(crate) Arc<dyn Store>);

fn failed(error: StoreError) -> LedgerError {
    LedgerError(Box::new(error))
}

#[async_trait]
impl Ledger for StoreLedger {
    async fn rows(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Vec<LedgerRow>, LedgerError> {
        self.0.ledger(audience, destination).await.map_err(failed)
    }

    async fn change(&self, audience: &AudienceKey, destination: &DestinationKey, change: &LedgerChange) -> Result<(), LedgerError> {
        self.0.change_ledger(audience, destination, change).await.map_err(failed)
    }

    async fn remote_audience(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Option<RemoteAudience>, LedgerError> {
        self.0.remote_audience(audience, destination).await.map_err(failed)
    }

    async fn save_remote_audience(
        &self,
        audience: &AudienceKey,
        destination: &DestinationKey,
        remote: &RemoteAudience,
    ) -> Result<(), LedgerError> {
        self.0.save_remote_audience(audience, destination, remote).await.map_err(failed)
    }

    async fn rows_of(&self, destination: &DestinationKey, profiles: &[ProfileId]) -> Result<Vec<(AudienceKey, LedgerRow)>, LedgerError> {
        self.0.ledger_of(destination, profiles).await.map_err(failed)
    }

    async fn audiences(&self, destination: &DestinationKey) -> Result<Vec<AudienceKey>, LedgerError> {
        let pairs = self.0.sent_pairs().await.map_err(failed)?;
        Ok(pairs.into_iter().filter(|(_, held)| held == destination).map(|(audience, _)| audience).collect())
    }

    async fn not_before(&self, subject: &str) -> Result<Option<Moment>, LedgerError> {
        self.0.not_before(subject).await.map_err(failed)
    }

    async fn set_not_before(&self, subject: &str, until: Option<Moment>) -> Result<(), LedgerError> {
        self.0.set_not_before(subject, until).await.map_err(failed)
    }
}
