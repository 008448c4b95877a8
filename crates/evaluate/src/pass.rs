//! Passes: one way through an event's rows that answers all leaves of some groups.
//!
//! The windows of each group are cut into slices ([`crate::slices`]), each row adds to one counter of each group that it
//! counts for ([`crate::stretch`], [`crate::counters`]), and every window is read off the totals. Blocks of profiles are counted side by side,
//! each by itself from the first row to the answers, so that memory follows what is counted at a time. Segments outside every
//! window are not opened. Rows may be counted in any order, since addition does not mind.

use std::ops::Range;
use std::sync::OnceLock;

use definitions::CountRange;
use lake::{BLOCK_PROFILES, Reader};
use model::{Collection, Moment, Segment, Span};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::counters::{Counters, Spare};
use crate::error::EvaluateError;
use crate::events::{CountedLeaf, Group};
use crate::filter::{OpenSieve, Sieve};
use crate::leaf::{LeafId, Tally};
use crate::opened::Opened;
use crate::operator::Clock;
use crate::owners::Owners;
use crate::packed;
use crate::shares::{Shares, place_in_block};
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

/// Whether the totals of all windows are wanted beside the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Totals {
    Wanted,
    Spared,
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
    let cuts = Cuts::of(groups, source.clock);
    let everything = Span { start: Moment::from_micros(i64::MIN), end: Moment::from_micros(i64::MAX) };
    let mut segments = first.segments(source.timeline, everything);
    segments.retain(|segment| cuts.all.touch(segment.first_at.micros(), segment.last_at.micros()));
    let sieves: Vec<Option<Sieve>> = groups.iter().map(|group| Sieve::prepare(&group.filter, source.clock)).collect();
    let opened = open(source.reader, &segments, &sieves)?;
    let sifted: Vec<Vec<Option<OpenSieve<'_>>>> = opened.par_iter().map(|opened| sift(opened, &sieves)).collect();
    let parts: Vec<_> = segments.into_iter().zip(opened.iter().zip(&sifted)).collect();
    let stretches: Vec<Stretch<'_>> =
        parts.into_par_iter().flat_map_iter(|(segment, (opened, sieves))| stretch::stretches(segment, opened, sieves, &cuts)).collect();

    let questions: Vec<Vec<(Range<usize>, CountRange)>> =
        groups.iter().zip(&cuts.each).map(|(group, slices)| questions(group, slices)).collect();
    let shares = source.shares(first.of);
    let blocks: Vec<(Vec<Block>, Tally)> = (0..source.profiles.div_ceil(BLOCK_PROFILES))
        .into_par_iter()
        .map(|number| {
            let mut counters: Vec<Counters<'_>> = cuts.each.iter().map(|slices| Counters::new(slices.len(), source.spare)).collect();
            let mut tally = Tally::default();
            stretches.iter().for_each(|stretch| stretch.count(number, &mut counters, &mut tally));
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
    let found = groups.par_iter().zip(by_group).zip(questions.par_iter().zip(&cuts.each));
    let found =
        found.map(|((group, blocks), (questions, slices))| gather(&group.leaves, blocks, questions, shares, slices.len(), source.profiles));
    Ok((found.collect(), tally))
}

fn open(reader: &Reader, segments: &[&Segment], sieves: &[Option<Sieve>]) -> Result<Vec<Opened>, EvaluateError> {
    segments.par_iter().map(|segment| Opened::open(reader, segment, sieves.iter().flatten())).collect()
}

fn sift<'a>(opened: &'a Opened, sieves: &'a [Option<Sieve>]) -> Vec<Option<OpenSieve<'a>>> {
    sieves.iter().map(|sieve| sieve.as_ref().map(|sieve| opened.sieve(sieve))).collect()
}

/// The window (as slices) and range of each leaf.
fn questions(group: &Group, slices: &Slices) -> Vec<(Range<usize>, CountRange)> {
    group.leaves.iter().zip(&slices.windows).map(|(leaf, window)| (window.clone(), leaf.count)).collect()
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
