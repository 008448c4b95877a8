//! Stretches: the rows of one segment that lie in one and the same slice, with the groups that have a window over them.
//!
//! The slices of all groups together cut a segment into stretches; each group counts in the slices of its own windows
//! only, of which it needs few, and is not asked about rows outside them. Stretches of one slice are counted in a row, for
//! the same groups.

use std::ops::Range;

use lake::Times;
use model::{Moment, Segment, Span};

use crate::counters::Counters;
use crate::counts::Counts;
use crate::events::Group;
use crate::filter::OpenSieve;
use crate::leaf::Tally;
use crate::lookup::{Lookup, Told};
use crate::opened::Opened;
use crate::operator::Clock;
use crate::slices::Slices;

/// So few groups are looked up by the properties they look at: a lookup for one alone need not put rows in order.
const FEW: usize = 2;

/// So many keys at most where groups that look at different properties share a lookup: few beside the rows that are looked up
/// at a time.
const KEYS_JOINT: usize = 1 << 9;

/// So many keys at most where all of them look at the same properties.
const KEYS_MAX: usize = 1 << 12;

/// How the groups of a pass cut time.
pub(crate) struct Cuts {
    /// All together.
    pub(crate) all: Slices,
    /// Each by itself; a slice of all lies in one of these or in none.
    pub(crate) each: Vec<Slices>,
}

/// Rows that are counted alike.
pub(crate) struct Stretch<'a> {
    /// Of all groups together.
    slice: usize,
    opened: &'a Opened,
    /// When its rows happened; every row of the segment when absent.
    within: Option<Span>,
    way: Way<'a>,
}

/// How rows are told apart for the groups that have a window over the slice, by their place among these.
struct Way<'a> {
    /// Every row counts for these.
    all: Vec<usize>,
    /// The values of a row tell for which of these it counts.
    lookups: Vec<Lookup<'a>>,
    /// These look for themselves.
    each: Vec<(usize, &'a OpenSieve<'a>)>,
}

/// Where the rows of a group are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    group: usize,
    slice: usize,
}

impl Cuts {
    pub(crate) fn of(groups: &[Group], clock: Clock) -> Self {
        let spans: Vec<Vec<Span>> = groups.iter().map(|group| group.spans(clock)).collect();
        Self { all: Slices::cut(&spans.concat()), each: spans.iter().map(|spans| Slices::cut(spans)).collect() }
    }

    /// Whether it takes more than a segment's first and last moment to tell in which slices its rows lie.
    pub(crate) fn times_for(&self, segment: &Segment) -> Times {
        let (first, last) = (segment.first_at.micros(), segment.last_at.micros());
        let is_whole = |(_, start, end): (usize, i64, i64)| start <= first && last < end;
        if self.all.between(first, last).all(is_whole) { Times::Unwanted } else { Times::Wanted }
    }

    /// Where is counted what lies in each slice of all: the groups that have a window over it, in their order.
    pub(crate) fn places(&self) -> Vec<Vec<Place>> {
        let at = |micros: i64| {
            let of_group = |(group, slices): (usize, &Slices)| slices.at(micros).map(|slice| Place { group, slice });
            self.each.iter().enumerate().filter_map(of_group).collect()
        };
        self.all.starts().iter().map(|start| at(*start)).collect()
    }
}

/// The stretches of a segment, given the sieve of each group over it and what is counted in each slice.
pub(crate) fn stretches<'a>(
    segment: &Segment,
    opened: &'a Opened,
    sieves: &'a [Option<OpenSieve<'a>>],
    cuts: &Cuts,
    places: &[Vec<Place>],
) -> Vec<Stretch<'a>> {
    let (first, last) = (segment.first_at.micros(), segment.last_at.micros());
    let stretch = |(slice, start, end): (usize, i64, i64)| {
        let is_whole = start <= first && last < end;
        let within = (!is_whole).then_some(Span { start: Moment::from_micros(start), end: Moment::from_micros(end) });
        Stretch { slice, opened, within, way: Way::of(&places[slice], sieves) }
    };
    cuts.all.between(first, last).map(stretch).collect()
}

impl<'a> Way<'a> {
    fn of(places: &[Place], sieves: &'a [Option<OpenSieve<'a>>]) -> Self {
        let mut way = Self { all: Vec::new(), lookups: Vec::new(), each: Vec::new() };
        let mut told = Vec::new();
        for (number, place) in places.iter().enumerate() {
            match sieves[place.group].as_ref().map(|sieve| (sieve, Told::of(number, sieve))) {
                None => way.all.push(number),
                Some((_, Some(sieve))) => told.push(sieve),
                Some((sieve, None)) => way.each.push((number, sieve)),
            }
        }
        if told.len() > FEW
            && let Some(lookup) = Lookup::of(&told, KEYS_JOINT)
        {
            way.lookups.push(lookup);
            return way;
        }
        // Those that look at the same properties stand together in their set.
        for alike in told.chunk_by(|one, other| one.columns() == other.columns()) {
            match Lookup::of(alike, KEYS_MAX) {
                Some(lookup) => way.lookups.push(lookup),
                None => way.each.extend(alike.iter().map(|told| (told.number, told.sieve))),
            }
        }
        way
    }
}

/// Counts the rows of one block in stretches of one slice, in which these places are.
pub(crate) fn count(run: &[Stretch<'_>], places: &[Place], block: usize, counters: &mut [Counters<'_>], tally: &mut Tally) {
    let mut rows = run.iter().map(|stretch| (stretch, stretch.rows(block))).filter(|(_, rows)| !rows.is_empty()).peekable();
    // Where there is nothing to count no counter is begun.
    if rows.peek().is_some() {
        let mut counts = counts(counters, places);
        rows.for_each(|(stretch, rows)| stretch.count(&rows, &mut counts, tally));
    }
}

impl Stretch<'_> {
    /// The slice it lies in: those of later slices are counted first.
    pub(crate) fn slice(&self) -> usize {
        self.slice
    }

    /// Its rows of one block.
    fn rows(&self, block: usize) -> Range<usize> {
        match self.within {
            Some(within) => self.opened.rows(block, within),
            None => self.opened.frame.blocks.rows(block),
        }
    }

    /// Adds rows of one block to the counts of the groups.
    fn count(&self, rows: &Range<usize>, counts: &mut [&mut Counts], tally: &mut Tally) {
        let places = &self.opened.frame.blocks.places[rows.clone()];
        tally.rows += (rows.len() * counts.len()) as u64;
        for group in &self.way.all {
            counts[*group].add_all(places);
        }
        for lookup in &self.way.lookups {
            lookup.count(rows, places, counts);
        }
        for (group, sieve) in &self.way.each {
            add_kept(counts[*group], places, &sieve.sift(rows, tally));
        }
    }
}

/// The counts of these groups, whose places are in their order.
fn counts<'c>(counters: &'c mut [Counters<'_>], places: &[Place]) -> Vec<&'c mut Counts> {
    let mut wanted = places.iter().peekable();
    let of_group = |(group, counters): (usize, &'c mut Counters<'_>)| {
        let place = wanted.next_if(|place| place.group == group)?;
        Some(counters.slice_mut(place.slice))
    };
    counters.iter_mut().enumerate().filter_map(of_group).collect()
}

fn add_kept(counts: &mut Counts, places: &[u16], kept: &[bool]) {
    for (place, kept) in places.iter().zip(kept) {
        counts.add(*place, *kept);
    }
}
