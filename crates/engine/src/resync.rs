//! Resync and examination: what a person asks of a destination beside the ordinary syncs.
//!
//! A resync doubts what the ledger says is there, so that the next sync sends everybody anew; it sends nothing itself.

use std::sync::Arc;

use deliver::{Context, Sink, Step, Trial};
use model::{AudienceKey, DestinationKey};
use store::StoreError;

use crate::Workspace;
use crate::lease::{Lease, LeaseError, LeaseName};
use crate::ledger::StoreLedger;

/// A resync could not be asked for.
#[derive(Debug, thiserror::Error)]
pub enum ResyncError {
    /// No run was recorded, so nobody knows who should be there.
    #[error("no run has been recorded yet; `muster run` does")]
    NoRun,
    /// Nothing was ever sent.
    #[error("`{0}` was not sent anywhere yet; `muster deliver` sends what is pending")]
    NeverSent(AudienceKey),
    /// It was sent elsewhere.
    #[error("`{audience}` was not sent to `{destination}` yet; `muster deliver` sends what is pending")]
    NotThere {
        /// Which.
        audience: AudienceKey,
        /// Where to.
        destination: DestinationKey,
    },
    /// Somebody delivers at this moment.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The store did not answer.
    #[error("could not note that everybody is to be sent anew")]
    Store(#[from] StoreError),
}

/// A destination could not be examined.
#[derive(Debug, thiserror::Error)]
pub enum ExamineError {
    /// The sink cannot be built; the words say why.
    #[error("{0}")]
    NotConnected(String),
    /// The store did not answer.
    #[error("could not look the workspace up")]
    Store(#[from] StoreError),
}

impl Workspace {
    /// Notes that what is at the destinations of an audience may not be what the ledger says, and asks for a sync of each. Without a
    /// destination: of all it was sent to. Which ones those are is the answer.
    ///
    /// # Errors
    /// When it was never sent there, somebody else delivers, or the store fails.
    pub async fn resync(&self, audience: &AudienceKey, to: Option<&DestinationKey>) -> Result<Vec<DestinationKey>, ResyncError> {
        let lease = Lease::take(LeaseName::Delivery, self).await?;
        let doubted = self.doubt(audience, to).await;
        lease.release().await;
        doubted
    }

    async fn doubt(&self, audience: &AudienceKey, to: Option<&DestinationKey>) -> Result<Vec<DestinationKey>, ResyncError> {
        let seen = self.store.seen().await?.ok_or(ResyncError::NoRun)?;
        let sent = self.store.sent_pairs().await?.into_iter().filter(|(key, _)| key == audience).map(|(_, destination)| destination);
        let asked: Vec<DestinationKey> = sent.filter(|destination| to.is_none_or(|to| to == destination)).collect();
        match (asked.is_empty(), to) {
            (true, None) => return Err(ResyncError::NeverSent(audience.clone())),
            (true, Some(to)) => return Err(ResyncError::NotThere { audience: audience.clone(), destination: to.clone() }),
            (false, _) => {}
        }
        for destination in &asked {
            if let Some(mut remote) = self.store.remote_audience(audience, destination).await? {
                remote.doubt = Some("a resync was asked for".to_owned());
                self.store.save_remote_audience(audience, destination, &remote).await?;
            }
        }
        let pairs: Vec<_> = asked.iter().map(|destination| (audience.clone(), destination.clone())).collect();
        self.store.request_syncs(&seen.run.run_id, &pairs, self.clock.now()).await?;
        Ok(asked)
    }

    /// Walks through all that syncs to a destination need. With a trial, a test row is sent and taken back.
    ///
    /// # Errors
    /// When the destination is not configured so that it could be reached, or the store fails.
    pub async fn examine(&self, destination: &DestinationKey, trial: Option<&Trial>) -> Result<Vec<Step>, ExamineError> {
        let sink: &Arc<dyn Sink> = match self.sinks.get(destination) {
            Some(Ok(sink)) => sink,
            Some(Err(why)) => return Err(ExamineError::NotConnected(why.clone())),
            None => return Err(ExamineError::NotConnected("the destination is not connected".to_owned())),
        };
        let workspace = self.store.workspace_id().await?;
        let ledger = StoreLedger(Arc::clone(&self.store));
        let clock = || self.clock.now();
        let context = Context { ledger: &ledger, destination, workspace: &workspace, clock: &clock };
        Ok(sink.examine(trial, &context).await)
    }
}
