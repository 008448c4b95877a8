//! The ledger's contract: what delivery must remember between two calls, and before each of them.
//!
//! Record, then act: a row is written as pending before the request that carries it, and settled after its answer, so
//! that a crash or a lost answer at any point is healed by doing the same thing again.

use async_trait::async_trait;
use model::{AudienceKey, DestinationKey, LedgerChange, LedgerRow, Moment, ProfileId, RemoteAudience};

/// The memory behind the ledger did not work.
#[derive(Debug, thiserror::Error)]
#[error("could not read or write the ledger")]
pub struct LedgerError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What deliver needs remembered; the engine implements it over the store.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Every row of an audience at a destination.
    async fn rows(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Vec<LedgerRow>, LedgerError>;
    /// Changes rows, all of them or none. Rows are known by profile, schema and cells.
    async fn change(&self, audience: &AudienceKey, destination: &DestinationKey, change: &LedgerChange) -> Result<(), LedgerError>;
    /// The audience's counterpart at the destination, once there is one.
    async fn remote_audience(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Option<RemoteAudience>, LedgerError>;
    /// Remembers it.
    async fn save_remote_audience(
        &self,
        audience: &AudienceKey,
        destination: &DestinationKey,
        remote: &RemoteAudience,
    ) -> Result<(), LedgerError>;
    /// The rows of these profiles at a destination, whatever the audience.
    async fn rows_of(&self, destination: &DestinationKey, profiles: &[ProfileId]) -> Result<Vec<(AudienceKey, LedgerRow)>, LedgerError>;
    /// The audiences that were sent to a destination, or may have been.
    async fn audiences(&self, destination: &DestinationKey) -> Result<Vec<AudienceKey>, LedgerError>;
    /// Until when a subject of limits, such as an ad account, must be left in peace, if it asked for that.
    async fn not_before(&self, subject: &str) -> Result<Option<Moment>, LedgerError>;
    /// Sets or clears it.
    async fn set_not_before(&self, subject: &str, until: Option<Moment>) -> Result<(), LedgerError>;
}
