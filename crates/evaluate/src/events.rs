//! Event leaves: counting rows, one pass over an event's segments for all leaves that count the same rows.
//!
//! Leaves with the same event and filter form a group and differ only in window and count: their windows are cut into
//! slices ([`crate::slices`]), each row touches one counter ([`crate::counters`]), and every window is read off the
//! totals. Segments outside every window are not opened. Rows may be counted in any order and in parallel, since
//! addition does not mind.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use definitions::{CountRange, Filter};
use lake::{BLOCK_PROFILES, BlockFrame, Blocks, Column, Reader};
use model::{Collection, EventName, Moment, Segment, Span, Window};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::counters::{BlockCounters, Counters, Spare};
use crate::error::EvaluateError;
use crate::filter::{OpenSieve, Sieve};
use crate::leaf::{Leaf, LeafId, Tally};
use crate::operator::Clock;
use crate::segments;
use crate::slices::Slices;
use crate::timeline::Timeline;

/// So many rows are open at once: more would only take memory.
const ROWS_AT_ONCE: u64 = 16_000_000;

/// The leaves that count the same rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// The event; every one there is when absent.
    pub(crate) event: Option<EventName>,
    pub(crate) filter: Filter,
    /// Whose events.
    pub(crate) of: Collection,
    pub(crate) leaves: Vec<CountedLeaf>,
}

/// A leaf that counting answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CountedLeaf {
    pub(crate) id: LeafId,
    pub(crate) window: Window,
    pub(crate) count: CountRange,
}

/// The groups of these leaves, in order of their first ones. Activity is a group of all events.
pub(crate) fn groups(leaves: &[(LeafId, &Leaf)]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut add = |event: Option<&EventName>, filter: &Filter, of: Collection, leaf: CountedLeaf| {
        let same = |group: &&mut Group| group.event.as_ref() == event && group.of == of && group.filter == *filter;
        match groups.iter_mut().find(same) {
            Some(group) => group.leaves.push(leaf),
            None => groups.push(Group { event: event.cloned(), filter: filter.clone(), of, leaves: vec![leaf] }),
        }
    };
    for (id, leaf) in leaves {
        let id = *id;
        match leaf {
            Leaf::Event(leaf) => {
                add(Some(&leaf.event), &leaf.filter, leaf.of, CountedLeaf { id, window: leaf.window, count: leaf.count });
            }
            Leaf::Activity(leaf) => {
                let count = CountRange { at_least: 1, at_most: None };
                add(None, &Filter::default(), leaf.of, CountedLeaf { id, window: Window::Within(leaf.within), count });
            }
            Leaf::Sequence(_) | Leaf::Trait(_) | Leaf::Compared(_) => {}
        }
    }
    groups
}

/// What rows are read from.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) timeline: &'a Timeline<'a>,
    /// Profiles that were merged, and their survivors.
    pub(crate) merged: &'a [(u32, u32)],
    /// (user, account), by survivors.
    pub(crate) links: &'a [(u32, u32)],
    pub(crate) profiles: usize,
    pub(crate) spare: &'a Spare,
    pub(crate) clock: Clock,
}

impl Group {
    /// Counts, and answers every leaf of the group.
    pub(crate) fn run(&self, source: Source<'_>) -> Result<(Vec<(LeafId, RoaringBitmap)>, Tally), EvaluateError> {
        let (counters, slices, tally) = self.count(source)?;
        let questions: Vec<_> = slices.windows.iter().cloned().zip(self.leaves.iter().map(|leaf| leaf.count)).collect();
        Ok((self.leaves.iter().map(|leaf| leaf.id).zip(counters.bitmaps(&questions)).collect(), tally))
    }

    /// The counts of all windows, one of `windows` for each leaf.
    pub(crate) fn count<'a>(&self, source: Source<'a>) -> Result<(Counters<'a>, Slices, Tally), EvaluateError> {
        let slices = Slices::cut(&self.spans(source.clock));
        let sieve = Sieve::prepare(&self.filter, source.clock);
        let mut segments = self.segments(source.timeline, everything());
        segments.retain(|segment| slices.touch(segment.first_at.micros(), segment.last_at.micros()));
        let mut counters = Counters::new(slices.len(), source.profiles, source.spare);
        let mut tally = Tally::default();
        for segments in batches(&segments) {
            tally += count(source.reader, sieve.as_ref(), &slices, segments, &mut counters)?;
        }
        counters.merge_profiles(source.merged);
        if self.of == Collection::Accounts {
            counters.add_to_accounts(source.links);
        }
        Ok((counters, slices, tally))
    }

    /// The windows of the leaves.
    pub(crate) fn spans(&self, clock: Clock) -> Vec<Span> {
        self.leaves.iter().map(|leaf| leaf.window.resolve(clock.as_of, clock.zone)).collect()
    }

    /// The segments of its events that may have rows in a span.
    pub(crate) fn segments<'a>(&self, timeline: &'a Timeline<'_>, span: Span) -> Vec<&'a Segment> {
        match &self.event {
            Some(event) => timeline.of_event(event, span).to_vec(),
            None => timeline.events().flat_map(|event| timeline.of_event(event, span)).copied().collect(),
        }
    }
}

fn everything() -> Span {
    Span { start: Moment::from_micros(i64::MIN), end: Moment::from_micros(i64::MAX) }
}

/// Neighbouring segments of no more than so many rows, unless one alone has more.
fn batches<'s>(segments: &'s [&'s Segment]) -> Vec<&'s [&'s Segment]> {
    let mut batches = Vec::new();
    let (mut start, mut rows) = (0, 0);
    for (place, segment) in segments.iter().enumerate() {
        if place > start && rows + segment.rows > ROWS_AT_ONCE {
            batches.push(&segments[start..place]);
            (start, rows) = (place, 0);
        }
        rows += segment.rows;
    }
    if start < segments.len() {
        batches.push(&segments[start..]);
    }
    batches
}

fn count(
    reader: &Reader,
    sieve: Option<&Sieve>,
    slices: &Slices,
    segments: &[&Segment],
    counters: &mut Counters<'_>,
) -> Result<Tally, EvaluateError> {
    let opened: Vec<Opened> = segments.par_iter().map(|segment| Opened::open(reader, segment, sieve)).collect::<Result<_, _>>()?;
    let opened: Vec<(&Blocks, Option<OpenSieve<'_>>)> = opened.par_iter().map(|opened| (&*opened.frame.blocks, opened.sieve(sieve))).collect();
    let blocks = counters.blocks_mut().par_iter_mut().enumerate();
    Ok(blocks.map(|(number, block)| count_block(number, block, slices, &opened)).reduce(Tally::default, |one, other| one + other))
}

fn count_block(number: usize, counters: &mut BlockCounters<'_>, slices: &Slices, opened: &[(&Blocks, Option<OpenSieve<'_>>)]) -> Tally {
    let mut tally = Tally::default();
    for (blocks, sieve) in opened {
        let rows = blocks.rows(number);
        for (slice, within) in slices.rows(&blocks.occurred_at[rows.clone()]) {
            let rows = rows.start + within.start..rows.start + within.end;
            tally.rows += rows.len() as u64;
            let counts = counters.slice_mut(slice);
            let places = &blocks.places[rows.clone()];
            match sieve {
                Some(sieve) => {
                    for (place, kept) in places.iter().zip(sieve.sift(&rows, &mut tally)) {
                        counts[usize::from(*place)] += u32::from(kept);
                    }
                }
                None => {
                    for place in places {
                        counts[usize::from(*place)] += 1;
                    }
                }
            }
        }
    }
    tally
}

/// A segment opened with the columns that a sieve looks at.
pub(crate) struct Opened {
    names: Vec<String>,
    pub(crate) frame: BlockFrame,
}

impl Opened {
    pub(crate) fn open(reader: &Reader, segment: &Segment, sieve: Option<&Sieve>) -> Result<Self, EvaluateError> {
        let names: BTreeSet<&str> = sieve.into_iter().flat_map(Sieve::columns).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let frame = segments::open_blocks(reader, segment, &names)?;
        Ok(Self { names: names.into_iter().map(str::to_owned).collect(), frame })
    }

    /// The sieve over its columns.
    pub(crate) fn sieve<'a>(&'a self, sieve: Option<&'a Sieve>) -> Option<OpenSieve<'a>> {
        sieve.map(|sieve| sieve.open(|name| self.column(name)))
    }

    /// The rows of one block in a span of time.
    pub(crate) fn rows(&self, block: usize, span: Span) -> Range<usize> {
        let rows = self.frame.blocks.rows(block);
        let times = &self.frame.blocks.occurred_at[rows.clone()];
        let place = |moment: Moment| rows.start + times.partition_point(|at| *at < moment.micros());
        place(span.start)..place(span.end)
    }

    /// The numbers of its blocks.
    pub(crate) fn blocks(&self) -> Range<usize> {
        0..self.frame.blocks.starts.len().saturating_sub(1)
    }

    /// Whose rows these are, of one block.
    pub(crate) fn profiles(&self, block: usize, rows: Range<usize>) -> impl Iterator<Item = u32> + '_ {
        let first = u32::try_from(block * BLOCK_PROFILES).expect("profile numbers are 32 bits");
        self.frame.blocks.places[rows].iter().map(move |place| first + u32::from(*place))
    }

    fn column(&self, name: &str) -> &Column {
        let place = self.names.iter().position(|known| known == name).expect("every column a sieve looks at was asked for");
        Arc::as_ref(&self.frame.columns[place])
    }
}
