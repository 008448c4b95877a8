//! Delivery: asks the store what is pending, oldest first, and brings each destination in step.
//!
//! It never receives a diff by hand. After a crash, on the next tick and from the command line it is the same code.

use std::collections::BTreeMap;
use std::sync::Arc;

use deliver::{Context, LedgerError, SyncJob, SyncOutcome};
use evaluate::{EvaluateError, Snapshot};
use model::{AudienceKey, Fingerprint, Membership, Person, SyncState, SyncStatus};
use serde::Serialize;
use store::{PendingSync, RecordedMembership, StoreError};

use crate::lease::{Lease, LeaseError, LeaseName};
use crate::ledger::StoreLedger;
use crate::{Workspace, cpu, mapping};

/// Delivery could not begin or go on; what was pending stays pending.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Somebody else is at it.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The store did not answer.
    #[error("could not read or note what is pending")]
    Store(#[from] StoreError),
    /// The ledger did not answer.
    #[error("could not keep the ledger")]
    Ledger(#[from] LedgerError),
    /// The members' traits could not be read.
    #[error("could not read the members' traits")]
    Traits(#[from] EvaluateError),
}

/// How one sync went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeliveryReport {
    /// The audience, the destination, the state and what a person should know.
    #[serde(flatten)]
    pub status: SyncStatus,
    /// Members that have no row, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Requests made.
    pub calls: u64,
}

/// What all syncs of one delivery share.
struct Known {
    memberships: BTreeMap<AudienceKey, RecordedMembership>,
    snapshot: Arc<Snapshot>,
}

impl Workspace {
    /// Settles every pending sync, oldest first. Nothing pending: nothing happens.
    ///
    /// # Errors
    /// When another process delivers, or the store fails. A destination that refuses is in the report.
    pub async fn deliver_pending(&self) -> Result<Vec<DeliveryReport>, DeliveryError> {
        if self.store.pending_syncs().await?.is_empty() {
            return Ok(Vec::new());
        }
        let lease = Lease::take(LeaseName::Delivery, self).await?;
        let delivered = self.settle_all().await;
        lease.release().await;
        delivered
    }

    /// Asks for every audience of every destination to be brought in step, changed or not.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn request_all_syncs(&self) -> Result<(), DeliveryError> {
        let Some(seen) = self.store.seen().await? else { return Ok(()) };
        let audiences = self.catalog.audiences.values();
        let pairs: Vec<_> =
            audiences.flat_map(|audience| audience.syncs.iter().map(|sync| (audience.key.clone(), sync.to.clone()))).collect();
        Ok(self.store.request_syncs(&seen.run.run_id, &pairs, self.clock.now()).await?)
    }

    async fn settle_all(&self) -> Result<Vec<DeliveryReport>, DeliveryError> {
        // What is pending is read first: a run recorded after that asks again, and settling this one leaves its request.
        let waiting = self.store.pending_syncs().await?;
        let known = Known { memberships: self.store.memberships().await?, snapshot: Arc::new(self.snapshot().await?) };
        let mut reports = Vec::new();
        for pending in waiting {
            let outcome = self.settle(&pending, &known).await?;
            let report = self.report(&pending, outcome);
            self.store.settle_sync(&pending, &report.status).await?;
            tracing::info!(audience = %pending.audience, destination = %pending.destination, state = ?report.status.state, added = report.status.rows_added, removed = report.status.rows_removed, "sync settled");
            reports.push(report);
        }
        Ok(reports)
    }

    async fn settle(&self, pending: &PendingSync, known: &Known) -> Result<SyncOutcome, DeliveryError> {
        let audience = self.catalog.audiences.get(&pending.audience);
        let Some((audience, sync)) =
            audience.and_then(|audience| Some((audience, audience.syncs.iter().find(|sync| sync.to == pending.destination)?)))
        else {
            return Ok(SyncOutcome::failed("the definitions no longer send this audience here; what was sent stays as it is"));
        };
        let sink = match self.sinks.get(&pending.destination) {
            Some(Ok(sink)) => sink,
            Some(Err(why)) => return Ok(SyncOutcome::failed(why)),
            None => return Ok(SyncOutcome::failed("the destination is not connected")),
        };
        // No answer is not the answer "nobody": an audience that was never evaluated must not empty its destination.
        let Some(recorded) = known.memberships.get(&pending.audience) else {
            return Ok(SyncOutcome::failed("no run has evaluated this audience yet; `muster run` does"));
        };
        if recorded.fingerprint != audience.fingerprint {
            return Ok(SyncOutcome::failed("the definition was edited since the last run; `muster run` evaluates it"));
        }
        let job = SyncJob {
            audience: audience.key.clone(),
            title: sync.title.as_ref().or(audience.title.as_ref()).map_or_else(|| audience.key.to_string(), String::clone),
            description: audience.description.clone(),
            match_on: sync.match_on.iter().map(|word| word.text.clone()).collect(),
            value: sync.value.as_ref().map(|(name, _)| name.clone()),
            on_exit: sync.on_exit,
            people: self.people(&recorded.members, Arc::clone(&known.snapshot)).await?,
        };
        let ledger = StoreLedger(Arc::clone(&self.store));
        let clock = || self.clock.now();
        let context = Context { ledger: &ledger, destination: &pending.destination, clock: &clock };
        Ok(sink.settle(&job, &context).await?)
    }

    /// The members with all that a destination may match on, as known now.
    async fn people(&self, members: &Membership, snapshot: Arc<Snapshot>) -> Result<Vec<Person>, DeliveryError> {
        // Members merged since the run are one person, sent once.
        let members: Membership = members.iter().map(|profile| snapshot.people.survivor(profile)).collect();
        let profiles: Vec<_> = members.iter().collect();
        let identities = self.store.identities(&profiles).await?;
        let (evaluator, now) = (Arc::clone(&self.evaluator), model::AsOf(self.clock.now()));
        let mut traits = cpu::run(move || evaluator.traits(&snapshot, &members, now)).await?;
        let person = |identity: store::ProfileIdentity| Person {
            traits: traits.remove(&identity.profile).unwrap_or_default(),
            profile: identity.profile,
            public_id: identity.public_id,
            identifiers: identity.identifiers,
        };
        Ok(identities.into_iter().map(person).collect())
    }

    /// How the sync is configured now; blank when the definitions no longer know it.
    fn mapping(&self, pending: &PendingSync) -> Fingerprint {
        let audience = self.catalog.audiences.get(&pending.audience);
        let sync = audience.and_then(|audience| Some((audience, audience.syncs.iter().find(|sync| sync.to == pending.destination)?)));
        sync.map_or(Fingerprint(String::new()), |(audience, sync)| mapping::fingerprint(&self.catalog, audience, sync))
    }

    fn report(&self, pending: &PendingSync, outcome: SyncOutcome) -> DeliveryReport {
        let level_headed = matches!(outcome.state, SyncState::Sent | SyncState::SentBelowMinimum | SyncState::BelowMinimum);
        if !level_headed {
            tracing::warn!(audience = %pending.audience, destination = %pending.destination, state = ?outcome.state, message = outcome.message.as_deref(), "sync not settled; it stays pending");
        }
        let status = SyncStatus {
            audience: pending.audience.clone(),
            destination: pending.destination.clone(),
            state: outcome.state,
            message: outcome.message,
            sendable: Some(outcome.sendable),
            rows_added: outcome.rows_added,
            rows_removed: outcome.rows_removed,
            mapping: self.mapping(pending),
            updated_at: self.clock.now(),
        };
        DeliveryReport { status, rejected: outcome.rejected, calls: outcome.calls }
    }
}
