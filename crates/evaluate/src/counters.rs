//! Counters: how many rows each profile of a block has, from the newest moment back, and the bits that follow from them.
//!
//! Time is gone through from the newest slice to the oldest, so that one counter for each profile is enough: where a window
//! starts, its rows are what was counted less what had been counted where it ends. Most windows end where counting begins.
//! A thread counts one block of neighbouring profile numbers after the other ([`lake::Blocks`]), so that its counters stay
//! in the nearest cache and no two threads share one.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use definitions::CountRange;
use lake::BLOCK_PROFILES;

use crate::counts::Counts;

/// Counters that were used and can be used again: clean memory from the system costs more than wiping used memory.
#[derive(Default)]
pub(crate) struct Spare(Mutex<Vec<Counts>>);

impl Spare {
    /// Counters, all zero.
    pub(crate) fn take(&self) -> Counts {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match used {
            Some(mut counts) => {
                counts.wipe();
                counts
            }
            None => Counts::new(),
        }
    }

    fn give(&self, counts: impl Iterator<Item = Counts>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(counts);
    }
}

/// What a group of leaves asks: for each leaf its window, as slices, and the range its count must lie in.
pub(crate) struct Questions {
    pub(crate) leaves: Vec<(Range<usize>, CountRange)>,
    /// How many slices the windows are made of.
    pub(crate) slices: usize,
}

/// What is wanted beside the answers.
#[derive(Clone, Copy)]
pub(crate) struct Besides<'a> {
    /// The places whose counts are handed on, each with the one who gets them.
    pub(crate) places: &'a [(u16, u32)],
    pub(crate) totals: Totals,
}

/// Whether the totals of all windows are wanted beside the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Totals {
    Wanted,
    Spared,
}

/// What one block came to, for one group.
#[derive(Default)]
pub(crate) struct Block {
    /// For each leaf, a bit for each place.
    pub(crate) answers: Vec<Vec<u64>>,
    /// For each slice and place that hands its counts on: how many rows it has from the newest to the end of the slice.
    /// Nothing at all where nothing was counted.
    pub(crate) shared: Vec<Vec<u32>>,
    /// For each leaf, where that is wanted: the places with rows in its window, and how many.
    pub(crate) totals: Vec<Vec<(u16, u32)>>,
}

/// The counters of one group of leaves in one block.
pub(crate) struct Counters<'s> {
    questions: &'s Questions,
    besides: Besides<'s>,
    spare: &'s Spare,
    /// How many slices have not been gone through.
    left: usize,
    /// Everything counted so far; absent while there is nothing.
    counts: Option<Counts>,
    /// What had been counted where windows end, by the number of slices left.
    ends: BTreeMap<usize, Counts>,
    found: Block,
}

impl<'s> Counters<'s> {
    /// Nothing counted yet.
    pub(crate) fn new(questions: &'s Questions, besides: Besides<'s>, spare: &'s Spare) -> Self {
        let leaves = questions.leaves.len();
        let totals = if besides.totals == Totals::Wanted { vec![Vec::new(); leaves] } else { Vec::new() };
        let found = Block { answers: vec![Vec::new(); leaves], shared: Vec::new(), totals };
        Self { questions, besides, spare, left: questions.slices, counts: None, ends: BTreeMap::new(), found }
    }

    /// The counts to which the rows of a slice are added. No later slice may follow.
    pub(crate) fn slice_mut(&mut self, slice: usize) -> &mut Counts {
        while self.left > slice + 1 {
            self.leave();
        }
        self.counts.get_or_insert_with(|| self.spare.take())
    }

    /// What all rows came to.
    pub(crate) fn finish(mut self) -> Block {
        while self.left > 0 {
            self.leave();
        }
        for (number, (window, range)) in self.questions.leaves.iter().enumerate() {
            if window.is_empty() {
                self.found.answers[number] = all(range.contains(0));
            }
        }
        self.spare.give(self.counts.into_iter().chain(self.ends.into_values()));
        self.found.shared.reverse();
        self.found
    }

    /// Goes on to the next older slice: answers the windows that start where it ends.
    fn leave(&mut self) {
        self.left -= 1;
        let left = self.left;
        if let Some(counts) = &self.counts {
            self.found.shared.push(self.besides.places.iter().map(|(place, _)| counts.get(*place)).collect());
        }
        for (number, (window, range)) in self.questions.leaves.iter().enumerate() {
            if window.start == left && !window.is_empty() {
                let before = self.ends.get(&window.end);
                self.found.answers[number] =
                    self.counts.as_ref().map_or_else(|| all(range.contains(0)), |counts| counts.within(before, *range));
                if let (Some(totals), Some(counts)) = (self.found.totals.get_mut(number), &self.counts) {
                    *totals = counts.totals(before);
                }
            }
        }
        let ends = |(window, _): &(Range<usize>, CountRange)| window.end == left && !window.is_empty();
        if let Some(counts) = &self.counts
            && self.questions.leaves.iter().any(ends)
        {
            let mut copy = self.spare.take();
            copy.copy_from(counts);
            self.ends.insert(left, copy);
        }
    }
}

/// The same bit for every place.
fn all(holds: bool) -> Vec<u64> {
    vec![if holds { u64::MAX } else { 0 }; BLOCK_PROFILES / 64]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(words: &[u64]) -> Vec<usize> {
        (0..BLOCK_PROFILES).filter(|place| words[place / 64] >> (place % 64) & 1 == 1).collect()
    }

    const AT_LEAST_ONE: CountRange = CountRange { at_least: 1, at_most: None };

    #[test]
    fn windows_are_differences_of_what_was_counted() {
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
        let (spare, questions) = (Spare::default(), Questions { leaves: questions.to_vec(), slices: 3 });
        let besides = Besides { places: &[(7, 0), (8, 0)], totals: Totals::Wanted };
        let mut counters = Counters::new(&questions, besides, &spare);
        counters.slice_mut(2).add_all(&[7; 4]);
        counters.slice_mut(0).add_all(&[7; 8]);
        counters.slice_mut(0).add_all(&[65_535]);
        let found = counters.finish();
        let answers: Vec<Vec<usize>> = found.answers.iter().map(|words| places(words)).collect();
        assert_eq!(answers[..5], [vec![7], vec![], vec![7, 65_535], vec![], vec![7]]);
        assert_eq!(answers[5].len(), BLOCK_PROFILES);
        assert!(answers[6].is_empty());
        assert_eq!(found.totals[0], [(7, 12), (65_535, 1)]);
        assert_eq!(found.totals[2], [(7, 8), (65_535, 1)]);
        assert_eq!(found.totals[3], []);
        assert_eq!(found.shared, [[12, 0], [4, 0], [4, 0]]);
    }

    #[test]
    fn used_counters_are_wiped() {
        let (spare, questions) = (Spare::default(), Questions { leaves: vec![(0..1, AT_LEAST_ONE)], slices: 1 });
        let besides = Besides { places: &[], totals: Totals::Spared };
        let count = |place: u16| {
            let mut counters = Counters::new(&questions, besides, &spare);
            counters.slice_mut(0).add_all(&[place]);
            places(&counters.finish().answers[0])
        };
        assert_eq!([count(3), count(4)], [[3], [4]]);
    }

    #[test]
    fn nothing_counted_is_nothing_in_every_window() {
        let nobody = CountRange { at_least: 0, at_most: Some(0) };
        let (spare, questions) = (Spare::default(), Questions { leaves: vec![(0..2, nobody), (1..2, AT_LEAST_ONE)], slices: 2 });
        let found = Counters::new(&questions, Besides { places: &[(3, 0)], totals: Totals::Wanted }, &spare).finish();
        assert_eq!(found.answers.iter().map(|words| places(words).len()).collect::<Vec<_>>(), [BLOCK_PROFILES, 0]);
        assert!(found.shared.is_empty() && found.totals.concat().is_empty());
    }
}
