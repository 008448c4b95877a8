//! The owner index of an event: for each profile number, the places of the rows written with it.
//!
//! Rows stand in order of time; what is judged profile by profile needs them by profile. The index is that order, four
//! bytes a row: one array of places, and for each profile number where its own begin. Rows of segments that came later
//! are kept beside it, sorted by profile number, until they are many enough to be worked in. Profile numbers are those
//! rows were written with: who was merged with whom since is asked of [`crate::owners`].
//!
//! **Invariant:** the places of one profile number ascend. That is the order of time only within one segment.

use std::ops::Range;

use rayon::prelude::*;

use crate::bits::Bits;
use crate::places::Places;

/// So many late rows are kept beside the index at least, before they are worked in.
const RECENT_MIN: usize = 65_536;
/// Late rows are worked in once they are more than this part of the others.
const RECENT_SHARE: usize = 8;
/// The array is filled by so many tasks a thread, each for the profiles of a part of it.
const PARTS_PER_THREAD: usize = 2;

/// Some neighbouring rows of one segment.
pub(crate) struct Written<'a> {
    /// The place of the first.
    pub(crate) first: u32,
    /// The profile number of each.
    pub(crate) profiles: &'a [u32],
    /// Which of them are meant; every one when absent.
    pub(crate) kept: Option<&'a [bool]>,
}

/// The places of rows by profile number.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnerIndex {
    pub(crate) places: Places,
    /// For each profile number, where its rows begin in `rows`; one more for the end.
    starts: Vec<u32>,
    rows: Vec<u32>,
    /// Rows that came later: profile number and place, ascending.
    recent: Vec<(u32, u32)>,
    /// The profile numbers in `recent`.
    recent_profiles: Bits,
    /// From this profile number on rows may be missing, because the number was not known when they came.
    unknown_from: Option<usize>,
}

impl OwnerIndex {
    /// An index over these rows; those of profile numbers from `profiles` on are left out.
    pub(crate) fn build(places: Places, profiles: usize, written: &[Written<'_>]) -> Self {
        let counts = count(profiles, written);
        let unknown_from = (counts[profiles] > 0).then_some(profiles);
        let mut starts = Vec::with_capacity(profiles + 1);
        let mut total = 0;
        for count in &counts[..profiles] {
            starts.push(total);
            total += count;
        }
        starts.push(total);
        let mut rows = vec![0; total as usize];
        let mut tasks = Vec::new();
        let mut rest = rows.as_mut_slice();
        for part in parts(&starts) {
            let own = (starts[part.end] - starts[part.start]) as usize;
            let (own, later) = rest.split_at_mut(own);
            rest = later;
            tasks.push((part, own));
        }
        tasks.into_par_iter().for_each(|(part, rows)| fill(&starts, part, written, rows));
        Self { places, starts, rows, recent: Vec::new(), recent_profiles: Bits::default(), unknown_from }
    }

    /// Adds the rows of segments that came later.
    pub(crate) fn extend(&mut self, profiles: usize, written: &[Written<'_>]) {
        for written in written {
            written.each(|profile, place| self.recent.push((profile, place)));
        }
        self.recent.sort_unstable();
        if self.recent.len() > RECENT_MIN.max(self.rows.len() / RECENT_SHARE) {
            self.work_in(profiles);
        }
        if self.recent.last().is_some_and(|(profile, _)| *profile as usize >= profiles) {
            self.forget_from(profiles);
        }
        self.recent_profiles = Bits::none(profiles);
        for (profile, _) in &self.recent {
            self.recent_profiles.set(*profile);
        }
    }

    fn work_in(&mut self, profiles: usize) {
        let before = std::mem::take(&mut self.rows);
        let known = self.starts.len().saturating_sub(1);
        let mut starts = Vec::with_capacity(profiles + 1);
        let mut rows = Vec::with_capacity(before.len() + self.recent.len());
        let mut recent = self.recent.drain(..).peekable();
        for profile in 0..profiles.max(known) {
            starts.push(index(rows.len()));
            if profile < known {
                rows.extend_from_slice(&before[self.starts[profile] as usize..self.starts[profile + 1] as usize]);
            }
            while let Some((_, place)) = recent.next_if(|(later, _)| *later as usize == profile) {
                rows.push(place);
            }
        }
        let left_out = recent.next().is_some();
        drop(recent);
        if left_out {
            self.forget_from(profiles.max(known));
        }
        starts.push(index(rows.len()));
        (self.starts, self.rows) = (starts, rows);
    }

    fn forget_from(&mut self, profiles: usize) {
        self.unknown_from = Some(self.unknown_from.map_or(profiles, |known| known.min(profiles)));
    }

    /// Whether the rows of every one of so many profile numbers are here.
    pub(crate) fn covers(&self, profiles: usize) -> bool {
        self.unknown_from.is_none_or(|unknown| profiles <= unknown)
    }

    /// Those of some places at which rows written with this profile number stand, ascending.
    pub(crate) fn between(&self, profile: u32, places: Range<u32>) -> impl DoubleEndedIterator<Item = u32> {
        let mut own: &[u32] = &[];
        if let (Some(start), Some(end)) = (self.starts.get(profile as usize), self.starts.get(profile as usize + 1)) {
            own = &self.rows[*start as usize..*end as usize];
        }
        if own.last().is_some_and(|place| *place >= places.end) {
            own = &own[..own.partition_point(|place| *place < places.end)];
        }
        if own.first().is_some_and(|place| *place < places.start) {
            own = &own[own.partition_point(|place| *place < places.start)..];
        }
        let mut recent: &[(u32, u32)] = &[];
        if self.recent_profiles.get(profile) {
            let bound = |place: u32| self.recent.partition_point(|row| *row < (profile, place));
            recent = self.recent.get(bound(places.start)..bound(places.end)).unwrap_or_default();
        }
        own.iter().copied().chain(recent.iter().map(|(_, place)| *place))
    }

    /// How many rows one profile number and all before it have, about: for sharing out work.
    pub(crate) fn rows_until(&self, profile: usize) -> usize {
        self.starts.get(profile).copied().unwrap_or(index(self.rows.len())) as usize
    }

    /// Memory its arrays take.
    pub(crate) fn bytes(&self) -> usize {
        self.places.bytes() + (self.starts.len() + self.rows.len() + 2 * self.recent.len()) * size_of::<u32>()
    }
}

impl Written<'_> {
    fn each(&self, mut found: impl FnMut(u32, u32)) {
        match self.kept {
            None => {
                for (place, profile) in (self.first..).zip(self.profiles) {
                    found(*profile, place);
                }
            }
            Some(kept) => {
                for ((place, profile), kept) in (self.first..).zip(self.profiles).zip(kept) {
                    if *kept {
                        found(*profile, place);
                    }
                }
            }
        }
    }
}

/// How many rows each profile number has; the last counts all others.
fn count(profiles: usize, written: &[Written<'_>]) -> Vec<u32> {
    let rows: usize = written.iter().map(|written| written.profiles.len()).sum();
    let share = (rows / rayon::current_num_threads()).max(RECENT_MIN);
    let mut tasks: Vec<&[Written<'_>]> = Vec::new();
    let (mut start, mut pending) = (0, 0);
    for (number, part) in written.iter().enumerate() {
        pending += part.profiles.len();
        if pending >= share || number + 1 == written.len() {
            tasks.push(&written[start..=number]);
            (start, pending) = (number + 1, 0);
        }
    }
    let counted = tasks.into_par_iter().map(|task| {
        let mut counts = vec![0_u32; profiles + 1];
        for written in task {
            written.each(|profile, _| counts[profiles.min(profile as usize)] += 1);
        }
        counts
    });
    let sum = |mut sum: Vec<u32>, more: Vec<u32>| {
        sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        sum
    };
    counted.reduce_with(sum).unwrap_or_else(|| vec![0; profiles + 1])
}

/// Profile numbers in parts with about as many rows each.
fn parts(starts: &[u32]) -> Vec<Range<usize>> {
    let (profiles, total) = (starts.len() - 1, starts.last().copied().unwrap_or(0) as usize);
    let parts = rayon::current_num_threads() * PARTS_PER_THREAD;
    let mut bounds: Vec<usize> =
        (1..parts).map(|part| starts.partition_point(|start| (*start as usize) < total * part / parts).min(profiles)).collect();
    bounds.insert(0, 0);
    bounds.push(profiles);
    bounds.dedup();
    bounds.windows(2).map(|bounds| bounds[0]..bounds[1]).collect()
}

fn fill(starts: &[u32], part: Range<usize>, written: &[Written<'_>], rows: &mut [u32]) {
    let base = starts[part.start];
    let mut next: Vec<u32> = starts[part.clone()].iter().map(|start| start - base).collect();
    let first = index(part.start);
    for written in written {
        written.each(|profile, place| {
            // A number before the part wraps to one far beyond it.
            if let Some(next) = next.get_mut(profile.wrapping_sub(first) as usize) {
                rows[*next as usize] = place;
                *next += 1;
            }
        });
    }
}

fn index(number: usize) -> u32 {
    u32::try_from(number).expect("places are 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(index: &OwnerIndex, profile: u32, from: u32) -> Vec<u32> {
        index.between(profile, from..u32::MAX).collect()
    }

    /// However rows come to it, the index says of each profile number which rows are written with it.
    #[test]
    fn later_segments_are_found_like_the_first() {
        let segments: Vec<Vec<u32>> = (0..40_u32).map(|segment| (0..7_000).map(|row| (row * 7 + segment) % 23).collect()).collect();
        let mut places = Places::default();
        let mut expected = vec![Vec::new(); 23];
        let mut index = OwnerIndex::default();
        for (number, segment) in segments.iter().enumerate() {
            let first = places.add(segment.len()).expect("few");
            (first..).zip(segment).for_each(|(place, profile)| expected[*profile as usize].push(place));
            let written = [Written { first, profiles: segment, kept: None }];
            if number == 0 {
                index = OwnerIndex::build(places.clone(), 20, &written);
            } else {
                index.places = places.clone();
                index.extend(23, &written);
            }
        }
        assert!(!index.covers(23), "three numbers were unknown at first");
        assert!(index.rows.len() > 7_000 * 20, "late rows were worked in");
        for profile in 0..20 {
            let all = &expected[profile as usize];
            assert_eq!(rows(&index, profile, 0), *all);
            assert_eq!(rows(&index, profile, all[17]), all[17..]);
        }
        assert!(rows(&index, 99, 0).is_empty());
    }

    #[test]
    fn only_rows_that_are_meant() {
        let mut places = Places::default();
        let first = places.add(4).expect("few");
        let kept = [true, false, true, true];
        let index = OwnerIndex::build(places, 3, &[Written { first, profiles: &[1, 1, 1, 7], kept: Some(&kept) }]);
        assert_eq!(rows(&index, 1, 0), [0, 2]);
        assert!(rows(&index, 0, 0).is_empty());
        assert!(index.covers(3) && !index.covers(8));
    }
}
