//! What follows from a failure that ends the conversation: words for people, and a pause that outlives the process.

use std::sync::atomic::{AtomicU32, Ordering};

use model::{Moment, SyncState};

use super::errors::{Advice, Failure};
use super::options::Options;
use crate::Context;
use crate::dispatch::{Stop, Verdict};

const BACKOFF_FIRST_S: u64 = 60;
const BACKOFF_MAX_S: u64 = 30 * 60;
const POLICY_BLOCK_S: u64 = 60 * 60;

/// What a failure is judged with.
#[derive(Clone, Copy)]
pub(super) struct Halting<'a> {
    pub(super) options: &'a Options,
    pub(super) context: &'a Context<'a>,
    /// Throttles in a row, over all syncs of the destination.
    pub(super) throttles: &'a AtomicU32,
}

impl Halting<'_> {
    pub(super) fn now(&self) -> Moment {
        (self.context.clock)()
    }

    /// Nothing may be sent while Facebook asked to wait. The time is the ad account's, and survives a restart.
    pub(super) async fn check_pause(&self) -> Result<(), Stop> {
        let ledger = self.context.ledger;
        let Some(until) = ledger.not_before(&self.options.limits()).await? else { return Ok(()) };
        if self.now() < until {
            return Err(Stop::Halt(SyncState::Held, format!("facebook asked to wait; nothing is sent until {until}")));
        }
        Ok(ledger.set_not_before(&self.options.limits(), None).await?)
    }

    /// What follows from a failure that ends a conversation. A throttle is remembered, so that not even a restart asks again
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

    /// A pause ahead of the limit, as long as Facebook says it takes.
    pub(super) async fn pause_ahead(&self, asked_s: u64) -> Result<Moment, Stop> {
        self.leave_in_peace(BACKOFF_FIRST_S.max(asked_s)).await
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
        self.context.ledger.set_not_before(&self.options.limits(), Some(until)).await?;
        Ok(until)
    }
}
