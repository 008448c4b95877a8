//! Backfill: history recorded tick by tick, as if the schedule had always been running; then one sync of the end state.
//!
//! Nothing is sent before the end. Ticks are recorded half a second's worth at a time, and told of once they are recorded.
//! Interrupted, it goes on where it stopped: a tick that is recorded is not done again.

use model::{AsOf, Moment};
use serde::Serialize;
use store::StoreError;

use crate::delivery::{DeliveryError, DeliveryReport};
use crate::history::just_before;
use crate::lease::{Lease, LeaseError, LeaseName};
use crate::readers::Reading;
use crate::run::{RunError, RunOutcome, RunReport};
use crate::tick::History;
use crate::{Every, Workspace};

/// What to backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfill {
    /// The first tick.
    pub from: Moment,
    /// No tick is later than this.
    pub to: Moment,
    /// The step between ticks.
    pub every: Every,
    /// Forget what is recorded as of `from` or later, and record it anew.
    pub replace: bool,
}

/// A backfill could not be done, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The end is before the beginning.
    #[error("a backfill from {from} to {to} has no tick: the end lies before the beginning")]
    Empty {
        /// The beginning.
        from: Moment,
        /// The end.
        to: Moment,
    },
    /// The end lies in the future.
    #[error("a backfill cannot go to {to}: it is later than now, and facts that arrive until then would be missed")]
    Future {
        /// The end.
        to: Moment,
    },
    /// Replacing would lose runs after the end.
    #[error("a backfill with `--replace` that ends {to} would lose the runs recorded until {latest}; end it at {latest} or later")]
    LosesRuns {
        /// The end.
        to: Moment,
        /// The latest recorded moment.
        latest: AsOf,
    },
    /// Somebody else is at it.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The recorded history could not be rewound.
    #[error("could not forget the recorded history")]
    Rewind(#[source] StoreError),
    /// A tick failed; those before it are recorded, and the same command goes on from there.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The end state could not be sent; it is pending.
    #[error("could not deliver the end state")]
    Deliver(#[from] DeliveryError),
}

/// One tick of a backfill, as it is done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BackfillTick {
    /// The moment.
    pub as_of: AsOf,
    /// Ticks done, this one included.
    pub done: u64,
    /// Ticks in all.
    pub total: u64,
    /// What it found; absent when it was recorded before.
    pub report: Option<RunReport>,
}

/// What a backfill came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BackfillReport {
    /// Ticks recorded now.
    pub recorded: u64,
    /// Ticks that were recorded before.
    pub known: u64,
    /// How many entered over all ticks and audiences.
    pub entered: u64,
    /// How many exited.
    pub exited: u64,
    /// The last tick's report, when it was done now.
    pub last: Option<RunReport>,
    /// How the sync of the end state went.
    pub delivered: Vec<DeliveryReport>,
}

impl Workspace {
    /// Does a backfill. `on_tick` hears of each tick as it is done.
    ///
    /// # Errors
    /// When the range makes no sense, another process is writing, or a stage fails.
    pub async fn backfill(&self, plan: Backfill, on_tick: &mut (dyn FnMut(&BackfillTick) + Send)) -> Result<BackfillReport, BackfillError> {
        self.check(plan)?;
        let writer = Lease::take(LeaseName::Writer, self).await?;
        let recorded = match Lease::take(LeaseName::Delivery, self).await {
            // Nobody delivers meanwhile: what is recorded half-way is no state to send.
            Ok(delivery) => {
                let recorded = async {
                    self.drain_as(&writer).await.map_err(RunError::from)?;
                    self.record_ticks(plan, on_tick).await
                }
                .await;
                delivery.release().await;
                recorded
            }
            Err(taken) => Err(taken.into()),
        };
        writer.release().await;
        let mut report = recorded?;
        self.request_all_syncs().await?;
        report.delivered = self.deliver_pending().await?;
        self.save_columns().await;
        Ok(report)
    }

    /// Evaluates the same ticks and records nothing: what a backfill would find, each tick compared with the one before.
    ///
    /// # Errors
    /// When the range makes no sense or the data cannot be read or evaluated.
    pub async fn backfill_dry_run(
        &self,
        plan: Backfill,
        on_tick: &mut (dyn FnMut(&BackfillTick) + Send),
    ) -> Result<BackfillReport, BackfillError> {
        self.check(plan)?;
        let _reading = Reading::begin(self).await?;
        let mut history = History::load_at(self, just_before(AsOf(plan.from))).await?;
        let mut report = BackfillReport::new();
        for tick in plan.every.ticks(plan.from, plan.to) {
            let found = history.imagine(self, AsOf(tick)).await?;
            report.add(plan, AsOf(tick), RunOutcome::Done(found), on_tick);
        }
        Ok(report)
    }

    fn check(&self, plan: Backfill) -> Result<(), BackfillError> {
        if plan.to < plan.from {
            return Err(BackfillError::Empty { from: plan.from, to: plan.to });
        }
        if plan.to > self.clock.now() {
            return Err(BackfillError::Future { to: plan.to });
        }
        Ok(())
    }

    async fn record_ticks(&self, plan: Backfill, on_tick: &mut (dyn FnMut(&BackfillTick) + Send)) -> Result<BackfillReport, BackfillError> {
        let first = AsOf(plan.from);
        self.check_lives().await.map_err(|source| RunError::Load { as_of: first, source })?.map_err(RunError::Life)?;
        let mut history = History::load(self, AsOf(plan.from)).await?;
        if plan.replace && history.latest().is_some_and(|latest| latest.moment() >= plan.from) {
            if let Some(latest) = self.latest_after(plan.to).await.map_err(BackfillError::Rewind)? {
                return Err(BackfillError::LosesRuns { to: plan.to, latest });
            }
            self.rewind(AsOf(plan.from)).await.map_err(BackfillError::Rewind)?;
            history = History::load(self, AsOf(plan.from)).await?;
        }
        let mut report = BackfillReport::new();
        let mut on_outcome = |as_of, outcome| report.add(plan, as_of, outcome, on_tick);
        let mut ticks = plan.every.ticks(plan.from, plan.to).map(AsOf);
        loop {
            let batch: Vec<_> = ticks.by_ref().take(self.batch.ticks_max.max(1)).collect();
            if batch.is_empty() {
                break;
            }
            history.ticks(self, &batch, &mut on_outcome).await?;
        }
        let last = AsOf(plan.to);
        self.store.save_sync_starts(&history.starts_now(self)).await.map_err(|source| RunError::Record { as_of: last, source })?;
        Ok(report)
    }

    /// The latest run after a moment, of those that should have been: one in the future was recorded by a clock that ran ahead,
    /// and to lose it is what a replacement is for.
    async fn latest_after(&self, to: Moment) -> Result<Option<AsOf>, StoreError> {
        let now = self.clock.now();
        let runs = self.store.runs(u32::MAX).await?.into_iter().map(|run| run.as_of);
        Ok(runs.filter(|as_of| to < as_of.moment() && as_of.moment() <= now).max())
    }
}

impl BackfillReport {
    fn new() -> Self {
        Self { recorded: 0, known: 0, entered: 0, exited: 0, last: None, delivered: Vec::new() }
    }

    fn add(&mut self, plan: Backfill, as_of: AsOf, outcome: RunOutcome, on_tick: &mut (dyn FnMut(&BackfillTick) + Send)) {
        let report = match outcome {
            RunOutcome::Done(found) => {
                self.recorded += 1;
                self.entered += found.audiences.iter().map(|audience| audience.entered).sum::<u64>();
                self.exited += found.audiences.iter().map(|audience| audience.exited).sum::<u64>();
                Some(found)
            }
            RunOutcome::AlreadyDone(_) => {
                self.known += 1;
                None
            }
        };
        let tick = BackfillTick { as_of, done: self.recorded + self.known, total: plan.every.count(plan.from, plan.to), report };
        on_tick(&tick);
        self.last = tick.report;
    }
}
