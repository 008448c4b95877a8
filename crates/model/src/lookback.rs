//! Lookbacks: lengths of time as written, such as "30 days".
//!
//! Minutes to weeks are exact lengths, untouched by daylight saving; a month is a calendar month in the workspace zone,
//! same wall clock, the day clamped to the month's last.

use std::fmt;

use chrono::{Days, Months, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _, Timelike as _};
use chrono_tz::Tz;
use serde::Serialize;

use crate::{Moment, UnreadableTime};

/// The zone in which a workspace's calendar days and months lie.
pub type WorkspaceZone = Tz;

const DAY_MICROS: i64 = 86_400_000_000;

/// Units of a lookback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours exactly, whatever the clocks do.
    Day,
    /// 7 days.
    Week,
    /// A calendar month in the workspace zone.
    Month,
}

/// A length of time as written: `7 days`, `24 hours`, `3 months`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Lookback {
    /// How many units: 1 to 99,999.
    pub count: u32,
    /// The unit.
    pub unit: Unit,
}

impl Lookback {
    const COUNT_MAX: u32 = 99_999;

    /// Reads `7 days`: a number from 1 to 99,999, one space, a unit in singular or plural.
    ///
    /// # Errors
    /// When the text is not of that form.
    pub fn parse(text: &str) -> Result<Self, UnreadableTime> {
        let unreadable = || UnreadableTime {
            text: text.chars().take(60).collect(),
            expected: "a length such as `7 days`: a number, a space, and minutes, hours, days, weeks or months",
        };
        let (count, unit) = text.split_once(' ').ok_or_else(unreadable)?;
        let digits = !count.is_empty() && !count.starts_with('0') && count.chars().all(|c| c.is_ascii_digit());
        let count = if digits { count.parse().ok() } else { None };
        let count = count.filter(|count| *count <= Self::COUNT_MAX).ok_or_else(unreadable)?;
        let unit = match unit {
            "minute" | "minutes" => Unit::Minute,
            "hour" | "hours" => Unit::Hour,
            "day" | "days" => Unit::Day,
            "week" | "weeks" => Unit::Week,
            "month" | "months" => Unit::Month,
            _ => return Err(unreadable()),
        };
        Ok(Self { count, unit })
    }

    /// The exact length in microseconds; `None` for months, whose length depends on where they lie.
    pub fn micros(self) -> Option<i64> {
        let unit = match self.unit {
            Unit::Minute => 60_000_000,
            Unit::Hour => 3_600_000_000,
            Unit::Day => DAY_MICROS,
            Unit::Week => 7 * DAY_MICROS,
            Unit::Month => return None,
        };
        Some(i64::from(self.count) * unit)
    }

    /// The moment this long before `moment`.
    pub fn before(self, moment: Moment, zone: WorkspaceZone) -> Moment {
        match self.micros() {
            Some(micros) => moment.plus_micros(-micros),
            None => shift_months(moment, zone, -i64::from(self.count)),
        }
    }

    /// The moment this long after `moment`.
    pub fn after(self, moment: Moment, zone: WorkspaceZone) -> Moment {
        match self.micros() {
            Some(micros) => moment.plus_micros(micros),
            None => shift_months(moment, zone, i64::from(self.count)),
        }
    }

    /// The calendar day this long before `day`; lengths under a day are rounded up to whole days.
    pub fn days_before(self, day: NaiveDate) -> NaiveDate {
        match self.micros() {
            Some(micros) => day.checked_sub_days(whole_days(micros)).unwrap_or(NaiveDate::MIN),
            None => day.checked_sub_months(Months::new(self.count)).unwrap_or(NaiveDate::MIN),
        }
    }

    /// The calendar day this long after `day`; lengths under a day are rounded up to whole days.
    pub fn days_after(self, day: NaiveDate) -> NaiveDate {
        match self.micros() {
            Some(micros) => day.checked_add_days(whole_days(micros)).unwrap_or(NaiveDate::MAX),
            None => day.checked_add_months(Months::new(self.count)).unwrap_or(NaiveDate::MAX),
        }
    }
}

fn whole_days(micros: i64) -> Days {
    Days::new(u64::try_from(micros.div_euclid(DAY_MICROS) + i64::from(micros % DAY_MICROS != 0)).unwrap_or(0))
}

fn shift_months(moment: Moment, zone: WorkspaceZone, months: i64) -> Moment {
    let wall = moment.to_utc().with_timezone(&zone).naive_local();
    let count = Months::new(u32::try_from(months.unsigned_abs()).unwrap_or(u32::MAX));
    let shifted = if months < 0 { wall.checked_sub_months(count) } else { wall.checked_add_months(count) };
    let limit = if months < 0 { i64::MIN } else { i64::MAX };
    shifted.map_or(Moment::from_micros(limit), |wall| from_wall_clock(wall, zone))
}

/// A wall clock that a zone shows twice means its first showing; one that a zone skips means the moment the gap ends, so that
/// of two wall clocks the later one never means an earlier moment.
pub(crate) fn from_wall_clock(wall: NaiveDateTime, zone: WorkspaceZone) -> Moment {
    let shown = |wall: &NaiveDateTime| zone.from_local_datetime(wall).earliest().map(|instant| Moment::from(instant.to_utc()));
    // Gaps begin and end with a minute; a day was skipped where the date line moved.
    let minute = wall.with_nanosecond(0).and_then(|wall| wall.with_second(0)).unwrap_or(wall);
    let later = || (0..=24 * 60).find_map(|minutes| shown(&(minute + TimeDelta::minutes(minutes))));
    shown(&wall).or_else(later).unwrap_or_else(|| Moment::from(wall.and_utc()))
}

impl fmt::Display for Lookback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
        };
        write!(f, "{} {unit}{}", self.count, if self.count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).expect(text)
    }

    #[test]
    fn lookbacks_have_one_spelling() {
        assert_eq!(Lookback::parse("7 days").expect("plain").to_string(), "7 days");
        assert_eq!(Lookback::parse("1 month").expect("plain").to_string(), "1 month");
        for text in ["7d", "7", "days", "0 days", "07 days", "-1 days", "1.5 days", "100000 days", "7  days", "7 Days", "1 year"] {
            assert!(Lookback::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_wall_clock_that_is_skipped_means_the_end_of_the_gap() {
        let month = Lookback::parse("1 month").expect("plain");
        let before = |text: &str| month.before(moment(text), chrono_tz::Europe::Berlin);
        let end_of_gap = moment("2026-03-29T01:00:00Z");
        for skipped in ["2026-04-29T00:00:00Z", "2026-04-29T00:20:07Z", "2026-04-29T00:59:59.999999Z", "2026-04-29T01:00:00Z"] {
            assert_eq!(before(skipped), end_of_gap, "{skipped}");
        }
        assert_eq!(before("2026-04-28T23:59:59Z"), moment("2026-03-29T00:59:59Z"));
        // Samoa had no 30 December 2011.
        assert_eq!(month.before(moment("2012-01-29T20:00:00Z"), chrono_tz::Pacific::Apia), moment("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn a_month_keeps_the_wall_clock_and_clamps_the_day() {
        let month = Lookback::parse("1 month").expect("plain");
        let utc = chrono_tz::UTC;
        assert_eq!(month.before(moment("2025-03-31T10:00:00Z"), utc), moment("2025-02-28T10:00:00Z"));
        assert_eq!(month.before(moment("2024-03-31T10:00:00Z"), utc), moment("2024-02-29T10:00:00Z"));
        // Berlin: 10:00 on both sides of the change to summer time.
        let berlin = chrono_tz::Europe::Berlin;
        assert_eq!(month.before(moment("2025-04-15T08:00:00Z"), berlin), moment("2025-03-15T09:00:00Z"));
    }
}
