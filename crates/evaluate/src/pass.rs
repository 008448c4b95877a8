//! Passes: one way through an event's rows that answers all leaves of some groups.
//!
//! The windows of all leaves are cut into slices ([`crate::slices`]), each row adds to one counter of each group that it
//! counts for ([`crate::counters`]), and every window is read off the totals. Blocks of profiles are counted side by side,
//! each by itself from the first row to the answers, so that memory follows what is counted at a time. Segments outside every
//! window are not opened. Rows may be counted in any order, since addition does not mind.

use std::ops::Range;
use std::sync::OnceLock;

use definitions::CountRange;
use lake::{BLOCK_PROFILES, Reader};
use model::{Collection, Moment, Segment, Span};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::counters::{Counters, Counts, Spare};
use crate::error::EvaluateError;
use crate::events::{CountedLeaf, Group};
use crate::filter::{OpenSieve, Sieve};
use crate::leaf::{LeafId, Tally};
use crate::lookup::Lookup;
use crate::opened::Opened;
use crate::operator::Clock;
use crate::owners::Owners;
use crate::packed;
use crate::shares::{Shares, place_in_block};
use crate::slices::Slices;
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

/// Whether the totals of all windows are wanted beside the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Totals {
    Wanted,
    Spared,
}

/// A segment with the sieves of all groups over it.
struct Sifted<'a> {
    opened: &'a Opened,
    way: Way<'a>,
}

/// How rows are told apart.
enum Way<'a> {
    /// Every row counts for every group.
    All,
    /// One property says for which groups a row counts.
    Lookup(Lookup<'a>),
    /// Each group looks for itself; one without a sieve takes every row.
    Each(Vec<Option<OpenSieve<'a>>>),
}

/// What one block came to, for one group.
struct Block {
    /// For each leaf.
    answers: Vec<Vec<u64>>,
    /// The counts that are handed on, slice after slice.
    shared: Vec<u32>,
    totals: Vec<Vec<(u32, u32)>>,
}

/// Counts, and answers every leaf of the groups, which share an event and whose events they mean.
pub(crate) fn run(groups: &[Group], source: Source<'_>, totals: Totals) -> Result<(Vec<Found>, Tally), EvaluateError> {
    let Some(first) = groups.first() else { return Ok((Vec::new(), Tally::default())) };
    let spans: Vec<Span> = groups.iter().flat_map(|group| group.spans(source.clock)).collect();
    let slices = Slices::cut(&spans);
    let everything = Span { start: Moment::from_micros(i64::MIN), end: Moment::from_micros(i64::MAX) };
    let mut segments = first.segments(source.timeline, everything);
    segments.retain(|segment| slices.touch(segment.first_at.micros(), segment.last_at.micros()));
    let sieves: Vec<Option<Sieve>> = groups.iter().map(|group| Sieve::prepare(&group.filter, source.clock)).collect();
    let opened = open(source.reader, &segments, &sieves)?;
    let sifted: Vec<Sifted<'_>> = opened.par_iter().map(|opened| Sifted::over(opened, &sieves)).collect();

    let questions = questions(groups, &slices);
    let shares = source.shares(first.of);
    let blocks: Vec<(Vec<Block>, Tally)> = (0..source.profiles.div_ceil(BLOCK_PROFILES))
        .into_par_iter()
        .map(|number| {
            let (counters, tally) = count(number, groups.len(), &slices, &sifted, source.spare);
            let block = |(counters, questions): (&Counters<'_>, &Vec<_>)| Block::of(number, counters, questions, shares, totals);
            (counters.iter().zip(&questions).map(block).collect(), tally)
        })
        .collect();

    let mut tally = Tally::default();
    let mut by_group: Vec<Vec<Block>> = groups.iter().map(|_| Vec::new()).collect();
    for (found, part) in blocks {
        tally += part;
        by_group.iter_mut().zip(found).for_each(|(blocks, block)| blocks.push(block));
    }
    let found = groups.par_iter().zip(by_group).zip(&questions);
    let found = found.map(|((group, blocks), questions)| gather(&group.leaves, blocks, questions, shares, slices.len(), source.profiles));
    Ok((found.collect(), tally))
}

fn open(reader: &Reader, segments: &[&Segment], sieves: &[Option<Sieve>]) -> Result<Vec<Opened>, EvaluateError> {
    segments.par_iter().map(|segment| Opened::open(reader, segment, sieves.iter().flatten())).collect()
}

/// For each group, the window (as slices) and range of each leaf.
fn questions(groups: &[Group], slices: &Slices) -> Vec<Vec<(Range<usize>, CountRange)>> {
    let mut windows = slices.windows.iter().cloned();
    let mut of_group = |group: &Group| group.leaves.iter().zip(windows.by_ref()).map(|(leaf, window)| (window, leaf.count)).collect();
    groups.iter().map(&mut of_group).collect()
}

impl<'a> Sifted<'a> {
    fn over(opened: &'a Opened, sieves: &'a [Option<Sieve>]) -> Self {
        let each: Vec<Option<OpenSieve<'a>>> = sieves.iter().map(|sieve| sieve.as_ref().map(|sieve| opened.sieve(sieve))).collect();
        let way = if each.iter().all(Option::is_none) { Way::All } else { Lookup::of(&each).map_or(Way::Each(each), Way::Lookup) };
        Self { opened, way }
    }
}

fn count<'s>(number: usize, groups: usize, slices: &Slices, sifted: &[Sifted<'_>], spare: &'s Spare) -> (Vec<Counters<'s>>, Tally) {
    let mut counters: Vec<Counters<'s>> = (0..groups).map(|_| Counters::new(slices.len(), spare)).collect();
    let mut tally = Tally::default();
    for Sifted { opened, way } in sifted {
        let blocks = &opened.frame.blocks;
        let rows = blocks.rows(number);
        for (slice, within) in slices.rows(&blocks.occurred_at[rows.clone()]) {
            let rows = rows.start + within.start..rows.start + within.end;
            tally.rows += (rows.len() * groups) as u64;
            let places = &blocks.places[rows.clone()];
            match way {
                Way::All => counters.iter_mut().for_each(|counters| add_all(counters.slice_mut(slice), places)),
                Way::Lookup(lookup) => lookup.count(&rows, places, counters.iter_mut().map(|counters| counters.slice_mut(slice)).collect()),
                Way::Each(sieves) => {
                    for (counters, sieve) in counters.iter_mut().zip(sieves) {
                        let counts = counters.slice_mut(slice);
                        match sieve {
                            Some(sieve) => add_kept(counts, places, &sieve.sift(&rows, &mut tally)),
                            None => add_all(counts, places),
                        }
                    }
                }
            }
        }
    }
    (counters, tally)
}

fn add_all(counts: &mut Counts, places: &[u16]) {
    for place in places {
        counts[usize::from(*place)] += 1;
    }
}

fn add_kept(counts: &mut Counts, places: &[u16], kept: &[bool]) {
    for (place, kept) in places.iter().zip(kept) {
        counts[usize::from(*place)] += u32::from(*kept);
    }
}

impl Block {
    fn of(number: usize, counters: &Counters<'_>, questions: &[(Range<usize>, CountRange)], shares: &Shares, totals: Totals) -> Self {
        let of_window = |(window, _): &(Range<usize>, CountRange)| {
            let mut found = Vec::new();
            let first = number * BLOCK_PROFILES;
            counters.totals(window, |place, total| found.push((u32::try_from(first + place).expect("profile numbers are 32 bits"), total)));
            found
        };
        Self {
            answers: counters.answers(questions),
            shared: counters.of_places(shares.block(number)),
            totals: if totals == Totals::Wanted { questions.iter().map(of_window).collect() } else { Vec::new() },
        }
    }
}

/// Puts the blocks of one group together, with what is handed on between them.
fn gather(
    leaves: &[CountedLeaf],
    mut blocks: Vec<Block>,
    questions: &[(Range<usize>, CountRange)],
    shares: &Shares,
    slices: usize,
    profiles: usize,
) -> Found {
    let mut totals: Vec<Vec<(u32, u32)>> =
        vec![Vec::new(); if blocks.iter().any(|block| !block.totals.is_empty()) { leaves.len() } else { 0 }];
    for block in &mut blocks {
        totals.iter_mut().zip(std::mem::take(&mut block.totals)).for_each(|(totals, more)| totals.extend(more));
    }
    let owned = handed_on(&blocks, shares, slices);
    for (number, (window, range)) in questions.iter().enumerate() {
        let total = |owner: usize| owned[owner * slices..][window.clone()].iter().sum::<u32>();
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

/// For each owner and slice, the counts that were handed on to it.
fn handed_on(blocks: &[Block], shares: &Shares, slices: usize) -> Vec<u32> {
    let mut owned = vec![0; shares.owners.len() * slices];
    for (number, block) in blocks.iter().enumerate() {
        let from = shares.block(number);
        if block.shared.is_empty() || from.is_empty() {
            continue;
        }
        for (slice, counts) in block.shared.chunks_exact(from.len()).enumerate() {
            for ((_, owner), count) in from.iter().zip(counts) {
                owned[*owner as usize * slices + slice] += count;
            }
        }
    }
    owned
}
