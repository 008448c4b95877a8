//! Delivery: asks the store what is pending, oldest first, and brings each destination in step.
//!
//! It never receives a diff by hand. After a crash, on the next tick and from the command line it is the same code. Guards are
//! asked here and nowhere else, so that whatever way a membership was recorded, it passes them before it is sent. A
//! paused audience waits; everybody of a retired one, or of one that is not sent somewhere any more, is removed there,
//! guards and `on_exit` notwithstanding. What a backfill recorded on its way is no state to send: after an interrupted one,
//! syncs wait until it comes to its end or a run records what is so now.

mod job;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use definitions::{Audience, AudienceState, AudienceSync, StartWith};
use deliver::{LedgerError, Sink, SyncOutcome};
use evaluate::EvaluateError;
use model::{AudienceKey, DestinationKey, Fingerprint, Membership, RunId, SyncState, SyncStatus};
use serde::Serialize;
use store::{Guarded, Hold, PendingSync, RecordedMembership, RunKind, StoreError};

use crate::lease::{Lease, LeaseError, LeaseName};
use crate::life::LifeProblems;
use crate::readers::Reading;
use crate::suppress::Suppressions;
use crate::today::Today;
use crate::{Workspace, guard, mapping, start};
use job::Wanted;

/// Delivery could not begin or go on; what was pending stays pending.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Somebody else is at it.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// Keys used again, files deleted too early.
    #[error(transparent)]
    Life(#[from] LifeProblems),
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
    /// Values that were there and could not be used, by key of the destination and reason.
    pub emptied: Vec<Emptied>,
    /// Requests made.
    pub calls: u64,
}

/// Values of one key that could not be used for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Emptied {
    /// The key of the destination.
    pub key: String,
    /// Why.
    pub reason: String,
    /// How many.
    pub values: u64,
}

/// What all syncs of one delivery share.
struct Known {
    memberships: BTreeMap<AudienceKey, RecordedMembership>,
    today: Today,
    guards: BTreeMap<AudienceKey, Guarded>,
    /// Where people are, or may be.
    sent: BTreeSet<(AudienceKey, DestinationKey)>,
    starts: BTreeMap<(AudienceKey, DestinationKey), Membership>,
    retired: BTreeSet<AudienceKey>,
    /// The latest run, when it is a tick of a backfill.
    backfilled: Option<RunId>,
    workspace: String,
    suppressions: Suppressions,
}

impl Workspace {
    /// Settles every pending sync, oldest first. Nothing pending: nothing happens.
    ///
    /// # Errors
    /// When another process delivers, the definitions do not fit what is recorded, or the store fails. A destination that
    /// refuses is in the report.
    pub async fn deliver_pending(&self) -> Result<Vec<DeliveryReport>, DeliveryError> {
        if self.store.pending_syncs().await?.is_empty() {
            return Ok(Vec::new());
        }
        self.check_lives().await??;
        let _reading = Reading::begin(self).await?;
        let lease = Lease::take(LeaseName::Delivery, self).await?;
        let delivered = self.settle_all().await;
        lease.release().await;
        delivered
    }

    /// Asks for every audience of every destination to be brought in step, changed or not. Paused ones are not asked for.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn request_all_syncs(&self) -> Result<(), DeliveryError> {
        let Some(seen) = self.store.seen().await? else { return Ok(()) };
        let state = |key: &AudienceKey| self.catalog.audiences.get(key).map(|audience| audience.state);
        let live = self.catalog.audiences.values().filter(|audience| audience.state == AudienceState::Live);
        let configured = live.flat_map(|audience| audience.syncs.iter().map(|sync| (audience.key.clone(), sync.to.clone())));
        let sent = self.store.sent_pairs().await?.into_iter().filter(|(key, _)| state(key) != Some(AudienceState::Paused));
        let pairs: Vec<_> = configured.chain(sent).collect();
        Ok(self.store.request_syncs(&seen.run.run_id, &pairs, self.clock.now()).await?)
    }

    async fn settle_all(&self) -> Result<Vec<DeliveryReport>, DeliveryError> {
        // What is pending is read first: a run recorded after that asks again, and settling this one leaves its request.
        let waiting = self.store.pending_syncs().await?;
        let store = self.store.as_ref();
        let starts = store.sync_starts().await?.into_iter().map(|start| ((start.audience, start.destination), start.held_back));
        let mut known = Known {
            memberships: store.memberships().await?,
            today: Today::new(self.snapshot().await?),
            guards: store.guards().await?,
            sent: store.sent_pairs().await?,
            starts: starts.collect(),
            retired: store.retired_audiences().await?.into_keys().collect(),
            workspace: store.workspace_id().await?,
            suppressions: Suppressions::load(store).await?,
            backfilled: store.seen().await?.map(|seen| seen.run).filter(|run| run.kind == RunKind::Backfill).map(|run| run.run_id),
        };
        let mut reports = Vec::new();
        for pending in waiting {
            let outcome = self.settle(&pending, &mut known).await?;
            let report = self.report(&pending, outcome);
            self.store.settle_sync(&pending, &report.status).await?;
            tracing::info!(audience = %pending.audience, destination = %pending.destination, state = ?report.status.state, added = report.status.rows_added, removed = report.status.rows_removed, "sync settled");
            reports.push(report);
        }
        Ok(reports)
    }

    async fn settle(&self, pending: &PendingSync, known: &mut Known) -> Result<SyncOutcome, DeliveryError> {
        let Some(audience) = self.catalog.audiences.get(&pending.audience) else {
            return Ok(SyncOutcome::failed("the definitions do not know this audience; restore its file with `state: retired`"));
        };
        let sync = start::sync_to(audience, &pending.destination);
        match (audience.state, sync) {
            (AudienceState::Paused, _) => Ok(ended(SyncState::Paused, "the audience is paused")),
            (AudienceState::Retired, _) if !known.retired.contains(&audience.key) => {
                Ok(SyncOutcome::failed("the audience was retired since the last run; `muster run` says who has to go"))
            }
            (AudienceState::Retired, _) | (AudienceState::Live, None) => self.remove_everybody(audience, pending, known).await,
            (AudienceState::Live, Some(sync)) => self.keep_in_step(audience, sync, pending, known).await,
        }
    }

    /// Everybody goes, whatever became of them: what was sent is in the ledger.
    async fn remove_everybody(&self, audience: &Audience, pending: &PendingSync, known: &Known) -> Result<SyncOutcome, DeliveryError> {
        if !known.sent.contains(&(audience.key.clone(), pending.destination.clone())) {
            return Ok(ended(SyncState::Sent, "nobody is there"));
        }
        let sink = match self.sink(&pending.destination) {
            Ok(sink) => sink,
            Err(why) => return Ok(SyncOutcome::failed(why)),
        };
        let sync = AudienceSync {
            title: start::sync_to(audience, &pending.destination).and_then(|sync| sync.title.clone()),
            ..AudienceSync::to(pending.destination.clone())
        };
        let nobody = Wanted { audience, sync, recorded: None, members: Membership::empty() };
        let outcome = self.send(sink, nobody, known).await?;
        Ok(match outcome.state {
            // Too few for ads is what was asked for.
            SyncState::Sent | SyncState::SentBelowMinimum => {
                SyncOutcome { state: SyncState::Sent, message: Some("everybody was removed".to_owned()), ..outcome }
            }
            SyncState::Pending | SyncState::BelowMinimum | SyncState::Held | SyncState::Paused | SyncState::Failed => outcome,
        })
    }

    async fn keep_in_step(
        &self,
        audience: &Audience,
        sync: &AudienceSync,
        pending: &PendingSync,
        known: &mut Known,
    ) -> Result<SyncOutcome, DeliveryError> {
        // No answer is not the answer "nobody": an audience that was never evaluated must not empty its destination.
        let Some(recorded) = known.memberships.get(&pending.audience).cloned() else {
            return Ok(SyncOutcome::failed("no run has evaluated this audience yet; `muster run` does"));
        };
        if recorded.fingerprint != audience.fingerprint {
            return Ok(SyncOutcome::failed("the definition was edited since the last run; `muster run` evaluates it"));
        }
        if self.is_half_recorded(pending, known).await? {
            return Ok(SyncOutcome::failed("a backfill was interrupted; run it again to its end, or `muster run`"));
        }
        if let Some(objection) = self.ask_guards(audience, &recorded.members, known).await? {
            return Ok(ended(SyncState::Held, &objection));
        }
        let sink = match self.sink(&pending.destination) {
            Ok(sink) => sink,
            Err(why) => return Ok(SyncOutcome::failed(why)),
        };
        let held_back = known.starts.get(&(audience.key.clone(), sync.to.clone()));
        let members = match (sync.start_with, held_back) {
            (StartWith::Everyone, _) => recorded.members.clone(),
            (StartWith::NewOnly, Some(held_back)) => recorded.members.minus(held_back),
            (StartWith::NewOnly, None) => {
                return Ok(SyncOutcome::failed("no run knows yet that only new members are sent; `muster run` notes who is there now"));
            }
        };
        // Members merged since the run are one person, sent once.
        let members = known.today.of(&members).into_owned();
        self.send(sink, Wanted { audience, sync: sync.clone(), recorded: Some(&recorded), members }, known).await
    }

    /// Whether a backfill was interrupted on its way. One that came to its end asked anew for every sync under its last run; one
    /// that forgot runs and recorded none yet leaves what they asked for.
    async fn is_half_recorded(&self, pending: &PendingSync, known: &Known) -> Result<bool, StoreError> {
        let by_another = known.backfilled.as_ref().is_some_and(|latest| *latest != pending.run_id);
        Ok(by_another || self.store.seen_by(&pending.run_id).await?.is_none())
    }

    /// Whether this membership may be sent, and if not, why. What they say is remembered either way.
    async fn ask_guards(&self, audience: &Audience, members: &Membership, known: &mut Known) -> Result<Option<String>, StoreError> {
        let members = known.today.of(members).into_owned();
        let guarded = known.guards.get(&audience.key).cloned().unwrap_or_default();
        let allowed = guarded.allowed.as_ref().map(|allowed| known.today.of(allowed).into_owned());
        let (key, now) = (&audience.key, self.clock.now());
        let objection = guard::objection(key, &audience.guards, allowed.as_ref(), &members);
        match &objection {
            Some(reason) => self.store.hold_membership(key, &Hold { reason: reason.clone(), since: now }).await?,
            None if guarded.held.is_none() && guarded.allowed.as_ref() == Some(&members) => {}
            None => {
                self.store.allow_membership(key, &members, now).await?;
                known.guards.insert(key.clone(), Guarded { allowed: Some(members), held: None });
            }
        }
        Ok(objection)
    }

    fn sink(&self, destination: &DestinationKey) -> Result<&Arc<dyn Sink>, &str> {
        match self.sinks.get(destination) {
            Some(Ok(sink)) => Ok(sink),
            Some(Err(why)) => Err(why),
            None => Err("the destination is not connected"),
        }
    }

    /// How the sync is configured now; blank when the definitions no longer know it.
    fn mapping(&self, pending: &PendingSync) -> Fingerprint {
        let audience = self.catalog.audiences.get(&pending.audience);
        let sync = audience.and_then(|audience| Some((audience, start::sync_to(audience, &pending.destination)?)));
        sync.map_or(Fingerprint(String::new()), |(audience, sync)| mapping::fingerprint(&self.catalog, audience, sync))
    }

    fn report(&self, pending: &PendingSync, outcome: SyncOutcome) -> DeliveryReport {
        // A mapping is noted when the destination is in step by it: a sync that never came so far has not begun.
        let (mapping, level_headed) = match outcome.state {
            SyncState::Sent | SyncState::SentBelowMinimum | SyncState::BelowMinimum => (self.mapping(pending), true),
            SyncState::Paused | SyncState::Pending => (Fingerprint(String::new()), true),
            SyncState::Held | SyncState::Failed => (Fingerprint(String::new()), false),
        };
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
            remote: outcome.remote,
            mapping,
            updated_at: self.clock.now(),
        };
        let emptied = outcome.emptied.into_iter().map(|((key, reason), values)| Emptied { key, reason, values }).collect();
        DeliveryReport { status, rejected: outcome.rejected, emptied, calls: outcome.calls }
    }
}

/// A sync that ends without a call.
fn ended(state: SyncState, message: &str) -> SyncOutcome {
    SyncOutcome { state, ..SyncOutcome::failed(message) }
}
