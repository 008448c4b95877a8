//! Counters: how many rows each profile of a block has in each slice of time, and the bits that follow from them.
//!
//! A thread counts one block of neighbouring profile numbers after the other ([`lake::Blocks`]), so that its counters stay
//! in the nearest cache and no two threads share one. A slice without rows in a block has no counters there.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use definitions::CountRange;
use lake::BLOCK_PROFILES;

use crate::packed;

/// The counts of one slice, by place in the block.
pub(crate) type Counts = [u32; BLOCK_PROFILES];

/// How many profiles are totalled at a time: few enough for the running totals of some slices to stay in the nearest cache.
const STRIP: usize = 1024;

/// Counters that were used and can be used again: clean memory from the system costs more than wiping used memory.
#[derive(Default)]
pub(crate) struct Spare(Mutex<Vec<Box<Counts>>>);

impl Spare {
    /// Counters, all zero.
    pub(crate) fn take(&self) -> Box<Counts> {
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

/// The counters of one group of leaves in one block.
pub(crate) struct Counters<'s> {
    slices: Vec<Option<Box<Counts>>>,
    spare: &'s Spare,
}

impl<'s> Counters<'s> {
    /// Nothing counted yet.
    pub(crate) fn new(slices: usize, spare: &'s Spare) -> Self {
        Self { slices: (0..slices).map(|_| None).collect(), spare }
    }

    /// The counts of one slice, to add to.
    pub(crate) fn slice_mut(&mut self, slice: usize) -> &mut Counts {
        self.slices[slice].get_or_insert_with(|| self.spare.take())
    }

    /// The counts of these places (given with whom they are handed on to), slice after slice; nothing at all where nothing was
    /// counted.
    pub(crate) fn of_places(&self, places: &[(u16, u32)]) -> Vec<u32> {
        if self.slices.iter().all(Option::is_none) {
            return Vec::new();
        }
        let counts = |slice: &Option<Box<Counts>>| {
            places.iter().map(|(place, _)| slice.as_ref().map_or(0, |counts| counts[usize::from(*place)])).collect::<Vec<_>>()
        };
        self.slices.iter().flat_map(counts).collect()
    }

    /// For each window, given as slices, and range of counts: the places whose total over the window lies in the range, as
    /// one bit each.
    pub(crate) fn answers(&self, questions: &[(Range<usize>, CountRange)]) -> Vec<Vec<u64>> {
        let mut answers = vec![vec![0_u64; BLOCK_PROFILES / 64]; questions.len()];
        self.strips(|start, running| {
            for ((window, range), words) in questions.iter().zip(&mut answers) {
                let (until, before) = (&running[window.end], &running[window.start]);
                let least = range.at_least;
                let room = range.at_most.unwrap_or(u32::MAX).wrapping_sub(least);
                let possible = range.at_most.is_none_or(|most| most >= least);
                let words = &mut words[start / 64..(start + STRIP) / 64];
                for ((word, until), before) in words.iter_mut().zip(until.as_chunks::<64>().0).zip(before.as_chunks::<64>().0) {
                    let mut holds = [0_u8; 64];
                    for ((holds, until), before) in holds.iter_mut().zip(until).zip(before) {
                        // One comparison for both ends: what lies below wraps around and is far above.
                        *holds = u8::from((until - before).wrapping_sub(least) <= room);
                    }
                    *word = if possible { packed::pack(&holds) } else { 0 };
                }
            }
        });
        answers
    }

    /// Calls back with each place that has rows in a window, given as slices, and how many.
    pub(crate) fn totals(&self, window: &Range<usize>, mut visit: impl FnMut(usize, u32)) {
        if self.slices[window.clone()].iter().all(Option::is_none) {
            return;
        }
        self.strips(|start, running| {
            for (place, (until, before)) in running[window.end].iter().zip(&running[window.start]).enumerate() {
                if until != before {
                    visit(start + place, until - before);
                }
            }
        });
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

impl Drop for Counters<'_> {
    fn drop(&mut self) {
        self.spare.give(self.slices.drain(..).flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(words: &[u64]) -> Vec<usize> {
        (0..BLOCK_PROFILES).filter(|place| words[place / 64] >> (place % 64) & 1 == 1).collect()
    }

    #[test]
    fn windows_total_their_slices() {
        let spare = Spare::default();
        let mut counters = Counters::new(3, &spare);
        counters.slice_mut(0)[7] = 8;
        counters.slice_mut(0)[65_535] = 1;
        counters.slice_mut(2)[7] = 4;
        let at_least = |at_least| CountRange { at_least, at_most: None };
        let questions = [
            (0..3, at_least(12)),
            (0..3, at_least(13)),
            (0..1, at_least(1)),
            (1..2, at_least(1)),
            (2..3, CountRange { at_least: 4, at_most: Some(4) }),
            (0..0, CountRange { at_least: 0, at_most: Some(0) }),
            (0..1, CountRange { at_least: 2, at_most: Some(1) }),
        ];
        let found: Vec<Vec<usize>> = counters.answers(&questions).iter().map(|words| places(words)).collect();
        assert_eq!(found[..5], [vec![7], vec![], vec![7, 65_535], vec![], vec![7]]);
        assert_eq!(found[5].len(), BLOCK_PROFILES);
        assert!(found[6].is_empty());

        let mut totals = Vec::new();
        counters.totals(&(0..3), |place, total| totals.push((place, total)));
        assert_eq!(totals, [(7, 12), (65_535, 1)]);
        assert_eq!(counters.of_places(&[(7, 0), (8, 0)]), [8, 0, 0, 0, 4, 0]);
    }

    #[test]
    fn used_counters_are_wiped() {
        let spare = Spare::default();
        Counters::new(1, &spare).slice_mut(0)[3] = 5;
        let mut again = Counters::new(1, &spare);
        again.slice_mut(0)[4] = 1;
        assert_eq!(places(&again.answers(&[(0..1, CountRange { at_least: 1, at_most: None })])[0]), [4]);
    }
}
