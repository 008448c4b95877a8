//! `anniversary_within_next`: the day and month of a date come round within the days ahead.
//!
//! Calendar days in the workspace zone are compared, today included: a timestamp is the day it lies on there. The date
//! itself is the first of its anniversaries, so none lies before it. The 29 of February is kept on the 28 in other years,
//! as a month that is shorter ends earlier everywhere else.

use std::ops::Range;

use chrono::{Datelike as _, NaiveDate};
use model::{Lookback, MomentSpec, WorkspaceZone};

use super::{Clock, Date, Element, Verdict, date};

#[derive(Debug, Clone)]
pub(crate) struct Test {
    days: Range<NaiveDate>,
    zone: WorkspaceZone,
}

impl Test {
    pub(super) fn prepare(lookback: Lookback, clock: Clock) -> Self {
        let today = MomentSpec::Today.day(clock.as_of, clock.zone);
        Self { days: today..lookback.days_after(today), zone: clock.zone }
    }

    pub(super) fn verdict(&self, element: Element<'_>) -> Verdict {
        match date::read(element) {
            Some((Date::Day(day), _)) => self.comes_round(day).into(),
            Some((Date::Instant(moment), _)) => self.comes_round(moment.to_utc().with_timezone(&self.zone).date_naive()).into(),
            None => Verdict::Unreadable,
        }
    }

    /// Whether an anniversary lies in the days asked about; those of two years cover any stretch, since within one that
    /// is longer than a year there always is one.
    fn comes_round(&self, day: NaiveDate) -> bool {
        let first = self.days.start.year().max(day.year());
        (first..=first.saturating_add(1)).any(|year| in_year(day, year).is_some_and(|day| self.days.contains(&day)))
    }
}

fn in_year(day: NaiveDate, year: i32) -> Option<NaiveDate> {
    day.with_year(year).or_else(|| NaiveDate::from_ymd_opt(year, 2, 28))
}
