//! Moments, lookbacks and windows: turning "in the last 30 days" into two moments.
//!
//! Time is UTC in whole microseconds. A window starts inclusive; one that ends at the run's as-of includes the as-of
//! itself, any other end is exclusive. Minutes to weeks are exact lengths, untouched by daylight saving; a month is a
//! calendar month in the workspace zone, same wall clock, the day clamped to the month's last.
//! **Invariant:** nothing here asks what time it is.

use std::fmt;

use chrono::{DateTime, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// The zone in which a workspace's calendar days and months lie.
pub type WorkspaceZone = Tz;

/// A text that is no moment, lookback or date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct UnreadableTime {
    /// The text as given.
    pub text: String,
    /// What it should have been, with an example.
    pub expected: &'static str,
}

/// A moment: microseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(i64);

const DAY_MICROS: i64 = 86_400_000_000;

impl Moment {
    /// From microseconds since 1970-01-01 00:00 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01 00:00 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads an ISO 8601 date, or timestamp with or without an offset (without: UTC). Seconds may be left out.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse(text: &str) -> Result<Self, UnreadableTime> {
        parse_iso(text).map(|(moment, _)| moment)
    }

    /// Like [`Moment::parse`], and whether the text lacked an offset.
    ///
    /// # Errors
    /// When the text is neither a date nor a timestamp.
    pub fn parse_noting_zone(text: &str) -> Result<(Self, bool), UnreadableTime> {
        parse_iso(text)
    }

    /// The UTC calendar day it lies in.
    pub fn day(self) -> NaiveDate {
        self.to_utc().date_naive()
    }

    /// As a chrono instant. Moments beyond chrono's range (some 260,000 years away) are clamped to it.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or(if self.0 < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC })
    }

    /// The same moment without its fraction of a second.
    #[must_use]
    pub fn whole_seconds(self) -> Self {
        Self(self.0.div_euclid(1_000_000) * 1_000_000)
    }

    /// This much later (or earlier, if negative), clamped at the ends of time.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl From<DateTime<Utc>> for Moment {
    fn from(instant: DateTime<Utc>) -> Self {
        Self(instant.timestamp_micros())
    }
}

impl fmt::Display for Moment {
    /// `2025-03-01 12:00 UTC`, with seconds and fractions only where there are some.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.to_utc();
        let text = if self.0 % 60_000_000 == 0 {
            utc.format("%Y-%m-%d %H:%M UTC").to_string()
        } else if self.0 % 1_000_000 == 0 {
            utc.format("%Y-%m-%d %H:%M:%S UTC").to_string()
        } else {
            utc.format("%Y-%m-%d %H:%M:%S%.6f UTC").to_string()
        };
        f.pad(&text)
    }
}

fn parse_iso(text: &str) -> Result<(Moment, bool), UnreadableTime> {
    let unreadable = || UnreadableTime {
        text: text.chars().take(60).collect(),
        expected: "an ISO 8601 date or timestamp such as `2025-03-01` or `2025-03-01T12:00:00Z`",
    };
    let trimmed = text.trim();
    if let Ok(instant) = DateTime::parse_from_rfc3339(trimmed) {
        return Ok((Moment::from(instant.to_utc()), false));
    }
    for format in ["%Y-%m-%dT%H:%M%:z", "%Y-%m-%dT%H:%M:%S%.f%z"] {
        if let Ok(instant) = DateTime::parse_from_str(trimmed, format) {
            return Ok((Moment::from(instant.to_utc()), false));
        }
    }
    if let Some(wall) = trimmed.strip_suffix('Z').and_then(|text| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok()) {
        return Ok((Moment::from(wall.and_utc()), false));
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(wall) = NaiveDateTime::parse_from_str(trimmed, format) {
            return Ok((Moment::from(wall.and_utc()), true));
        }
    }
    if let Ok(date) = NaiveDate::parse_from_str(trimmed, "%Y-%m-%d") {
        return Ok((Moment::from(date.and_time(NaiveTime::MIN).and_utc()), true));
    }
    Err(unreadable())
}

/// The moment a question is asked of; later facts are invisible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AsOf(pub Moment);

impl AsOf {
    /// The moment itself.
    pub fn moment(self) -> Moment {
        self.0
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

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
    shifted.map_or(Moment(limit), |wall| from_wall_clock(wall, zone))
}

/// A wall clock that a zone shows twice means its first showing; one that a zone skips means the moment the gap ends.
fn from_wall_clock(wall: NaiveDateTime, zone: WorkspaceZone) -> Moment {
    let mut candidate = wall;
    for _ in 0..=24 * 4 {
        if let Some(instant) = zone.from_local_datetime(&candidate).earliest() {
            return Moment::from(instant.to_utc());
        }
        candidate += chrono::TimeDelta::minutes(15);
    }
    Moment::from(wall.and_utc())
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

/// A moment as written in a definition: fixed, or relative to the as-of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MomentSpec {
    /// A calendar day: its start in the workspace zone.
    Date(NaiveDate),
    /// A fixed moment.
    At(Moment),
    /// `30 days ago`.
    Ago(Lookback),
    /// `7 days from now`.
    FromNow(Lookback),
    /// The as-of.
    Now,
    /// The start of the as-of's day in the workspace zone.
    Today,
}

impl MomentSpec {
    /// Reads a date, a timestamp with an offset, `7 days ago`, `7 days from now`, `now` or `today`.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse(text: &str) -> Result<Self, UnreadableTime> {
        let unreadable = || UnreadableTime {
            text: text.chars().take(60).collect(),
            expected: "a date (`2025-11-28`), a timestamp with an offset, `30 days ago`, `7 days from now`, `now` or `today`",
        };
        if let Some(length) = text.strip_suffix(" ago") {
            return Lookback::parse(length).map(Self::Ago).map_err(|_| unreadable());
        }
        if let Some(length) = text.strip_suffix(" from now") {
            return Lookback::parse(length).map(Self::FromNow).map_err(|_| unreadable());
        }
        match text {
            "now" => return Ok(Self::Now),
            "today" => return Ok(Self::Today),
            _ => {}
        }
        if text.len() == "2025-11-28".len() {
            return NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Self::Date).map_err(|_| unreadable());
        }
        match Moment::parse_noting_zone(text) {
            Ok((moment, false)) => Ok(Self::At(moment)),
            Ok((_, true)) | Err(_) => Err(unreadable()),
        }
    }

    /// The moment meant, as of `as_of`.
    pub fn resolve(self, as_of: AsOf, zone: WorkspaceZone) -> Moment {
        match self {
            Self::Date(date) => from_wall_clock(date.and_time(NaiveTime::MIN), zone),
            Self::At(moment) => moment,
            Self::Ago(lookback) => lookback.before(as_of.0, zone),
            Self::FromNow(lookback) => lookback.after(as_of.0, zone),
            Self::Now => as_of.0,
            Self::Today => from_wall_clock(self.day(as_of, zone).and_time(NaiveTime::MIN), zone),
        }
    }

    /// The calendar day meant, as of `as_of`, for comparing with values that are bare dates.
    pub fn day(self, as_of: AsOf, zone: WorkspaceZone) -> NaiveDate {
        let today = as_of.0.to_utc().with_timezone(&zone).date_naive();
        match self {
            Self::Date(date) => date,
            Self::At(moment) => moment.to_utc().with_timezone(&zone).date_naive(),
            Self::Ago(lookback) => lookback.days_before(today),
            Self::FromNow(lookback) => lookback.days_after(today),
            Self::Now | Self::Today => today,
        }
    }
}

/// The part of time an event condition looks at, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// All history up to the as-of.
    Ever,
    /// The last so-and-so long, up to and including the as-of.
    Within(Lookback),
    /// From a moment (included) until another (not included); a missing start means ever, a missing end the as-of.
    Between {
        /// The start, included.
        from: Option<MomentSpec>,
        /// The end, not included.
        until: Option<MomentSpec>,
    },
}

/// Two moments: start included, end not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first moment inside.
    pub start: Moment,
    /// The first moment after it.
    pub end: Moment,
}

impl Span {
    /// Whether the moment lies inside.
    pub fn contains(self, moment: Moment) -> bool {
        self.start <= moment && moment < self.end
    }
}

impl Window {
    /// The two moments meant, as of `as_of`. Never reaches beyond the as-of: later facts are invisible.
    pub fn resolve(self, as_of: AsOf, zone: WorkspaceZone) -> Span {
        let after_as_of = as_of.0.plus_micros(1);
        let (start, end) = match self {
            Self::Ever => (Moment(i64::MIN), after_as_of),
            Self::Within(lookback) => (lookback.before(as_of.0, zone), after_as_of),
            Self::Between { from, until } => {
                let start = from.map_or(Moment(i64::MIN), |spec| spec.resolve(as_of, zone));
                let end = until.map_or(after_as_of, |spec| spec.resolve(as_of, zone));
                (start, end.min(after_as_of))
            }
        };
        Span { start, end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).expect(text)
    }

    #[test]
    fn moments_are_read_in_every_form_sdks_send() {
        let expected = moment("2025-03-01T12:00:00Z");
        for text in [
            "2025-03-01T13:00:00+01:00",
            "2025-03-01T12:00:00.000Z",
            "2025-03-01T12:00:00.000000+00:00",
            "2025-03-01T12:00:00",
            "2025-03-01 12:00:00",
            "2025-03-01T12:00Z",
            "2025-03-01T12:00+00:00",
            "2025-03-01T12:00:00+0000",
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
        assert_eq!(moment("2025-03-01"), moment("2025-03-01T00:00:00Z"));
        for text in ["", "yesterday", "2025-13-01", "2025-03-01T25:00:00Z", "1740830400"] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
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
    fn a_month_keeps_the_wall_clock_and_clamps_the_day() {
        let month = Lookback::parse("1 month").expect("plain");
        let utc = chrono_tz::UTC;
        assert_eq!(month.before(moment("2025-03-31T10:00:00Z"), utc), moment("2025-02-28T10:00:00Z"));
        assert_eq!(month.before(moment("2024-03-31T10:00:00Z"), utc), moment("2024-02-29T10:00:00Z"));
        // Berlin: 10:00 on both sides of the change to summer time.
        let berlin = chrono_tz::Europe::Berlin;
        assert_eq!(month.before(moment("2025-04-15T08:00:00Z"), berlin), moment("2025-03-15T09:00:00Z"));
    }

    #[test]
    fn the_last_so_long_includes_its_start_and_the_as_of() {
        let as_of = AsOf(moment("2025-03-08T12:00:00Z"));
        let week = Window::Within(Lookback::parse("7 days").expect("plain")).resolve(as_of, chrono_tz::UTC);
        assert!(week.contains(moment("2025-03-01T12:00:00Z")));
        assert!(!week.contains(moment("2025-03-01T11:59:59.999999Z")));
        assert!(week.contains(as_of.moment()));
        assert!(!week.contains(as_of.moment().plus_micros(1)));
    }

    #[test]
    fn slices_meet_without_overlap() {
        let as_of = AsOf(moment("2025-03-08T12:00:00Z"));
        let slice = |from: &str, until: Option<&str>| {
            let spec = |text: &str| MomentSpec::parse(text).expect("plain");
            Window::Between { from: Some(spec(from)), until: until.map(spec) }.resolve(as_of, chrono_tz::UTC)
        };
        let older = slice("60 days ago", Some("30 days ago"));
        let newer = slice("30 days ago", None);
        assert_eq!(older.end, newer.start);
        assert!(newer.contains(as_of.moment()));
        // A period still running never shows the future.
        assert_eq!(slice("2025-03-01", Some("2025-12-01")).end, as_of.moment().plus_micros(1));
    }

    #[test]
    fn days_begin_in_the_workspace_zone() {
        let as_of = AsOf(moment("2025-03-08T23:30:00Z"));
        let berlin = chrono_tz::Europe::Berlin;
        assert_eq!(MomentSpec::Today.resolve(as_of, berlin), moment("2025-03-08T23:00:00Z"));
        assert_eq!(MomentSpec::parse("2025-03-09").expect("plain").resolve(as_of, berlin), moment("2025-03-08T23:00:00Z"));
        // Midnight that a zone skips: the day begins when the gap ends.
        let cairo = chrono_tz::Africa::Cairo;
        assert_eq!(MomentSpec::parse("2023-04-28").expect("plain").resolve(as_of, cairo), moment("2023-04-27T22:00:00Z"));
    }

    #[test]
    fn specs_refuse_what_has_no_offset() {
        assert!(MomentSpec::parse("2025-11-28T10:00:00").is_err());
        assert!(MomentSpec::parse("2025-11-2").is_err());
        assert_eq!(MomentSpec::parse("now").expect("plain"), MomentSpec::Now);
    }
}
