//! A ledger in memory, for tests and rehearsals.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use model::{AudienceKey, DestinationKey, LedgerChange, LedgerRow, Moment, ProfileId, RemoteAudience};

use crate::{Ledger, LedgerError};

type Pair = (AudienceKey, DestinationKey);
type RowKey = (ProfileId, String, String);

/// Forgets everything when it is dropped.
#[derive(Default)]
pub struct MemoryLedger(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    rows: BTreeMap<Pair, BTreeMap<RowKey, LedgerRow>>,
    remotes: BTreeMap<Pair, RemoteAudience>,
    not_before: BTreeMap<String, Moment>,
}

impl MemoryLedger {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pair(audience: &AudienceKey, destination: &DestinationKey) -> Pair {
    (audience.clone(), destination.clone())
}

fn row_key(row: &LedgerRow) -> RowKey {
    (row.profile, row.schema.clone(), row.cells.clone())
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn rows(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Vec<LedgerRow>, LedgerError> {
        Ok(self.memory().rows.get(&pair(audience, destination)).map(|rows| rows.values().cloned().collect()).unwrap_or_default())
    }

    async fn change(&self, audience: &AudienceKey, destination: &DestinationKey, change: &LedgerChange) -> Result<(), LedgerError> {
        let mut memory = self.memory();
        let rows = memory.rows.entry(pair(audience, destination)).or_default();
        rows.extend(change.upsert.iter().map(|row| (row_key(row), row.clone())));
        for row in &change.delete {
            rows.remove(&row_key(row));
        }
        Ok(())
    }

    async fn remote_audience(&self, audience: &AudienceKey, destination: &DestinationKey) -> Result<Option<RemoteAudience>, LedgerError> {
        Ok(self.memory().remotes.get(&pair(audience, destination)).cloned())
    }

    async fn save_remote_audience(
        &self,
        audience: &AudienceKey,
        destination: &DestinationKey,
        remote: &RemoteAudience,
    ) -> Result<(), LedgerError> {
        self.memory().remotes.insert(pair(audience, destination), remote.clone());
        Ok(())
    }

    async fn rows_of(&self, destination: &DestinationKey, profiles: &[ProfileId]) -> Result<Vec<(AudienceKey, LedgerRow)>, LedgerError> {
        let memory = self.memory();
        let pairs = memory.rows.iter().filter(|((_, held), _)| held == destination);
        let rows = pairs.flat_map(|((audience, _), rows)| rows.values().map(|row| (audience.clone(), row.clone())));
        Ok(rows.filter(|(_, row)| profiles.contains(&row.profile)).collect())
    }

    async fn audiences(&self, destination: &DestinationKey) -> Result<Vec<AudienceKey>, LedgerError> {
        let memory = self.memory();
        Ok(memory.rows.keys().filter(|(_, held)| held == destination).map(|(audience, _)| audience.clone()).collect())
    }

    async fn not_before(&self, subject: &str) -> Result<Option<Moment>, LedgerError> {
        Ok(self.memory().not_before.get(subject).copied())
    }

    async fn set_not_before(&self, subject: &str, until: Option<Moment>) -> Result<(), LedgerError> {
        let mut memory = self.memory();
        match until {
            Some(until) => memory.not_before.insert(subject.to_owned(), until),
            None => memory.not_before.remove(subject),
        };
        Ok(())
    }
}
