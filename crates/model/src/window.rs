//! Windows: turning "in the last 30 days" into two moments.
//!
//! A window starts inclusive; one that ends at the run's as-of includes the as-of itself, any other end is exclusive.
//! **Invariant:** nothing here asks what time it is.

use chrono::{NaiveDate, NaiveTime};
use serde::Serialize;

use crate::lookback::from_wall_clock;
use crate::{AsOf, Lookback, Moment, UnreadableTime, WorkspaceZone};

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
    /// From one moment to another: nothing where the end lies before the start, as when a window has not begun yet.
    pub fn between(start: Moment, end: Moment) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Whether the moment lies inside.
    pub fn contains(self, moment: Moment) -> bool {
        self.start <= moment && moment < self.end
    }
}

impl Window {
    /// The two moments meant, as of `as_of`. Nothing beyond the as-of lies inside: later facts are invisible.
    pub fn resolve(self, as_of: AsOf, zone: WorkspaceZone) -> Span {
        let after_as_of = as_of.0.plus_micros(1);
        let (start, end) = match self {
            Self::Ever => (Moment::from_micros(i64::MIN), after_as_of),
            Self::Within(lookback) => (lookback.before(as_of.0, zone), after_as_of),
            Self::Between { from, until } => {
                let start = from.map_or(Moment::from_micros(i64::MIN), |spec| spec.resolve(as_of, zone));
                let end = until.map_or(after_as_of, |spec| spec.resolve(as_of, zone));
                (start, end.min(after_as_of))
            }
        };
        Span::between(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).expect(text)
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
        // One that has not begun holds nothing.
        let begins = moment("2025-12-01");
        assert_eq!(slice("2025-12-01", None), Span { start: begins, end: begins });
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
