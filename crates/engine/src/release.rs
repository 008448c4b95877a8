//! Releasing: somebody has looked at a change that the guards hold, and lets it through.
//!
//! What is released is the membership recorded now; it becomes what the guards compare with. Nothing is said of who did it.

use model::{AsOf, AudienceKey};
use serde::Serialize;
use store::{Hold, StoreError};

use crate::Workspace;

/// A held change could not be released.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// There is nothing to release.
    #[error("nothing of `{0}` is held by its guards")]
    NotHeld(AudienceKey),
    /// The store did not answer.
    #[error("could not release `{audience}`")]
    Store {
        /// Whose change.
        audience: AudienceKey,
        /// Why.
        source: StoreError,
    },
}

/// What was released.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Released {
    /// Whose change.
    pub audience: AudienceKey,
    /// Why it was held, and since when.
    pub was_held: Hold,
    /// The members who may be sent now.
    pub members: u64,
    /// As of when they were found.
    pub as_of: AsOf,
}

impl Workspace {
    /// Lets the recorded membership of a held audience be sent. Delivering it is another step.
    ///
    /// # Errors
    /// When nothing of the audience is held, or the store fails.
    pub async fn release(&self, audience: &AudienceKey) -> Result<Released, ReleaseError> {
        let failed = |source| ReleaseError::Store { audience: audience.clone(), source };
        let held = self.store.guards().await.map_err(failed)?.remove(audience).and_then(|guarded| guarded.held);
        let recorded = self.store.memberships().await.map_err(failed)?.remove(audience);
        let (Some(was_held), Some(recorded)) = (held, recorded) else { return Err(ReleaseError::NotHeld(audience.clone())) };
        self.store.allow_membership(audience, &recorded.members, self.clock.now()).await.map_err(failed)?;
        tracing::info!(%audience, members = recorded.members.len(), as_of = %recorded.as_of, "a held change was released");
        Ok(Released { audience: audience.clone(), was_held, members: recorded.members.len(), as_of: recorded.as_of })
    }
}
