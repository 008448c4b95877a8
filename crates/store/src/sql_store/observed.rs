//! What was taken in, counted: a flush adds what its segments hold, in its own transaction.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use model::{LogName, Moment, Segment, ValueType};
use sqlx::query;

use super::segments::{log_name, log_words};
use crate::work::{Work, keepable, to_u64};
use crate::{ObservedRow, StoreError, queries, words};

type Row = (String, String, String, String, String, i64, i64, i64);

/// Rows, and the earliest and the latest moment of them, or where that was not noted of the segments they are in.
struct Count {
    rows: u64,
    first_at: Moment,
    last_at: Moment,
}

/// What is counted: a log, and there facts (`None`) or values of a type of a property or trait.
type Subject<'s> = (&'s LogName, Option<(&'s str, ValueType)>);

pub(crate) async fn add(work: &mut Work<'_>, source: &str, segments: &[Segment]) -> Result<(), StoreError> {
    let mut counts: BTreeMap<Subject<'_>, Count> = BTreeMap::new();
    for segment in segments {
        let all = Count { rows: segment.rows, first_at: segment.first_at, last_at: segment.last_at };
        let values = segment.columns.iter().map(|column| {
            let (first_at, last_at) = (column.first_at.unwrap_or(segment.first_at), column.last_at.unwrap_or(segment.last_at));
            (Some((column.name.as_str(), column.value_type)), Count { rows: column.rows, first_at, last_at })
        });
        for (value, more) in std::iter::once((None, all)).chain(values) {
            match counts.entry((&segment.log, value)) {
                Entry::Vacant(entry) => {
                    entry.insert(more);
                }
                Entry::Occupied(mut entry) => entry.get_mut().add(&more),
            }
        }
    }
    let source = keepable(source);
    let rows: Vec<_> = counts
        .into_iter()
        .map(|((log, value), count)| {
            let (log, event) = log_words(log);
            let (name, value_type) = value.map_or_else(Default::default, |(name, of)| (keepable(name), words::of_value_type(of)));
            (source.as_str(), log, keepable(event), name, value_type, count.rows, count.first_at, count.last_at)
        })
        .collect();
    work.write_rows(queries::ADD_OBSERVED, &rows).await
}

impl Count {
    fn add(&mut self, more: &Self) {
        self.rows += more.rows;
        self.first_at = self.first_at.min(more.first_at);
        self.last_at = self.last_at.max(more.last_at);
    }
}

pub(crate) async fn all(work: &mut Work<'_>) -> Result<Vec<ObservedRow>, StoreError> {
    let rows: Vec<Row> = work.all(query(queries::OBSERVED)).await?;
    rows.into_iter().map(read).collect()
}

fn read((source, log, event, name, value_type, rows, first_at, last_at): Row) -> Result<ObservedRow, StoreError> {
    let value = if value_type.is_empty() { None } else { Some((name, words::value_type(&value_type)?)) };
    Ok(ObservedRow {
        source,
        log: log_name(&log, &event)?,
        value,
        rows: to_u64(rows, "a count of what was observed")?,
        first_at: Moment::from_micros(first_at),
        last_at: Moment::from_micros(last_at),
    })
}
