//! Segments opened for counting: their rows in blocks of profiles, with the columns that filters look at.

use std::collections::BTreeSet;
use std::ops::Range;

use lake::{BLOCK_PROFILES, BlockFrame, Column, Reader};
use model::{Moment, Segment, Span};

use crate::error::EvaluateError;
use crate::filter::{OpenSieve, Sieve};
use crate::segments;

/// A segment opened with the columns that some sieves look at.
pub(crate) struct Opened {
    names: Vec<String>,
    pub(crate) frame: BlockFrame,
}

impl Opened {
    pub(crate) fn open<'s>(reader: &Reader, segment: &Segment, sieves: impl Iterator<Item = &'s Sieve>) -> Result<Self, EvaluateError> {
        Self::open_with(reader, segment, sieves, &[])
    }

    /// The same with more columns.
    pub(crate) fn open_with<'s>(
        reader: &Reader,
        segment: &Segment,
        sieves: impl Iterator<Item = &'s Sieve>,
        more: &[&'s str],
    ) -> Result<Self, EvaluateError> {
        let names: BTreeSet<&str> = sieves.flat_map(Sieve::columns).chain(more.iter().copied()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let frame = segments::open_blocks(reader, segment, &names)?;
        Ok(Self { names: names.into_iter().map(str::to_owned).collect(), frame })
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
        let times = &self.frame.blocks.occurred_at[rows.clone()];
        let place = |moment: Moment| rows.start + times.partition_point(|at| *at < moment.micros());
        place(span.start)..place(span.end)
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
