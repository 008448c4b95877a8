//! Facts to columns: rows sorted, one column per property name and type of value.
//!
//! **Invariant:** a table is bounded, whatever names are sent: each row has room in each column, so names that differ from
//! message to message would make a table as wide as it is long.

use std::collections::BTreeMap;

use model::{Moment, SegmentColumn};
use polars::error::PolarsResult;
use polars::prelude::{
    BinaryChunked, BooleanChunked, Column, DataFrame, Float64Chunked, InitHashMaps as _, Int64Chunked, IntoColumn as _, IntoSeries as _,
    NewChunkedArray as _, PlHashMap, StringChunked, UInt32Chunked, UInt64Chunked,
};

use crate::json::write_json;
use crate::layout::{MESSAGE_KEY, OCCURRED_AT, PROFILE_ID, RECEIVED_AT, SOURCE_ORDER, Variant, moment_type};
use crate::told::{Told, ValueRef};

/// Rows of a segment times its columns, at most.
const CELLS_MAX: usize = 16 << 20;
/// Columns that every row has.
const FIXED_COLUMNS: usize = 5;
/// Columns of a segment, at most, unless one fact alone has more.
const COLUMNS_MAX: usize = 2_000;

/// Puts facts in the order of a segment.
pub(crate) fn sort(facts: &mut [&Told<'_>]) {
    facts.sort_by_key(|fact| (fact.occurred_at, fact.received_at, fact.source_order, fact.message_key));
}

/// The table of a segment: the columns every row has, then those of properties (or traits) by name and type. None of facts
/// that are too many for one table, with as many names as they have; one fact alone always has a table.
pub(crate) fn encode(facts: &[&Told<'_>]) -> PolarsResult<Option<DataFrame>> {
    let gathered = gather(facts);
    let width = FIXED_COLUMNS + gathered.values().map(Cells::columns).sum::<usize>();
    if facts.len() > 1 && (width > COLUMNS_MAX || width * facts.len() > CELLS_MAX) {
        return Ok(None);
    }
    let profiles: Vec<u32> = facts.iter().map(|fact| fact.profile.0).collect();
    let occurred: Vec<i64> = facts.iter().map(|fact| fact.occurred_at.micros()).collect();
    let received: Vec<i64> = facts.iter().map(|fact| fact.received_at.micros()).collect();
    let keys: Vec<[u8; 16]> = facts.iter().map(|fact| fact.message_key.0.to_be_bytes()).collect();
    let orders: Vec<u64> = facts.iter().map(|fact| fact.source_order.packed()).collect();
    let mut columns = vec![
        UInt32Chunked::from_vec(PROFILE_ID.into(), profiles).into_column(),
        moments(OCCURRED_AT, occurred)?,
        moments(RECEIVED_AT, received)?,
        BinaryChunked::from_slice(MESSAGE_KEY.into(), &keys).into_column(),
        UInt64Chunked::from_vec(SOURCE_ORDER.into(), orders).into_column(),
    ];
    for (name, cells) in gathered {
        cells.append_columns(name, facts.len(), &mut columns);
    }
    DataFrame::new(facts.len(), columns).map(Some)
}

/// What the manifest says about the properties (or traits) of a table, in the order of its columns; `at` tells when a row
/// happened. Nothing of those that no row has.
pub(crate) fn describe(table: &DataFrame, at: impl Fn(usize) -> Moment) -> Vec<SegmentColumn> {
    let columns = table.columns().iter();
    columns
        .filter_map(|column| {
            let (name, variant) = Variant::of_column(column.name())?;
            let rows = (column.len() - column.null_count()) as u64;
            let (first, last) = (column.first_non_null()?, column.last_non_null()?);
            let (first_at, last_at) = (Some(at(first)), Some(at(last)));
            Some(SegmentColumn { name: name.to_owned(), value_type: variant.value_type(), rows, first_at, last_at })
        })
        .collect()
}

fn moments(name: &str, micros: Vec<i64>) -> PolarsResult<Column> {
    Ok(Int64Chunked::from_vec(name.into(), micros).into_series().cast(&moment_type())?.into_column())
}

/// The cells of one property, by type, each with its row.
#[derive(Default)]
struct Cells<'f> {
    numbers: Vec<(usize, f64)>,
    texts: Vec<(usize, &'f str)>,
    flags: Vec<(usize, bool)>,
    jsons: Vec<(usize, String)>,
    gone: Vec<(usize, bool)>,
}

fn gather<'f>(facts: &[&Told<'f>]) -> BTreeMap<&'f str, Cells<'f>> {
    let mut gathered: PlHashMap<&str, Cells<'_>> = PlHashMap::new();
    for (row, fact) in facts.iter().enumerate() {
        for (name, value) in fact.members {
            gathered.entry(name).or_default().add(row, *value);
        }
    }
    gathered.into_iter().collect()
}

impl<'f> Cells<'f> {
    fn add(&mut self, row: usize, value: ValueRef<'f>) {
        match value {
            ValueRef::Number(number) => self.numbers.push((row, number)),
            ValueRef::Text(text) => self.texts.push((row, text)),
            ValueRef::Flag(flag) => self.flags.push((row, flag)),
            ValueRef::Json(value) => self.jsons.push((row, write_json(value))),
            ValueRef::Gone => self.gone.push((row, true)),
        }
    }

    /// How many columns they make.
    fn columns(&self) -> usize {
        let Self { numbers, texts, flags, jsons, gone } = self;
        let there = [!numbers.is_empty(), !texts.is_empty(), !flags.is_empty(), !jsons.is_empty(), !gone.is_empty()];
        there.into_iter().filter(|there| *there).count()
    }

    /// A column for each type that some row has.
    fn append_columns(&self, name: &str, rows: usize, columns: &mut Vec<Column>) {
        if !self.numbers.is_empty() {
            let cells = spread(rows, self.numbers.iter().copied());
            columns.push(Float64Chunked::from_slice_options(Variant::Number.column(name).into(), &cells).into_column());
        }
        if !self.texts.is_empty() {
            let cells = spread(rows, self.texts.iter().copied());
            columns.push(StringChunked::from_slice_options(Variant::Text.column(name).into(), &cells).into_column());
        }
        if !self.flags.is_empty() {
            let cells = spread(rows, self.flags.iter().copied());
            columns.push(BooleanChunked::from_slice_options(Variant::Flag.column(name).into(), &cells).into_column());
        }
        if !self.jsons.is_empty() {
            let cells = spread(rows, self.jsons.iter().map(|(row, json)| (*row, json.as_str())));
            columns.push(StringChunked::from_slice_options(Variant::Json.column(name).into(), &cells).into_column());
        }
        if !self.gone.is_empty() {
            let cells = spread(rows, self.gone.iter().copied());
            columns.push(BooleanChunked::from_slice_options(Variant::Gone.column(name).into(), &cells).into_column());
        }
    }
}

fn spread<T: Copy>(rows: usize, cells: impl Iterator<Item = (usize, T)>) -> Vec<Option<T>> {
    let mut spread = vec![None; rows];
    for (row, cell) in cells {
        spread[row] = Some(cell);
    }
    spread
}
