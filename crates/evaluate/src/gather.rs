//! Gathering: the rows of one event, brought together owner by owner in order of time.
//!
//! Counting needs no order and is done in one pass ([`crate::events`]); sequences and most aggregates look at a profile's
//! events one after the other. Rows are placed by owner in one sweep over the segments, and only owners whose rows came
//! out of order are sorted. The order is by `occurred_at`, then `received_at`, then place in the batch, then message
//! key; all but the first are read only where rows of different segments tie.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use lake::{Frame, Reader, Ties};
use model::{EventName, LogName, Segment, SourceOrder, Span, Value};
use rayon::prelude::*;

use crate::column;
use crate::error::EvaluateError;
use crate::filter::Sieve;
use crate::leaf::Tally;
use crate::owners::Owners;
use crate::segments::{self, Snapshot};

/// Which rows to gather.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) event: &'a EventName,
    /// The part of time looked at.
    pub(crate) span: Span,
    /// Which rows count, as far as that can be told row by row.
    pub(crate) sieve: Option<&'a Sieve>,
    /// The properties looked at afterwards.
    pub(crate) columns: &'a [String],
    pub(crate) owners: Owners<'a>,
}

/// One row, wherever it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// When, in microseconds.
    pub(crate) at: i64,
    segment: u32,
    number: u32,
}

/// The rows of one event by owner.
pub(crate) struct Gathered<'s> {
    segments: Vec<OpenSegment<'s>>,
    /// For each profile number, where its rows begin; one more for the end.
    starts: Vec<usize>,
    rows: Vec<Row>,
    columns: Vec<String>,
    /// What was read on the way.
    pub(crate) tally: Tally,
}

struct OpenSegment<'s> {
    segment: &'s Segment,
    frame: Frame,
    reader: &'s Reader,
    ties: OnceLock<Ties>,
}

/// A segment with the rows of it that are wanted, by owner.
struct Opened<'s> {
    segment: OpenSegment<'s>,
    rows: Vec<(u32, Row)>,
    tally: Tally,
}

impl<'s> Gathered<'s> {
    /// Gathers.
    pub(crate) fn gather(reader: &'s Reader, snapshot: &'s Snapshot, wanted: Wanted<'_>) -> Result<Self, EvaluateError> {
        let log = LogName::Events(wanted.event.clone());
        let touches = |segment: &&Segment| segment.first_at < wanted.span.end && wanted.span.start <= segment.last_at;
        let found: Vec<&Segment> = snapshot.log(&log).into_iter().filter(touches).collect();
        let opened: Vec<Opened<'s>> = found
            .into_par_iter()
            .enumerate()
            .map(|(number, segment)| OpenSegment::open(reader, segment, number, wanted))
            .collect::<Result<_, EvaluateError>>()?;

        let mut gathered = Self {
            segments: Vec::with_capacity(opened.len()),
            starts: vec![0; snapshot.people.len() + 1],
            rows: Vec::new(),
            columns: wanted.columns.to_vec(),
            tally: Tally::default(),
        };
        let mut parts = Vec::with_capacity(opened.len());
        for Opened { segment, rows, tally } in opened {
            gathered.segments.push(segment);
            gathered.tally += tally;
            parts.push(rows);
        }
        gathered.place(&parts);
        drop(parts);
        gathered.put_in_order()?;
        Ok(gathered)
    }

    /// A counting sort by owner, which keeps the order of segments and of rows within them.
    fn place(&mut self, parts: &[Vec<(u32, Row)>]) {
        for (owner, _) in parts.iter().flatten() {
            self.starts[*owner as usize + 1] += 1;
        }
        for place in 1..self.starts.len() {
            self.starts[place] += self.starts[place - 1];
        }
        let mut next = self.starts.clone();
        self.rows = vec![Row { at: 0, segment: 0, number: 0 }; self.starts.last().copied().unwrap_or(0)];
        for (owner, row) in parts.iter().flatten() {
            let place = &mut next[*owner as usize];
            self.rows[*place] = *row;
            *place += 1;
        }
    }

    fn put_in_order(&mut self) -> Result<(), EvaluateError> {
        let mut rows = std::mem::take(&mut self.rows);
        for owner in 0..self.starts.len().saturating_sub(1) {
            let own = &mut rows[self.starts[owner]..self.starts[owner + 1]];
            if !own.is_sorted_by_key(|row| row.at) {
                own.sort_by_key(|row| row.at);
            }
            for run in own.chunk_by_mut(|a, b| a.at == b.at) {
                // Rows of one segment are in their order already.
                if run.windows(2).any(|pair| pair[0].segment != pair[1].segment) {
                    let mut keyed = Vec::with_capacity(run.len());
                    for row in run.iter() {
                        let ties = self.ties(*row)?;
                        keyed.push((ties.of(row.number as usize), *row));
                    }
                    keyed.sort_by_key(|(key, _)| *key);
                    run.iter_mut().zip(keyed).for_each(|(row, (_, sorted))| *row = sorted);
                }
            }
        }
        self.rows = rows;
        Ok(())
    }

    /// The rows of one owner, in order.
    pub(crate) fn of(&self, owner: usize) -> &[Row] {
        &self.rows[self.starts[owner]..self.starts[owner + 1]]
    }

    /// The place of a property among the columns asked for.
    pub(crate) fn column(&self, name: &str) -> usize {
        self.columns.iter().position(|known| known == name).expect("every property looked at was asked for")
    }

    /// What a row says about a property, by its place among the columns asked for.
    pub(crate) fn cell(&self, row: Row, column: usize) -> Option<lake::Cell<'_>> {
        self.segments[row.segment as usize].frame.columns[column].cell(row.number as usize)
    }

    /// The value a row gives a property.
    pub(crate) fn value(&self, row: Row, column: usize) -> Option<Value> {
        column::value(&self.segments[row.segment as usize].frame.columns[column], row.number as usize)
    }

    /// Where a row's message stood in its batch.
    pub(crate) fn source_order(&self, row: Row) -> Result<SourceOrder, EvaluateError> {
        Ok(self.ties(row)?.source_orders[row.number as usize])
    }

    fn ties(&self, row: Row) -> Result<&Ties, EvaluateError> {
        let OpenSegment { segment, reader, ties, .. } = &self.segments[row.segment as usize];
        if let Some(ties) = ties.get() {
            return Ok(ties);
        }
        let read = reader.ties(segment).map_err(|source| EvaluateError::Read { path: segment.path.clone(), source })?;
        Ok(ties.get_or_init(|| read))
    }
}

impl<'s> OpenSegment<'s> {
    /// Opens a segment, with the rows of it that are wanted and their owners.
    fn open(reader: &'s Reader, segment: &'s Segment, number: usize, wanted: Wanted<'_>) -> Result<Opened<'s>, EvaluateError> {
        let looked_at = wanted.sieve.into_iter().flat_map(Sieve::columns).collect::<BTreeSet<_>>();
        // The columns asked for come first, so that their places are known.
        let names: Vec<&str> = wanted.columns.iter().map(String::as_str).chain(looked_at).collect();
        let mut frame = segments::open(reader, segment, &names)?;
        let mut tally = Tally::default();
        let place = |micros: i64| frame.occurred_at.partition_point(|at| *at < micros);
        let range = place(wanted.span.start.micros())..place(wanted.span.end.micros());
        tally.rows += range.len() as u64;
        let kept = wanted.sieve.map(|sieve| {
            let column = |name: &str| {
                let place = names.iter().position(|known| *known == name).expect("every column a sieve looks at was asked for");
                frame.columns[place].as_ref()
            };
            sieve.open(column).sift(&range, &mut tally)
        });
        let segment_number = u32::try_from(number).expect("a lake has fewer than 2^32 segments");
        let mut rows = Vec::new();
        for (offset, row) in range.enumerate() {
            if kept.as_ref().is_none_or(|kept| kept[offset]) {
                let found = Row {
                    at: frame.occurred_at[row],
                    segment: segment_number,
                    number: u32::try_from(row).expect("a segment has fewer than 2^32 rows"),
                };
                wanted.owners.each(frame.profiles[row], |owner| rows.push((owner, found)));
            }
        }
        frame.columns.truncate(wanted.columns.len());
        Ok(Opened { segment: Self { segment, frame, reader, ties: OnceLock::new() }, rows, tally })
    }
}
