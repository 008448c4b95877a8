//! From lines to batches of blocks: read in order, understood on all cores.
//!
//! Lines of JSON are handed out by the piece and come back as blocks; rows of CSV depend on the rows before and are read
//! where they stand. **Invariant:** a batch is bounded by lines and by bytes, whatever the file holds, and a file read
//! again is cut at the same lines.

use std::collections::BTreeSet;
use std::hash::RandomState;
use std::io;
use std::path::Path;
use std::sync::{Arc, mpsc};

use model::{CsvMapping, ListKey, MessageKey, Moment};

use crate::block::{Block, Rejected};
use crate::csv_plan::Plan;
use crate::csv_rows::{CsvRows, NextRow, separator, separator_by_name};
use crate::identifiers;
use crate::import::is_csv;
use crate::keys::KeyMaker;
use crate::kinds::Kinds;
use crate::lines::{LINE_BYTES_MAX, Lines, Next, Packing};
use crate::lists::{self, ListEvents};
use crate::message::Message;
use crate::rejection::{Rejection, RejectionReason};
use crate::table::{Cells, csv_cells, json_cells};
use crate::{Format, IngestError, Truncation, parse, warehouse};

/// What a batch may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchMax {
    pub(crate) lines: u64,
    /// Of lines, uncompressed; the last one may go beyond.
    pub(crate) bytes: u64,
}

/// Lines that become true together.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) blocks: Vec<Block>,
    /// Lines up to its end, from the start of the file.
    pub(crate) lines_done: u64,
    /// Bytes of the file read by then.
    pub(crate) bytes_done: u64,
    /// The file is over.
    pub(crate) over: bool,
    /// Where it broke off.
    pub(crate) truncation: Option<Truncation>,
}

/// How lines become messages: the same for all of a file.
#[derive(Clone)]
pub(crate) struct Understanding {
    pub(crate) keys: KeyMaker,
    pub(crate) now: Moment,
    /// Hashes identifiers for whoever looks them up.
    pub(crate) hasher: RandomState,
    /// Events that are lists of people.
    pub(crate) lists: Arc<ListEvents>,
    /// What finds a profile.
    pub(crate) kinds: Kinds,
    /// The lines are rows of this table, not messages.
    pub(crate) table: Option<Arc<warehouse::Table>>,
}

/// What rows of CSV mean.
enum Meaning {
    /// What a mapping made of their header.
    Plan(Plan),
    /// Those of a warehouse's table, by their header; what stays text.
    Warehouse(Vec<String>, BTreeSet<String>),
}

/// The rows of a file.
pub(crate) struct Rows {
    lines: Lines,
    csv: Option<(CsvRows, Meaning)>,
    understanding: Understanding,
    max: BatchMax,
}

/// A piece of a file is cut off at so many bytes or lines.
const PIECE_BYTES: usize = 1 << 18;
const PIECE_LINES: usize = 4_096;

impl Rows {
    /// Begins with the first row, after the header if there is one.
    ///
    /// # Errors
    /// When the header does not fit the format.
    pub(crate) fn open(
        mut lines: Lines,
        format: &Format,
        path: &Path,
        understanding: Understanding,
        max: BatchMax,
    ) -> Result<Self, IngestError> {
        let packing = lines.packing();
        let csv = match format {
            Format::Csv(mapping) => Some(open_csv(&mut lines, mapping, path)?),
            Format::Warehouse if packing != Packing::Parquet && is_csv(path) => {
                let (rows, header) = CsvRows::open(&mut lines, separator_by_name(path), path)?;
                Some((rows, Meaning::Warehouse(header, warehouse::texts())))
            }
            Format::Auto | Format::Ndjson | Format::Warehouse => None,
        };
        Ok(Self { lines, csv, understanding, max })
    }

    /// The lines read so far, and where they stand.
    pub(crate) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Passes over one line. `false`: there is none.
    pub(crate) fn skip_line(&mut self) -> io::Result<bool> {
        Ok(!matches!(self.lines.next()?, Next::End))
    }

    /// The next batch.
    pub(crate) fn next(&mut self) -> io::Result<Batch> {
        let (blocks, over) = if self.csv.is_some() { self.csv_blocks()? } else { self.line_blocks()? };
        let lines = &self.lines;
        let (lines_done, bytes_done, truncation) = (lines.number(), lines.bytes_done(), lines.truncation());
        Ok(Batch { blocks, lines_done, bytes_done, over, truncation })
    }

    /// Pieces are understood on other cores while the next ones are read.
    fn line_blocks(&mut self) -> io::Result<(Vec<Block>, bool)> {
        let Self { lines, understanding, max, .. } = self;
        let end = BatchEnd::new(lines, *max);
        let (done, blocks) = mpsc::channel();
        let over = rayon::in_place_scope(|scope| -> io::Result<bool> {
            for place in 0.. {
                let (piece, over) = Piece::read(lines, &end)?;
                let (done, understanding) = (done.clone(), &*understanding);
                scope.spawn(move |_| {
                    // Nobody to hand it to: the reading failed, and the whole batch with it.
                    let _ = done.send((place, piece.understood(understanding.clone())));
                });
                if over || end.reached(lines) {
                    return Ok(over);
                }
            }
            Ok(false)
        })?;
        drop(done);
        let mut blocks: Vec<(usize, Block)> = blocks.into_iter().collect();
        blocks.sort_unstable_by_key(|(place, _)| *place);
        Ok((blocks.into_iter().map(|(_, block)| block).collect(), over))
    }

    fn csv_blocks(&mut self) -> io::Result<(Vec<Block>, bool)> {
        let Self { lines, csv, understanding, max } = self;
        let Some((csv, meaning)) = csv else { return Ok((Vec::new(), true)) };
        let end = BatchEnd::new(lines, *max);
        let mut content = Vec::new();
        let mut blocks = Vec::new();
        loop {
            let mut block = Block::default();
            let piece_end = BatchEnd::new(lines, BatchMax { lines: PIECE_LINES as u64, bytes: PIECE_BYTES as u64 });
            let mut over = false;
            while !over && !piece_end.reached(lines) && !end.reached(lines) {
                let next = csv.next(lines)?;
                let line = csv.line();
                match next {
                    NextRow::Row => match meaning {
                        Meaning::Plan(plan) => take_csv(&mut block, csv, plan, &mut content, understanding),
                        Meaning::Warehouse(header, texts) => match csv_cells(csv, header, texts) {
                            Ok(cells) => take_row(&mut block, line, &cells, understanding),
                            Err(rejection) => reject(&mut block, line, rejection),
                        },
                    },
                    NextRow::Rejected(rejection) => reject(&mut block, line, rejection),
                    NextRow::Over => over = true,
                }
            }
            (block.lines_done, block.bytes_done) = (lines.number(), lines.bytes_done());
            blocks.push(block);
            if over || end.reached(lines) {
                return Ok((blocks, over));
            }
        }
    }
}

/// The rows of a CSV file, and what its mapping makes of its header.
fn open_csv(lines: &mut Lines, mapping: &CsvMapping, path: &Path) -> Result<(CsvRows, Meaning), IngestError> {
    let (rows, header) = CsvRows::open(lines, separator(mapping)?, path)?;
    // A compressed file that breaks off in its header is reported as such, not as one without columns.
    if header.is_empty() && lines.truncation().is_some() {
        return Ok((rows, Meaning::Plan(Plan::default())));
    }
    let plan = Plan::new(mapping, &header);
    let plan = plan.map_err(|(missing, any_there)| IngestError::missing_columns(path, missing, any_there.then_some(header)))?;
    Ok((rows, Meaning::Plan(plan)))
}

/// Where a batch ends at the latest.
struct BatchEnd {
    line: u64,
    byte: u64,
}

impl BatchEnd {
    fn new(lines: &Lines, max: BatchMax) -> Self {
        Self { line: lines.number() + max.lines, byte: lines.bytes_given() + max.bytes }
    }

    fn reached(&self, lines: &Lines) -> bool {
        lines.number() >= self.line || lines.bytes_given() >= self.byte
    }
}

/// Some lines of JSON in a row, as they stand in the file.
struct Piece {
    first_line: u64,
    text: Vec<u8>,
    /// Where each ends in `text`.
    ends: Vec<usize>,
    /// Lines that were passed over, and stand for an empty one here.
    too_long: Vec<u64>,
    lines_done: u64,
    bytes_done: u64,
}

impl Piece {
    /// Reads lines until there are enough. `true`: the file is over.
    fn read(lines: &mut Lines, end: &BatchEnd) -> io::Result<(Self, bool)> {
        let mut text = Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 8);
        let (first_line, mut ends, mut too_long) = (lines.number() + 1, Vec::new(), Vec::new());
        let mut over = false;
        while text.len() < PIECE_BYTES && ends.len() < PIECE_LINES && !end.reached(lines) {
            match lines.next()? {
                Next::Line(line) => text.extend_from_slice(line),
                Next::TooLong => too_long.push(first_line + ends.len() as u64),
                Next::End => {
                    over = true;
                    break;
                }
            }
            ends.push(text.len());
        }
        Ok((Self { first_line, text, ends, too_long, lines_done: lines.number(), bytes_done: lines.bytes_done() }, over))
    }

    fn understood(&self, mut understanding: Understanding) -> Block {
        let mut block = Block::default();
        (block.lines_done, block.bytes_done) = (self.lines_done, self.bytes_done);
        let mut start = 0;
        for (number, end) in (self.first_line..).zip(&self.ends) {
            let line = &self.text[start..*end];
            start = *end;
            if line.trim_ascii().is_empty() {
                if self.too_long.contains(&number) {
                    let message = format!("longer than {LINE_BYTES_MAX} bytes");
                    reject(&mut block, number, RejectionReason::TooLong.because(message));
                }
                continue;
            }
            if understanding.table.is_some() {
                match json_cells(line) {
                    Ok(cells) => take_row(&mut block, number, &cells, &mut understanding),
                    Err(rejection) => reject(&mut block, number, rejection),
                }
                continue;
            }
            take_line(&mut block, number, line, &mut understanding);
        }
        block
    }
}

fn reject(block: &mut Block, line: u64, rejection: Rejection) {
    block.rejected.push(Rejected { line, rejection, refused: Vec::new() });
}

/// Takes a row of CSV by its plan.
fn take_csv(block: &mut Block, csv: &CsvRows, plan: &Plan, content: &mut Vec<u8>, understanding: &mut Understanding) {
    let line = csv.line();
    match csv.cells().and_then(|cells| plan.message(&cells, understanding.now)) {
        Ok(message) => {
            let key = if let Some(id) = &message.message_id {
                understanding.keys.of_id(id)
            } else {
                csv.content(content);
                understanding.keys.of_line(line, content)
            };
            take(block, line, &message, key, understanding);
        }
        Err(rejection) => reject(block, line, rejection),
    }
}

/// Takes a row of a warehouse as the message that it was.
fn take_row(block: &mut Block, line: u64, cells: &Cells, understanding: &mut Understanding) {
    let Some(table) = understanding.table.clone() else { return };
    let message = table.message(cells).to_string();
    take_line(block, line, message.as_bytes(), understanding);
}

/// Takes a message as JSON.
fn take_line(block: &mut Block, number: u64, line: &[u8], understanding: &mut Understanding) {
    let message = match parse::message(line, understanding.now) {
        Ok(message) => message,
        Err(rejection) => return reject(block, number, rejection),
    };
    if let Some(list) = lists::list_of(&Arc::clone(&understanding.lists), &message) {
        return take_people(block, number, line, &message, list, understanding);
    }
    let key = match &message.message_id {
        Some(id) => understanding.keys.of_id(id),
        None => understanding.keys.of_line(number, line),
    };
    take(block, number, &message, key, understanding);
}

/// Takes what a list event says of each person. Keys are made of the event's own and the person's place in it.
fn take_people(block: &mut Block, number: u64, line: &[u8], event: &Message<'_>, list: &ListKey, understanding: &mut Understanding) {
    for (place, person) in lists::people(event, list).into_iter().enumerate() {
        match person {
            Ok(person) => {
                let key = match &event.message_id {
                    Some(id) => understanding.keys.of_id(&format!("{id}#{place}")),
                    None => understanding.keys.of_line(number, &[line, &place.to_le_bytes()].concat()),
                };
                take(block, number, &person, key, understanding);
            }
            Err(rejection) => reject(block, number, rejection),
        }
    }
}

/// Takes a message if it is about anybody.
fn take(block: &mut Block, line: u64, message: &Message<'_>, key: MessageKey, understanding: &Understanding) {
    let mut refused = Vec::new();
    let carried = identifiers::of(message, &understanding.kinds, &mut |kind, refusal| refused.push((kind, refusal)));
    if carried.identifies(message.kind) {
        block.take(line, message, key, &carried, refused, &understanding.hasher);
    } else {
        let rejection = RejectionReason::Nobody.because("none of its ids identifies anybody");
        block.rejected.push(Rejected { line, rejection, refused });
    }
}

#[cfg(test)]
mod tests;
