//! Rows of a CSV file: lines to cells. What they mean is for others to say.
//!
//! A row is put together line by line, so that a quote never closed costs one row and not the memory of the whole file.

use std::io;
use std::path::Path;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use model::CsvMapping;

use crate::IngestError;
use crate::lines::{LINE_BYTES_MAX, Lines, Next};
use crate::rejection::{Rejection, RejectionReason};

/// Reads rows.
pub(crate) struct CsvRows {
    reader: Reader,
    row: Row,
    /// Where the row begins.
    line: u64,
}

/// The cells of the row being read.
#[derive(Default)]
struct Row {
    text: Vec<u8>,
    text_end: usize,
    ends: Vec<usize>,
    cells: usize,
}

/// What comes next.
pub(crate) enum NextRow {
    /// A row: what it says is in [`CsvRows::cells`].
    Row,
    Rejected(Rejection),
    Over,
}

impl CsvRows {
    /// Reads the header.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn open(lines: &mut Lines, separator: u8, path: &Path) -> Result<(Self, Vec<String>), IngestError> {
        let reader = ReaderBuilder::new().delimiter(separator).terminator(Terminator::Any(b'\n')).build();
        let mut rows = Self { reader, row: Row::default(), line: 0 };
        let next = rows.next(lines).map_err(|source| IngestError::Read { path: path.to_owned(), source })?;
        let header = match next {
            NextRow::Row => rows.row.cells().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect(),
            NextRow::Rejected(_) | NextRow::Over => Vec::new(),
        };
        Ok((rows, header))
    }

    /// Reads the next row; empty lines are passed over.
    pub(crate) fn next(&mut self, lines: &mut Lines) -> io::Result<NextRow> {
        self.row.clear();
        self.reader.reset();
        let mut begun = false;
        loop {
            if !begun {
                self.line = lines.number() + 1;
            }
            match lines.next()? {
                Next::Line([]) if !begun => {}
                Next::Line(line) => {
                    begun = true;
                    if self.row.take(&mut self.reader, line) {
                        return Ok(NextRow::Row);
                    }
                    if self.row.text_end > LINE_BYTES_MAX {
                        return Ok(NextRow::Rejected(open_quote()));
                    }
                }
                Next::TooLong => {
                    let message = format!("longer than {LINE_BYTES_MAX} bytes");
                    return Ok(NextRow::Rejected(RejectionReason::TooLong.because(message)));
                }
                Next::End => {
                    let half_read = begun && lines.truncation().is_none();
                    return Ok(if half_read { NextRow::Rejected(open_quote()) } else { NextRow::Over });
                }
            }
        }
    }

    /// The line that the row begins in.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The cells of the row.
    ///
    /// # Errors
    /// When one is no text.
    pub(crate) fn cells(&self) -> Result<Vec<&str>, Rejection> {
        let mut cells = Vec::with_capacity(self.row.cells);
        for (place, cell) in self.row.cells().enumerate() {
            let text =
                std::str::from_utf8(cell).map_err(|_| RejectionReason::InvalidUtf8.because(format!("cell {} is not UTF-8", place + 1)))?;
            cells.push(text);
        }
        Ok(cells)
    }

    /// The row as bytes that no other row has.
    pub(crate) fn content(&self, bytes: &mut Vec<u8>) {
        bytes.clear();
        for cell in self.row.cells() {
            bytes.extend_from_slice(&(cell.len() as u64).to_le_bytes());
            bytes.extend_from_slice(cell);
        }
    }
}

/// The byte between two cells.
///
/// # Errors
/// When it is more than one.
pub(crate) fn separator(mapping: &CsvMapping) -> Result<u8, IngestError> {
    let delimiter = mapping.delimiter;
    u8::try_from(delimiter).ok().filter(u8::is_ascii).ok_or(IngestError::Delimiter { delimiter })
}

/// The byte between two cells where nobody said it: a tab in a `.tsv`, else a comma.
pub(crate) fn separator_by_name(path: &Path) -> u8 {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if name.contains(".tsv") { b'\t' } else { b',' }
}

fn open_quote() -> Rejection {
    RejectionReason::OpenQuote.because("a quote opened here is not closed")
}

impl Row {
    fn clear(&mut self) {
        self.text_end = 0;
        self.cells = 0;
    }

    /// Takes one line. `true`: the row ends with it.
    fn take(&mut self, reader: &mut Reader, line: &[u8]) -> bool {
        self.read(reader, line) || self.read(reader, b"\n")
    }

    fn read(&mut self, reader: &mut Reader, mut input: &[u8]) -> bool {
        // Cells are never longer than what they were written as.
        let enough = self.text_end + input.len() + 1;
        if self.text.len() < enough {
            self.text.resize(enough, 0);
        }
        // To the reader, no input at all would mean the end of the file.
        while !input.is_empty() {
            if self.ends.len() <= self.cells {
                self.ends.resize(self.cells * 2 + 16, 0);
            }
            let (result, read, written, cells) = reader.read_record(input, &mut self.text[self.text_end..], &mut self.ends[self.cells..]);
            input = &input[read..];
            self.text_end += written;
            self.cells += cells;
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => return true,
                ReadRecordResult::InputEmpty | ReadRecordResult::OutputEndsFull => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
            }
        }
        false
    }

    fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends[..self.cells].iter().copied());
        starts.zip(&self.ends[..self.cells]).map(|(start, end)| &self.text[start..*end])
    }
}
