//! One sync while it is under way: what it works with, what it counts, and how it stops.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use model::{LedgerChange, Moment, RemoteAudience, SyncState};

use super::client::GraphClient;
use super::errors::{Advice, Failure};
use super::options::Options;
use super::talk::Talk;
use crate::dispatch::Verdict;
use crate::{Context, LedgerError, Pacing, SyncJob};

const BACKOFF_FIRST_S: u64 = 60;
const BACKOFF_MAX_S: u64 = 30 * 60;
const POLICY_BLOCK_S: u64 = 60 * 60;
const HALVING_CALLS_MAX: u32 = 30;

/// Why a sync ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The ledger does not work: nothing may be sent.
    Ledger(LedgerError),
    /// The destination, or what is known about it, does not allow to go on; the words are for people.
    Halt(SyncState, String),
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// What has happened so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) added: u64,
    pub(super) removed: u64,
    pub(super) rejected: BTreeMap<String, u64>,
    /// What a person should know although the sync went on.
    pub(super) notes: Vec<String>,
    /// Rows that stay pending although the sync came to its end.
    pub(super) left: u64,
}

/// One sync under way.
pub(super) struct Settling<'a> {
    pub(super) options: &'a Options,
    pub(super) job: &'a SyncJob,
    pub(super) context: &'a Context<'a>,
    pub(super) talk: Talk<'a>,
    pub(super) tally: Tally,
    /// Throttles in a row, over all syncs of the destination.
    pub(super) throttles: &'a AtomicU32,
    /// Calls that may still go into finding bad rows.
    pub(super) halving_calls: u32,
    /// Rows in one request; smaller after a request was too large.
    pub(super) rows_max: usize,
    /// Whether a write was made: the limits stop a sync only after one, so that every sync gets somewhere.
    pub(super) has_written: bool,
}

impl<'a> Settling<'a> {
    pub(super) fn new(
        options: &'a Options,
        job: &'a SyncJob,
        context: &'a Context<'a>,
        (client, pacing, throttles): (&'a GraphClient, Pacing, &'a AtomicU32),
    ) -> Self {
        Self {
            options,
            job,
            context,
            talk: Talk::new(client, pacing),
            tally: Tally::default(),
            throttles,
            halving_calls: HALVING_CALLS_MAX,
            rows_max: options.rows_max,
            has_written: false,
        }
    }

    pub(super) fn now(&self) -> Moment {
        (self.context.clock)()
    }

    pub(super) async fn change_ledger(&self, change: &LedgerChange) -> Result<(), Stop> {
        if change.upsert.is_empty() && change.delete.is_empty() {
            return Ok(());
        }
        Ok(self.context.ledger.change(&self.job.audience, self.context.destination, change).await?)
    }

    pub(super) async fn save_remote(&self, remote: &RemoteAudience) -> Result<(), Stop> {
        Ok(self.context.ledger.save_remote_audience(&self.job.audience, self.context.destination, remote).await?)
    }

    /// What follows from a failure that ends the sync. A throttle is remembered, so that not even a restart asks again
    /// too early.
    pub(super) async fn halt(&self, failure: Failure) -> Stop {
        let words = failure.advice.words(&self.options.account);
        let what = &failure.what;
        match failure.verdict {
            Verdict::Throttle => match self.pause(&failure).await {
                Ok(until) if failure.advice == Advice::Policy => {
                    Stop::Halt(SyncState::Held, format!("facebook takes nothing until {until}: {words} ({what})"))
                }
                Ok(until) => Stop::Halt(SyncState::Held, format!("facebook limits the calls; nothing is sent until {until} ({what})")),
                Err(stop) => stop,
            },
            Verdict::Retry => {
                Stop::Halt(SyncState::Held, format!("facebook could not be reached properly; what is left stays pending ({what})"))
            }
            Verdict::Defer => Stop::Halt(SyncState::Held, format!("facebook does not take this now; what is left stays pending ({what})")),
            Verdict::Auth | Verdict::Config | Verdict::Data if failure.advice == Advice::Missing => {
                Stop::Halt(SyncState::Failed, format!("missing: {words} ({what})"))
            }
            Verdict::Auth | Verdict::Config | Verdict::Data => Stop::Halt(SyncState::Failed, format!("{words} ({what})")),
        }
    }

    /// Stops after a write when the limits are all but reached.
    pub(super) async fn stop_when_full(&self) -> Result<(), Stop> {
        if !self.has_written || !self.talk.usage.is_full() {
            return Ok(());
        }
        let until = self.leave_in_peace(BACKOFF_FIRST_S.max(self.talk.usage.wait().map_or(0, |wait| wait.as_secs()))).await?;
        Err(Stop::Halt(SyncState::Held, format!("facebook's limits are all but reached; the rest is sent after {until}")))
    }

    async fn pause(&self, failure: &Failure) -> Result<Moment, Stop> {
        let in_a_row = self.throttles.fetch_add(1, Ordering::Relaxed);
        let backoff_s = BACKOFF_FIRST_S.saturating_mul(1 << in_a_row.min(10)).min(BACKOFF_MAX_S);
        let asked_s = failure.wait.map_or(0, |wait| wait.as_secs());
        let policy_s = if failure.advice == Advice::Policy { POLICY_BLOCK_S } else { 0 };
        self.leave_in_peace(backoff_s.max(asked_s).max(policy_s)).await
    }

    /// Nothing is sent for so long, and up to a tenth longer by chance.
    async fn leave_in_peace(&self, wait_s: u64) -> Result<Moment, Stop> {
        let wait_micros = wait_s.saturating_mul(1_000_000);
        let with_jitter = wait_micros.saturating_add(rand::random_range(0..=wait_micros / 10));
        let until = self.now().plus_micros(i64::try_from(with_jitter).unwrap_or(i64::MAX));
        self.context.ledger.set_not_before(self.context.destination, Some(until)).await?;
        Ok(until)
    }
}
