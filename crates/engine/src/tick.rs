//! One tick: what is known before it, what it finds, what is recorded of it.
//!
//! A paused audience is left out: nothing is recorded for it, and its membership stays as it was recorded last, merged
//! profiles mapped in memory only. When it is live again, what happened counts from the run that recorded it, and its
//! destinations are asked to be brought in step, whoever moved. A retired audience becomes empty by reason of its definition.

mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use definitions::{Audience, AudienceState};
use evaluate::{EvaluateError, Evaluation, Snapshot};
use model::{AsOf, AudienceKey, DestinationKey, Fingerprint, Membership, MembershipDiff, ProfileId, Reason, RunId, SyncState};
use store::{AudienceRecord, Claimed, RecordedMembership, RunClaim, RunKind, RunRecord, RunSummary, Seen, StoreError};

use crate::past::{self, Past};
use crate::reasons::{self, Happened};
use crate::run::{AudienceOutcome, RunError, RunOutcome, RunReport};
use crate::{Workspace, cpu};

type Pair = (AudienceKey, DestinationKey);

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
    past: Past,
    seen: Option<Seen>,
    merged: Membership,
    merges: u64,
    /// Live audiences that the latest run left out, and what the run had seen that recorded them.
    left_out: BTreeMap<AudienceKey, LeftOut>,
    mappings: BTreeMap<Pair, Fingerprint>,
    /// Syncs that ended in step with people, or with nobody to send.
    in_step: BTreeSet<Pair>,
    /// Where people are, or may be.
    sent: BTreeSet<Pair>,
    starts: BTreeMap<Pair, Membership>,
    retired: BTreeSet<AudienceKey>,
}

/// An audience that was paused: what was seen when it was recorded.
struct LeftOut {
    seen: Seen,
    merged: Membership,
}

/// What an evaluation came to.
struct Found {
    evaluation: Evaluation,
    happened: Happened,
    /// The same since longer ago, for those that were left out.
    since: BTreeMap<AudienceKey, Happened>,
}

impl History {
    /// What is recorded.
    pub(crate) async fn load(workspace: &Workspace, as_of: AsOf) -> Result<Self, RunError> {
        let read = async {
            let seen = workspace.store.seen().await?;
            let before = workspace.store.memberships().await?;
            Self::read(workspace, as_of, seen, before).await
        };
        read.await.map_err(|source| RunError::Load { as_of, source })
    }

    /// What was recorded until a moment; later runs are undone, in memory.
    pub(crate) async fn load_at(workspace: &Workspace, until: AsOf) -> Result<Self, RunError> {
        let read = async {
            let store = workspace.store.as_ref();
            let mut seen = store.seen().await?;
            if seen.as_ref().is_some_and(|seen| seen.run.as_of > until) {
                let run = store.runs(u32::MAX).await?.into_iter().find(|run| run.as_of <= until);
                seen = match run {
                    Some(run) => store.seen_by(&run.run_id).await?,
                    None => None,
                };
            }
            let before = past::memberships_at(store, &workspace.catalog, until).await?;
            Self::read(workspace, until, seen, before).await
        };
        read.await.map_err(|source| RunError::Load { as_of: until, source })
    }

    async fn read(
        workspace: &Workspace,
        as_of: AsOf,
        seen: Option<Seen>,
        before: BTreeMap<AudienceKey, RecordedMembership>,
    ) -> Result<Self, StoreError> {
        let store = workspace.store.as_ref();
        let snapshot = workspace.snapshot().await?;
        let survivors = async |seen: u64| -> Result<_, StoreError> {
            let (merges_new, merges) = store.merges_since(seen).await?;
            let merged = merges_new.iter().map(|merge| snapshot.people.survivor(merge.winner)).collect::<Membership>();
            Ok((merged, merges))
        };
        let (merged, merges) = survivors(seen.as_ref().map_or(0, |seen| seen.merges)).await?;
        let mut left_out = BTreeMap::new();
        let live = |key: &AudienceKey| workspace.catalog.audiences.get(key).is_some_and(|audience| audience.state == AudienceState::Live);
        for (key, recorded) in before.iter().filter(|(key, _)| live(key)) {
            if seen.as_ref().is_none_or(|seen| seen.run.run_id == recorded.run_id) {
                continue;
            }
            if let Some(seen) = store.seen_by(&recorded.run_id).await? {
                let (merged, _) = survivors(seen.merges).await?;
                left_out.insert(key.clone(), LeftOut { seen, merged });
            }
        }
        let statuses = store.sync_statuses().await?;
        let in_step = statuses.iter().filter(|status| matches!(status.state, SyncState::Sent | SyncState::SentBelowMinimum));
        let in_step = in_step.map(|status| (status.audience.clone(), status.destination.clone())).collect();
        let mappings = statuses.into_iter().map(|status| ((status.audience, status.destination), status.mapping));
        let starts = store.sync_starts().await?.into_iter().map(|start| ((start.audience, start.destination), start.held_back));
        Ok(Self {
            past: Past::load(store, &workspace.catalog, as_of).await?,
            snapshot: Arc::new(snapshot),
            before,
            seen,
            merged,
            merges,
            left_out,
            mappings: mappings.collect(),
            in_step,
            sent: store.sent_pairs().await?,
            starts: starts.collect(),
            retired: store.retired_audiences().await?.into_keys().collect(),
        })
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
            record.starts.clear();
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

    /// Evaluates, and says what changed and why.
    pub(crate) async fn compare(&self, workspace: &Workspace, run_id: RunId, as_of: AsOf) -> Result<(RunRecord, RunReport), RunError> {
        let Found { mut evaluation, happened, since } =
            self.evaluate(workspace, as_of).await.map_err(|source| RunError::Evaluate { as_of, source })?;
        let mut record = RunRecord {
            run_id: run_id.clone(),
            as_of,
            recorded_at: workspace.clock.now(),
            segments_seen: self.snapshot.segments.iter().map(|(id, _)| *id).max(),
            merges_seen: self.merges,
            audiences: Vec::new(),
            syncs: Vec::new(),
            retired: Vec::new(),
            starts: Vec::new(),
            dropped: self.dropped(workspace),
        };
        let mut outcomes = Vec::new();
        for (key, audience) in &workspace.catalog.audiences {
            let before = self.members_before(key);
            let members = match audience.state {
                AudienceState::Live => evaluation.memberships.remove(key).unwrap_or_default(),
                AudienceState::Paused => {
                    outcomes.push(outcome(audience, &before, &MembershipDiff::default(), &[]));
                    continue;
                }
                AudienceState::Retired => Membership::empty(),
            };
            let change = diff::diff(&before, &members);
            let same_meaning = self.before.get(key).is_some_and(|before| before.fingerprint == audience.fingerprint);
            let edited = !same_meaning || audience.state == AudienceState::Retired;
            let happened = since.get(key).unwrap_or(&happened);
            let mut changes = reasons::split(&change, edited, happened);
            if audience.state == AudienceState::Retired {
                self.retire(audience, &mut record);
            } else {
                self.request(workspace, audience, &change, happened.concerns(&members), &mut record);
                record.starts.extend(self.starts(audience, &members));
            }
            outcomes.push(outcome(audience, &members, &change, &changes));
            let moved = diff::diff(&self.recorded_members(key), &before);
            if !moved.is_empty() {
                changes.insert(0, (Reason::Moved, moved));
            }
            record.audiences.push(AudienceRecord { audience: key.clone(), fingerprint: audience.fingerprint.clone(), members, changes });
        }
        let report =
            RunReport { run_id: Some(run_id), as_of, audiences: outcomes, rows: evaluation.rows, mismatches: evaluation.mismatches };
        Ok((record, report))
    }

    async fn evaluate(&self, workspace: &Workspace, as_of: AsOf) -> Result<Found, EvaluateError> {
        let (evaluator, catalog) = (Arc::clone(&workspace.evaluator), Arc::clone(&workspace.catalog));
        let snapshot = Arc::clone(&self.snapshot);
        let recorded = self.past.recorded(&self.before);
        let since = |seen: &Seen| (seen.run.as_of, seen.segments);
        let (latest, merged) = (self.seen.as_ref().map(since), self.merged.clone());
        let left_out: Vec<_> = self.left_out.iter().map(|(key, left)| (key.clone(), since(&left.seen), left.merged.clone())).collect();
        cpu::run(move || {
            let evaluation = evaluator.evaluate(&catalog, &snapshot, &recorded, as_of)?;
            let touched = |(since, segments)| evaluator.touched(&snapshot, since, segments, as_of);
            let happened = Happened { merged, touched: latest.map(touched).transpose()?.unwrap_or_default() };
            let since = left_out.into_iter().map(|(key, seen, merged)| Ok((key, Happened { merged, touched: touched(seen)? })));
            Ok(Found { evaluation, happened, since: since.collect::<Result<_, EvaluateError>>()? })
        })
        .await
    }

    /// Who was in, with merged profiles counted as the one they turned out to be: nobody enters or exits by a merge alone.
    fn members_before(&self, key: &AudienceKey) -> Membership {
        self.recorded_members(key).iter().map(|profile| self.survivor(profile)).collect()
    }

    fn recorded_members(&self, key: &AudienceKey) -> Membership {
        self.before.get(key).map_or_else(Membership::empty, |before| before.members.clone())
    }

    fn survivor(&self, profile: ProfileId) -> ProfileId {
        self.snapshot.people.survivor(profile)
    }

    /// What was recorded is what the next tick is compared with.
    fn step(&mut self, workspace: &Workspace, record: RunRecord, kind: RunKind) {
        let (run_id, as_of) = (record.run_id, record.as_of);
        for found in record.audiences {
            self.past.add(&found.audience, as_of, &found.changes);
            self.left_out.remove(&found.audience);
            let since = self.before.get(&found.audience).map_or(as_of, |before| before.since);
            let recorded =
                RecordedMembership { members: found.members, as_of, since, run_id: run_id.clone(), fingerprint: found.fingerprint };
            self.before.insert(found.audience, recorded);
        }
        for pair in &record.dropped {
            self.mappings.remove(pair);
            if !self.sent.contains(pair) {
                self.starts.remove(pair);
            }
        }
        self.starts.extend(record.starts.into_iter().map(|start| ((start.audience, start.destination), start.held_back)));
        self.retired.extend(record.retired);
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

    /// The latest recorded moment.
    pub(crate) fn latest(&self) -> Option<AsOf> {
        self.seen.as_ref().map(|seen| seen.run.as_of)
    }
}

fn outcome(audience: &Audience, members: &Membership, change: &MembershipDiff, changes: &[(Reason, MembershipDiff)]) -> AudienceOutcome {
    AudienceOutcome {
        audience: audience.key.clone(),
        state: audience.state,
        members: members.len(),
        entered: change.entered.len(),
        exited: change.exited.len(),
        reasons: changes.iter().map(|(reason, part)| (*reason, (part.entered.len(), part.exited.len()))).collect(),
    }
}
