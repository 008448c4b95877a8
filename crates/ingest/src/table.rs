//! Files of rows, whatever each row means: cells by the name of their column.
//!
//! An empty cell is missing. **Invariant:** a file that ends too early is an error, because a row that is not there means
//! something to whoever compares tables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lake::RowForm;
use model::Value;

use crate::IngestError;
use crate::csv_plan::value;
use crate::csv_rows::{CsvRows, NextRow, separator_by_name};
use crate::import::is_csv;
use crate::lines::{Content, LINE_BYTES_MAX, Lines, Next, Packing};
use crate::message::Given;
use crate::rejection::{Rejection, RejectionReason};

/// The cells of a row, by column.
pub(crate) type Cells = BTreeMap<String, Value>;

/// A row and its line, or why it is none.
pub(crate) type TableRow = (u64, Result<Cells, Rejection>);

/// The rows of a file.
pub(crate) struct Table {
    path: PathBuf,
    lines: Lines,
    bytes: u64,
    csv: Option<(CsvRows, Vec<String>)>,
    /// Columns that stay text even if they look like numbers.
    texts: BTreeSet<String>,
}

impl Table {
    /// Opens a file: CSV if its name says so (`.tsv`: with tabs), Parquet if its content does, else a JSON object a line.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn open<'t>(path: &Path, texts: impl Iterator<Item = &'t str>) -> Result<Self, IngestError> {
        let content = Content::open(path)?;
        let mut lines = content.lines(path, RowForm::Json { nested: &[] })?;
        let csv = if content.packing() != Packing::Parquet && is_csv(path) {
            Some(CsvRows::open(&mut lines, separator_by_name(path), path)?)
        } else {
            None
        };
        Ok(Self { path: path.to_owned(), lines, bytes: content.bytes, csv, texts: texts.map(str::to_owned).collect() })
    }

    /// The columns, where the file names them before its rows.
    pub(crate) fn columns(&self) -> Option<&[String]> {
        self.csv.as_ref().map(|(_, header)| header.as_slice())
    }

    /// The next row and its line; empty lines are passed over.
    ///
    /// # Errors
    /// When the file cannot be read to its end.
    pub(crate) fn next(&mut self) -> Result<Option<TableRow>, IngestError> {
        let unreadable = |source| IngestError::Read { path: self.path.clone(), source };
        if let Some((rows, header)) = &mut self.csv {
            let next = rows.next(&mut self.lines).map_err(unreadable)?;
            return match next {
                NextRow::Row => Ok(Some((rows.line(), csv_cells(rows, header, &self.texts)))),
                NextRow::Rejected(rejection) => Ok(Some((rows.line(), Err(rejection)))),
                NextRow::Over => self.end(),
            };
        }
        loop {
            match self.lines.next().map_err(unreadable)? {
                Next::Line(line) if line.trim_ascii().is_empty() => {}
                Next::Line(line) => {
                    let cells = json_cells(line);
                    return Ok(Some((self.lines.number(), cells)));
                }
                Next::TooLong => {
                    let message = format!("longer than {LINE_BYTES_MAX} bytes");
                    return Ok(Some((self.lines.number(), Err(RejectionReason::TooLong.because(message)))));
                }
                Next::End => return self.end(),
            }
        }
    }

    fn end(&self) -> Result<Option<TableRow>, IngestError> {
        let path = self.path.clone();
        match self.lines.truncation() {
            Some(truncation) => Err(IngestError::Truncated { path, truncation }),
            None if self.lines.bytes_done() < self.bytes => Err(IngestError::Changed { path }),
            None => Ok(None),
        }
    }
}

/// A row of CSV by its header; an empty cell is missing.
///
/// # Errors
/// When it has more or fewer cells, or one is no text.
pub(crate) fn csv_cells(rows: &CsvRows, header: &[String], texts: &BTreeSet<String>) -> Result<Cells, Rejection> {
    let cells = rows.cells()?;
    if cells.len() != header.len() {
        return Err(RejectionReason::WrongWidth.because(format!("{} cells, and the header has {}", cells.len(), header.len())));
    }
    let named = header.iter().zip(cells).filter(|(name, cell)| !name.is_empty() && !cell.is_empty());
    let cell = |name: &str, cell: &str| match value(cell) {
        Given::Other(value) if !texts.contains(name) => value,
        Given::Other(_) | Given::Text(_) => Value::from(cell),
    };
    Ok(named.map(|(name, text)| (name.clone(), cell(name, text))).collect())
}

/// A JSON object as cells; nulls are missing.
///
/// # Errors
/// When it is none.
pub(crate) fn json_cells(line: &[u8]) -> Result<Cells, Rejection> {
    let cells: BTreeMap<String, Option<Value>> =
        serde_json::from_slice(line).map_err(|_| RejectionReason::NotAnObject.because("a row is a JSON object: `{\"id\": 1}`"))?;
    Ok(cells.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}
