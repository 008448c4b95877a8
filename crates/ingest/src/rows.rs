//! Rows of a file, whatever its format: each a message with its key, or why not.

use std::io;
use std::path::Path;

use model::{IdentifierKind, MessageKey, Moment, Refusal};

use crate::csv_rows::{CsvRows, NextRow};
use crate::identifiers::{self, Carried};
use crate::keys::KeyMaker;
use crate::lines::{LINE_BYTES_MAX, Lines, Next};
use crate::message::Message;
use crate::rejection::{Rejection, RejectionReason};
use crate::{Format, IngestError, parse};

/// A message read, not yet compared with those taken before.
pub(crate) struct Pending {
    pub(crate) message: Message,
    pub(crate) key: MessageKey,
    /// Its line in the file.
    pub(crate) line: u64,
    pub(crate) carried: Carried,
    /// Values that identify nobody.
    pub(crate) refused: Vec<(IdentifierKind, Refusal)>,
}

/// What comes next.
#[expect(clippy::large_enum_variant, reason = "it lives for a moment on the stack; a box would cost an allocation per line")]
pub(crate) enum Step {
    Message(Pending),
    Rejected { line: u64, rejection: Rejection, refused: Vec<(IdentifierKind, Refusal)> },
    Blank,
    Over,
}

/// The rows of a file.
pub(crate) struct Rows {
    lines: Lines,
    csv: Option<CsvRows>,
    keys: KeyMaker,
    now: Moment,
    content: Vec<u8>,
}

impl Rows {
    /// Begins with the first row, after the header if there is one.
    ///
    /// # Errors
    /// When the header does not fit the format.
    pub(crate) fn open(mut lines: Lines, format: &Format, path: &Path, keys: KeyMaker, now: Moment) -> Result<Self, IngestError> {
        let csv = match format {
            Format::Auto | Format::Ndjson => None,
            Format::Csv(mapping) => Some(CsvRows::open(&mut lines, mapping, path)?),
        };
        Ok(Self { lines, csv, keys, now, content: Vec::new() })
    }

    /// The lines read so far, and where they stand.
    pub(crate) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Passes over one line. `false`: there is none.
    pub(crate) fn skip_line(&mut self) -> io::Result<bool> {
        Ok(!matches!(self.lines.next()?, Next::End))
    }

    /// The next row.
    pub(crate) fn next(&mut self) -> io::Result<Step> {
        match &mut self.csv {
            None => self.next_line(),
            Some(_) => self.next_csv_row(),
        }
    }

    fn next_line(&mut self) -> io::Result<Step> {
        let number = self.lines.number() + 1;
        let line = match self.lines.next()? {
            Next::Line(line) => line,
            Next::TooLong => {
                let message = format!("longer than {LINE_BYTES_MAX} bytes");
                return Ok(rejected(number, RejectionReason::TooLong.because(message)));
            }
            Next::End => return Ok(Step::Over),
        };
        if line.trim_ascii().is_empty() {
            return Ok(Step::Blank);
        }
        Ok(match parse::message(line, self.now) {
            Ok(message) => {
                let key = match &message.message_id {
                    Some(id) => self.keys.of_id(id),
                    None => self.keys.of_line(number, line),
                };
                identified(number, message, key)
            }
            Err(rejection) => rejected(number, rejection),
        })
    }

    fn next_csv_row(&mut self) -> io::Result<Step> {
        let Some(csv) = &mut self.csv else { return Ok(Step::Over) };
        let next = csv.next(&mut self.lines)?;
        let number = csv.line();
        Ok(match next {
            NextRow::Row => match csv.message(self.now) {
                Ok(message) => {
                    let key = if let Some(id) = &message.message_id {
                        self.keys.of_id(id)
                    } else {
                        csv.content(&mut self.content);
                        self.keys.of_line(number, &self.content)
                    };
                    identified(number, message, key)
                }
                Err(rejection) => rejected(number, rejection),
            },
            NextRow::Rejected(rejection) => rejected(number, rejection),
            NextRow::Over => Step::Over,
        })
    }
}

fn rejected(line: u64, rejection: Rejection) -> Step {
    Step::Rejected { line, rejection, refused: Vec::new() }
}

fn identified(line: u64, message: Message, key: MessageKey) -> Step {
    let mut refused = Vec::new();
    let carried = identifiers::of(&message, &mut |kind, refusal| refused.push((kind.clone(), refusal)));
    if carried.identifies(message.kind) {
        return Step::Message(Pending { message, key, line, carried, refused });
    }
    let rejection = RejectionReason::Nobody.because("none of its ids identifies anybody");
    Step::Rejected { line, rejection, refused }
}
