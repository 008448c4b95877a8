//! One tick: what is known before it, what it finds, what is recorded of it.
//!
//! A paused audience is left out: nothing is recorded for it, and its membership stays as it was recorded last, merged
//! profiles mapped in memory only. When it is live again, what happened counts from the run that recorded it, and its
//! destinations are asked to be brought in step, whoever moved. A retired audience becomes empty by reason of its definition.

mod batch;
mod load;
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use definitions::{Audience, AudienceState};
use evaluate::{EvaluateError, Evaluation, Evaluator, Snapshot};
use model::{AsOf, AudienceKey, DestinationKey, Fingerprint, Membership, MembershipDiff, Reason, RunId, SegmentId};
use store::{AudienceRecord, Claimed, FoundMembers, RunClaim, RunKind, RunRecord, RunSummary, Seen};

use crate::past::Past;
use crate::reasons::{self, Happened};
use crate::run::{AudienceOutcome, RunError, RunOutcome, RunReport};
use crate::today::Today;
use crate::{Workspace, cpu};

pub use batch::BatchLimits;

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
    today: Today,
    /// The highest segment there is.
    segments: Option<SegmentId>,
    before: BTreeMap<AudienceKey, Before>,
    past: Past,
    seen: Option<Seen>,
    /// Survivors of the merges since the latest run.
    merged: Arc<Membership>,
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
    /// Suppressed, or being erased: in no audience, whatever is known of them.
    kept_out: Membership,
}

/// What an audience is compared with: who was in, as recorded.
struct Before {
    members: Arc<Membership>,
    run_id: RunId,
    fingerprint: Fingerprint,
}

/// An audience that was paused: what was seen when it was recorded.
struct LeftOut {
    seen: Seen,
    merged: Arc<Membership>,
}

/// What an evaluation came to.
struct Found {
    evaluation: Evaluation,
    happened: Happened,
    /// The same since longer ago, for those that were left out.
    since: BTreeMap<AudienceKey, Happened>,
}

impl History {
    /// One tick: claim, evaluate and compare, record.
    pub(crate) async fn tick(&mut self, workspace: &Workspace, as_of: AsOf, kind: RunKind, syncs: Syncs) -> Result<RunOutcome, RunError> {
        let run_id = match self.claim(workspace, as_of, kind).await? {
            Claimed::Granted(run_id) => run_id,
            Claimed::AlreadyDone(summary) => return Ok(RunOutcome::AlreadyDone(summary)),
        };
        let (record, report) = self.compare(workspace, run_id, as_of, syncs).await?;
        workspace.store.record_run(&record).await.map_err(|source| RunError::Record { as_of, source })?;
        self.step(workspace, &record, kind);
        tracing::info!(run_id = %record.run_id, %as_of, audiences = report.audiences.len(), "run recorded");
        Ok(RunOutcome::Done(report))
    }

    async fn claim(&self, workspace: &Workspace, as_of: AsOf, kind: RunKind) -> Result<Claimed, RunError> {
        let claim = Self::claim_of(workspace, as_of, kind)?;
        if let Some(done) = self.behind(workspace, as_of).await? {
            return Ok(Claimed::AlreadyDone(done));
        }
        workspace.store.claim_run(&claim).await.map_err(|source| RunError::Record { as_of, source })
    }

    fn claim_of(workspace: &Workspace, as_of: AsOf, kind: RunKind) -> Result<RunClaim, RunError> {
        let now = workspace.clock.now();
        if as_of.moment() > now {
            return Err(RunError::Future { as_of });
        }
        Ok(RunClaim { fingerprint: workspace.catalog.fingerprint.clone(), as_of, kind, started_at: now })
    }

    /// The recorded run of a moment that history has passed, which cannot be recorded any more. Nothing: it lies ahead.
    async fn behind(&self, workspace: &Workspace, as_of: AsOf) -> Result<Option<RunSummary>, RunError> {
        let Some(latest) = self.latest().filter(|latest| *latest > as_of) else { return Ok(None) };
        let done = workspace.store.recorded_run(&workspace.catalog.fingerprint, as_of).await;
        let done = done.map_err(|source| RunError::Load { as_of, source })?;
        done.map(Some).ok_or(RunError::Backward { as_of, latest })
    }

    /// Evaluates, and says what changed and why.
    pub(crate) async fn compare(
        &self,
        workspace: &Workspace,
        run_id: RunId,
        as_of: AsOf,
        syncs: Syncs,
    ) -> Result<(RunRecord, RunReport), RunError> {
        let Found { mut evaluation, happened, since } =
            self.evaluate(workspace, as_of).await.map_err(|source| RunError::Evaluate { as_of, source })?;
        let mut record = RunRecord {
            run_id,
            as_of,
            recorded_at: workspace.clock.now(),
            segments_seen: self.segments,
            merges_seen: self.merges,
            audiences: Vec::with_capacity(workspace.catalog.audiences.len()),
            syncs: Vec::new(),
            retired: Vec::new(),
            starts: Vec::new(),
            dropped: self.dropped(workspace),
        };
        let mut outcomes = Vec::with_capacity(workspace.catalog.audiences.len());
        for (key, audience) in &workspace.catalog.audiences {
            let before = self.members_before(key);
            let members = match audience.state {
                AudienceState::Live => self.let_in(evaluation.memberships.remove(key).unwrap_or_default()),
                AudienceState::Paused => {
                    outcomes.push(outcome(audience, &before, &[]));
                    continue;
                }
                AudienceState::Retired => Arc::default(),
            };
            let change = diff::diff(&before, &members);
            let same_meaning = self.before.get(key).is_some_and(|before| before.fingerprint == audience.fingerprint);
            let edited = !same_meaning || audience.state == AudienceState::Retired;
            let happened = since.get(key).unwrap_or(&happened);
            if audience.state == AudienceState::Retired {
                self.retire(audience, &mut record);
            } else if syncs == Syncs::Request {
                self.request(workspace, audience, &change, happened.concerns(&members), &mut record);
                record.starts.extend(self.starts(audience, &members));
            }
            let (kept_out, change) = reasons::part(change, &self.kept_out);
            let mut changes = reasons::split(change, edited, happened);
            changes.extend(Some((Reason::Erasure, kept_out)).filter(|(_, part)| !part.is_empty()));
            outcomes.push(outcome(audience, &members, &changes));
            record.audiences.push(self.found(audience, &before, members, changes));
        }
        if syncs == Syncs::Withhold {
            record.syncs.clear();
        }
        let run_id = Some(record.run_id.clone());
        let report = RunReport { run_id, as_of, audiences: outcomes, rows: evaluation.rows, mismatches: evaluation.mismatches };
        Ok((record, report))
    }

    /// What is recorded of an audience: members who go by another number now than recorded have moved before all else.
    fn found(
        &self,
        audience: &Audience,
        before: &Arc<Membership>,
        members: Arc<Membership>,
        mut changes: Vec<(Reason, MembershipDiff)>,
    ) -> AudienceRecord {
        let recorded = self.before.get(&audience.key);
        let moved = recorded.filter(|recorded| !Arc::ptr_eq(&recorded.members, before));
        let moved = moved.map(|recorded| diff::diff(&recorded.members, before)).filter(|moved| !moved.is_empty());
        changes.splice(0..0, moved.map(|moved| (Reason::Moved, moved)));
        let members = match recorded {
            Some(recorded) if changes.is_empty() => FoundMembers::AsAfter(recorded.run_id.clone()),
            Some(_) | None => FoundMembers::Are(members),
        };
        AudienceRecord { audience: audience.key.clone(), fingerprint: audience.fingerprint.clone(), members, changes }
    }

    async fn evaluate(&self, workspace: &Workspace, as_of: AsOf) -> Result<Found, EvaluateError> {
        let (evaluator, catalog) = (Arc::clone(&workspace.evaluator), Arc::clone(&workspace.catalog));
        let (snapshot, recorded) = (Arc::clone(self.today.snapshot()), self.past.recorded());
        let latest = self.seen.as_ref().map(Spoken::since);
        let merged = Arc::clone(&self.merged);
        let left_out: Vec<_> =
            self.left_out.iter().map(|(key, left)| (key.clone(), Spoken::since(&left.seen), Arc::clone(&left.merged))).collect();
        cpu::run(move || {
            let evaluation = evaluator.advance(&catalog, &snapshot, &recorded, as_of)?;
            let touched = |spoken: Spoken| spoken.touched(&evaluator, &snapshot, as_of);
            let happened = Happened { merged, touched: latest.map(touched).transpose()?.unwrap_or_default() };
            let since = left_out.into_iter().map(|(key, spoken, merged)| Ok((key, Happened { merged, touched: touched(spoken)? })));
            Ok(Found { evaluation, happened, since: since.collect::<Result<_, EvaluateError>>()? })
        })
        .await
    }

    /// Those of an evaluation's members who are not kept out.
    fn let_in(&self, members: Membership) -> Arc<Membership> {
        Arc::new(if members.is_disjoint(&self.kept_out) { members } else { members.minus(&self.kept_out) })
    }

    /// Who was in, with merged profiles counted as the one they turned out to be: nobody enters or exits by a merge alone.
    fn members_before(&self, key: &AudienceKey) -> Arc<Membership> {
        self.before.get(key).map_or_else(Arc::default, |before| self.today.of_shared(&before.members))
    }

    /// What was recorded is what the next tick is compared with.
    fn step(&mut self, workspace: &Workspace, record: &RunRecord, kind: RunKind) {
        for found in &record.audiences {
            let (run_id, fingerprint) = (record.run_id.clone(), found.fingerprint.clone());
            let before = self.before.entry(found.audience.clone());
            let before =
                before.or_insert_with(|| Before { members: Arc::default(), run_id: run_id.clone(), fingerprint: fingerprint.clone() });
            (before.run_id, before.fingerprint) = (run_id, fingerprint);
            if let FoundMembers::Are(members) = &found.members {
                before.members = Arc::clone(members);
            }
            self.past.add(&found.audience, record.as_of, &before.members, &found.changes);
            self.left_out.remove(&found.audience);
        }
        for pair in &record.dropped {
            self.mappings.remove(pair);
            if !self.sent.contains(pair) {
                self.starts.remove(pair);
            }
        }
        for start in &record.starts {
            self.starts.insert((start.audience.clone(), start.destination.clone()), start.held_back.clone());
        }
        self.retired.extend(record.retired.iter().cloned());
        let run = RunSummary {
            run_id: record.run_id.clone(),
            as_of: record.as_of,
            kind,
            fingerprint: workspace.catalog.fingerprint.clone(),
            started_at: record.recorded_at,
            recorded_at: record.recorded_at,
        };
        self.seen = Some(Seen { run, segments: record.segments_seen, merges: record.merges_seen });
        self.merged = Arc::default();
    }

    /// A tick that is not recorded, and that the next one is compared with all the same.
    pub(crate) async fn imagine(&mut self, workspace: &Workspace, as_of: AsOf) -> Result<RunReport, RunError> {
        let (record, report) = self.compare(workspace, RunId(String::new()), as_of, Syncs::Withhold).await?;
        self.step(workspace, &record, RunKind::Backfill);
        Ok(RunReport { run_id: None, ..report })
    }

    /// The latest recorded moment.
    pub(crate) fn latest(&self) -> Option<AsOf> {
        self.seen.as_ref().map(|seen| seen.run.as_of)
    }
}

/// Since when something counts as newly said.
#[derive(Debug, Clone, Copy)]
struct Spoken {
    since: AsOf,
    segments: Option<SegmentId>,
}

impl Spoken {
    /// Since a run that had seen this.
    fn since(seen: &Seen) -> Self {
        Self { since: seen.run.as_of, segments: seen.segments }
    }

    /// About whom something was said.
    fn touched(self, evaluator: &Evaluator, snapshot: &Snapshot, as_of: AsOf) -> Result<Membership, EvaluateError> {
        evaluator.touched(snapshot, self.since, self.segments, as_of)
    }
}

fn outcome(audience: &Audience, members: &Membership, changes: &[(Reason, MembershipDiff)]) -> AudienceOutcome {
    let reasons: BTreeMap<Reason, (u64, u64)> =
        changes.iter().map(|(reason, part)| (*reason, (part.entered.len(), part.exited.len()))).collect();
    AudienceOutcome {
        audience: audience.key.clone(),
        state: audience.state,
        members: members.len(),
        entered: reasons.values().map(|(entered, _)| entered).sum(),
        exited: reasons.values().map(|(_, exited)| exited).sum(),
        reasons,
    }
}
