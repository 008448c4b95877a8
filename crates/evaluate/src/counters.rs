//! Counters: how many rows each profile has in each slice of time, and the bitmaps that follow from them.
//!
//! They lie in blocks of neighbouring profile numbers, as the rows do ([`lake::Blocks`]): a thread counts one block after
//! the other, so that its counters stay in the nearest cache and no two threads share one. A slice without rows in a
//! block has no counters there.
//!
//! **Invariant:** counts are kept under the number a row was written with; [`Counters::merge_profiles`] moves them to the
//! survivors once, which is cheaper than looking up the survivor for every row.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use definitions::CountRange;
use lake::BLOCK_PROFILES;
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::bits;

/// The counts of one slice, by place in the block.
pub(crate) type Counts = [u32; BLOCK_PROFILES];

/// How many profiles are totalled at a time: few enough for the running totals of some slices to stay in the nearest cache.
const STRIP: usize = 1024;

/// Counters that were used and can be used again: clean memory from the system costs more than wiping used memory.
#[derive(Default)]
pub(crate) struct Spare(Mutex<Vec<Box<Counts>>>);

impl Spare {
    fn take(&self) -> Box<Counts> {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match used {
            Some(mut counts) => {
                counts.fill(0);
                counts
            }
            None => vec![0; BLOCK_PROFILES].into_boxed_slice().try_into().expect("of that length"),
        }
    }

    fn give(&self, counts: impl Iterator<Item = Box<Counts>>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(counts);
    }
}

/// The counters of one group of leaves.
pub(crate) struct Counters<'s> {
    blocks: Vec<BlockCounters<'s>>,
    profiles: usize,
}

/// The counters of one block.
pub(crate) struct BlockCounters<'s> {
    slices: Vec<Option<Box<Counts>>>,
    spare: &'s Spare,
}

impl BlockCounters<'_> {
    /// The counts of one slice, to add to.
    pub(crate) fn slice_mut(&mut self, slice: usize) -> &mut Counts {
        self.slices[slice].get_or_insert_with(|| self.spare.take())
    }

    /// For each window, given as slices, and range of counts: the places whose total over the window lies in the range, as
    /// one bit each.
    fn answers(&self, questions: &[(Range<usize>, CountRange)]) -> Vec<Vec<u64>> {
        let mut answers = vec![vec![0_u64; BLOCK_PROFILES / 64]; questions.len()];
        self.strips(|start, running| {
            for ((window, range), words) in questions.iter().zip(&mut answers) {
                let (until, before) = (&running[window.end], &running[window.start]);
                let least = range.at_least;
                let room = range.at_most.unwrap_or(u32::MAX).wrapping_sub(least);
                let possible = range.at_most.is_none_or(|most| most >= least);
                let words = &mut words[start / 64..(start + STRIP) / 64];
                for ((word, until), before) in words.iter_mut().zip(until.chunks_exact(64)).zip(before.chunks_exact(64)) {
                    let mut holds = [0_u8; 64];
                    for ((holds, until), before) in holds.iter_mut().zip(until).zip(before) {
                        // One comparison for both ends: what lies below wraps around and is far above.
                        *holds = u8::from((until - before).wrapping_sub(least) <= room);
                    }
                    *word = if possible { bits::pack(&holds) } else { 0 };
                }
            }
        });
        answers
    }

    /// Calls back with the first place of each strip and, for each number of slices from none on, the totals over so many
    /// of the first ones.
    fn strips(&self, mut visit: impl FnMut(usize, &[[u32; STRIP]])) {
        let mut running = vec![[0_u32; STRIP]; self.slices.len() + 1];
        for start in (0..BLOCK_PROFILES).step_by(STRIP) {
            for (slice, counts) in self.slices.iter().enumerate() {
                let (earlier, later) = running.split_at_mut(slice + 1);
                let (before, after) = (&earlier[slice], &mut later[0]);
                *after = *before;
                if let Some(counts) = counts {
                    for (total, count) in after.iter_mut().zip(&counts[start..start + STRIP]) {
                        *total += count;
                    }
                }
            }
            visit(start, &running);
        }
    }
}

impl Drop for BlockCounters<'_> {
    fn drop(&mut self) {
        self.spare.give(self.slices.drain(..).flatten());
    }
}

impl<'s> Counters<'s> {
    /// Nothing counted yet.
    pub(crate) fn new(slices: usize, profiles: usize, spare: &'s Spare) -> Self {
        let block = || BlockCounters { slices: (0..slices).map(|_| None).collect(), spare };
        Self { blocks: (0..profiles.div_ceil(BLOCK_PROFILES)).map(|_| block()).collect(), profiles }
    }

    /// The blocks, to count in side by side.
    pub(crate) fn blocks_mut(&mut self) -> &mut [BlockCounters<'s>] {
        &mut self.blocks
    }

    /// Gives the counts of merged profiles to their survivors, given as (merged, survivor).
    pub(crate) fn merge_profiles(&mut self, merged: &[(u32, u32)]) {
        for slice in 0..self.slices() {
            for (from, to) in merged {
                let Some(count) = self.count_mut(slice, *from).map(std::mem::take) else { continue };
                if count > 0 {
                    self.add(slice, *to, count);
                }
            }
        }
    }

    /// Adds the counts of users to those of their accounts, given as (user, account) by survivors. An account that is the
    /// user itself keeps its own.
    pub(crate) fn add_to_accounts(&mut self, links: &[(u32, u32)]) {
        for slice in 0..self.slices() {
            // Read before anything is added, so that a user that is an account too gives its own alone.
            let more: Vec<u32> = links.iter().map(|(user, _)| self.count_mut(slice, *user).map_or(0, |count| *count)).collect();
            for ((user, account), more) in links.iter().zip(more) {
                if user != account && more > 0 {
                    self.add(slice, *account, more);
                }
            }
        }
    }

    /// For each window and range of counts, the profiles whose total over the window's slices lies in the range.
    pub(crate) fn bitmaps(&self, questions: &[(Range<usize>, CountRange)]) -> Vec<RoaringBitmap> {
        let by_block: Vec<Vec<Vec<u64>>> = self.blocks.par_iter().map(|block| block.answers(questions)).collect();
        (0..questions.len())
            .into_par_iter()
            .map(|question| bits::bitmap(by_block.iter().map(|answers| answers[question].as_slice()), self.profiles))
            .collect()
    }

    /// Calls back with each profile that has rows in a window, given as slices, and how many.
    pub(crate) fn totals(&self, window: &Range<usize>, mut visit: impl FnMut(u32, u32)) {
        for (number, block) in self.blocks.iter().enumerate() {
            if block.slices[window.clone()].iter().all(Option::is_none) {
                continue;
            }
            block.strips(|start, running| {
                let first = number * BLOCK_PROFILES + start;
                for (place, (until, before)) in running[window.end].iter().zip(&running[window.start]).enumerate() {
                    if until != before {
                        visit(u32::try_from(first + place).expect("profile numbers are 32 bits"), until - before);
                    }
                }
            });
        }
    }

    fn slices(&self) -> usize {
        self.blocks.first().map_or(0, |block| block.slices.len())
    }

    /// `None` where nothing was counted, or beyond the people known.
    fn count_mut(&mut self, slice: usize, profile: u32) -> Option<&mut u32> {
        let block = self.blocks.get_mut(profile as usize / BLOCK_PROFILES)?;
        Some(&mut block.slices[slice].as_mut()?[profile as usize % BLOCK_PROFILES])
    }

    fn add(&mut self, slice: usize, profile: u32, more: u32) {
        if let Some(block) = self.blocks.get_mut(profile as usize / BLOCK_PROFILES) {
            block.slice_mut(slice)[profile as usize % BLOCK_PROFILES] += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_total_their_slices_and_merges_move_counts() {
        let spare = Spare::default();
        let mut counters = Counters::new(3, 70_000, &spare);
        counters.add(0, 7, 3);
        counters.add(0, 69_999, 1);
        counters.add(2, 7, 4);
        counters.add(2, 66_000, 5);
        counters.merge_profiles(&[(66_000, 7), (9, 8)]);

        let at_least = |at_least| CountRange { at_least, at_most: None };
        let questions = [
            (0..3, at_least(12)),
            (0..3, at_least(13)),
            (0..1, at_least(1)),
            (1..2, at_least(1)),
            (2..3, CountRange { at_least: 9, at_most: Some(9) }),
            (0..0, CountRange { at_least: 0, at_most: Some(0) }),
            (0..1, CountRange { at_least: 2, at_most: Some(1) }),
        ];
        let bitmaps = counters.bitmaps(&questions);
        let of = |number: usize| bitmaps[number].iter().collect::<Vec<_>>();
        assert_eq!(of(0), [7]);
        assert!(of(1).is_empty());
        assert_eq!(of(2), [7, 69_999]);
        assert!(of(3).is_empty());
        assert_eq!(of(4), [7]);
        assert_eq!(bitmaps[5].len(), 70_000);
        assert!(of(6).is_empty());

        let mut totals = Vec::new();
        counters.totals(&(0..3), |profile, total| totals.push((profile, total)));
        assert_eq!(totals, [(7, 12), (69_999, 1)]);
    }

    #[test]
    fn used_counters_are_wiped() {
        let spare = Spare::default();
        Counters::new(1, 10, &spare).add(0, 3, 5);
        let mut again = Counters::new(1, 10, &spare);
        again.add(0, 4, 1);
        assert_eq!(again.bitmaps(&[(0..1, CountRange { at_least: 1, at_most: None })])[0].iter().collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn accounts_have_the_counts_of_their_users_too() {
        let spare = Spare::default();
        let mut counters = Counters::new(1, 70_000, &spare);
        counters.add(0, 1, 2);
        counters.add(0, 66_000, 1);
        counters.add_to_accounts(&[(1, 66_000), (2, 66_000), (66_000, 66_000)]);
        let mut totals = Vec::new();
        counters.totals(&(0..1), |profile, total| totals.push((profile, total)));
        assert_eq!(totals, [(1, 2), (66_000, 3)]);
    }
}
