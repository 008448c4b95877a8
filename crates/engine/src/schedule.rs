//! When runs happen: the ticks a cron expression names, and the even steps of a backfill.
//!
//! Ticks are moments in UTC. **Invariant:** nothing here asks what time it is.

use std::str::FromStr as _;

use model::{Moment, UnreadableTime};

/// A cron expression that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a schedule of five fields: minute, hour, day of month, month, day of week")]
pub struct ScheduleError {
    text: String,
}

/// The schedule of a workspace.
#[derive(Debug, Clone)]
pub struct Schedule(cron::Schedule);

impl Schedule {
    /// Reads a cron expression of five fields.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let unusable = || ScheduleError { text: text.to_owned() };
        let seconds_first = definitions::schedule::to_cron(text).map_err(|_| unusable())?;
        cron::Schedule::from_str(&seconds_first).map(Self).map_err(|_| unusable())
    }

    /// The first tick after `moment`; none when the expression names no more (such as 30 February).
    pub fn next(&self, moment: Moment) -> Option<Moment> {
        self.0.after(&moment.to_utc()).next().map(Moment::from)
    }

    /// The latest tick at or before `moment`.
    pub fn latest(&self, moment: Moment) -> Option<Moment> {
        self.0.after(&moment.plus_micros(1).to_utc()).next_back().map(Moment::from)
    }
}

/// The step of a backfill: `1h`, `30m`, `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every(i64);

impl Every {
    /// Reads a whole number of minutes, hours or days: `15m`, `1h`, `1d`.
    ///
    /// # Errors
    /// When the text is not of that form.
    pub fn parse(text: &str) -> Result<Self, UnreadableTime> {
        let unreadable = || UnreadableTime { text: text.chars().take(60).collect(), expected: "a step such as `15m`, `1h` or `1d`" };
        let unit_micros = match text.chars().last() {
            Some('m') => 60_000_000,
            Some('h') => 3_600_000_000,
            Some('d') => 86_400_000_000_i64,
            _ => return Err(unreadable()),
        };
        let count: i64 = text[..text.len() - 1].parse().map_err(|_| unreadable())?;
        if !(1..=100_000).contains(&count) {
            return Err(unreadable());
        }
        Ok(Self(count * unit_micros))
    }

    /// The ticks from `from` to `to`, both included when the step meets them.
    pub fn ticks(self, from: Moment, to: Moment) -> impl Iterator<Item = Moment> {
        let step = self.0;
        std::iter::successors(Some(from), move |tick| Some(tick.plus_micros(step))).take_while(move |tick| *tick <= to)
    }

    /// How many ticks there are.
    pub fn count(self, from: Moment, to: Moment) -> u64 {
        if to < from {
            return 0;
        }
        u64::try_from((to.micros() - from.micros()) / self.0 + 1).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).expect(text)
    }

    #[test]
    fn an_hourly_schedule_ticks_on_the_hour() {
        let hourly = Schedule::parse("0 * * * *").expect("hourly");
        assert_eq!(hourly.next(moment("2025-03-01T12:00:00Z")), Some(moment("2025-03-01T13:00:00Z")));
        assert_eq!(hourly.next(moment("2025-03-01T12:59:59.999Z")), Some(moment("2025-03-01T13:00:00Z")));
        assert_eq!(hourly.latest(moment("2025-03-01T12:00:00Z")), Some(moment("2025-03-01T12:00:00Z")));
        assert_eq!(hourly.latest(moment("2025-03-01T12:00:00.5Z")), Some(moment("2025-03-01T12:00:00Z")));
        assert_eq!(hourly.latest(moment("2025-03-01T11:59:59Z")), Some(moment("2025-03-01T11:00:00Z")));
    }

    #[test]
    fn days_of_the_week_count_from_sunday_as_cron_has_it() {
        let mondays = Schedule::parse("30 6 * * 1").expect("mondays");
        assert_eq!(mondays.next(moment("2025-03-01T00:00:00Z")), Some(moment("2025-03-03T06:30:00Z")));
    }

    #[test]
    fn nonsense_is_no_schedule() {
        for text in ["", "hourly", "* * *", "61 * * * *", "0 0 0 * * *"] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn steps_meet_both_ends() {
        let hourly = Every::parse("1h").expect("plain");
        let (from, to) = (moment("2025-03-01T00:00:00Z"), moment("2025-03-01T03:30:00Z"));
        assert_eq!(hourly.ticks(from, to).count(), 4);
        assert_eq!(hourly.count(from, to), 4);
        assert_eq!(hourly.count(from, from), 1);
        assert_eq!(hourly.count(to, from), 0);
        for text in ["", "h", "0h", "-1h", "1.5h", "1 hour", "1w"] {
            assert!(Every::parse(text).is_err(), "{text}");
        }
    }
}
