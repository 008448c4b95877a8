//! Batches out: each message recorded before its call and settled after the answer, in the order they came.
//!
//! **Invariant:** a message is dropped only when the receiver refuses it by itself and takes others; an outage, a limit or
//! a missing permission leaves it pending.

use std::ops::Range;
use std::time::Duration;

use model::{LedgerChange, LedgerRow, LedgerState};
use serde_json::{Value, json};

use super::settle::Settling;
use super::verdict::Failure;
use crate::dispatch::{Halving, Part, Stop, Verdict};

/// Refused messages in a row, none taken: it is not the messages that are wrong.
const SUSPECTS_MAX: usize = 30;

/// One message on its way.
pub(super) struct Line {
    /// As the ledger holds it until there is an answer.
    pub(super) pending: LedgerRow,
    /// What the ledger forgets once the message is taken.
    pub(super) replaces: Vec<LedgerRow>,
    pub(super) message: Value,
}

impl Line {
    fn is_exit(&self) -> bool {
        self.pending.state == LedgerState::PendingRemove
    }
}

/// A message that was refused by itself.
pub(super) struct Suspect {
    pending: LedgerRow,
    pub(super) reason: String,
}

impl Settling<'_> {
    /// Sends messages until all were taken or refused.
    pub(super) async fn deliver(&mut self, lines: &[Line]) -> Result<(), Stop> {
        let mut start = 0;
        while start < lines.len() {
            let batch = start..(start + self.batch).min(lines.len());
            self.record_pending(&lines[batch.clone()]).await?;
            match self.send(&lines[batch.clone()]).await? {
                Ok(()) => start = batch.end,
                Err(failure) if failure.is_too_large && batch.len() > 1 => self.batch = batch.len() / 2,
                Err(failure) if failure.verdict == Verdict::Data => {
                    self.search(lines, batch.clone(), failure).await?;
                    start = batch.end;
                }
                Err(failure) => return Err(self.halt(failure).await?),
            }
        }
        Ok(())
    }

    /// Sends one batch until it is taken or refused for good.
    async fn send(&mut self, lines: &[Line]) -> Result<Result<(), Failure>, Stop> {
        let body = match lines {
            [line] if self.options.batch == 1 => line.message.to_string(),
            _ => json!({ "batch": lines.iter().map(|line| &line.message).collect::<Vec<_>>() }).to_string(),
        };
        let timeout = Duration::from_millis(self.pacing.call_timeout_ms);
        let mut tries_made = 0;
        loop {
            tries_made += 1;
            self.tally.calls += 1;
            let failure = match self.client.send(body.as_bytes(), self.now(), timeout).await {
                Ok(()) => {
                    self.record_taken(lines).await?;
                    return Ok(Ok(()));
                }
                Err(failure) => failure,
            };
            tracing::warn!(audience = %self.job.audience, verdict = ?failure.verdict, what = failure.what, "the webhook was not taken");
            let asked = failure.wait.unwrap_or_default();
            let is_short = asked <= Duration::from_millis(self.pacing.wait_max_ms);
            let passes = failure.verdict == Verdict::Retry || (failure.verdict == Verdict::Throttle && is_short);
            match self.pacing.wait_after(tries_made).filter(|_| passes) {
                Some(wait) => tokio::time::sleep(wait.max(asked)).await,
                None => return Ok(Err(failure)),
            }
        }
    }

    /// Finds the messages that spoil a batch.
    async fn search(&mut self, lines: &[Line], batch: Range<usize>, mut failure: Failure) -> Result<(), Stop> {
        let (mut halving, first) = Halving::new(batch, self.halving_calls);
        let mut part = Some(first);
        loop {
            match part.take() {
                Some(Part::Found(index)) => self.suspect(&lines[index], &failure).await?,
                Some(Part::GivenUp(rows)) => {
                    self.tally.left += rows.len() as u64;
                    let note =
                        format!("{} messages wait: some of them are refused, and finding which goes on with the next run", rows.len());
                    self.tally.notes.push(note);
                }
                Some(Part::Halved) | None => {}
            }
            let Some(range) = halving.next() else { break };
            match self.send(&lines[range.clone()]).await? {
                Ok(()) => {}
                Err(refused) if refused.verdict == Verdict::Data => {
                    part = Some(halving.refused(range));
                    failure = refused;
                }
                Err(refused) => return Err(self.halt(refused).await?),
            }
        }
        self.halving_calls = halving.calls_left();
        Ok(())
    }

    async fn suspect(&mut self, line: &Line, failure: &Failure) -> Result<(), Stop> {
        self.suspects.push(Suspect { pending: line.pending.clone(), reason: failure.what.clone() });
        if !self.has_been_taken && self.suspects.len() >= SUSPECTS_MAX {
            return Err(self.halt(failure.clone()).await?);
        }
        Ok(())
    }

    /// Writes down who was refused, now that others were taken. Entries are not sent again while they are the same; of an
    /// exit the receiver must hear one day, so it stays pending.
    pub(super) async fn record_refused(&mut self) -> Result<(), Stop> {
        let mut change = LedgerChange::default();
        for Suspect { pending, reason } in std::mem::take(&mut self.suspects) {
            *self.tally.rejected.entry(reason.clone()).or_default() += 1;
            let is_exit = pending.state == LedgerState::PendingRemove;
            self.tally.left += u64::from(is_exit);
            let state = if is_exit { LedgerState::PendingRemove } else { LedgerState::Rejected };
            change.upsert.push(LedgerRow { state, reason: Some(reason), ..pending });
        }
        self.change_ledger(&change).await
    }

    async fn record_pending(&self, lines: &[Line]) -> Result<(), Stop> {
        let upsert = lines.iter().map(|line| line.pending.clone()).collect();
        self.change_ledger(&LedgerChange { upsert, delete: Vec::new() }).await
    }

    async fn record_taken(&mut self, lines: &[Line]) -> Result<(), Stop> {
        self.has_been_taken = true;
        let mut change = LedgerChange::default();
        for line in lines {
            if line.is_exit() {
                self.tally.removed += 1;
                change.delete.push(line.pending.clone());
            } else {
                self.tally.added += 1;
                self.tally.removed += line.replaces.iter().filter(|row| row.state == LedgerState::Added).count() as u64;
                change.upsert.push(LedgerRow { state: LedgerState::Added, ..line.pending.clone() });
                change.delete.extend(line.replaces.iter().cloned());
            }
        }
        self.change_ledger(&change).await
    }
}
