//! Rows out: batches and sessions, each row recorded before its request and settled after its answer.
//!
//! **Invariant:** a row is dropped only when Facebook says which row is wrong; a throttle, an outage or a missing
//! permission leaves it pending.

use std::collections::BTreeSet;
use std::ops::Range;

use model::{LedgerChange, LedgerRow, LedgerState, SyncState};
use serde_json::Value;

use super::client::Request;
use super::errors::{Advice, CallKind, Failure};
use super::key::Key;
use super::row::Row;
use super::samples::Samples;
use super::session::Session;
use super::settling::Settling;
use crate::dispatch::{Halving, Part, Stop, Verdict};

/// Rows that Facebook calls invalid without saying which.
const UNEXPLAINED: &str = "invalid, not said which";

/// What is done with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Remove,
    /// Everybody else goes.
    Replace,
}

/// One row on its way: as the ledger knows it, and as it is sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) row: Row,
    pub(super) sent: Row,
}

/// Whether everything was offered to Facebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offered {
    All,
    /// Facebook does not take this now; the rest was not tried.
    Deferred,
}

/// Rows of one shape: they share an audience, an operation and a schema.
pub(super) struct Group<'a> {
    pub(super) remote_id: &'a str,
    pub(super) operation: Operation,
    pub(super) schema: Vec<Key>,
    pub(super) lines: Vec<Line>,
}

impl Group<'_> {
    /// A row's cells under the schema of the request.
    pub(super) fn cells(&self, line: &Line) -> Vec<Value> {
        self.schema.iter().map(|key| key.json(line.sent.cell(*key))).collect()
    }

    /// Whether adds go on although Facebook does not take these rows now.
    fn may_wait(&self, failure: &Failure) -> bool {
        failure.verdict == Verdict::Defer && self.operation == Operation::Remove
    }
}

/// What is said where Facebook counted fewer rows than it was sent.
pub(super) const LOST_ROWS: &str = "facebook counted fewer rows than were sent";

impl Settling<'_> {
    /// Sends rows. Those with an external id and those without go in requests of their own: Facebook refuses an empty one.
    pub(super) async fn upload(&mut self, remote_id: &str, operation: Operation, lines: Vec<Line>) -> Result<Offered, Stop> {
        let (with_id, without_id): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(|line| line.sent.has(Key::ExternId));
        for lines in [with_id, without_id] {
            let keys: BTreeSet<Key> = lines.iter().flat_map(|line| line.sent.cells.iter().map(|(key, _)| *key)).collect();
            let group = Group { remote_id, operation, schema: keys.into_iter().collect(), lines };
            if self.upload_group(&group).await? == Offered::Deferred {
                return Ok(Offered::Deferred);
            }
        }
        Ok(Offered::All)
    }

    async fn upload_group(&mut self, group: &Group<'_>) -> Result<Offered, Stop> {
        let mut session = None;
        let mut start = 0;
        while start < group.lines.len() {
            self.stop_when_full().await?;
            let batch = start..(start + self.rows_max).min(group.lines.len());
            let is_final = batch.end == group.lines.len();
            match self.send(group, batch.clone(), &mut session, is_final).await? {
                Ok(()) => start = batch.end,
                Err(failure) if group.may_wait(&failure) => return Ok(self.defer(group.lines.len() - start, &failure)),
                Err(failure) if failure.advice == Advice::Oversize && batch.len() > 1 => self.rows_max = batch.len() / 2,
                Err(failure) if failure.verdict == Verdict::Data && failure.advice != Advice::Oversize => {
                    if self.search(group, batch.clone(), failure).await? == Offered::Deferred {
                        return Ok(Offered::Deferred);
                    }
                    start = batch.end;
                }
                Err(failure) => return Err(self.halt(failure).await),
            }
        }
        Ok(Offered::All)
    }

    /// So many rows to remove stay where they are until Facebook takes them.
    fn defer(&mut self, left: usize, failure: &Failure) -> Offered {
        self.tally.left += left as u64;
        let words = failure.advice.words(&self.options.account);
        self.tally.notes.push(format!("{left} rows are still in the audience: {words} ({})", failure.what));
        Offered::Deferred
    }

    /// Sends one batch until it is taken or refused for good; a refused batch ends its session.
    async fn send(
        &mut self,
        group: &Group<'_>,
        batch: Range<usize>,
        session: &mut Option<Session>,
        is_final: bool,
    ) -> Result<Result<(), Failure>, Stop> {
        let mut tries_made = 0;
        let mut recounted = false;
        loop {
            tries_made += 1;
            let now = self.now();
            let current = *session.get_or_insert_with(|| Session::open(now));
            let last = is_final || current.is_old(now);
            self.record_pending(group, &batch, current.id).await?;
            let request = self.request(group, &batch, current.describe(last, group.lines.len()));
            self.has_written = true;
            let failure = match self.talk.once(&request).await {
                Ok(answer) => {
                    let samples = Samples::read(&answer);
                    let expected = current.expected(batch.len());
                    let counted = samples.counted(expected);
                    if counted < expected && !recounted {
                        (recounted, *session) = (true, None);
                        continue;
                    }
                    if counted < expected {
                        self.tally.notes.push(LOST_ROWS.to_owned());
                    }
                    *session = current.after(last, counted);
                    self.record_answer(group, &batch, current.id, &samples).await?;
                    return Ok(Ok(()));
                }
                Err(failure) => failure,
            };
            if failure.verdict != Verdict::Retry {
                *session = None;
                return Ok(Err(failure));
            }
            if failure.advice == Advice::NewSession {
                *session = None;
            }
            if let Err(failure) = self.talk.wait_after(tries_made, failure).await {
                *session = None;
                return Ok(Err(failure));
            }
        }
    }

    /// Finds the rows that spoil a batch. When Facebook has no other answer to any part of it, it is not the rows that are wrong.
    async fn search(&mut self, group: &Group<'_>, batch: Range<usize>, first_failure: Failure) -> Result<Offered, Stop> {
        let (mut found, mut taken, mut deferred) = (Vec::new(), 0, None);
        let (mut halving, first) = Halving::new(batch.clone(), self.halving_calls);
        let mut failure = first_failure;
        let mut part = Some(first);
        loop {
            if let Some(Part::Found(row)) = part.take() {
                found.push((row, failure.what.clone()));
            }
            let Some(range) = halving.next() else { break };
            // Sessions of their own: whether a refused batch counts in its session is not documented.
            match self.send(group, range.clone(), &mut None, true).await? {
                Ok(()) => taken += range.len(),
                Err(refused) if refused.verdict == Verdict::Data => {
                    part = Some(halving.refused(range));
                    failure = refused;
                }
                Err(refused) if group.may_wait(&refused) => {
                    deferred = Some(refused);
                    break;
                }
                Err(refused) => return Err(self.halt(refused).await),
            }
        }
        self.halving_calls = halving.calls_left();
        if taken == 0 && deferred.is_none() {
            return Err(self.halt(Failure { verdict: Verdict::Config, ..failure }).await);
        }
        let left = batch.len() - taken - found.len();
        for (row, reason) in found {
            self.record_refused(group, &group.lines[row], reason).await?;
        }
        if let Some(deferred) = deferred {
            return Ok(self.defer(left + group.lines.len() - batch.end, &deferred));
        }
        if left > 0 {
            self.tally.left += left as u64;
            self.tally.notes.push(format!("{left} rows wait: facebook refuses some of them, and finding which goes on with the next run"));
        }
        Ok(Offered::All)
    }

    pub(super) fn request(&self, group: &Group<'_>, batch: &Range<usize>, session: Value) -> Request {
        let data = group.lines[batch.clone()].iter().map(|line| Value::Array(group.cells(line))).collect();
        let payload = self.options.payload(&group.schema, data);
        let edge = if group.operation == Operation::Replace { "usersreplace" } else { "users" };
        let mut request = Request::post(format!("{}/{edge}", group.remote_id), [("session", session), ("payload", payload)]);
        request.kind = CallKind::Rows;
        if group.operation == Operation::Remove {
            request.remove_by(self.options.remove_transport);
        }
        request
    }

    async fn record_pending(&self, group: &Group<'_>, batch: &Range<usize>, session_id: i64) -> Result<(), Stop> {
        let state = match group.operation {
            Operation::Add | Operation::Replace => LedgerState::PendingAdd,
            Operation::Remove => LedgerState::PendingRemove,
        };
        let now = self.now();
        let upsert = group.lines[batch.clone()].iter().map(|line| line.row.to_ledger(state, Some(session_id), now)).collect();
        self.change_ledger(&LedgerChange { upsert, delete: Vec::new() }).await
    }

    async fn record_answer(&mut self, group: &Group<'_>, batch: &Range<usize>, session_id: i64, samples: &Samples) -> Result<(), Stop> {
        let now = self.now();
        let mut change = LedgerChange::default();
        let (mut done, mut explained) = (0, 0);
        for line in &group.lines[batch.clone()] {
            let reason = if samples.reasons.is_empty() { None } else { samples.reasons.get(&Value::Array(group.cells(line)).to_string()) };
            let row = |state| line.row.to_ledger(state, Some(session_id), now);
            match (group.operation, reason) {
                (Operation::Add | Operation::Replace, None) => change.upsert.push(row(LedgerState::Added)),
                (Operation::Remove, None) => change.delete.push(row(LedgerState::PendingRemove)),
                (operation, Some(reason)) => {
                    explained += 1;
                    let reason = self.talk.client.scrubbed(reason);
                    change.upsert.push(self.refused(operation, row, reason));
                    continue;
                }
            }
            done += 1;
        }
        self.change_ledger(&change).await?;
        match group.operation {
            Operation::Add | Operation::Replace => self.tally.added += done,
            Operation::Remove => self.tally.removed += done,
        }
        self.note_invalid(samples, explained, batch.len());
        Ok(())
    }

    /// Counts what Facebook calls invalid without saying which, and warns where it is much.
    pub(super) fn note_invalid(&mut self, samples: &Samples, explained: u64, rows: usize) {
        let unexplained = samples.invalid.saturating_sub(explained);
        if unexplained > 0 {
            *self.tally.rejected.entry(UNEXPLAINED.to_owned()).or_default() += unexplained;
        }
        let share = samples.invalid.max(explained) as f64 / rows.max(1) as f64;
        if share > self.options.invalid_share {
            self.tally.notes.push(format!("facebook found {} of {rows} rows invalid", samples.invalid.max(explained)));
        }
    }

    pub(super) async fn record_refused(&mut self, group: &Group<'_>, line: &Line, reason: String) -> Result<(), Stop> {
        let now = self.now();
        let row = |state| line.row.to_ledger(state, None, now);
        let upsert = vec![self.refused(group.operation, row, reason)];
        self.change_ledger(&LedgerChange { upsert, delete: Vec::new() }).await
    }

    /// A row Facebook calls wrong. One to add is not sent again; one to remove may still be there, so it stays pending.
    pub(super) fn refused(&mut self, operation: Operation, row: impl Fn(LedgerState) -> LedgerRow, reason: String) -> LedgerRow {
        *self.tally.rejected.entry(reason.clone()).or_default() += 1;
        let state = match operation {
            Operation::Add | Operation::Replace => LedgerState::Rejected,
            Operation::Remove => {
                self.tally.left += 1;
                LedgerState::PendingRemove
            }
        };
        LedgerRow { reason: Some(reason), ..row(state) }
    }

    /// How a sync ended that came to its end.
    pub(super) fn end_state(&self, sendable: u64) -> SyncState {
        match (self.tally.left, sendable < self.options.minimum_size) {
            (0, false) => SyncState::Sent,
            (0, true) => SyncState::SentBelowMinimum,
            _ => SyncState::Held,
        }
    }
}
