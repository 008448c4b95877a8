//! Which days share a segment: those of a calendar month once they are over, and until then each has its own.
//!
//! **Invariant:** what is written and what is merged go by the same rule, so nothing written is too coarse to be merged.

use chrono::{Datelike as _, Days, NaiveDate};

/// A day is over when so many days lie between it and today: until then much still arrives for it.
const OVER_AFTER_DAYS: u64 = 2;

/// The days that the rows of a segment may lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SegmentDays {
    /// A calendar month (UTC), as year and month.
    Month(i32, u32),
    /// A UTC day.
    Day(NaiveDate),
}

impl SegmentDays {
    /// What a day belongs to, where days before `open_from` are over.
    pub fn of(day: NaiveDate, open_from: NaiveDate) -> Self {
        if day < open_from { Self::Month(day.year(), day.month()) } else { Self::Day(day) }
    }
}

/// The first day that is not over.
pub fn open_from(today: NaiveDate) -> NaiveDate {
    today.checked_sub_days(Days::new(OVER_AFTER_DAYS)).unwrap_or(NaiveDate::MIN)
}
