//! Parquet files that others wrote, row by row as text: a line of JSON or of CSV each.
//!
//! Knows nothing of what the columns mean. **Invariant:** one row group is in memory at a time, and an empty cell is left
//! out (JSON) or empty (CSV), never a `null`.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};
use polars::prelude::{AnyValue, DataFrame, TimeUnit};
use serde_json::{Map, Number, Value};

use crate::error::{Damage, LakeError};
use crate::parquet;

/// How a row is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowForm {
    /// A JSON object. Texts in columns of these names that are themselves JSON objects become objects.
    Json {
        /// The names.
        nested: &'static [&'static str],
    },
    /// Cells between separators; the first line has the names of the columns.
    Csv {
        /// The separator, one byte of ASCII.
        delimiter: u8,
    },
}

/// The rows of a file, a row group at a time.
#[derive(Debug)]
pub struct ForeignRows {
    path: PathBuf,
    form: RowForm,
    groups: Vec<usize>,
    next_group: usize,
    rows_done: usize,
    has_header: bool,
}

impl ForeignRows {
    /// Opens a file and reads which rows it has.
    ///
    /// # Errors
    /// When it is not there, or no Parquet.
    pub fn open(path: &Path, form: RowForm) -> Result<Self, LakeError> {
        let file = open(path)?;
        let groups = parquet::row_groups(file).map_err(|damage| LakeError::foreign(path, damage))?;
        Ok(Self { path: path.to_owned(), form, groups, next_group: 0, rows_done: 0, has_header: false })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.groups.iter().sum()
    }

    /// How many of them were written.
    pub fn rows_done(&self) -> usize {
        self.rows_done
    }

    /// Writes the next row group's lines. `false`: there is none left.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn next(&mut self, lines: &mut String) -> Result<bool, LakeError> {
        let Some(rows) = self.groups.get(self.next_group).copied() else {
            // A file without rows has columns all the same.
            return if self.has_header || self.groups.iter().any(|rows| *rows > 0) { Ok(false) } else { self.write(0, lines) };
        };
        self.next_group += 1;
        self.write(rows, lines)
    }

    fn write(&mut self, rows: usize, lines: &mut String) -> Result<bool, LakeError> {
        let range = self.rows_done..self.rows_done + rows;
        let table = parquet::read_rows(open(&self.path)?, |_| true, range).map_err(|damage| LakeError::foreign(&self.path, damage))?;
        if table.height() != rows {
            let damage = Damage::Rows { expected: rows as u64, found: table.height() as u64 };
            return Err(LakeError::foreign(&self.path, damage));
        }
        match self.form {
            RowForm::Json { nested } => write_json(&table, nested, lines),
            RowForm::Csv { delimiter } => {
                let delimiter = char::from(delimiter);
                if !self.has_header {
                    write_line(table.columns().iter().map(|column| column.name().to_string()), delimiter, lines);
                }
                write_csv(&table, delimiter, lines);
            }
        }
        self.has_header = true;
        self.rows_done += rows;
        Ok(true)
    }
}

fn open(path: &Path) -> Result<File, LakeError> {
    File::open(path).map_err(|source| LakeError::Read { path: path.to_owned(), source })
}

fn write_json(table: &DataFrame, nested: &[&str], lines: &mut String) {
    for row in 0..table.height() {
        let mut object = Map::new();
        for column in table.columns() {
            let name = column.name().as_str();
            let Some(value) = column.get(row).ok().and_then(|cell| json(&cell)) else { continue };
            let value = match value {
                Value::String(text) if nested.contains(&name) => unpacked(text),
                other => other,
            };
            object.insert(name.to_owned(), value);
        }
        lines.push_str(&Value::Object(object).to_string());
        lines.push('\n');
    }
}

fn unpacked(text: String) -> Value {
    match serde_json::from_str(&text) {
        Ok(Value::Object(members)) => Value::Object(members),
        Ok(_) | Err(_) => Value::String(text),
    }
}

fn write_csv(table: &DataFrame, delimiter: char, lines: &mut String) {
    for row in 0..table.height() {
        let cells = table.columns().iter().map(|column| match column.get(row).ok().and_then(|cell| json(&cell)) {
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
            None => String::new(),
        });
        write_line(cells, delimiter, lines);
    }
}

fn write_line(cells: impl Iterator<Item = String>, delimiter: char, line: &mut String) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            line.push(delimiter);
        }
        // A quoted cell is never mistaken for an empty line, however few columns there are.
        let _ = write!(line, "\"{}\"", cell.replace('"', "\"\""));
    }
    line.push('\n');
}

/// What a cell says; nothing where it is empty, or says what JSON cannot.
fn json(cell: &AnyValue<'_>) -> Option<Value> {
    Some(match cell {
        AnyValue::Null => return None,
        AnyValue::Boolean(flag) => Value::Bool(*flag),
        AnyValue::String(text) => Value::String((*text).to_owned()),
        AnyValue::StringOwned(text) => Value::String(text.to_string()),
        AnyValue::Int8(number) => Value::from(*number),
        AnyValue::Int16(number) => Value::from(*number),
        AnyValue::Int32(number) => Value::from(*number),
        AnyValue::Int64(number) => Value::from(*number),
        AnyValue::UInt8(number) => Value::from(*number),
        AnyValue::UInt16(number) => Value::from(*number),
        AnyValue::UInt32(number) => Value::from(*number),
        AnyValue::UInt64(number) => Value::from(*number),
        // The shortest decimal that means this float: `0.1`, not what it is as a double.
        AnyValue::Float32(number) => float(number.to_string().parse().ok()?)?,
        AnyValue::Float64(number) => float(*number)?,
        AnyValue::Date(days) => Value::String(day(*days)?.to_string()),
        AnyValue::Datetime(at, unit, _) | AnyValue::DatetimeOwned(at, unit, _) => Value::String(moment(*at, *unit)?),
        AnyValue::Time(nanos) => Value::String((NaiveTime::MIN + TimeDelta::nanoseconds(*nanos)).to_string()),
        AnyValue::List(items) => Value::Array(items.iter().filter_map(|item| json(&item)).collect()),
        AnyValue::Struct(_, _, fields) => members(fields.iter().map(|field| field.name().as_str()).zip(cell._iter_struct_av())),
        AnyValue::StructOwned(owned) => {
            let (values, fields) = &**owned;
            members(fields.iter().map(|field| field.name().as_str()).zip(values.iter().cloned()))
        }
        other => Value::String(other.get_str()?.to_owned()),
    })
}

fn members<'v>(members: impl Iterator<Item = (&'v str, AnyValue<'v>)>) -> Value {
    Value::Object(members.filter_map(|(name, value)| Some((name.to_owned(), json(&value)?))).collect())
}

/// A whole number is written as one, so that an id kept in a float column is no `7.0`.
fn float(number: f64) -> Option<Value> {
    #[expect(clippy::cast_possible_truncation, reason = "checked: whole and below 2^53")]
    if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        return Some(Value::from(number as i64));
    }
    Number::from_f64(number).map(Value::Number)
}

fn day(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(1970, 1, 1)?.checked_add_signed(TimeDelta::days(i64::from(days)))
}

fn moment(at: i64, unit: TimeUnit) -> Option<String> {
    let micros = match unit {
        TimeUnit::Nanoseconds => at.div_euclid(1_000),
        TimeUnit::Microseconds => at,
        TimeUnit::Milliseconds => at.checked_mul(1_000)?,
    };
    DateTime::<Utc>::from_timestamp_micros(micros).map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

#[cfg(test)]
mod tests {
    use polars::prelude::{Column, DataType, IntoColumn as _, NamedFrom as _, Series, StructChunked};

    use super::*;

    fn file(columns: Vec<Column>) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), parquet::write(DataFrame::new_infer_height(columns).unwrap()).unwrap()).unwrap();
        file
    }

    fn lines(path: &Path, form: RowForm) -> String {
        let mut rows = ForeignRows::open(path, form).unwrap();
        let mut lines = String::new();
        while rows.next(&mut lines).unwrap() {}
        assert_eq!(rows.rows_done(), rows.rows());
        lines
    }

    #[test]
    fn every_type_of_column_is_read() {
        let address = [Series::new("city".into(), [Some("Bonn"), None])];
        let address = StructChunked::from_series("address".into(), 2, address.iter()).unwrap();
        let at = Series::new("at".into(), [1_740_787_200_000_000_i64, 1_740_787_200_500_000]);
        let day = Series::new("day".into(), [20_148_i32, 0]).cast(&DataType::Date).unwrap();
        let file = file(vec![
            Series::new("name".into(), [Some("Ada \"A\""), None]).into_column(),
            Series::new("n".into(), [1_i64, -2]).into_column(),
            Series::new("x".into(), [0.5_f64, 3.0]).into_column(),
            Series::new("ok".into(), [Some(true), None]).into_column(),
            at.cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap().into_column(),
            day.into_column(),
            address.into_column(),
            Series::new("traits".into(), [Some(r#"{"a":1}"#), Some("{")]).into_column(),
        ]);
        assert_eq!(
            lines(file.path(), RowForm::Json { nested: &["traits"] }),
            concat!(
                r#"{"address":{"city":"Bonn"},"at":"2025-03-01T00:00:00Z","day":"2025-03-01","n":1,"name":"Ada \"A\"","ok":true,"traits":{"a":1},"x":0.5}"#,
                "\n",
                r#"{"address":{},"at":"2025-03-01T00:00:00.500Z","day":"1970-01-01","n":-2,"traits":"{","x":3}"#,
                "\n"
            )
        );
        let csv = lines(file.path(), RowForm::Csv { delimiter: b';' });
        let first: Vec<_> = csv.lines().take(2).map(|line| line.split(';').take(3).collect::<Vec<_>>()).collect();
        assert_eq!(first, [["\"name\"", "\"n\"", "\"x\""], ["\"Ada \"\"A\"\"\"", "\"1\"", "\"0.5\""]]);
    }

    #[test]
    fn a_file_without_rows_has_a_header() {
        let file = file(vec![Series::new("name".into(), Vec::<String>::new()).into_column()]);
        assert_eq!(lines(file.path(), RowForm::Csv { delimiter: b',' }), "\"name\"\n");
        assert_eq!(lines(file.path(), RowForm::Json { nested: &[] }), "");
    }

    #[test]
    fn what_is_no_parquet_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "PAR1 and then nothing").unwrap();
        let error = ForeignRows::open(file.path(), RowForm::Json { nested: &[] }).unwrap_err();
        assert!(matches!(error, LakeError::Foreign { .. }), "{error:?}");
    }
}
