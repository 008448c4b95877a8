//! Decoded parts of segments in memory, up to a budget: the least recently used go first, some at a time, so that whoever
//! finds a part here has nothing to put in order.
//!
//! A cache only: segments never change, so what is here is what the file says, and losing it costs time alone.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::PlHashMap;

use crate::blocks::Blocks;
use crate::buffer::Buffer;
use crate::column::Column;
use crate::reader::Ties;

/// Names a part of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) path: Arc<str>,
    pub(crate) part: PartName,
}

/// Which part.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum PartName {
    Rows,
    Ties,
    Column(String),
    Blocks,
    BlockTimes,
    BlockColumn(String),
    BlockTies,
}

/// A decoded part.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Rows(Rows),
    Ties(Ties),
    Column(Arc<Column>),
    Blocks(Arc<Blocks>),
    Times(Buffer<i64>),
}

/// What every evaluation needs of every row.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub(crate) profiles: Buffer<u32>,
    pub(crate) occurred_at: Buffer<i64>,
}

/// What keeping a part costs beside its arrays.
const OVERHEAD_BYTES: usize = 256;
/// One part in so many of the budget is made free at a time: putting all in order for each new one would cost more.
const SLACK: usize = 8;
/// What a mapped part is counted as: systems allow a process some 65,000 mapped files, and a budget of 1 GiB half of them.
const MAPPED_BYTES: usize = 32 << 10;

impl Part {
    /// What it is counted as in the budget.
    fn bytes(&self) -> usize {
        if self.is_mapped() { MAPPED_BYTES } else { self.held_bytes() + OVERHEAD_BYTES }
    }

    fn is_mapped(&self) -> bool {
        match self {
            Self::Rows(rows) => rows.profiles.is_mapped(),
            Self::Ties(_) => false,
            Self::Column(column) => column.is_mapped(),
            Self::Blocks(blocks) => blocks.places.is_mapped(),
            Self::Times(times) => times.is_mapped(),
        }
    }

    fn held_bytes(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.profiles.held_bytes() + rows.occurred_at.held_bytes(),
            Self::Ties(ties) => ties.received_at.len() * (size_of::<i64>() + size_of::<u128>() + size_of::<u64>()),
            Self::Column(column) => column.bytes(),
            Self::Blocks(blocks) => blocks.held_bytes(),
            Self::Times(times) => times.held_bytes(),
        }
    }
}

pub(crate) struct Cache {
    budget_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    parts: PlHashMap<Key, Held>,
    bytes: usize,
    uses: u64,
}

struct Held {
    part: Part,
    bytes: usize,
    used: u64,
}

impl Cache {
    pub(crate) fn new(budget_bytes: usize) -> Self {
        Self { budget_bytes, kept: Mutex::default() }
    }

    /// These parts, as far as they are here, in the order asked.
    pub(crate) fn get(&self, keys: &[Key]) -> Vec<Option<Part>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().map(|key| kept.get(key)).collect()
    }

    /// Keeps these parts, as far as the budget goes.
    pub(crate) fn put(&self, parts: impl IntoIterator<Item = (Key, Part)>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, part) in parts {
            let bytes = part.bytes();
            if bytes <= self.budget_bytes {
                kept.put(key, part, bytes);
            }
        }
        if kept.bytes > self.budget_bytes {
            kept.drop_oldest(self.budget_bytes - self.budget_bytes / SLACK);
        }
    }

    /// Forgets the parts of all segments but these, given by their paths.
    pub(crate) fn keep(&self, segments: &HashSet<&str>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { parts, bytes, .. } = &mut *kept;
        parts.retain(|key, held| {
            let stays = segments.contains(&*key.path);
            *bytes -= if stays { 0 } else { held.bytes };
            stays
        });
    }

    /// The parts that are not mapped.
    pub(crate) fn held(&self) -> Vec<(Key, Part)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let held = kept.parts.iter().filter(|(_, held)| !held.part.is_mapped());
        let mut held: Vec<(Key, Part)> = held.map(|(key, held)| (key.clone(), held.part.clone())).collect();
        held.sort_by(|(one, _), (other, _)| one.cmp(other));
        held
    }

    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        self.held().iter().map(|(_, part)| part.held_bytes()).sum()
    }

    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }
}

impl Kept {
    fn get(&mut self, key: &Key) -> Option<Part> {
        let held = self.parts.get_mut(key)?;
        self.uses += 1;
        held.used = self.uses;
        Some(held.part.clone())
    }

    fn put(&mut self, key: Key, part: Part, bytes: usize) {
        self.uses += 1;
        self.bytes += bytes;
        if let Some(before) = self.parts.insert(key, Held { part, bytes, used: self.uses }) {
            self.bytes -= before.bytes;
        }
    }

    /// Drops those used longest ago until the rest is so large at most.
    fn drop_oldest(&mut self, bytes_max: usize) {
        let mut by_use: Vec<(u64, Key)> = self.parts.iter().map(|(key, held)| (held.used, key.clone())).collect();
        by_use.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in by_use {
            if self.bytes <= bytes_max {
                break;
            }
            self.bytes -= self.parts.remove(&key).map_or(0, |held| held.bytes);
        }
    }
}
