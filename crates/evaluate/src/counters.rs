//! Counters: one dense array of counts per slice, indexed by profile number, and the bitmaps that follow from them.
//!
//! **Invariant:** counts are kept under the number a row was written with; [`Counters::merge_profiles`] moves them to
//! the survivors once, which is cheaper than looking up the survivor for every row.

use std::ops::Range;

use definitions::CountRange;
use model::ProfileId;
use roaring::RoaringBitmap;

/// How many profiles are totalled at a time: few enough for the running totals to stay in the nearest cache.
const BLOCK: usize = 1024;

/// For each slice, how many rows each profile has in it. A slice without rows has no array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counters {
    slices: Vec<Option<Vec<u32>>>,
    profiles: usize,
}

impl Counters {
    pub(crate) fn new(slices: usize, profiles: usize) -> Self {
        Self { slices: vec![None; slices], profiles }
    }

    /// The counts of one slice, to add to.
    pub(crate) fn slice_mut(&mut self, slice: usize) -> &mut [u32] {
        self.slices[slice].get_or_insert_with(|| vec![0; self.profiles])
    }

    /// Adds what was counted elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        for (ours, theirs) in self.slices.iter_mut().zip(other.slices) {
            match (ours.as_mut(), theirs) {
                (Some(ours), Some(theirs)) => {
                    for (count, more) in ours.iter_mut().zip(theirs) {
                        *count += more;
                    }
                }
                (None, Some(theirs)) => *ours = Some(theirs),
                (_, None) => {}
            }
        }
    }

    /// Gives the counts of merged profiles to their survivors. `canonical` names the survivor of each profile.
    pub(crate) fn merge_profiles(&mut self, canonical: &[ProfileId]) {
        let merged: Vec<(usize, usize)> =
            canonical.iter().enumerate().map(|(profile, survivor)| (profile, survivor.index())).filter(|(from, to)| from != to).collect();
        for counts in self.slices.iter_mut().flatten() {
            for (from, to) in &merged {
                let count = std::mem::take(&mut counts[*from]);
                if let Some(total) = counts.get_mut(*to) {
                    *total += count;
                }
            }
        }
    }

    /// Adds the counts of users to those of their accounts, given as (user, account) by survivors. An account that is the
    /// user itself keeps its own.
    pub(crate) fn add_to_accounts(&mut self, links: &[(u32, u32)]) {
        for counts in self.slices.iter_mut().flatten() {
            // Read before anything is added, so that a user that is an account too gives its own alone.
            let more: Vec<u32> = links.iter().map(|(user, _)| counts.get(*user as usize).copied().unwrap_or(0)).collect();
            for ((user, account), more) in links.iter().zip(more) {
                if let (Some(count), true) = (counts.get_mut(*account as usize), user != account) {
                    *count += more;
                }
            }
        }
    }

    /// For each window and range of counts, the profiles whose total over the window's slices lies in the range.
    pub(crate) fn bitmaps(&self, questions: &[(Range<usize>, CountRange)]) -> Vec<RoaringBitmap> {
        let mut bits = vec![vec![0_u8; self.profiles.div_ceil(8)]; questions.len()];
        let mut running = vec![[0_u32; BLOCK]; self.slices.len() + 1];
        for start in (0..self.profiles).step_by(BLOCK) {
            let block = start..self.profiles.min(start + BLOCK);
            self.run_totals(&block, &mut running);
            for ((window, range), bits) in questions.iter().zip(&mut bits) {
                let (until, before) = (&running[window.end][..block.len()], &running[window.start][..block.len()]);
                for (offset, (until, before)) in until.iter().zip(before).enumerate() {
                    let profile = start + offset;
                    bits[profile / 8] |= u8::from(range.contains(until - before)) << (profile % 8);
                }
            }
        }
        bits.iter().map(|bytes| RoaringBitmap::from_lsb0_bytes(0, bytes)).collect()
    }

    /// `running[n]` becomes the total of the first `n` slices for each profile of the block.
    fn run_totals(&self, block: &Range<usize>, running: &mut [[u32; BLOCK]]) {
        for (slice, counts) in self.slices.iter().enumerate() {
            let (earlier, later) = running.split_at_mut(slice + 1);
            let (before, after) = (&earlier[slice], &mut later[0]);
            *after = *before;
            if let Some(counts) = counts {
                for (total, count) in after.iter_mut().zip(&counts[block.clone()]) {
                    *total += count;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_total_their_slices_and_merges_move_counts() {
        let mut counters = Counters::new(3, 2000);
        counters.slice_mut(0)[7] = 2;
        counters.slice_mut(0)[1999] = 1;
        let mut elsewhere = Counters::new(3, 2000);
        elsewhere.slice_mut(0)[7] = 1;
        elsewhere.slice_mut(2)[7] = 4;
        elsewhere.slice_mut(2)[8] = 5;
        counters.add(elsewhere);
        let mut canonical: Vec<ProfileId> = (0..2000).map(ProfileId).collect();
        canonical[8] = ProfileId(7);
        counters.merge_profiles(&canonical);

        let at_least = |at_least| CountRange { at_least, at_most: None };
        let questions = [
            (0..3, at_least(12)),
            (0..3, at_least(13)),
            (0..1, at_least(1)),
            (1..2, at_least(1)),
            (2..3, CountRange { at_least: 9, at_most: Some(9) }),
            (0..0, CountRange { at_least: 0, at_most: Some(0) }),
        ];
        let bitmaps = counters.bitmaps(&questions);
        let of = |number: usize| bitmaps[number].iter().collect::<Vec<_>>();
        assert_eq!(of(0), [7]);
        assert!(of(1).is_empty());
        assert_eq!(of(2), [7, 1999]);
        assert!(of(3).is_empty());
        assert_eq!(of(4), [7]);
        assert_eq!(bitmaps[5].len(), 2000);
    }
}
