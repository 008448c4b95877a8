//! A row: what identifies one person in one line, as the ledger keeps it.
//!
//! Only cells that hold something are kept, in the order of the keys. A request's schema may be wider; the row is the
//! same row then, so that it is recognized whatever it was sent together with.

use std::sync::Arc;

use model::{LedgerRow, LedgerState, Moment, ProfileId};

use super::key::Key;

/// What stands under one key: a hash or an opaque id. Those of towns and first names are shared by many rows.
pub(super) type Cell = Arc<str>;

/// One row of one person: hashes and opaque ids only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Row {
    pub(super) profile: ProfileId,
    /// Ascending by key, no cell empty.
    pub(super) cells: Vec<(Key, Cell)>,
}

impl Row {
    /// Reads a row back from the ledger; nothing when it has keys or a form that this version does not know.
    pub(super) fn from_ledger(row: &LedgerRow) -> Option<Self> {
        let keys: Option<Vec<Key>> = row.schema.split(',').map(Key::parse).collect();
        let cells: Vec<String> = serde_json::from_str(&row.cells).ok()?;
        let cells: Vec<Cell> = cells.into_iter().map(Cell::from).collect();
        let keys = keys.filter(|keys| keys.len() == cells.len())?;
        Some(Self { profile: row.profile, cells: keys.into_iter().zip(cells).collect() })
    }

    /// The row as the ledger keeps it.
    pub(super) fn to_ledger(&self, state: LedgerState, session_id: Option<i64>, at: Moment) -> LedgerRow {
        let names: Vec<&str> = self.cells.iter().map(|(key, _)| key.name()).collect();
        let cells: Vec<&str> = self.cells.iter().map(|(_, cell)| &**cell).collect();
        LedgerRow {
            profile: self.profile,
            schema: names.join(","),
            cells: serde_json::Value::from(cells).to_string(),
            state,
            session_id,
            reason: None,
            updated_at: at,
        }
    }

    /// The cell under a key; empty when there is none.
    pub(super) fn cell(&self, key: Key) -> &str {
        self.cells.iter().find(|(held, _)| *held == key).map_or("", |(_, cell)| &**cell)
    }

    /// Whom the row is about: its cells without those that come last and say something else.
    pub(super) fn identity(&self) -> &[(Key, Cell)] {
        let identifying = self.cells.iter().take_while(|(key, _)| key.identifies()).count();
        &self.cells[..identifying]
    }

    /// Whether there is something under a key.
    pub(super) fn has(&self, key: Key) -> bool {
        self.cells.iter().any(|(held, _)| *held == key)
    }

    /// Whether one of the cells finds a person by itself.
    pub(super) fn has_strong(&self) -> bool {
        self.cells.iter().any(|(key, _)| key.is_strong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_from_the_ledger() {
        let cells = vec![(Key::ExternId, "u \"1\"".into()), (Key::Email, "ab".repeat(32).into())];
        let row = Row { profile: ProfileId(7), cells };
        let kept = row.to_ledger(LedgerState::Added, Some(1), Moment::from_micros(0));
        assert_eq!(kept.schema, "EXTERN_ID,EMAIL");
        assert_eq!(Row::from_ledger(&kept), Some(row));
        assert_eq!(Row::from_ledger(&LedgerRow { schema: "EXTERN_ID,FAX".to_owned(), ..kept.clone() }), None);
        assert_eq!(Row::from_ledger(&LedgerRow { schema: "EXTERN_ID".to_owned(), ..kept }), None);
    }
}
