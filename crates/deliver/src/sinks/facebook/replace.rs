//! A replace: everybody goes and the wanted rows come, in one session, while Facebook takes nothing else.
//!
//! Every row is recorded as pending before the first batch, and settled only when Facebook is seen to be done. A crash, a lost
//! answer or a replace that is cut off after 90 minutes leaves pending rows, which the next sync sends again.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::time::Duration;

use model::{LedgerChange, LedgerRow, LedgerState, RemoteAudience, SyncState};
use serde_json::Value;

use super::client::Request;
use super::errors::{Advice, Failure};
use super::key::Key;
use super::plan::Plan;
use super::row::Row;
use super::samples::Samples;
use super::session::Session;
use super::settling::Settling;
use super::standing;
use super::upload::{Group, LOST_ROWS, Line, Operation};
use crate::dispatch::{Stop, Verdict};

/// Ledger rows changed in one transaction.
const RECORDED_AT_A_TIME: usize = 10_000;
/// How often Facebook is asked whether it is done before the next run asks.
const POLLS: u32 = 6;

/// Whether a replace went its way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    Done,
    /// Facebook will not replace this; the rows are recorded as pending, and a difference sends them.
    Refused,
}

impl Settling<'_> {
    /// Puts these rows in the place of everybody.
    pub(super) async fn replace(&mut self, remote: &mut RemoteAudience, plan: &Plan) -> Result<Replaced, Stop> {
        self.stop_when_full().await?;
        let wanted: BTreeSet<&Row> = plan.kept.iter().chain(&plan.adds).collect();
        let gone: Vec<&Row> = plan.removals.iter().map(|removal| &removal.row).chain(&plan.covered).collect();
        let keys: BTreeSet<Key> = wanted.iter().flat_map(|row| row.cells.iter().map(|(key, _)| *key)).collect();
        let lines = wanted.into_iter().map(|row| Line { row: row.clone(), sent: row.clone() }).collect();
        let remote_id = remote.remote_id.clone();
        let group = Group { remote_id: &remote_id, operation: Operation::Replace, schema: keys.into_iter().collect(), lines };
        let session = self.record_begun(&group.lines, &gone, &plan.forget).await?;
        let rejected = match self.send_all(&group, session, remote).await? {
            Sent::All { rejected } => rejected,
            Sent::Refused => return Ok(Replaced::Refused),
        };
        self.await_end(remote, session.id).await?;
        let newcomers = plan.adds.len().saturating_sub(plan.renewed.len()) as u64;
        self.tally.added += newcomers.saturating_sub(rejected);
        self.tally.removed += gone.len() as u64;
        Ok(Replaced::Done)
    }

    async fn record_begun(&self, lines: &[Line], gone: &[&Row], forget: &[LedgerRow]) -> Result<Session, Stop> {
        let now = self.now();
        let session = Session::open(now);
        self.change_ledger(&LedgerChange { upsert: Vec::new(), delete: forget.to_vec() }).await?;
        for lines in lines.chunks(RECORDED_AT_A_TIME) {
            let upsert = lines.iter().map(|line| line.row.to_ledger(LedgerState::PendingAdd, Some(session.id), now)).collect();
            self.change_ledger(&LedgerChange { upsert, delete: Vec::new() }).await?;
        }
        for rows in gone.chunks(RECORDED_AT_A_TIME) {
            let upsert = rows.iter().map(|row| row.to_ledger(LedgerState::PendingRemove, Some(session.id), now)).collect();
            self.change_ledger(&LedgerChange { upsert, delete: Vec::new() }).await?;
        }
        Ok(session)
    }

    /// Sends every batch in turn. One that is refused for its rows is halved within the session.
    async fn send_all(&mut self, group: &Group<'_>, opened: Session, remote: &mut RemoteAudience) -> Result<Sent, Stop> {
        let mut session = opened;
        let mut left = batches(group.lines.len(), self.rows_max);
        let mut taken: Option<usize> = None;
        let mut rejected = 0;
        while let Some(batch) = left.pop_front() {
            let is_last = left.is_empty();
            let request = self.request(group, &batch, session.describe(is_last, group.lines.len()));
            self.has_written = true;
            let failure = match self.talk.patiently(&request).await {
                Ok(answer) => {
                    if taken.is_none() {
                        // From here on nobody stays whom the ledger does not know, whatever else happens.
                        (remote.doubt, remote.drifted_at) = (None, None);
                        self.save_remote(remote).await?;
                    }
                    taken = Some(batch.start);
                    let (samples, expected) = (Samples::read(&answer), session.expected(batch.len()));
                    let counted = samples.counted(expected);
                    if counted < expected {
                        self.tally.notes.push(LOST_ROWS.to_owned());
                    }
                    rejected += self.record_rejected(group, &batch, session.id, &samples).await?;
                    if let Some(next) = session.after(is_last, counted) {
                        session = next;
                    }
                    continue;
                }
                Err(failure) => failure,
            };
            match (failure.verdict, failure.advice) {
                (_, Advice::TooLarge) if taken.is_none() => return Ok(Sent::Refused),
                (_, Advice::Oversize) if batch.len() > 1 => halve(&mut left, batch),
                (Verdict::Data, _) if batch.len() > 1 && self.halving_calls > 0 => {
                    self.halving_calls -= 1;
                    halve(&mut left, batch);
                }
                (Verdict::Data, advice) if batch.len() == 1 && advice != Advice::Oversize => match taken {
                    Some(taken) => {
                        self.record_refused(group, &group.lines[batch.start], failure.what).await?;
                        rejected += 1;
                        // The session still needs its last batch: a row that was taken may come twice.
                        if is_last {
                            left.push_back(taken..taken + 1);
                        }
                    }
                    // A row is to blame only where others were taken: it waits until one was.
                    None if !is_last && self.halving_calls > 0 => {
                        self.halving_calls -= 1;
                        left.push_back(batch);
                    }
                    None => return Err(self.halt(unlike_rows(failure)).await),
                },
                _ => return Err(self.halt(unlike_rows(failure)).await),
            }
        }
        remote.replacing = Some(session.id);
        self.save_remote(remote).await?;
        Ok(Sent::All { rejected })
    }

    /// Notes the rows that Facebook calls invalid.
    async fn record_rejected(&mut self, group: &Group<'_>, batch: &Range<usize>, session_id: i64, samples: &Samples) -> Result<u64, Stop> {
        if samples.invalid == 0 && samples.reasons.is_empty() {
            return Ok(0);
        }
        let now = self.now();
        let mut upsert = Vec::new();
        for line in &group.lines[batch.clone()] {
            if let Some(reason) = samples.reasons.get(&Value::Array(group.cells(line)).to_string()) {
                let reason = self.talk.client.scrubbed(reason);
                let row = |state| line.row.to_ledger(state, Some(session_id), now);
                upsert.push(self.refused(Operation::Replace, row, reason));
            }
        }
        let explained = upsert.len() as u64;
        self.change_ledger(&LedgerChange { upsert, delete: Vec::new() }).await?;
        self.note_invalid(samples, explained, batch.len());
        Ok(explained)
    }

    /// Asks a few times whether Facebook is done. When it is not, the next run asks.
    async fn await_end(&mut self, remote: &mut RemoteAudience, session_id: i64) -> Result<(), Stop> {
        let request = Request::get(remote.remote_id.clone(), standing::FIELDS);
        for _ in 0..POLLS {
            let node = match self.talk.patiently(&request).await {
                Ok(node) => node,
                Err(failure) => return Err(self.halt(failure).await),
            };
            self.facts = standing::facts(&node);
            match standing::operation_status(&node) {
                Some(standing::REPLACING) => tokio::time::sleep(Duration::from_millis(self.talk.pacing.poll_ms)).await,
                Some(standing::REPLACE_FAILED) => {
                    remote.replacing = None;
                    self.save_remote(remote).await?;
                    let words = "facebook cut the replace off; everybody is sent again with the next run";
                    return Err(Stop::Halt(SyncState::Held, words.to_owned()));
                }
                _ => {
                    let mut rows = self.context.ledger.rows(&self.job.audience, self.context.destination).await?;
                    return self.settle_replaced(remote, session_id, &mut rows).await;
                }
            }
        }
        let words = "everybody was sent; facebook is still putting them in place, and the next run looks again";
        Err(Stop::Halt(SyncState::Held, words.to_owned()))
    }

    /// What became of a replace whose end was not seen. Cut off, its rows stay pending.
    pub(super) async fn end_replace(
        &mut self,
        remote: &mut RemoteAudience,
        rows: &mut Vec<LedgerRow>,
        status: Option<i64>,
    ) -> Result<(), Stop> {
        let Some(session_id) = remote.replacing else { return Ok(()) };
        if status == Some(standing::REPLACE_FAILED) {
            remote.replacing = None;
            return self.save_remote(remote).await;
        }
        self.settle_replaced(remote, session_id, rows).await
    }

    /// The rows of the session are there, and whoever was to go is gone.
    async fn settle_replaced(&self, remote: &mut RemoteAudience, session_id: i64, rows: &mut Vec<LedgerRow>) -> Result<(), Stop> {
        let now = self.now();
        let of_session = |row: &LedgerRow, state| row.session_id == Some(session_id) && row.state == state;
        let gone: Vec<LedgerRow> = rows.extract_if(.., |row| of_session(row, LedgerState::PendingRemove)).collect();
        for delete in gone.chunks(RECORDED_AT_A_TIME) {
            self.change_ledger(&LedgerChange { upsert: Vec::new(), delete: delete.to_vec() }).await?;
        }
        let mut there = Vec::new();
        for row in rows.iter_mut().filter(|row| of_session(row, LedgerState::PendingAdd)) {
            (row.state, row.updated_at) = (LedgerState::Added, now);
            there.push(row.clone());
        }
        for upsert in there.chunks(RECORDED_AT_A_TIME) {
            self.change_ledger(&LedgerChange { upsert: upsert.to_vec(), delete: Vec::new() }).await?;
        }
        remote.replacing = None;
        self.save_remote(remote).await
    }
}

/// How far the batches came.
enum Sent {
    All { rejected: u64 },
    Refused,
}

fn batches(rows: usize, rows_max: usize) -> VecDeque<Range<usize>> {
    (0..rows).step_by(rows_max).map(|start| start..(start + rows_max).min(rows)).collect()
}

fn halve(left: &mut VecDeque<Range<usize>>, batch: Range<usize>) {
    let middle = batch.start + batch.len() / 2;
    left.push_front(middle..batch.end);
    left.push_front(batch.start..middle);
}

/// A refusal of rows that could not be pinned on one of them is nobody's row.
fn unlike_rows(failure: Failure) -> Failure {
    let verdict = if failure.verdict == Verdict::Data { Verdict::Config } else { failure.verdict };
    Failure { verdict, ..failure }
}
