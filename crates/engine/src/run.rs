//! One run: claim, evaluate, diff, record; then deliver what is pending.
//!
//! The as-of is the tick, not the moment the process woke up. A run never hands its diff to a destination: it records
//! that a sync is pending, and delivery asks the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use evaluate::{EvaluateError, Evaluation, Recorded, Snapshot};
use model::{AsOf, AudienceKey, DestinationKey, Fingerprint, Membership, MembershipDiff, Reason, RunId};
use serde::Serialize;
use store::{AudienceRecord, Claimed, RecordedMembership, RunClaim, RunKind, RunRecord, RunSummary, Seen, StoreError};

use crate::delivery::{DeliveryError, DeliveryReport};
use crate::lease::{Lease, LeaseError, LeaseName};
use crate::reasons::{self, Happened};
use crate::{Workspace, cpu, mapping};

/// A run could not be done. Nothing of it was recorded.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Somebody else is at it.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// History is recorded forward only.
    #[error(
        "cannot record a run as of {as_of}: the latest one is as of {latest}, and history is recorded forward; look at the past with `--dry-run`, or record it anew with `backfill --replace`"
    )]
    Backward {
        /// The moment asked about.
        as_of: AsOf,
        /// The latest recorded moment.
        latest: AsOf,
    },
    /// Facts that arrive until then would be missed, and every run before then refused.
    #[error("cannot record a run as of {as_of}: that is in the future; look ahead with `--dry-run`")]
    Future {
        /// The moment asked about.
        as_of: AsOf,
    },
    /// The data could not be read.
    #[error("could not load the data as of {as_of}")]
    Load {
        /// The moment asked about.
        as_of: AsOf,
        /// Why.
        source: StoreError,
    },
    /// The audiences could not be evaluated.
    #[error("could not evaluate the audiences as of {as_of}")]
    Evaluate {
        /// The moment asked about.
        as_of: AsOf,
        /// Why.
        source: EvaluateError,
    },
    /// The outcome could not be recorded.
    #[error("could not record the run as of {as_of}")]
    Record {
        /// The moment asked about.
        as_of: AsOf,
        /// Why.
        source: StoreError,
    },
    /// Delivery could not even begin (a destination's refusal is an outcome, not this).
    #[error("could not deliver what is pending")]
    Deliver(#[from] DeliveryError),
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RunOutcome {
    /// It was done now.
    Done(RunReport),
    /// It had been recorded before: same definitions, same as-of.
    AlreadyDone(RunSummary),
}

/// What a run found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunReport {
    /// Its name; absent for a dry run, which nothing was recorded of.
    pub run_id: Option<RunId>,
    /// The moment asked about.
    pub as_of: AsOf,
    /// The audiences, in order of their keys.
    pub audiences: Vec<AudienceOutcome>,
    /// Rows of the lake that were looked at.
    pub rows: u64,
    /// Values that could not be read as the type a definition compares them with.
    pub mismatches: u64,
}

/// What a run found for one audience.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AudienceOutcome {
    /// Which.
    pub audience: AudienceKey,
    /// How many are in.
    pub members: u64,
    /// How many entered.
    pub entered: u64,
    /// How many exited.
    pub exited: u64,
    /// The same by reason: entered and exited.
    pub reasons: BTreeMap<Reason, (u64, u64)>,
}

impl Workspace {
    /// Runs as of a moment, records it and delivers what is pending.
    ///
    /// # Errors
    /// When another process is writing, or a stage of the run fails. A destination that refuses is an outcome in the
    /// delivery report, not an error.
    pub async fn run(&self, as_of: AsOf, kind: RunKind) -> Result<(RunOutcome, Vec<DeliveryReport>), RunError> {
        let outcome = self.record_one(as_of, kind).await?;
        let delivered = self.deliver_pending().await?;
        Ok((outcome, delivered))
    }

    /// Evaluates as of a moment and records nothing: what a run would find.
    ///
    /// # Errors
    /// When the data cannot be read or evaluated.
    pub async fn dry_run(&self, as_of: AsOf) -> Result<RunReport, RunError> {
        let history = History::load(self, as_of).await?;
        let (record, report) = history.compare(self, RunId(String::new()), as_of).await?;
        drop(record);
        Ok(RunReport { run_id: None, ..report })
    }

    async fn record_one(&self, as_of: AsOf, kind: RunKind) -> Result<RunOutcome, RunError> {
        let lease = Lease::take(LeaseName::Writer, self).await?;
        let outcome = async {
            let mut history = History::load(self, as_of).await?;
            history.tick(self, as_of, kind, Syncs::Request).await
        }
        .await;
        lease.release().await;
        outcome
    }
}

/// Whether a tick asks for its changes to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syncs {
    /// Every destination that is no longer in step gets a pending sync.
    Request,
    /// Recorded only.
    Withhold,
}

/// What the next tick is compared with, carried from tick to tick. Whoever holds one holds the writer's lease.
pub(crate) struct History {
    snapshot: Arc<Snapshot>,
    before: BTreeMap<AudienceKey, RecordedMembership>,
    seen: Option<Seen>,
    merged: Membership,
    merges: u64,
    mappings: BTreeMap<(AudienceKey, DestinationKey), Fingerprint>,
}

impl History {
    pub(crate) async fn load(workspace: &Workspace, as_of: AsOf) -> Result<Self, RunError> {
        Self::read(workspace).await.map_err(|source| RunError::Load { as_of, source })
    }

    async fn read(workspace: &Workspace) -> Result<Self, StoreError> {
        let store = workspace.store.as_ref();
        let snapshot = workspace.snapshot().await?;
        let seen = store.seen().await?;
        let (merges_new, merges) = store.merges_since(seen.as_ref().map_or(0, |seen| seen.merges)).await?;
        let merged = merges_new.iter().map(|merge| snapshot.people.survivor(merge.winner)).collect();
        let mappings =
            store.sync_statuses().await?.into_iter().map(|status| ((status.audience, status.destination), status.mapping)).collect();
        let before = store.memberships().await?;
        Ok(Self { snapshot: Arc::new(snapshot), before, seen, merged, merges, mappings })
    }

    /// One tick: claim, evaluate and compare, record.
    pub(crate) async fn tick(&mut self, workspace: &Workspace, as_of: AsOf, kind: RunKind, syncs: Syncs) -> Result<RunOutcome, RunError> {
        let run_id = match self.claim(workspace, as_of, kind).await? {
            Claimed::Granted(run_id) => run_id,
            Claimed::AlreadyDone(summary) => return Ok(RunOutcome::AlreadyDone(summary)),
        };
        let (mut record, report) = self.compare(workspace, run_id, as_of).await?;
        if syncs == Syncs::Withhold {
            record.syncs.clear();
        }
        workspace.store.record_run(&record).await.map_err(|source| RunError::Record { as_of, source })?;
        self.step(workspace, record, kind);
        tracing::info!(run_id = %report.run_id.as_ref().map_or("", |id| id.0.as_str()), %as_of, audiences = report.audiences.len(), "run recorded");
        Ok(RunOutcome::Done(report))
    }

    async fn claim(&self, workspace: &Workspace, as_of: AsOf, kind: RunKind) -> Result<Claimed, RunError> {
        if as_of.moment() > workspace.clock.now() {
            return Err(RunError::Future { as_of });
        }
        let claim = RunClaim { fingerprint: workspace.catalog.fingerprint.clone(), as_of, kind, started_at: workspace.clock.now() };
        let latest = self.seen.as_ref().map(|seen| seen.run.as_of);
        if let Some(latest) = latest.filter(|latest| *latest > as_of) {
            let store = workspace.store.as_ref();
            let done = store.recorded_run(&claim.fingerprint, as_of).await.map_err(|source| RunError::Load { as_of, source })?;
            return done.map(Claimed::AlreadyDone).ok_or(RunError::Backward { as_of, latest });
        }
        workspace.store.claim_run(&claim).await.map_err(|source| RunError::Record { as_of, source })
    }

    /// Evaluates, and says what changed and why. After a backfill, which sends nothing tick by tick and may have been
    /// interrupted, every destination is asked to be brought in step.
    async fn compare(&self, workspace: &Workspace, run_id: RunId, as_of: AsOf) -> Result<(RunRecord, RunReport), RunError> {
        let (evaluation, touched) = self.evaluate(workspace, as_of).await.map_err(|source| RunError::Evaluate { as_of, source })?;
        let happened = Happened { merged: self.merged.clone(), touched };
        let mut record = RunRecord {
            run_id: run_id.clone(),
            as_of,
            recorded_at: workspace.clock.now(),
            segments_seen: self.snapshot.segments.iter().map(|(id, _)| *id).max(),
            merges_seen: self.merges,
            audiences: Vec::new(),
            syncs: Vec::new(),
        };
        let mut outcomes = Vec::new();
        let unsent = self.seen.as_ref().is_some_and(|seen| seen.run.kind == RunKind::Backfill);
        for (key, members) in evaluation.memberships {
            let audience = &workspace.catalog.audiences[&key];
            let before = self.before.get(&key);
            let change = diff::diff(&self.members_before(&key), &members);
            let edited = before.is_none_or(|before| before.fingerprint != audience.fingerprint);
            let changes = reasons::split(&change, edited, &happened);
            let spoken_of = !happened.merged.is_empty() || !happened.touched.intersection(&members).is_empty();
            for sync in &audience.syncs {
                let pair = (key.clone(), sync.to.clone());
                let same_mapping = self.mappings.get(&pair) == Some(&mapping::fingerprint(&workspace.catalog, audience, sync));
                if unsent || spoken_of || !change.is_empty() || !same_mapping {
                    record.syncs.push(pair);
                }
            }
            outcomes.push(outcome(&key, &members, &change, &changes));
            record.audiences.push(AudienceRecord { audience: key, fingerprint: audience.fingerprint.clone(), members, changes });
        }
        let report =
            RunReport { run_id: Some(run_id), as_of, audiences: outcomes, rows: evaluation.rows, mismatches: evaluation.mismatches };
        Ok((record, report))
    }

    async fn evaluate(&self, workspace: &Workspace, as_of: AsOf) -> Result<(Evaluation, Membership), EvaluateError> {
        let (evaluator, catalog) = (Arc::clone(&workspace.evaluator), Arc::clone(&workspace.catalog));
        let (snapshot, seen) = (Arc::clone(&self.snapshot), self.seen.as_ref().map(|seen| (seen.run.as_of, seen.segments)));
        cpu::run(move || {
            let evaluation = evaluator.evaluate(&catalog, &snapshot, &Recorded::default(), as_of)?;
            let touched = match seen {
                Some((since, segments)) => evaluator.touched(&snapshot, since, segments, as_of)?,
                None => Membership::empty(),
            };
            Ok((evaluation, touched))
        })
        .await
    }

    /// Who was in, with merged profiles counted as the one they turned out to be: nobody enters or exits by a merge alone.
    fn members_before(&self, key: &AudienceKey) -> Membership {
        let Some(before) = self.before.get(key) else { return Membership::empty() };
        before.members.iter().map(|profile| self.snapshot.people.survivor(profile)).collect()
    }

    /// What was recorded is what the next tick is compared with.
    fn step(&mut self, workspace: &Workspace, record: RunRecord, kind: RunKind) {
        let (run_id, as_of) = (record.run_id, record.as_of);
        for audience in record.audiences {
            let recorded =
                RecordedMembership { members: audience.members, as_of, run_id: run_id.clone(), fingerprint: audience.fingerprint };
            self.before.insert(audience.audience, recorded);
        }
        let run = RunSummary {
            run_id,
            as_of,
            kind,
            fingerprint: workspace.catalog.fingerprint.clone(),
            started_at: record.recorded_at,
            recorded_at: record.recorded_at,
        };
        self.seen = Some(Seen { run, segments: record.segments_seen, merges: record.merges_seen });
        self.merged = Membership::empty();
    }

    /// A tick that is not recorded, and that the next one is compared with all the same.
    pub(crate) async fn imagine(&mut self, workspace: &Workspace, as_of: AsOf) -> Result<RunReport, RunError> {
        let (record, report) = self.compare(workspace, RunId(String::new()), as_of).await?;
        self.step(workspace, record, RunKind::Backfill);
        Ok(RunReport { run_id: None, ..report })
    }

    /// Compares the next tick with nothing: everybody in it enters.
    pub(crate) fn forget(&mut self) {
        self.before.clear();
        self.seen = None;
    }

    /// The latest recorded moment.
    pub(crate) fn latest(&self) -> Option<AsOf> {
        self.seen.as_ref().map(|seen| seen.run.as_of)
    }
}

fn outcome(key: &AudienceKey, members: &Membership, change: &MembershipDiff, changes: &[(Reason, MembershipDiff)]) -> AudienceOutcome {
    AudienceOutcome {
        audience: key.clone(),
        members: members.len(),
        entered: change.entered.len(),
        exited: change.exited.len(),
        reasons: changes.iter().map(|(reason, part)| (*reason, (part.entered.len(), part.exited.len()))).collect(),
    }
}
