//! The manifest of the lake.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use model::{EventName, LogName, Moment, Segment, SegmentId};
use serde::Serialize;
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
    let of = query(queries::SEGMENTS_OF).bind(log).bind(event.to_owned()).bind(start_of(first)).bind(day_number(last));
    let rows: Vec<SegmentRow> = work.all(of).await?;
    rows.into_iter().map(read).collect()
}

pub(crate) async fn between(work: &mut Work<'_>, first: Moment, last: Moment) -> Result<Vec<(SegmentId, Segment)>, StoreError> {
    let between = query(queries::SEGMENTS_BETWEEN).bind(first.micros()).bind(last.micros());
    let rows: Vec<SegmentRow> = work.all(between).await?;
    rows.into_iter().map(read).collect()
}

pub(crate) async fn insert(work: &mut Work<'_>, segments: &[Segment]) -> Result<(), StoreError> {
    if segments.is_empty() {
        return Ok(());
    }
    let first = work.take_numbers("segments", segments.len()).await?;
    write(work, first, segments).await
}

/// One segment for several. Whoever flushes or replaces holds the numbers meanwhile.
pub(crate) async fn replace(work: &mut Work<'_>, sources: &[SegmentId], merged: &Segment) -> Result<SegmentId, StoreError> {
    work.take_numbers("segments", 0).await?;
    let sources: BTreeSet<i64> = sources.iter().map(|source| source.0).collect();
    let Some(highest) = sources.last().copied() else { return Err(work.conflict("nothing is to be replaced")) };
    let numbers = pack(sources.iter().map(|number| [number]));
    let (log, event) = log_words(&merged.log);
    let note = query(queries::REPLACE_SEGMENTS).bind(merged.path.clone()).bind(log).bind(event.to_owned()).bind(numbers.clone());
    if work.execute(note).await? != sources.len() as u64 {
        return Err(work.conflict("one of the segments to replace is not in the lake's log any more"));
    }
    let rows: Option<(i64,)> = work.optional(query(queries::REPLACED_ROWS).bind(numbers.clone())).await?;
    if rows.map(|(rows,)| rows) != Some(to_i64(merged.rows)) {
        return Err(work.conflict(format!("the merged segment `{}` has not as many rows as those it stands for", merged.path)));
    }
    work.execute(query(queries::DELETE_SEGMENTS).bind(numbers)).await?;
    write(work, highest, std::slice::from_ref(merged)).await?;
    Ok(SegmentId(highest))
}

/// What is left of a segment instead of it. Its path is never named again, but that of what is left may have been: where somebody
/// goes whose rows a merge added, what was merged with them comes back, byte for byte.
pub(crate) async fn rewrite(work: &mut Work<'_>, number: SegmentId, before: &Segment, rest: Option<&Segment>) -> Result<(), StoreError> {
    work.take_numbers("segments", 0).await?;
    let path = rest.map_or_else(String::new, |rest| rest.path.clone());
    if work.execute(query(queries::NOTE_REWRITTEN_SEGMENT).bind(path).bind(number.0).bind(before.path.clone())).await? != 1 {
        return Err(work.conflict("the segment to write anew is not in the lake any more"));
    }
    work.execute(query(queries::DELETE_SEGMENTS).bind(pack(std::iter::once([number.0])))).await?;
    match rest {
        Some(rest) => {
            work.execute(query(queries::FORGET_REPLACED_SEGMENT).bind(rest.path.clone())).await?;
            write(work, number.0, std::slice::from_ref(rest)).await
        }
        None => Ok(()),
    }
}

pub(crate) async fn seen(work: &mut Work<'_>) -> Result<BTreeSet<SegmentId>, StoreError> {
    let rows: Vec<(i64,)> = work.all(query(queries::SEGMENTS_SEEN)).await?;
    Ok(rows.into_iter().map(|(number,)| SegmentId(number)).collect())
}

/// Names segments, whose numbers begin with `first`.
async fn write(work: &mut Work<'_>, first: i64, segments: &[Segment]) -> Result<(), StoreError> {
    let paths = pack(segments.iter().map(|segment| [&segment.path]));
    let replaced: Option<(i64,)> = work.optional(query(queries::REPLACED_SEGMENTS).bind(paths)).await?;
    if replaced.is_some_and(|(count,)| count > 0) {
        return Err(work.conflict("one of its segments was in the lake and has been merged into another"));
    }
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
    let segment = Segment {
        path,
        log: log_name(&log, &event)?,
        day: day_of(day).ok_or(StoreError::damaged("the day of a segment"))?,
        rows: to_u64(rows, "the size of a segment")?,
        first_at: Moment::from_micros(first_at),
        last_at: Moment::from_micros(last_at),
        bytes: to_u64(bytes, "the size of a segment")?,
        columns: serde_json::from_str(&columns).map_err(|_| StoreError::damaged("the columns of a segment"))?,
    };
    Ok((SegmentId(number), segment))
}

/// The reverse of [`log_words`].
pub(crate) fn log_name(log: &str, event: &str) -> Result<LogName, StoreError> {
    match log {
        TRAITS => Ok(LogName::Traits),
        EVENTS => EventName::parse(event).map(LogName::Events).map_err(|_| StoreError::damaged("the event of a segment")),
        _ => Err(StoreError::damaged("the log of a segment")),
    }
}

/// The log and the event's name, which is empty for traits.
pub(crate) fn log_words(log: &LogName) -> (&'static str, &str) {
    match log {
        LogName::Events(name) => (EVENTS, name.as_str()),
        LogName::Traits => (TRAITS, ""),
    }
}

/// Rows of one column as JSON text.
fn pack<T: Serialize>(rows: impl Iterator<Item = [T; 1]>) -> String {
    serde_json::to_string(&rows.collect::<Vec<_>>()).expect("numbers and texts always become JSON")
}

/// The first microsecond of a day; of the first day there is, that of all time before it.
fn start_of(day: NaiveDate) -> i64 {
    if day == NaiveDate::MIN { i64::MIN } else { day_number(day).saturating_mul(86_400_000_000) }
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
