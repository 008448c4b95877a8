//! Passes: one way through an event's rows that answers all leaves of some groups.
//!
//! The windows of each group are cut into slices ([`crate::slices`]), each row adds to one counter of each group that it
//! counts for ([`crate::stretch`], [`crate::counters`]), and every window is read off the totals. Blocks of profiles are counted side by side,
//! each by itself from the first row to the answers, so that memory follows what is counted at a time. Segments outside every
//! window are not opened. Within a slice rows may be counted in any order, since addition does not mind.

use std::cmp::Reverse;
use std::sync::OnceLock;

use lake::{BLOCK_PROFILES, Reader, Times, place_in_block};
use model::{Collection, Moment, Segment, Span};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::counters::{Besides, Block, Counters, Questions, Spare, Totals};
use crate::error::EvaluateError;
use crate::events::{CountedLeaf, Group, Set};
use crate::filter::{OpenSieve, Sieve};
use crate::leaf::{LeafId, Tally};
use crate::opened::Opened;
use crate::operator::Clock;
use crate::owners::Owners;
use crate::packed;
use crate::shares::Shares;
use crate::slices::Slices;
use crate::stretch::{self, Cuts, Stretch};
use crate::timeline::Timeline;

/// What rows are read from.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) timeline: &'a Timeline<'a>,
    pub(crate) users: &'a Shares,
    /// Found when they are first asked for.
    pub(crate) accounts: &'a OnceLock<Shares>,
    pub(crate) owners: Owners<'a>,
    pub(crate) profiles: usize,
    pub(crate) spare: &'a Spare,
    pub(crate) clock: Clock,
}

impl<'a> Source<'a> {
    fn shares(self, of: Collection) -> &'a Shares {
        match of {
            Collection::Users => self.users,
            Collection::Accounts => self.accounts.get_or_init(|| Shares::of(Owners { of, ..self.owners })),
        }
    }
}

/// What a pass found for one group.
pub(crate) struct Found {
    /// The profiles for which each leaf is true.
    pub(crate) answers: Vec<(LeafId, RoaringBitmap)>,
    /// For each leaf, who has how many rows in its window, where that was asked for; each profile at most once.
    pub(crate) totals: Vec<Vec<(u32, u32)>>,
}

/// A set, with what it looks at.
struct Asked<'g> {
    groups: &'g [Group],
    cuts: Cuts,
    /// By group; none where every row counts.
    sieves: Vec<Option<Sieve>>,
}

/// Counts, and answers every leaf of these sets, which share an event. What is found is in the order of the groups.
///
/// A segment is opened once for all sets that have a window over it: whose rows these are is the same whatever is looked at.
pub(crate) fn run(sets: &[Set], source: Source<'_>, totals: Totals) -> Result<(Vec<Found>, Tally), EvaluateError> {
    let Some(first) = sets.first().and_then(|groups| groups.first()) else { return Ok((Vec::new(), Tally::default())) };
    let asked: Vec<Asked<'_>> = sets.iter().map(|groups| Asked::of(groups, source.clock)).collect();
    let everything = Span { start: Moment::from_micros(i64::MIN), end: Moment::from_micros(i64::MAX) };
    let mut segments = first.segments(source.timeline, everything);
    segments.retain(|segment| asked.iter().any(|asked| asked.touches(segment)));
    let opened: Vec<Opened> = segments.par_iter().map(|segment| open(segment, &asked, source.reader)).collect::<Result<_, _>>()?;
    let parts: Vec<(Vec<Found>, Tally)> = asked.par_iter().map(|asked| asked.count(&segments, &opened, source, totals)).collect();
    let mut tally = Tally::default();
    let mut found = Vec::new();
    for (more, part) in parts {
        found.extend(more);
        tally += part;
    }
    Ok((found, tally))
}

/// Opens a segment with what is looked at by those who have a window over it.
fn open(segment: &Segment, asked: &[Asked<'_>], reader: &Reader) -> Result<Opened, EvaluateError> {
    let touching: Vec<&Asked<'_>> = asked.iter().filter(|asked| asked.touches(segment)).collect();
    let is_cut = touching.iter().any(|asked| asked.cuts.times_for(segment) == Times::Wanted);
    let times = if is_cut { Times::Wanted } else { Times::Unwanted };
    Opened::open(reader, segment, touching.iter().flat_map(|asked| asked.sieves_over(segment)).flatten(), times)
}

impl<'g> Asked<'g> {
    fn of(groups: &'g [Group], clock: Clock) -> Self {
        let sieves = groups.iter().map(|group| Sieve::prepare(&group.filter, clock)).collect();
        Self { groups, cuts: Cuts::of(groups, clock), sieves }
    }

    /// Whether a segment may have rows in a window.
    fn touches(&self, segment: &Segment) -> bool {
        self.cuts.all.touch(segment.first_at.micros(), segment.last_at.micros())
    }

    /// The sieve of each group that has a window over a segment and does not take every row: what the others look at need not
    /// be read.
    fn sieves_over(&self, segment: &Segment) -> impl Iterator<Item = Option<&Sieve>> {
        let (first, last) = (segment.first_at.micros(), segment.last_at.micros());
        self.sieves.iter().zip(&self.cuts.each).map(move |(sieve, slices)| sieve.as_ref().filter(|_| slices.touch(first, last)))
    }

    /// Goes through the rows of these segments.
    fn count(&self, segments: &[&Segment], opened: &[Opened], source: Source<'_>, totals: Totals) -> (Vec<Found>, Tally) {
        let Self { groups, cuts, .. } = self;
        let touched = segments.par_iter().zip(opened).filter(|(segment, _)| self.touches(segment));
        let sifted: Vec<(&Segment, &Opened, Vec<Option<OpenSieve<'_>>>)> =
            touched.map(|(segment, opened)| (*segment, opened, sift(opened, self.sieves_over(segment)))).collect();
        let places = cuts.places();
        let stretches = sifted.par_iter();
        let stretches = stretches.flat_map_iter(|(segment, opened, sieves)| stretch::stretches(segment, opened, sieves, cuts, &places));
        let mut stretches: Vec<Stretch<'_>> = stretches.collect();
        stretches.sort_by_key(|stretch| Reverse(stretch.slice()));
        let runs: Vec<&[Stretch<'_>]> = stretches.chunk_by(|one, other| one.slice() == other.slice()).collect();

        let questions: Vec<Questions> = groups.iter().zip(&cuts.each).map(|(group, slices)| questions(group, slices)).collect();
        let shares = source.shares(groups[0].of);
        let blocks: Vec<(Vec<Block>, Tally)> = (0..source.profiles.div_ceil(BLOCK_PROFILES))
            .into_par_iter()
            .map(|number| {
                let besides = Besides { places: shares.block(number), totals };
                let mut counters: Vec<Counters<'_>> =
                    questions.iter().map(|questions| Counters::new(questions, besides, source.spare)).collect();
                let mut tally = Tally::default();
                for run in &runs {
                    stretch::count(run, &places[run[0].slice()], number, &mut counters, &mut tally);
                }
                (counters.into_iter().map(Counters::finish).collect(), tally)
            })
            .collect();

        let mut tally = Tally::default();
        let mut by_group: Vec<Vec<Block>> = groups.iter().map(|_| Vec::new()).collect();
        for (found, part) in blocks {
            tally += part;
            by_group.iter_mut().zip(found).for_each(|(blocks, block)| blocks.push(block));
        }
        let found = groups.par_iter().zip(by_group).zip(&questions);
        let found = found.map(|((group, blocks), questions)| gather(&group.leaves, blocks, questions, shares, source.profiles));
        (found.collect(), tally)
    }
}

fn sift<'a>(opened: &'a Opened, sieves: impl Iterator<Item = Option<&'a Sieve>>) -> Vec<Option<OpenSieve<'a>>> {
    sieves.map(|sieve| sieve.map(|sieve| opened.sieve(sieve))).collect()
}

/// The window (as slices) and range of each leaf.
fn questions(group: &Group, slices: &Slices) -> Questions {
    let leaves = group.leaves.iter().zip(&slices.windows).map(|(leaf, window)| (window.clone(), leaf.count));
    Questions { leaves: leaves.collect(), slices: slices.len() }
}

/// Puts the blocks of one group together, with what is handed on between them.
fn gather(leaves: &[CountedLeaf], mut blocks: Vec<Block>, questions: &Questions, shares: &Shares, profiles: usize) -> Found {
    let wanted = if blocks.iter().all(|block| block.totals.is_empty()) { 0 } else { leaves.len() };
    let mut totals: Vec<Vec<(u32, u32)>> = (0..wanted).map(|leaf| totals_of(leaf, &mut blocks)).collect();
    let owned = handed_on(&blocks, shares, questions.slices);
    for (number, (window, range)) in questions.leaves.iter().enumerate() {
        let total = |owner: usize| {
            let owned = &owned[owner * (questions.slices + 1)..];
            owned[window.start] - owned[window.end]
        };
        for (owner, profile) in shares.owners.iter().enumerate() {
            let Some(block) = blocks.get_mut(*profile as usize / BLOCK_PROFILES) else { continue };
            let place = usize::from(place_in_block(*profile));
            let word = &mut block.answers[number][place / 64];
            *word &= !(1 << (place % 64));
            *word |= u64::from(range.contains(total(owner))) << (place % 64);
        }
        if let Some(totals) = totals.get_mut(number) {
            totals.retain(|(profile, _)| shares.owners.binary_search(profile).is_err() && shares.merged.binary_search(profile).is_err());
            let owners = shares.owners.iter().enumerate().map(|(owner, profile)| (*profile, total(owner)));
            totals.extend(owners.filter(|(_, total)| *total > 0));
        }
    }
    let bitmap = |number: usize| packed::bitmap(blocks.iter().map(|block| block.answers[number].as_slice()), profiles);
    Found { answers: leaves.iter().enumerate().map(|(number, leaf)| (leaf.id, bitmap(number))).collect(), totals }
}

/// Who has how many rows in the window of a leaf, of all blocks.
fn totals_of(leaf: usize, blocks: &mut [Block]) -> Vec<(u32, u32)> {
    let mut totals = Vec::new();
    for (number, block) in blocks.iter_mut().enumerate() {
        let first = u32::try_from(number * BLOCK_PROFILES).expect("profile numbers are 32 bits");
        let of_block = block.totals.get_mut(leaf).map(std::mem::take).unwrap_or_default();
        totals.extend(of_block.into_iter().map(|(place, total)| (first + u32::from(place), total)));
    }
    totals
}

/// For each owner, the counts that were handed on to it, from the newest to the end of each slice, and last of no slice.
fn handed_on(blocks: &[Block], shares: &Shares, slices: usize) -> Vec<u32> {
    let mut owned = vec![0; shares.owners.len() * (slices + 1)];
    for (number, block) in blocks.iter().enumerate() {
        for (slice, counts) in block.shared.iter().enumerate() {
            for ((_, owner), count) in shares.block(number).iter().zip(counts) {
                owned[*owner as usize * (slices + 1) + slice] += count;
            }
        }
    }
    owned
}
