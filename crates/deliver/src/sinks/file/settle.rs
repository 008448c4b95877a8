//! One sync, read aloud: what was begun, who should be there, the minimum, then one step.

use std::collections::BTreeMap;
use std::io;

use model::{LedgerChange, LedgerRow, LedgerState, RemoteAudience, SyncState};

use super::folder::Folder;
use super::memory::Memory;
use super::options::Options;
use super::record::{Columns, Record, SCHEMA, entry};
use crate::dispatch::Stop;
use crate::roster::{Entry, Exits};
use crate::{Context, LedgerError, Parquet, SyncJob, SyncOutcome};

/// People looked at before other work gets a turn.
const PEOPLE_AT_A_TIME: usize = 500;
/// Rows of the ledger changed at once.
const ROWS_AT_A_TIME: usize = 10_000;

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Halt(SyncState::Failed, format!("may not write in the folder of `path` ({error})")),
            io::ErrorKind::NotFound => Self::Halt(SyncState::Failed, format!("the folder that `path` stands in is not there ({error})")),
            _ => Self::Halt(SyncState::Held, format!("could not write in the folder of `path`; what is left stays pending ({error})")),
        }
    }
}

/// One sync under way.
pub(super) struct Settling<'a> {
    pub(super) options: &'a Options,
    pub(super) parquet: Option<&'a dyn Parquet>,
    pub(super) job: &'a SyncJob,
    pub(super) context: &'a Context<'a>,
    pub(super) folder: Folder<'a>,
    pub(super) columns: Columns,
    pub(super) outcome: SyncOutcome,
}

impl<'a> Settling<'a> {
    pub(super) fn new(options: &'a Options, parquet: Option<&'a dyn Parquet>, job: &'a SyncJob, context: &'a Context<'a>) -> Self {
        let outcome = SyncOutcome {
            state: SyncState::Sent,
            message: None,
            sendable: job.people.len() as u64,
            rows_added: 0,
            rows_removed: 0,
            rejected: BTreeMap::new(),
            emptied: BTreeMap::new(),
            remote: BTreeMap::new(),
            calls: 0,
        };
        Self { options, parquet, job, context, folder: Folder::new(&options.path), columns: Columns::of(options, job), outcome }
    }

    /// Brings the folder in step, and says how it went.
    pub(super) async fn run(mut self) -> Result<SyncOutcome, LedgerError> {
        match self.bring_in_step().await {
            Ok(state) => self.outcome.state = state,
            Err(Stop::Halt(state, words)) => (self.outcome.state, self.outcome.message) = (state, Some(words)),
            Err(Stop::Ledger(error)) => return Err(error),
        }
        Ok(self.outcome)
    }

    async fn bring_in_step(&mut self) -> Result<SyncState, Stop> {
        let (ledger, audience, destination) = (self.context.ledger, &self.job.audience, self.context.destination);
        let is_below_minimum = self.outcome.sendable < self.options.minimum_size;
        let is_begun = ledger.remote_audience(audience, destination).await?.is_some();
        if !is_begun && is_below_minimum {
            let words =
                format!("below minimum: {} of {} people; held until there are enough", self.outcome.sendable, self.options.minimum_size);
            return Err(Stop::Halt(SyncState::BelowMinimum, words));
        }
        self.folder.ensure().await?;
        let memory = Memory::read(&self.folder, audience.as_str()).await?;
        if let Some(owner) = memory.as_ref().map(|memory| &memory.head.destination).filter(|owner| *owner != destination.as_str()) {
            let words = format!("the files of `{audience}` in this folder are those of destination `{owner}`; choose another `path`");
            return Err(Stop::Halt(SyncState::Failed, words));
        }
        if !is_begun {
            let begun = RemoteAudience::new(audience.to_string(), self.job.title.clone());
            ledger.save_remote_audience(audience, destination, &begun).await?;
        }
        let rows = self.settle_what_was_begun(memory.as_ref()).await?;
        let (entries, records) = self.people().await;
        let plan = SCHEMA.plan(&entries, rows, &Exits::of(self.job));
        let plan = plan.map_err(|unreadable| Stop::Halt(SyncState::Failed, unreadable.to_string()))?;
        self.change_ledger(Vec::new(), plan.forget.clone()).await?;
        if !plan.is_empty() || memory.is_none() {
            self.step(&entries, records, plan, memory).await?;
        } else if !self.members_are_in_place().await? {
            self.write_members(memory.map(|memory| memory.recall(&self.columns.names)), &plan, records).await?;
        }
        Ok(if is_below_minimum { SyncState::SentBelowMinimum } else { SyncState::Sent })
    }

    /// Finishes the step that was under way if it happened, or undoes it. Nothing is pending afterwards.
    async fn settle_what_was_begun(&mut self, memory: Option<&Memory>) -> Result<Vec<LedgerRow>, Stop> {
        let rows = self.context.ledger.rows(&self.job.audience, self.context.destination).await?;
        let is_pending = |row: &LedgerRow| matches!(row.state, LedgerState::PendingAdd | LedgerState::PendingRemove);
        let (begun, mut rows): (Vec<LedgerRow>, Vec<LedgerRow>) = rows.into_iter().partition(is_pending);
        if begun.is_empty() {
            return Ok(rows);
        }
        let step = memory.map(|memory| memory.head.step);
        let (happened, undone): (Vec<_>, Vec<_>) = begun.into_iter().partition(|row| step.is_some() && row.session_id == step);
        if let Some(memory) = memory.filter(|_| !happened.is_empty()) {
            self.publish(memory).await?;
        }
        self.folder.sweep(&format!("{}.changes.", self.job.audience)).await?;
        let back = |row: LedgerRow| LedgerRow { state: LedgerState::Added, ..row };
        let (never_added, still_there): (Vec<_>, Vec<_>) = undone.into_iter().partition(|row| row.state == LedgerState::PendingAdd);
        let still_there: Vec<_> = still_there.into_iter().map(back).collect();
        self.change_ledger(still_there.clone(), never_added).await?;
        rows.extend(still_there);
        rows.extend(self.confirm(happened).await?);
        Ok(rows)
    }

    /// Everybody as the ledger will know them, with their lines. Other work gets a turn now and then: a million people take
    /// seconds.
    async fn people(&self) -> (Vec<Entry>, Vec<Record>) {
        let (mut entries, mut records) = (Vec::new(), Vec::new());
        for people in self.job.people.chunks(PEOPLE_AT_A_TIME) {
            for person in people {
                let record = self.columns.record(person);
                entries.push(entry(person, &record));
                records.push(record);
            }
            tokio::task::yield_now().await;
        }
        (entries, records)
    }

    /// The step is over: gives back the rows of those who are there.
    pub(super) async fn confirm(&mut self, pending: Vec<LedgerRow>) -> Result<Vec<LedgerRow>, Stop> {
        let (leaving, coming): (Vec<_>, Vec<_>) = pending.into_iter().partition(|row| row.state == LedgerState::PendingRemove);
        let added: Vec<_> = coming.into_iter().map(|row| LedgerRow { state: LedgerState::Added, ..row }).collect();
        self.outcome.rows_added += added.len() as u64;
        self.outcome.rows_removed += leaving.len() as u64;
        self.change_ledger(added.clone(), leaving).await?;
        Ok(added)
    }

    pub(super) async fn change_ledger(&self, upsert: Vec<LedgerRow>, delete: Vec<LedgerRow>) -> Result<(), Stop> {
        let (ledger, audience, destination) = (self.context.ledger, &self.job.audience, self.context.destination);
        for rows in upsert.chunks(ROWS_AT_A_TIME) {
            ledger.change(audience, destination, &LedgerChange { upsert: rows.to_vec(), delete: Vec::new() }).await?;
        }
        for rows in delete.chunks(ROWS_AT_A_TIME) {
            ledger.change(audience, destination, &LedgerChange { upsert: Vec::new(), delete: rows.to_vec() }).await?;
        }
        Ok(())
    }
}
