//! Erasure: people go from every customer list of the ad account, and from the ledger.
//!
//! They are removed by every row that was ever sent for them, whatever has become of them since. Others who share an
//! address with them, or are told apart by nothing, may be taken along; their rows are pending before the first call, so
//! that a sync sends them again.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use model::{AudienceKey, LedgerChange, LedgerRow, LedgerState, ProfileId, RemoteAudience, SyncState};

use super::client::Request;
use super::errors::CallKind;
use super::halting::Halting;
use super::key::Key;
use super::plan;
use super::row::{Cell, Row};
use super::talk::Talk;
use crate::dispatch::Stop;
use crate::{Erasure, LedgerError};

/// One erasure under way.
pub(super) struct Erasing<'a> {
    halting: Halting<'a>,
    talk: Talk<'a>,
}

type Rows = BTreeMap<AudienceKey, Vec<LedgerRow>>;

impl<'a> Erasing<'a> {
    pub(super) fn new(halting: Halting<'a>, talk: Talk<'a>) -> Self {
        Self { halting, talk }
    }

    /// Erases them, and says how it went. What could not be done stays in the ledger, to be tried again.
    pub(super) async fn run(mut self, profiles: &[ProfileId]) -> Result<Erasure, LedgerError> {
        let (ledger, destination) = (self.halting.context.ledger, self.halting.context.destination);
        let mut theirs = Rows::new();
        for (audience, row) in ledger.rows_of(destination, profiles).await? {
            theirs.entry(audience).or_default().push(row);
        }
        let rows: u64 = theirs.values().flatten().filter(|row| row.state != LedgerState::Rejected).count() as u64;
        let (state, message, to_sync) = match self.erase(&theirs).await {
            Ok(to_sync) => (SyncState::Sent, None, to_sync),
            Err(Stop::Halt(state, words)) => (state, Some(words), Vec::new()),
            Err(Stop::Ledger(error)) => return Err(error),
        };
        Ok(Erasure { state, message, rows, to_sync })
    }

    async fn erase(&mut self, theirs: &Rows) -> Result<Vec<AudienceKey>, Stop> {
        if theirs.is_empty() {
            return Ok(Vec::new());
        }
        self.halting.check_pause().await?;
        let rows = sent(theirs)?;
        self.record_leaving(theirs).await?;
        let to_sync = self.record_others(&rows, theirs).await?;
        self.record_writing(theirs.keys().chain(&to_sync)).await?;
        self.remove(&rows).await?;
        let (ledger, destination) = (self.halting.context.ledger, self.halting.context.destination);
        for (audience, rows) in theirs {
            ledger.change(audience, destination, &LedgerChange { upsert: Vec::new(), delete: rows.clone() }).await?;
        }
        Ok(to_sync)
    }

    async fn record_leaving(&self, theirs: &Rows) -> Result<(), Stop> {
        let now = self.halting.now();
        for (audience, rows) in theirs {
            let leaving = rows.iter().filter(|row| row.state != LedgerState::Rejected);
            let upsert = leaving.map(|row| LedgerRow { state: LedgerState::PendingRemove, updated_at: now, ..row.clone() }).collect();
            self.change(audience, upsert).await?;
        }
        Ok(())
    }

    /// Others who share an identifier may go with them, from whatever audience they are in; so may those whose rows, without
    /// one, are the very same.
    async fn record_others(&self, rows: &BTreeSet<Vec<(Key, Cell)>>, theirs: &Rows) -> Result<Vec<AudienceKey>, Stop> {
        let cells: HashSet<&(Key, Cell)> = rows.iter().flatten().filter(|(key, _)| key.is_strong()).collect();
        let erased: HashSet<ProfileId> = theirs.values().flatten().map(|row| row.profile).collect();
        let (ledger, destination, now) = (self.halting.context.ledger, self.halting.context.destination, self.halting.now());
        let mut to_sync = Vec::new();
        for audience in ledger.audiences(destination).await? {
            let mut shaken = Vec::new();
            for row in ledger.rows(&audience, destination).await? {
                if row.state != LedgerState::Added || erased.contains(&row.profile) {
                    continue;
                }
                let sent = read(&row)?;
                let is_same = !sent.has_strong() && rows.contains(sent.identity());
                if is_same || sent.cells.iter().any(|cell| cells.contains(cell)) {
                    shaken.push(LedgerRow { state: LedgerState::PendingAdd, updated_at: now, ..row });
                }
            }
            if !shaken.is_empty() {
                self.change(&audience, shaken).await?;
                to_sync.push(audience);
            }
        }
        Ok(to_sync)
    }

    /// That these audiences are about to change there is nobody else's doing. Where replaces wait for their time, an erasure must
    /// not postpone them, and the next one sends everybody anyway.
    async fn record_writing(&self, audiences: impl Iterator<Item = &AudienceKey>) -> Result<(), Stop> {
        if self.halting.options.replace_every_micros.is_some() {
            return Ok(());
        }
        let (ledger, destination, now) = (self.halting.context.ledger, self.halting.context.destination, self.halting.now());
        for audience in audiences {
            let Some(remote) = ledger.remote_audience(audience, destination).await? else { continue };
            let written_at = remote.written_at.max(Some(now));
            ledger.save_remote_audience(audience, destination, &RemoteAudience { written_at, ..remote }).await?;
        }
        Ok(())
    }

    async fn change(&self, audience: &AudienceKey, upsert: Vec<LedgerRow>) -> Result<(), Stop> {
        let change = LedgerChange { upsert, delete: Vec::new() };
        Ok(self.halting.context.ledger.change(audience, self.halting.context.destination, &change).await?)
    }

    async fn remove(&mut self, rows: &BTreeSet<Vec<(Key, Cell)>>) -> Result<(), Stop> {
        let (with_id, without_id): (Vec<_>, Vec<_>) = rows.iter().partition(|cells| cells.iter().any(|(key, _)| *key == Key::ExternId));
        for rows in [with_id, without_id] {
            let schema: BTreeSet<Key> = rows.iter().flat_map(|cells| cells.iter().map(|(key, _)| *key)).collect();
            for batch in rows.chunks(self.halting.options.rows_max) {
                let request = self.request(&schema, batch);
                if let Err(failure) = self.talk.patiently(&request).await {
                    return Err(self.halting.halt(failure).await);
                }
            }
        }
        Ok(())
    }

    fn request(&self, schema: &BTreeSet<Key>, batch: &[&Vec<(Key, Cell)>]) -> Request {
        let cell = |cells: &[(Key, Cell)], key: &Key| key.json(cells.iter().find(|(held, _)| held == key).map_or("", |(_, cell)| &**cell));
        let data = batch.iter().map(|cells| schema.iter().map(|key| cell(cells, key)).collect()).collect();
        let schema: Vec<Key> = schema.iter().copied().collect();
        let payload = self.halting.options.payload(&schema, data);
        let path = format!("act_{}/usersofanyaudience", self.halting.options.account);
        let mut request = Request::post(path, [("payload", payload)]);
        request.kind = CallKind::Rows;
        request.remove_by(self.halting.options.remove_transport);
        request
    }
}

/// Whom the rows are about, each once, without what only an audience with values knows.
fn sent(theirs: &Rows) -> Result<BTreeSet<Vec<(Key, Cell)>>, Stop> {
    let rows = theirs.values().flatten().filter(|row| row.state != LedgerState::Rejected);
    rows.map(|row| Ok(read(row)?.identity().to_vec())).collect()
}

fn read(row: &LedgerRow) -> Result<Row, Stop> {
    plan::read(row).map_err(|unreadable| Stop::Halt(SyncState::Failed, unreadable.to_string()))
}
