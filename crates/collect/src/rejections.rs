//! What was rejected since somebody asked last: counted by source and code, with what was wrong with the last one.
//!
//! **Invariant:** nothing that was sent is kept; there are as many entries as sources times codes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use model::Moment;

/// Counts of messages that were not taken.
#[derive(Debug, Default)]
pub struct Rejections(Mutex<BTreeMap<(String, &'static str), Rejection>>);

/// Messages of one source that were rejected for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// How many.
    pub count: u64,
    /// When the last one came.
    pub at: Moment,
    /// What was wrong with it; never what it said.
    pub message: String,
}

impl Rejections {
    /// Counts one.
    pub(crate) fn add(&self, source: &str, code: &'static str, message: &str, at: Moment) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = counts.get(&(source.to_owned(), code)).map_or(0, |rejection| rejection.count);
        counts.insert((source.to_owned(), code), Rejection { count: before + 1, at, message: message.to_owned() });
    }

    /// What was counted, by source and code; counting begins anew.
    pub fn take(&self) -> BTreeMap<(String, &'static str), Rejection> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
