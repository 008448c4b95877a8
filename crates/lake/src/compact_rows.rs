//! The rows of a merged segment: read, given the same columns, put in order. Nothing is computed from a value and nothing
//! converted, so what comes out is what went in.

use std::collections::BTreeSet;

use model::{Moment, Segment, SegmentColumn, SourceOrder};
use polars::error::PolarsResult;
use polars::prelude::{Column, DataFrame, DataType, IdxCa, IdxSize};
use rayon::prelude::*;

use crate::error::{Damage, LakeError};
use crate::lake::Lake;
use crate::layout::{MESSAGE_KEY, OCCURRED_AT, PROFILE_ID, RECEIVED_AT, SOURCE_ORDER, Variant, is_fixed, moment_type};
use crate::{decode, encode};

/// The columns of a segment, by name and type, in the order every segment has them in.
pub(crate) type Columns = Vec<(String, DataType)>;

/// Sources merged into one table.
pub(crate) struct Merged {
    pub(crate) table: DataFrame,
    /// What is in it of each property and type.
    pub(crate) columns: Vec<SegmentColumn>,
}

/// The columns that every row has, then those that some source has.
pub(crate) fn columns(sources: &[&Segment]) -> Columns {
    let said: BTreeSet<(&str, Variant)> = sources
        .iter()
        .flat_map(|source| &source.columns)
        .map(|column| (column.name.as_str(), Variant::of_value_type(column.value_type)))
        .collect();
    let fixed = [
        (PROFILE_ID, DataType::UInt32),
        (OCCURRED_AT, moment_type()),
        (RECEIVED_AT, moment_type()),
        (MESSAGE_KEY, DataType::Binary),
        (SOURCE_ORDER, DataType::UInt64),
    ];
    let fixed = fixed.into_iter().map(|(name, kind)| (name.to_owned(), kind));
    fixed.chain(said.into_iter().map(|(name, variant)| (variant.column(name), variant.data_type()))).collect()
}

/// Sources whose times overlap, together; clusters follow one another in time, so that they can be merged one by one.
pub(crate) fn clusters<'s>(sources: &[&'s Segment]) -> Vec<Vec<&'s Segment>> {
    let mut sources = sources.to_vec();
    sources.sort_by(|a, b| (a.first_at, &a.path).cmp(&(b.first_at, &b.path)));
    let mut clusters: Vec<Vec<&Segment>> = Vec::new();
    let mut end = None;
    for source in sources {
        match clusters.last_mut() {
            Some(cluster) if Some(source.first_at) <= end => cluster.push(source),
            _ => clusters.push(vec![source]),
        }
        end = end.max(Some(source.last_at));
    }
    clusters
}

/// The rows of a cluster in the order of a segment.
pub(crate) fn merge(lake: &Lake, cluster: &[&Segment], columns: &Columns) -> Result<Merged, LakeError> {
    let tables: Vec<DataFrame> = cluster
        .par_iter()
        .map(|source| align(&lake.table(source)?, columns).map_err(|damage| lake.damaged(source, damage)))
        .collect::<Result<_, LakeError>>()?;
    let merged = stack(tables).map_err(Damage::Parquet).and_then(|table| if cluster.len() == 1 { Ok(table) } else { sorted(&table) });
    let table = merged.map_err(|damage| lake.damaged(cluster[0], damage))?;
    let times = decode::occurred_at(&table).map_err(|damage| lake.damaged(cluster[0], damage))?;
    let columns = encode::describe(&table, |row| Moment::from_micros(times[row]));
    Ok(Merged { table, columns })
}

/// A source with all columns of the merged segment; those it lacks have no value in any row.
fn align(table: &DataFrame, columns: &Columns) -> Result<DataFrame, Damage> {
    let mut found = 0;
    let mut aligned = Vec::with_capacity(columns.len());
    for (name, kind) in columns {
        match table.column(name) {
            Ok(column) if column.dtype() == kind => {
                found += 1;
                aligned.push(column.clone());
            }
            Ok(_) => return Err(Damage::Column { column: "of a property" }),
            Err(_) if is_fixed(name) => return Err(Damage::Column { column: "that every row has" }),
            Err(_) => aligned.push(Column::full_null(name.as_str().into(), table.height(), kind)),
        }
    }
    // What the manifest does not tell of would be lost.
    if found < table.width() {
        return Err(Damage::UnknownColumn);
    }
    DataFrame::new(table.height(), aligned).map_err(Damage::Parquet)
}

fn stack(tables: Vec<DataFrame>) -> PolarsResult<DataFrame> {
    let mut tables = tables.into_iter();
    let mut stacked = tables.next().unwrap_or_default();
    for table in tables {
        stacked.vstack_mut(&table)?;
    }
    Ok(stacked)
}

/// In the order of a segment. The sources are, so the sort finds long runs.
fn sorted(table: &DataFrame) -> Result<DataFrame, Damage> {
    let times = decode::occurred_at(table)?.into_iter().zip(decode::received_at(table)?);
    let orders = decode::source_orders(table)?.into_iter().zip(decode::message_keys(table)?);
    let keys: Vec<(i64, i64, SourceOrder, u128)> =
        times.zip(orders).map(|((at, received), (order, key))| (at, received, order, key)).collect();
    let mut places: Vec<IdxSize> = (0..).take(keys.len()).collect();
    places.sort_by_key(|place| keys[*place as usize]);
    table.take(&IdxCa::from_vec("".into(), places)).map_err(Damage::Parquet)
}
