//! One run: claim, evaluate, diff, record; then deliver what is pending.
//!
//! The as-of is the tick, not the moment the process woke up. A run never hands its diff to a destination: it records
//! that a sync is pending, and delivery asks the store.

use std::collections::BTreeMap;

use definitions::AudienceState;
use evaluate::EvaluateError;
use model::{AsOf, AudienceKey, Reason, RunId};
use serde::Serialize;
use store::{RunKind, RunSummary, StoreError};

use crate::Workspace;
use crate::delivery::{DeliveryError, DeliveryReport};
use crate::drain::DrainError;
use crate::erase::Which;
use crate::lease::{Lease, LeaseError, LeaseName};
use crate::life::LifeProblems;
use crate::readers::Reading;
use crate::tick::{History, Syncs};

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
    /// What came in over HTTP could not be taken in first.
    #[error("could not empty the inbox")]
    Drain(#[from] DrainError),
    /// Keys used again, files deleted too early.
    #[error(transparent)]
    Life(#[from] LifeProblems),
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
    /// Where it is in its life. A paused one was not evaluated, and nothing was recorded for it.
    pub state: AudienceState,
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
    /// Runs as of a moment, records it, delivers what is pending, and goes on with erasures that are not finished.
    ///
    /// # Errors
    /// When another process is writing, or a stage of the run fails. A destination that refuses is an outcome in the
    /// delivery report, not an error.
    pub async fn run(&self, as_of: AsOf, kind: RunKind) -> Result<(RunOutcome, Vec<DeliveryReport>), RunError> {
        let outcome = self.record_one(as_of, kind).await?;
        let delivered = self.deliver_pending().await?;
        self.save_columns().await;
        self.erase_meanwhile(Which::Unfinished).await;
        Ok((outcome, delivered))
    }

    /// Evaluates as of a moment and records nothing: what a run would find. In the past, what was recorded later is as if
    /// it were not.
    ///
    /// # Errors
    /// When the data cannot be read or evaluated.
    pub async fn dry_run(&self, as_of: AsOf) -> Result<RunReport, RunError> {
        let _reading = Reading::begin(self).await?;
        let history = History::load_at(self, as_of).await?;
        let (record, report) = history.compare(self, RunId(String::new()), as_of, Syncs::Withhold).await?;
        drop(record);
        Ok(RunReport { run_id: None, ..report })
    }

    async fn record_one(&self, as_of: AsOf, kind: RunKind) -> Result<RunOutcome, RunError> {
        let lease = Lease::take(LeaseName::Writer, self).await?;
        let outcome = async {
            self.drain_as(&lease).await?;
            self.check_lives().await.map_err(|source| RunError::Load { as_of, source })??;
            let mut history = History::load(self, as_of).await?;
            history.tick(self, as_of, kind, Syncs::Request).await
        }
        .await;
        lease.release().await;
        outcome
    }
}
