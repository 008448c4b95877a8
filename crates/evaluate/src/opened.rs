//! Segments opened for counting: their rows in blocks of profiles, with the columns that filters look at.

use std::collections::BTreeSet;
use std::ops::Range;

use lake::{BLOCK_PROFILES, BlockFrame, Column, Reader, Times};
use model::{Moment, Segment, Span};

use crate::error::EvaluateError;
use crate::filter::{OpenSieve, Sieve};
use crate::segments;

/// A segment opened with the columns that some sieves look at.
pub(crate) struct Opened {
    names: Vec<String>,
    pub(crate) frame: BlockFrame,
    /// All the time that its rows lie in.
    all: Span,
}

/// Whether it takes more than a segment's first and last moment to tell which of its rows lie in a span.
pub(crate) fn times_for(segment: &Segment, span: Span) -> Times {
    if covers(span, all_of(segment)) { Times::Unwanted } else { Times::Wanted }
}

fn all_of(segment: &Segment) -> Span {
    Span { start: segment.first_at, end: segment.last_at.plus_micros(1) }
}

fn covers(span: Span, all: Span) -> bool {
    span.start <= all.start && all.end <= span.end
}

impl Opened {
    pub(crate) fn open<'s>(
        reader: &Reader,
        segment: &Segment,
        sieves: impl Iterator<Item = &'s Sieve>,
        times: Times,
    ) -> Result<Self, EvaluateError> {
        Self::open_with(reader, segment, sieves, &[], times)
    }

    /// The same with more columns.
    pub(crate) fn open_with<'s>(
        reader: &Reader,
        segment: &Segment,
        sieves: impl Iterator<Item = &'s Sieve>,
        more: &[&'s str],
        times: Times,
    ) -> Result<Self, EvaluateError> {
        let names: BTreeSet<&str> = sieves.flat_map(Sieve::columns).chain(more.iter().copied()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let frame = segments::open_blocks(reader, segment, &names, times)?;
        Ok(Self { names: names.into_iter().map(str::to_owned).collect(), frame, all: all_of(segment) })
    }

    /// A sieve over its columns.
    pub(crate) fn sieve<'a>(&'a self, sieve: &'a Sieve) -> OpenSieve<'a> {
        sieve.open(|name| self.column(name))
    }

    /// The numbers of its blocks.
    pub(crate) fn blocks(&self) -> Range<usize> {
        0..self.frame.blocks.starts.len().saturating_sub(1)
    }

    /// The rows of one block in a span of time.
    pub(crate) fn rows(&self, block: usize, span: Span) -> Range<usize> {
        let rows = self.frame.blocks.rows(block);
        if covers(span, self.all) {
            return rows;
        }
        let times = &self.times()[rows.clone()];
        let place = |moment: Moment| rows.start + times.partition_point(|at| *at < moment.micros());
        place(span.start)..place(span.end)
    }

    /// When its rows happened.
    ///
    /// # Panics
    /// When that was not wanted.
    pub(crate) fn times(&self) -> &[i64] {
        self.frame.occurred_at.as_ref().expect("whoever asks when rows happened said so when it opened them")
    }

    /// Whose rows these are, of one block.
    pub(crate) fn profiles(&self, block: usize, rows: Range<usize>) -> impl Iterator<Item = u32> + '_ {
        let first = u32::try_from(block * BLOCK_PROFILES).expect("profile numbers are 32 bits");
        self.frame.blocks.places[rows].iter().map(move |place| first + u32::from(*place))
    }

    /// One of its columns.
    pub(crate) fn column(&self, name: &str) -> &Column {
        let place = self.names.iter().position(|known| known == name).expect("every column looked at was asked for");
        &self.frame.columns[place]
    }
}
