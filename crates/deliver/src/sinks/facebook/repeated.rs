//! Repeated values: first names, towns and countries are few, and their cells are made once.
//!
//! It never holds a value that finds a person by itself, and it lives as long as one sync.

use std::collections::HashMap;

use super::key::Key;
use super::normalize::{self, Emptied, Rules};
use super::row::Cell;

/// Values of one key that are remembered; more of them are no repetition.
const VALUES_MAX: usize = 50_000;

type Made = Result<Option<Cell>, Emptied>;

/// A key, and the country that its values were read for.
type Reading = (Key, Option<[u8; 2]>);

/// What was made of which value.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    cells: HashMap<Reading, HashMap<String, Made>>,
}

impl Repeated {
    /// The cell for a value: see [`normalize::cell`].
    pub(super) fn cell(&mut self, key: Key, raw: &str, rules: &Rules<'_>) -> Made {
        if key.is_strong() || !key.identifies() {
            return made(key, raw, rules);
        }
        let country = rules.country.and_then(|country| country.as_bytes().try_into().ok());
        let known = self.cells.entry((key, country)).or_default();
        if let Some(cell) = known.get(raw) {
            return cell.clone();
        }
        let cell = made(key, raw, rules);
        if known.len() < VALUES_MAX {
            known.insert(raw.to_owned(), cell.clone());
        }
        cell
    }
}

fn made(key: Key, raw: &str, rules: &Rules<'_>) -> Made {
    Ok(normalize::cell(key, raw, rules)?.map(Cell::from))
}
