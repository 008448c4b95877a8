//! Windows and the schedule: who slips through when runs are further apart than a window is long.
//!
//! The gaps between ticks differ; the longest one counts, because whoever acts at its beginning is missed. A month is
//! taken as 31 days: what is never reached by so long a month is never reached at all.

use chrono::{DateTime, Duration, NaiveTime, TimeDelta, TimeZone as _, Utc};
use model::Lookback;

use crate::diagnostic::Diagnostic;
use crate::schedule;
use crate::scope::Scope;

/// The longest time between two ticks of the schedule.
pub(crate) type LongestGap = TimeDelta;

/// How many days with ticks are looked at: those of a year, and of the leap years after it for schedules that rarely tick.
const DAYS_MAX: usize = 400;
/// Days in the longest month.
const MONTH_DAYS: i64 = 31;

/// The longest gap of a schedule; nothing when the schedule is unusable, which is a finding of its own.
pub(crate) fn longest_gap(schedule: &str) -> Option<LongestGap> {
    let schedule: cron::Schedule = schedule::to_cron(schedule).ok()?.parse().ok()?;
    let start = Utc.with_ymd_and_hms(2024, 1, 1, 0, 0, 0).single()? - Duration::seconds(1);
    let first = schedule.after(&start).next()?;
    let mut longest = TimeDelta::zero();
    // Every day with ticks has them at the same times: one day is walked tick by tick, the others from first to last.
    let mut last = first;
    for tick in schedule.after(&first).take_while(|tick| tick.date_naive() == first.date_naive()) {
        longest = longest.max(tick - last);
        last = tick;
    }
    let within_day = last - first;
    let mut day = first;
    for _ in 0..DAYS_MAX {
        let Some(next) = schedule.after(&end_of_day(day)?).next() else { break };
        longest = longest.max(next - (day + within_day));
        day = next;
    }
    Some(longest)
}

fn end_of_day(moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let end = moment.date_naive().and_time(NaiveTime::from_hms_opt(23, 59, 59)?);
    Some(end.and_utc())
}

/// Warns of windows that nothing may ever be seen in.
pub(crate) fn check(gap: Option<LongestGap>, scope: &mut Scope) {
    let withins = std::mem::take(&mut scope.withins);
    let Some(gap) = gap else { return };
    for (length, place) in withins {
        if longest(length) < gap {
            let message = format!("`{length}` is shorter than the time between runs, which is up to {}", in_words(gap));
            let finding = Diagnostic::warning("window-shorter-than-runs", message).at(&place);
            let note = "what happens at the beginning of that time is over before anybody looks";
            scope.report(finding.note(note).help("lengthen it, or let runs happen more often: `schedule` in `muster.yaml`"));
        }
    }
}

fn longest(length: Lookback) -> TimeDelta {
    match length.micros() {
        Some(micros) => TimeDelta::microseconds(micros),
        None => TimeDelta::days(MONTH_DAYS * i64::from(length.count)),
    }
}

fn in_words(gap: LongestGap) -> String {
    let (days, hours, minutes) = (gap.num_days(), gap.num_hours(), gap.num_minutes());
    let (count, unit) = if days > 0 && hours == days * 24 {
        (days, "day")
    } else if hours > 0 && minutes == hours * 60 {
        (hours, "hour")
    } else {
        (minutes, "minute")
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schedule: &str, expected: &str) {
        assert_eq!(in_words(longest_gap(schedule).expect(schedule)), expected, "{schedule}");
    }

    #[test]
    fn the_longest_gap_of_a_schedule_counts() {
        check("0 * * * *", "1 hour");
        check("*/15 * * * *", "15 minutes");
        check("* * * * *", "1 minute");
        check("0 6-8 * * *", "22 hours");
        check("30 7,18 * * *", "13 hours");
        check("0 6 * * 1-5", "3 days");
        check("0 0 1 * *", "31 days");
        check("* * * 1 *", "335 days");
        check("0 0 29 2 *", "1461 days");
    }
}
