//! Columns back to numbers, moments, keys and facts.

use model::{Fact, FactKind, LogName, MessageKey, Moment, ProfileId, SourceOrder, Value};
use polars::prelude::{
    BinaryChunked, BooleanChunked, DataFrame, Float64Chunked, Int64Chunked, Series, StringChunked, UInt32Chunked, UInt64Chunked,
};

use crate::error::Damage;
use crate::json::parse_json;
use crate::layout::{MESSAGE_KEY, OCCURRED_AT, PROFILE_ID, RECEIVED_AT, SOURCE_ORDER, Variant, is_fixed, moment_type};

/// Passes a table on if it has all rows that the manifest names.
pub(crate) fn complete(table: DataFrame, expected: u64) -> Result<DataFrame, Damage> {
    let found = table.height() as u64;
    if found == expected { Ok(table) } else { Err(Damage::Rows { expected, found }) }
}

pub(crate) fn profiles(table: &DataFrame) -> Result<Vec<u32>, Damage> {
    let column = series(table, PROFILE_ID)?;
    let column: &UInt32Chunked = column.u32().map_err(|_| Damage::Column { column: PROFILE_ID })?;
    full(column.null_count(), PROFILE_ID)?;
    Ok(column.downcast_iter().flat_map(|chunk| chunk.values().iter().copied()).collect())
}

pub(crate) fn occurred_at(table: &DataFrame) -> Result<Vec<i64>, Damage> {
    moments(table, OCCURRED_AT)
}

pub(crate) fn received_at(table: &DataFrame) -> Result<Vec<i64>, Damage> {
    moments(table, RECEIVED_AT)
}

fn moments(table: &DataFrame, name: &'static str) -> Result<Vec<i64>, Damage> {
    let column = series(table, name)?;
    if *column.dtype() != moment_type() {
        return Err(Damage::Column { column: name });
    }
    full(column.null_count(), name)?;
    let micros: &Int64Chunked = column.datetime().map_err(|_| Damage::Column { column: name })?.physical();
    Ok(micros.downcast_iter().flat_map(|chunk| chunk.values().iter().copied()).collect())
}

pub(crate) fn message_keys(table: &DataFrame) -> Result<Vec<u128>, Damage> {
    let column = series(table, MESSAGE_KEY)?;
    let column: &BinaryChunked = column.binary().map_err(|_| Damage::Column { column: MESSAGE_KEY })?;
    full(column.null_count(), MESSAGE_KEY)?;
    let key = |bytes: &[u8]| bytes.try_into().map(u128::from_be_bytes).map_err(|_| Damage::Column { column: MESSAGE_KEY });
    column.downcast_iter().flat_map(|chunk| chunk.values_iter()).map(key).collect()
}

pub(crate) fn source_orders(table: &DataFrame) -> Result<Vec<SourceOrder>, Damage> {
    let column = series(table, SOURCE_ORDER)?;
    let column: &UInt64Chunked = column.u64().map_err(|_| Damage::Column { column: SOURCE_ORDER })?;
    full(column.null_count(), SOURCE_ORDER)?;
    Ok(column.downcast_iter().flat_map(|chunk| chunk.values().iter().copied()).map(SourceOrder::unpacked).collect())
}

fn series<'t>(table: &'t DataFrame, name: &'static str) -> Result<&'t Series, Damage> {
    Ok(table.column(name).map_err(|_| Damage::Column { column: name })?.as_materialized_series())
}

fn full(nulls: usize, column: &'static str) -> Result<(), Damage> {
    if nulls == 0 { Ok(()) } else { Err(Damage::Hole { column }) }
}

/// A column of a property, by type.
pub(crate) enum Typed<'t> {
    Numbers(&'t Float64Chunked),
    Texts(&'t StringChunked),
    Flags(&'t BooleanChunked),
    Jsons(&'t StringChunked),
    Gone(&'t BooleanChunked),
}

impl<'t> Typed<'t> {
    pub(crate) fn of(variant: Variant, column: &'t Series) -> Result<Self, Damage> {
        let typed = match variant {
            Variant::Number => column.f64().map(Self::Numbers),
            Variant::Text => column.str().map(Self::Texts),
            Variant::Flag => column.bool().map(Self::Flags),
            Variant::Json => column.str().map(Self::Jsons),
            Variant::Gone => column.bool().map(Self::Gone),
        };
        typed.map_err(|_| Damage::Column { column: "of a property" })
    }
}

/// All facts of a segment, in its order.
pub(crate) fn facts(table: &DataFrame, log: &LogName) -> Result<Vec<Fact>, Damage> {
    let mut cells: Vec<Vec<(String, Option<Value>)>> = vec![Vec::new(); table.height()];
    for column in table.columns() {
        let name: &str = column.name();
        match Variant::of_column(name) {
            Some((name, variant)) => add_cells(name, &Typed::of(variant, column.as_materialized_series())?, &mut cells),
            None if is_fixed(name) => {}
            None => return Err(Damage::UnknownColumn),
        }
    }
    let profiles = profiles(table)?;
    let times = occurred_at(table)?.into_iter().zip(received_at(table)?);
    let keys = message_keys(table)?.into_iter().zip(source_orders(table)?);
    let facts = profiles.into_iter().zip(times).zip(keys).zip(cells).map(|(((profile, (occurred, received)), (key, order)), cells)| Fact {
        profile: ProfileId(profile),
        occurred_at: Moment::from_micros(occurred),
        received_at: Moment::from_micros(received),
        message_key: MessageKey(key),
        source_order: order,
        kind: kind(log, cells),
    });
    Ok(facts.collect())
}

fn kind(log: &LogName, cells: Vec<(String, Option<Value>)>) -> FactKind {
    match log {
        LogName::Events(name) => {
            let properties = cells.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            FactKind::Event { name: name.clone(), properties }
        }
        LogName::Traits => FactKind::Traits(cells),
    }
}

fn add_cells(name: &str, column: &Typed<'_>, rows: &mut [Vec<(String, Option<Value>)>]) {
    let mut add = |row: usize, value: Option<Value>| rows[row].push((name.to_owned(), value));
    match column {
        Typed::Numbers(column) => present(column.iter()).for_each(|(row, number)| add(row, Some(Value::Number(number)))),
        Typed::Texts(column) => present(column.iter()).for_each(|(row, text)| add(row, Some(Value::from(text)))),
        Typed::Flags(column) => present(column.iter()).for_each(|(row, flag)| add(row, Some(Value::Flag(flag)))),
        Typed::Jsons(column) => present(column.iter()).for_each(|(row, json)| add(row, Some(parse_json(json)))),
        Typed::Gone(column) => present(column.iter()).filter(|(_, gone)| *gone).for_each(|(row, _)| add(row, None)),
    }
}

/// The cells that are there, with their rows.
pub(crate) fn present<T>(cells: impl Iterator<Item = Option<T>>) -> impl Iterator<Item = (usize, T)> {
    cells.enumerate().filter_map(|(row, cell)| Some((row, cell?)))
}
