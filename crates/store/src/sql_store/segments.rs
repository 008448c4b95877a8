//! The manifest of the lake.

use chrono::{Days, NaiveDate};
use model::{EventName, LogName, Moment, Segment, SegmentId};
use sqlx::query;

use crate::work::{Work, to_i64, to_u64};
use crate::{StoreError, queries};

type SegmentRow = (i64, String, String, String, i64, i64, i64, i64, i64, String);

const EVENTS: &str = "events";
const TRAITS: &str = "traits";

pub(crate) async fn all(work: &mut Work<'_>) -> Result<Vec<(SegmentId, Segment)>, StoreError> {
    let rows: Vec<SegmentRow> = work.all(query(queries::SEGMENTS)).await?;
    rows.into_iter().map(read).collect()
}

pub(crate) async fn of(
    work: &mut Work<'_>,
    log: &LogName,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<(SegmentId, Segment)>, StoreError> {
    let (log, event) = log_words(log);
    let of = query(queries::SEGMENTS_OF).bind(log).bind(event.to_owned()).bind(day_number(first)).bind(day_number(last));
    let rows: Vec<SegmentRow> = work.all(of).await?;
    rows.into_iter().map(read).collect()
}

pub(crate) async fn insert(work: &mut Work<'_>, segments: &[Segment]) -> Result<(), StoreError> {
    if segments.is_empty() {
        return Ok(());
    }
    let first = work.take_numbers("segments", segments.len()).await?;
    let rows: Vec<_> = (first..).zip(segments).map(|(number, segment)| written(number, segment)).collect();
    match work.write_rows(queries::INSERT_SEGMENTS, &rows).await {
        Err(StoreError::Conflict { .. }) => Err(work.conflict("one of its segments is in the lake already")),
        other => other,
    }
}

fn written(number: i64, segment: &Segment) -> (i64, &str, &'static str, &str, i64, i64, i64, i64, i64, String) {
    let (log, event) = log_words(&segment.log);
    let day = day_number(segment.day);
    let (first_at, last_at) = (segment.first_at.micros(), segment.last_at.micros());
    let columns = serde_json::to_string(&segment.columns).unwrap_or_default();
    (number, &segment.path, log, event, day, to_i64(segment.rows), first_at, last_at, to_i64(segment.bytes), columns)
}

fn read((number, path, log, event, day, rows, first_at, last_at, bytes, columns): SegmentRow) -> Result<(SegmentId, Segment), StoreError> {
    let log = match log.as_str() {
        TRAITS => LogName::Traits,
        EVENTS => LogName::Events(EventName::parse(&event).map_err(|_| StoreError::damaged("the event of a segment"))?),
        _ => return Err(StoreError::damaged("the log of a segment")),
    };
    let segment = Segment {
        path,
        log,
        day: day_of(day).ok_or(StoreError::damaged("the day of a segment"))?,
        rows: to_u64(rows, "the size of a segment")?,
        first_at: Moment::from_micros(first_at),
        last_at: Moment::from_micros(last_at),
        bytes: to_u64(bytes, "the size of a segment")?,
        columns: serde_json::from_str(&columns).map_err(|_| StoreError::damaged("the columns of a segment"))?,
    };
    Ok((SegmentId(number), segment))
}

/// The log and the event's name, which is empty for traits.
fn log_words(log: &LogName) -> (&'static str, &str) {
    match log {
        LogName::Events(name) => (EVENTS, name.as_str()),
        LogName::Traits => (TRAITS, ""),
    }
}

fn day_number(day: NaiveDate) -> i64 {
    day.signed_duration_since(NaiveDate::default()).num_days()
}

fn day_of(number: i64) -> Option<NaiveDate> {
    let distance = Days::new(number.unsigned_abs());
    if number < 0 { NaiveDate::default().checked_sub_days(distance) } else { NaiveDate::default().checked_add_days(distance) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        for (text, number) in [("1970-01-01", 0), ("1969-12-31", -1), ("2025-03-01", 20_148), ("+12025-03-01", 3_672_573)] {
            let day: NaiveDate = text.parse().unwrap();
            assert_eq!(day_number(day), number, "{text}");
            assert_eq!(day_of(number), Some(day), "{text}");
        }
    }
}
