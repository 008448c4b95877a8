//! Segments: the Parquet files of the lake, as the manifest names them.

use std::fmt;

use chrono::NaiveDate;

use crate::{EventName, Moment};

/// The number of a segment in the manifest, given by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(pub i64);

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which of the lake's logs a segment belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogName {
    /// Events of this name.
    Events(EventName),
    /// Trait changes of users and accounts.
    Traits,
}

/// One Parquet file: rows of one log and one UTC day, in order of `occurred_at`.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Its path below the lake's folder, `/` between parts; also its identity before the store gives a number.
    pub path: String,
    /// Which log it belongs to.
    pub log: LogName,
    /// The UTC day all its rows lie in.
    pub day: NaiveDate,
    /// How many rows.
    pub rows: u64,
    /// The earliest `occurred_at`.
    pub first_at: Moment,
    /// The latest `occurred_at`.
    pub last_at: Moment,
    /// Size of the file.
    pub bytes: u64,
}
