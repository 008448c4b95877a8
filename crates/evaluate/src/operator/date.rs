//! `before`, `after`, `within_last`, `within_next`.
//!
//! Every one of them asks whether a date lies in a half-open range, start included. Timestamps are compared as
//! instants; a bare date is a whole day and is compared with calendar days in the workspace zone, so that a birthday
//! of today lies within the next day all day long.

use std::ops::Bound;

use chrono::NaiveDate;
use model::{Lookback, Moment, MomentSpec};

use super::{Clock, Date, Element, Verdict};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Test {
    instants: Range<Moment>,
    days: Range<NaiveDate>,
}

#[derive(Debug, Clone, Copy)]
struct Range<T> {
    start: Bound<T>,
    end: Bound<T>,
}

impl<T: PartialOrd> Range<T> {
    fn contains(&self, date: &T) -> bool {
        std::ops::RangeBounds::contains(&(self.start.as_ref(), self.end.as_ref()), date)
    }
}

fn until<T>(end: T) -> Range<T> {
    Range { start: Bound::Unbounded, end: Bound::Excluded(end) }
}

fn since<T>(start: T) -> Range<T> {
    Range { start: Bound::Included(start), end: Bound::Unbounded }
}

fn between<T>(start: T, end: T) -> Range<T> {
    Range { start: Bound::Included(start), end: Bound::Excluded(end) }
}

impl Test {
    pub(super) fn before(spec: MomentSpec, clock: Clock) -> Self {
        let Clock { as_of, zone } = clock;
        Self { instants: until(spec.resolve(as_of, zone)), days: until(spec.day(as_of, zone)) }
    }

    pub(super) fn after(spec: MomentSpec, clock: Clock) -> Self {
        let Clock { as_of, zone } = clock;
        Self { instants: since(spec.resolve(as_of, zone)), days: since(spec.day(as_of, zone)) }
    }

    pub(super) fn within_last(lookback: Lookback, clock: Clock) -> Self {
        let now = clock.as_of.moment();
        let today = MomentSpec::Today.day(clock.as_of, clock.zone);
        let instants = between(lookback.before(now, clock.zone), now);
        Self { instants, days: between(lookback.days_before(today), today) }
    }

    pub(super) fn within_next(lookback: Lookback, clock: Clock) -> Self {
        let now = clock.as_of.moment();
        let today = MomentSpec::Today.day(clock.as_of, clock.zone);
        let instants = between(now, lookback.after(now, clock.zone));
        Self { instants, days: between(today, lookback.days_after(today)) }
    }

    pub(super) fn verdict(&self, element: Element<'_>) -> Verdict {
        match read(element) {
            Some((Date::Day(day), _)) => self.days.contains(&day).into(),
            Some((Date::Instant(moment), _)) => self.instants.contains(&moment).into(),
            None => Verdict::Unreadable,
        }
    }
}

/// Whether this is a timestamp without an offset, which is read as UTC.
pub(super) fn lacks_zone(element: Element<'_>) -> bool {
    matches!(read(element), Some((Date::Instant(_), true)))
}

/// The date an element says, and whether it lacks an offset. Only texts say dates.
pub(super) fn read(element: Element<'_>) -> Option<(Date, bool)> {
    let Element::Text(text) = element else {
        return None;
    };
    let (moment, zone_missing) = Moment::parse_noting_zone(text).ok()?;
    match NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d") {
        Ok(day) => Some((Date::Day(day), false)),
        Err(_) => Some((Date::Instant(moment), zone_missing)),
    }
}
