//! Moments: UTC in whole microseconds, and the one a question is asked of.
//!
//! **Invariant:** nothing here asks what time it is.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

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

    /// As programs read it: RFC 3339 in UTC, with as many digits of a second as it takes.
    pub fn rfc3339(self) -> String {
        self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true)
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
}
