//! Verdicts: which messages of a batch are refused because of whom they are about, each identifier judged once.

use store::{Store, StoreError};

use crate::barred::{Bar, Barred};
use crate::block::{IdRef, Row};
use crate::kinds::Kinds;
use crate::numbers::Number;
use crate::rejection::Rejection;

/// What was found out about the identifiers met so far, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    pub(crate) barred: Barred,
    by_number: Vec<Verdict>,
}

#[derive(Debug, Clone, Copy, Default)]
enum Verdict {
    #[default]
    Unasked,
    Welcome,
    Barred(Bar),
}

impl Verdicts {
    /// Before a batch: whoever was suppressed or erased meanwhile counts.
    pub(crate) async fn renew(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        if let Some(barred) = self.barred.renewed(store).await? {
            *self = Self { barred, by_number: Vec::new() };
        }
        Ok(())
    }

    /// When numbers mean nothing any more.
    pub(crate) fn forget(&mut self) {
        self.by_number.clear();
    }

    /// Judges an identifier, unless it was before.
    pub(crate) fn judge(&mut self, id: IdRef<'_>, kinds: &Kinds, number: Number) {
        if self.by_number.len() <= number.index() {
            self.by_number.resize(number.index() + 1, Verdict::Unasked);
        }
        let verdict = &mut self.by_number[number.index()];
        if matches!(verdict, Verdict::Unasked) {
            *verdict = self.barred.bar(kinds.name(id.kind), id.value).map_or(Verdict::Welcome, Verdict::Barred);
        }
    }

    /// Why a row is refused, if it is. Only after its identifiers, whose numbers these are, were judged.
    pub(crate) fn refuses(&self, row: &Row, numbers: &[Number]) -> Option<Rejection> {
        if self.by_number.is_empty() {
            return None;
        }
        numbers[row.all_ids()].iter().find_map(|number| match self.by_number.get(number.index())? {
            Verdict::Unasked | Verdict::Welcome => None,
            Verdict::Barred(bar) => bar.refuses(row.when.occurred_at),
        })
    }
}
