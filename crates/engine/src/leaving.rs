//! Leaving: people are taken out of every destination, by what was really sent there.
//!
//! Where a destination can be told to forget somebody it is; where people go by an exit, the next sync tells it, and it is
//! asked again whether they are gone. Whoever leaves has to be kept out first, or the sync would bring them back.

use std::collections::BTreeSet;
use std::sync::Arc;

use deliver::Context;
use model::{DestinationKey, ProfileId, SyncState};
use serde::Serialize;

use crate::Workspace;
use crate::delivery::DeliveryError;
use crate::lease::{LeaseError, LeaseName};
use crate::ledger::StoreLedger;
use crate::suppress::SuppressError;

/// What became of somebody at one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasedAt {
    /// Where.
    pub destination: DestinationKey,
    /// `sent` when nothing of the person is there any more.
    pub state: SyncState,
    /// What a person should know, in words; never personal data.
    pub message: Option<String>,
    /// Rows that were there.
    pub rows: u64,
}

impl ErasedAt {
    /// Whether nothing of the person is there any more.
    pub fn is_gone(&self) -> bool {
        self.state == SyncState::Sent
    }
}

impl Workspace {
    /// Takes people, given by all their numbers, out of every destination that was ever sent anything.
    pub(crate) async fn leave_destinations(&self, profiles: &[ProfileId]) -> Result<Vec<ErasedAt>, SuppressError> {
        let (mut left, is_told_by_syncs) = self.leave_once(profiles).await?;
        if !is_told_by_syncs {
            return Ok(left);
        }
        match self.deliver_pending().await {
            // Whoever delivers tells it.
            Ok(_) | Err(DeliveryError::Lease(LeaseError::Taken(_))) => {}
            Err(error) => return Err(error.into()),
        }
        let (again, _) = self.leave_once(profiles).await?;
        for left in &mut left {
            // Where nobody is any more, nothing is left to be asked.
            let now = again.iter().find(|now| now.destination == left.destination);
            (left.state, left.message) = now.map_or((SyncState::Sent, None), |now| (now.state, now.message.clone()));
        }
        Ok(left)
    }

    /// Asks each destination once, and asks for the syncs that follow. Whether some are left to wait for.
    async fn leave_once(&self, profiles: &[ProfileId]) -> Result<(Vec<ErasedAt>, bool), SuppressError> {
        let lease = self.lease_patiently(LeaseName::Delivery).await?;
        let left = self.leave_as_sender(profiles).await;
        lease.release().await;
        left
    }

    async fn leave_as_sender(&self, profiles: &[ProfileId]) -> Result<(Vec<ErasedAt>, bool), SuppressError> {
        let destinations: BTreeSet<DestinationKey> =
            self.store.sent_pairs().await?.into_iter().map(|(_, destination)| destination).collect();
        let (workspace, ledger) = (self.store.workspace_id().await?, StoreLedger(Arc::clone(&self.store)));
        let clock = || self.clock.now();
        let (mut erased, mut pairs) = (Vec::new(), Vec::new());
        for destination in destinations {
            let context = Context { ledger: &ledger, destination: &destination, workspace: &workspace, clock: &clock };
            let done = match self.sinks.get(&destination) {
                Some(Ok(sink)) => sink.erase(profiles, &context).await?,
                // Somebody who was never sent there need not wait for it.
                _ if self.store.ledger_of(&destination, profiles).await?.is_empty() => gone(),
                Some(Err(why)) => unreachable_destination(why),
                None => unreachable_destination("the destination is not defined any more; restore its file"),
            };
            pairs.extend(done.to_sync.iter().map(|audience| (audience.clone(), destination.clone())));
            erased.push(ErasedAt { destination, state: done.state, message: done.message, rows: done.rows });
        }
        if let (Some(seen), false) = (self.store.seen().await?, pairs.is_empty()) {
            self.store.request_syncs(&seen.run.run_id, &pairs, self.clock.now()).await?;
        }
        Ok((erased, !pairs.is_empty()))
    }
}

fn gone() -> deliver::Erasure {
    deliver::Erasure { state: SyncState::Sent, message: None, rows: 0, to_sync: Vec::new() }
}

fn unreachable_destination(why: &str) -> deliver::Erasure {
    deliver::Erasure { state: SyncState::Failed, message: Some(why.to_owned()), rows: 0, to_sync: Vec::new() }
}
