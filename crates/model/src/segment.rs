//! Segments: the Parquet files of the lake, as the manifest names them.

use std::fmt;

use chrono::NaiveDate;

use crate::{EventName, Moment};

/// The number of a segment in the manifest, given by the store in order of arrival: whoever has seen it has seen every row
/// of every segment with a number up to it. A merged segment has the highest number of those it stands for, so what was
/// seen before a merge is seen after it.
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

impl LogName {
    /// The event; none for traits.
    pub fn event(&self) -> Option<&EventName> {
        match self {
            Self::Events(event) => Some(event),
            Self::Traits => None,
        }
    }
}

/// The types that values of traits and properties come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// A number.
    Number,
    /// Text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A list, an object or a whole number beyond 2^53.
    Json,
    /// A trait that was taken away.
    Gone,
}

/// The values of one type of one property (or trait) in a segment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SegmentColumn {
    /// The property's name.
    pub name: String,
    /// The type of these values.
    pub value_type: ValueType,
    /// How many rows have one.
    pub rows: u64,
    /// When the first of them happened. Not noted by earlier versions; then it is not before the segment's first row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Moment>,
    /// When the last of them happened, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Moment>,
}

/// One Parquet file: rows of one log, in order of `occurred_at`, of one UTC day or, where days are over, of several of one
/// calendar month.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Its path below the lake's folder, `/` between parts; also its identity before the store gives a number.
    pub path: String,
    /// Which log it belongs to.
    pub log: LogName,
    /// The UTC day of its first row.
    pub day: NaiveDate,
    /// How many rows.
    pub rows: u64,
    /// The earliest `occurred_at`.
    pub first_at: Moment,
    /// The latest `occurred_at`.
    pub last_at: Moment,
    /// Size of the file.
    pub bytes: u64,
    /// The properties (or traits) that some row has, by name and type.
    pub columns: Vec<SegmentColumn>,
}

impl Segment {
    /// The UTC day of its last row.
    pub fn last_day(&self) -> NaiveDate {
        self.last_at.day()
    }
}
