//! The schedule at work: models that are due, then one run a tick, never two at once, and one catch-up run for however many ticks were missed.

use std::future::Future;
use std::time::Duration;

use model::{AsOf, Moment};
use store::{RunKind, StoreError};

use crate::delivery::DeliveryReport;
use crate::erase::Which;
use crate::run::{RunError, RunOutcome};
use crate::{Schedule, Workspace};

/// Never sleep longer than this at a stretch: clocks are set, machines are suspended.
const NAP_MAX: Duration = Duration::from_secs(30);

/// What the schedule did at a tick.
pub type Served = Result<(RunOutcome, Vec<DeliveryReport>), RunError>;

impl Workspace {
    /// Runs at every tick of the schedule until `stop` resolves; a run under way is finished first.
    ///
    /// `at_tick` gives the workspace to use (definitions may have been edited since) and `on_run` hears how it went. A
    /// failed run is told and the next tick tries again; after one that went well, small segments of the lake are merged, as
    /// far as there is time. Ticks that passed while no process ran are made up for by a
    /// single run, as of the latest of them. While this process accepts messages, the inbox is emptied between two naps. Erasures
    /// that another process began are gone on with as well.
    pub async fn serve(
        &self,
        schedule: &Schedule,
        stop: impl Future<Output = ()>,
        at_tick: &mut (dyn FnMut(&Self) -> Self + Send),
        on_run: &mut (dyn FnMut(AsOf, &Served) + Send),
    ) {
        tokio::pin!(stop);
        if self.inbox.is_some()
            && let Err(error) = self.tidy().await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "what a crash may have left is left for later");
        }
        let mut tried: Option<Moment> = None;
        loop {
            let now = self.clock.now();
            if let Some(tick) = schedule.latest(now).filter(|tick| tried.is_none_or(|tried| *tick > tried)) {
                let before = tried.replace(tick);
                let workspace = at_tick(self);
                if workspace.is_due(tick).await {
                    workspace.sync_due_models(tick).await;
                    let served = workspace.run(AsOf(tick), RunKind::Schedule).await;
                    if matches!(served, Err(RunError::Lease(_))) {
                        // An import, say, is writing: the tick waits for it instead of being missed.
                        tried = before;
                    }
                    on_run(AsOf(tick), &served);
                    if let (Ok(_), Some(next)) = (&served, schedule.next(self.clock.now())) {
                        workspace.compact_a_little(next).await;
                    }
                } else {
                    workspace.warn_of_runs_ahead().await;
                    if let Err(error) = workspace.deliver_pending().await {
                        on_run(AsOf(tick), &Err(RunError::Deliver(error)));
                    }
                }
            }
            if self.inbox.is_some() {
                self.drain_meanwhile().await;
            }
            self.erase_meanwhile(Which::NotWaiting).await;
            let wait = match schedule.next(now) {
                Some(next) => Duration::from_micros(u64::try_from(next.micros() - self.clock.now().micros()).unwrap_or(0)),
                None if self.inbox.is_some() => NAP_MAX,
                None => {
                    tracing::warn!("the schedule names no further tick; waiting to be stopped");
                    stop.await;
                    return;
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = tokio::time::sleep(wait.min(NAP_MAX)) => {}
            }
        }
    }

    /// The latest recorded run, when it lies in the future: it was recorded by a clock that ran ahead, and no run is due
    /// until time has caught up with it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn run_ahead(&self) -> Result<Option<AsOf>, StoreError> {
        let seen = self.store.seen().await?;
        Ok(seen.map(|seen| seen.run.as_of).filter(|as_of| as_of.moment() > self.clock.now()))
    }

    async fn warn_of_runs_ahead(&self) {
        if let Ok(Some(ahead)) = self.run_ahead().await {
            tracing::warn!(
                "the latest run is recorded as of {ahead}, which lies in the future: a clock ran ahead, and no run is due until then; \
                 `muster backfill --from MOMENT --replace` records anew what it recorded, from a moment before the clock was wrong"
            );
        }
    }

    /// Whether no run as of `tick` or later is recorded. When the store does not say, the run is tried and will tell.
    async fn is_due(&self, tick: Moment) -> bool {
        match self.store.seen().await {
            Ok(seen) => seen.is_none_or(|seen| {
                seen.run.as_of.moment() < tick || seen.run.fingerprint != self.catalog.fingerprint && seen.run.as_of.moment() == tick
            }),
            Err(_) => true,
        }
    }
}
