//! Batches: the ticks of a backfill, claimed and recorded many at once.
//!
//! A transaction for each tick would cost more than most ticks do. Recorded are all ticks of a batch or none, so that a
//! process killed on its way loses the last batch at most; the same backfill does those ticks again.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{AsOf, AudienceKey, Membership};
use store::{Claimed, FoundMembers, RunClaim, RunKind, RunRecord};
use tokio::time::Instant;

use super::{History, Syncs};
use crate::Workspace;
use crate::run::{RunError, RunOutcome, RunReport};

/// How much of a backfill is recorded at once, and so how much a kill may lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Ticks.
    pub ticks_max: usize,
    /// Bytes of changes.
    pub bytes_max: usize,
    /// How long the first of them waits to be recorded.
    pub wait: Duration,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { ticks_max: 1_000, bytes_max: 16 << 20, wait: Duration::from_millis(500) }
    }
}

/// Ticks that are done and not recorded yet.
struct Batch {
    records: Vec<RunRecord>,
    reports: Vec<RunReport>,
    /// Where it is said last who is in: the run and the place in it.
    told: BTreeMap<AudienceKey, (usize, usize)>,
    bytes: usize,
    since: Instant,
}

/// Hears of each tick once it is recorded, or found recorded.
pub(crate) type OnTick<'a> = dyn FnMut(AsOf, RunOutcome) + Send + 'a;

impl History {
    /// Ticks of a backfill, one after the other, recorded in batches; `ticks` of them are claimed at once.
    pub(crate) async fn ticks(&mut self, workspace: &Workspace, mut ticks: &[AsOf], on_tick: &mut OnTick<'_>) -> Result<(), RunError> {
        // What lies behind is recorded already, or cannot be.
        while let Some((as_of, rest)) = ticks.split_first()
            && let Some(done) = self.behind(workspace, *as_of).await?
        {
            on_tick(*as_of, RunOutcome::AlreadyDone(done));
            ticks = rest;
        }
        let claimed = self.claim_all(workspace, ticks).await?;
        let mut batch = Batch::new();
        for (as_of, claimed) in ticks.iter().zip(claimed) {
            let run_id = match claimed {
                Claimed::Granted(run_id) => run_id,
                Claimed::AlreadyDone(done) => {
                    batch.record(workspace, on_tick).await?;
                    on_tick(*as_of, RunOutcome::AlreadyDone(done));
                    continue;
                }
            };
            match self.compare(workspace, run_id, *as_of, Syncs::Withhold).await {
                Ok((record, report)) => {
                    self.step(workspace, &record, RunKind::Backfill);
                    batch.add(record, report);
                }
                Err(error) => {
                    batch.record(workspace, on_tick).await?;
                    return Err(error);
                }
            }
            if batch.is_full(workspace.batch) {
                batch.record(workspace, on_tick).await?;
            }
        }
        batch.record(workspace, on_tick).await
    }

    /// Claims ticks that history has not reached yet.
    async fn claim_all(&self, workspace: &Workspace, ticks: &[AsOf]) -> Result<Vec<Claimed>, RunError> {
        let Some(first) = ticks.first().copied() else { return Ok(Vec::new()) };
        let claims =
            ticks.iter().map(|as_of| Self::claim_of(workspace, *as_of, RunKind::Backfill)).collect::<Result<Vec<RunClaim>, _>>()?;
        workspace.store.claim_runs(&claims).await.map_err(|source| RunError::Record { as_of: first, source })
    }
}

impl Batch {
    fn new() -> Self {
        Self { records: Vec::new(), reports: Vec::new(), told: BTreeMap::new(), bytes: 0, since: Instant::now() }
    }

    fn add(&mut self, record: RunRecord, report: RunReport) {
        if self.records.is_empty() {
            self.since = Instant::now();
        }
        let halves = record.audiences.iter().flat_map(|audience| &audience.changes).map(|(_, diff)| [&diff.entered, &diff.exited]);
        self.bytes += halves.flatten().map(Membership::bytes_max).sum::<usize>();
        for (place, found) in record.audiences.iter().enumerate() {
            if matches!(found.members, FoundMembers::Are(_)) {
                let told = self.told.insert(found.audience.clone(), (self.records.len(), place));
                // Only who is in after the last of them is recorded: those before are not kept in memory any longer.
                if let Some((run, place)) = told {
                    self.records[run].audiences[place].members = FoundMembers::ToldLater;
                }
            }
        }
        self.records.push(record);
        self.reports.push(report);
    }

    fn is_full(&self, limits: BatchLimits) -> bool {
        self.records.len() >= limits.ticks_max || self.bytes >= limits.bytes_max || self.since.elapsed() >= limits.wait
    }

    /// Records what there is, and tells of it.
    async fn record(&mut self, workspace: &Workspace, on_tick: &mut OnTick<'_>) -> Result<(), RunError> {
        let Some(as_of) = self.records.last().map(|record| record.as_of) else { return Ok(()) };
        workspace.store.record_runs(&self.records).await.map_err(|source| RunError::Record { as_of, source })?;
        tracing::info!(%as_of, ticks = self.records.len(), "runs recorded");
        for report in std::mem::replace(self, Self::new()).reports {
            on_tick(report.as_of, RunOutcome::Done(report));
        }
        Ok(())
    }
}
