//! One step: from what the ledger says to what it should say, with the files in between.
//!
//! A step is recorded in the ledger as pending, its files are staged, and it happens when the memory is replaced. A step
//! that happened is finished after a crash: its changes get their name, the members their file, the ledger its rows. One
//! that did not is undone. **Invariant:** no name shows a step that the memory does not know.

use std::collections::HashMap;

use model::{LedgerRow, LedgerState, Moment, Value};

use super::format::{self, Table};
use super::memory::{self, Head, Memory};
use super::options::Format;
use super::record::{Record, SCHEMA};
use super::settle::Settling;
use crate::dispatch::Stop;
use crate::roster::{Entry, Plan, Telling, Told};

impl Settling<'_> {
    /// One step: recorded, staged, done, shown, confirmed.
    pub(super) async fn step(&mut self, entries: &[Entry], records: Vec<Record>, plan: Plan, memory: Option<Memory>) -> Result<(), Stop> {
        // Steps of one audience have moments of their own, in order, whatever became of the clock.
        let after = memory.as_ref().map_or(i64::MIN, |memory| memory.head.step.saturating_add(1));
        let at = Moment::from_micros((self.context.clock)().micros().max(after));
        let known = memory.map(|memory| memory.recall(&self.columns.names)).unwrap_or_default();
        let pending = self.record_pending(entries, &plan, at).await?;

        let mut head = self.head(at, None);
        if self.options.write.changes() && !plan.is_empty() {
            let name = format!("{}.changes.{}.{}", self.job.audience, stamp(at), self.options.format.ending());
            let table = self.changes(&plan, &records, &known, at);
            self.folder.stage(&name, &format::write(table, self.options, self.parquet).await?).await?;
            head.changes = Some(name);
        }
        let kept = self.kept(&plan, &known);
        let memory = Memory { head, records: records.into_iter().chain(kept).collect() };
        self.folder.put(&memory::name(self.job.audience.as_str()), &memory.to_bytes()?).await?;
        self.publish(&memory).await?;
        self.confirm(pending).await?;
        Ok(())
    }

    fn head(&self, at: Moment, changes: Option<String>) -> Head {
        Head { destination: self.context.destination.to_string(), step: at.micros(), changes, columns: self.columns.names.clone() }
    }

    async fn record_pending(&self, entries: &[Entry], plan: &Plan, at: Moment) -> Result<Vec<LedgerRow>, Stop> {
        let leaving = plan.exits.iter().chain(plan.tellings.iter().flat_map(|telling| &telling.replaces));
        let leaving = leaving.map(|told| LedgerRow {
            state: LedgerState::PendingRemove,
            session_id: Some(at.micros()),
            updated_at: at,
            ..told.row.clone()
        });
        let coming = plan.tellings.iter().map(|telling| SCHEMA.row(&entries[telling.index], LedgerState::PendingAdd, at.micros(), at));
        let pending: Vec<LedgerRow> = leaving.chain(coming).collect();
        self.change_ledger(pending.clone(), Vec::new()).await?;
        Ok(pending)
    }

    /// The lines of a step: who goes before who comes, so that whoever applies them in order is in step by any column.
    fn changes(&mut self, plan: &Plan, records: &[Record], known: &HashMap<String, Record>, at: Moment) -> Table {
        let moment = at.to_utc().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let line = |change: &str, cells: Vec<Option<Value>>| {
            let head = [Some(Value::from(change)), Some(Value::from(moment.as_str()))];
            head.into_iter().chain(cells).collect::<Vec<_>>()
        };
        let mut forgotten = 0;
        let mut recall = |told: &Told| {
            forgotten += u64::from(!known.contains_key(&told.cells[1]));
            self.recall(told, known).cells
        };
        let mut rows: Vec<_> = plan.exits.iter().map(|told| line("exited", recall(told))).collect();
        let replaced = plan.tellings.iter().flat_map(|telling| &telling.replaces);
        rows.extend(replaced.map(|told| line("changed_from", recall(told))));
        rows.extend(plan.tellings.iter().map(|Telling { index, is_change, .. }| {
            line(if *is_change { "changed_to" } else { "entered" }, records[*index].cells.clone())
        }));
        if forgotten > 0 {
            self.outcome.message = Some(format!("{forgotten} exits carry only the id: what was told at entry is not there any more"));
        }
        let columns = ["change", "at"].into_iter().map(str::to_owned).chain(self.columns.names.iter().cloned()).collect();
        Table { columns, rows }
    }

    /// What was told of somebody; the id alone where it is not known any more.
    fn recall(&self, told: &Told, known: &HashMap<String, Record>) -> Record {
        let fingerprint = &told.cells[1];
        let only_id = || Record { fingerprint: fingerprint.clone(), cells: self.columns.only_id(&told.cells[0]) };
        known.get(fingerprint).cloned().unwrap_or_else(only_id)
    }

    /// The lines of those who exited and stay.
    fn kept(&self, plan: &Plan, known: &HashMap<String, Record>) -> Vec<Record> {
        plan.kept.iter().map(|told| self.recall(told, known)).collect()
    }

    /// Shows a step that happened: its changes get their name, and the members their file.
    pub(super) async fn publish(&mut self, memory: &Memory) -> Result<(), Stop> {
        if let Some(changes) = &memory.head.changes {
            self.folder.publish(changes).await?;
            self.outcome.calls += 1;
        }
        let cells = memory.records.iter().map(|record| record.cells.clone()).collect();
        self.put_members(Table { columns: memory.head.columns.clone(), rows: cells }).await
    }

    /// The members' file alone, when it is all that is missing.
    pub(super) async fn write_members(
        &mut self,
        known: Option<HashMap<String, Record>>,
        plan: &Plan,
        records: Vec<Record>,
    ) -> Result<(), Stop> {
        let kept = self.kept(plan, &known.unwrap_or_default());
        let rows = records.into_iter().chain(kept).map(|record| record.cells).collect();
        self.put_members(Table { columns: self.columns.names.clone(), rows }).await
    }

    /// Writes the members where they are wanted, and takes away what would not be kept in step.
    async fn put_members(&mut self, table: Table) -> Result<(), Stop> {
        if self.options.write.members() {
            let bytes = format::write(table, self.options, self.parquet).await?;
            self.folder.put(&self.members(self.options.format), &bytes).await?;
            self.outcome.calls += 1;
        }
        for format in Format::ALL {
            if !self.wants_members(format) {
                self.folder.remove(&self.members(format)).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn members_are_in_place(&self) -> Result<bool, Stop> {
        for format in Format::ALL {
            if self.folder.has(&self.members(format)).await? != self.wants_members(format) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn wants_members(&self, format: Format) -> bool {
        self.options.write.members() && format == self.options.format
    }

    fn members(&self, format: Format) -> String {
        format!("{}.members.{}", self.job.audience, format.ending())
    }
}

/// A moment in a file's name: names in order are steps in order.
fn stamp(at: Moment) -> String {
    at.to_utc().format("%Y%m%dT%H%M%S%.6fZ").to_string()
}
