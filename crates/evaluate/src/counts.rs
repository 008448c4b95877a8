//! Counts: how many rows each place of a block has, a byte each.
//!
//! Most have few rows, and many groups are counted side by side: bytes stay in a near cache, and many of them are compared
//! at once. What a byte does not hold is carried beside. **Invariant:** counts are exact, however large.

use std::array;
use std::collections::BTreeMap;

use definitions::CountRange;
use lake::BLOCK_PROFILES;

use crate::packed;

/// So much is carried at a time: what a byte holds and one more.
const CARRY: u32 = 1 << u8::BITS;

/// A count for each place in a block.
#[derive(Debug, Clone)]
pub(crate) struct Counts {
    bytes: Box<[u8; BLOCK_PROFILES]>,
    /// How often a place was carried.
    carried: BTreeMap<u16, u32>,
}

impl Counts {
    /// All zero.
    pub(crate) fn new() -> Self {
        let bytes = vec![0; BLOCK_PROFILES].into_boxed_slice().try_into().expect("of that length");
        Self { bytes, carried: BTreeMap::new() }
    }

    /// All zero again.
    pub(crate) fn wipe(&mut self) {
        self.bytes.fill(0);
        self.carried.clear();
    }

    /// What others are.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.bytes.copy_from_slice(&*other.bytes);
        self.carried.clone_from(&other.carried);
    }

    /// The count of a place.
    pub(crate) fn get(&self, place: u16) -> u32 {
        u32::from(self.bytes[usize::from(place)]) + CARRY * self.carried.get(&place).copied().unwrap_or(0)
    }

    /// Adds one row for each of these places.
    pub(crate) fn add_all(&mut self, places: &[u16]) {
        for place in places {
            self.add(*place, true);
        }
    }

    /// Adds one row if it counts.
    pub(crate) fn add(&mut self, place: u16, counts: bool) {
        let byte = &mut self.bytes[usize::from(place)];
        *byte = byte.wrapping_add(u8::from(counts));
        if *byte < u8::from(counts) {
            self.carry(place);
        }
    }

    #[cold]
    fn carry(&mut self, place: u16) {
        *self.carried.entry(place).or_default() += 1;
    }

    /// The places whose count, less what was counted before, lies in a range, as one bit each.
    pub(crate) fn within(&self, before: Option<&Self>, range: CountRange) -> Vec<u64> {
        let mut words = self.bytes_within(before, range);
        for place in self.carried.keys() {
            let (word, bit) = (usize::from(*place) / 64, *place % 64);
            words[word] &= !(1 << bit);
            words[word] |= u64::from(range.contains(self.since(before, *place))) << bit;
        }
        words
    }

    /// The places that have rows beside those counted before, and how many; in no order.
    pub(crate) fn totals(&self, before: Option<&Self>) -> Vec<(u16, u32)> {
        let mut totals: Vec<(u16, u32)> = self.carried.keys().map(|place| (*place, self.since(before, *place))).collect();
        for (place, byte) in (0..=u16::MAX).zip(&*self.bytes) {
            let count = byte.wrapping_sub(before.map_or(0, |before| before.bytes[usize::from(place)]));
            if count > 0 && !self.carried.contains_key(&place) {
                totals.push((place, u32::from(count)));
            }
        }
        totals.retain(|(_, count)| *count > 0);
        totals
    }

    fn since(&self, before: Option<&Self>, place: u16) -> u32 {
        self.get(place) - before.map_or(0, |before| before.get(place))
    }

    /// The same for places that were never carried: neither were they before, and a byte holds the difference.
    fn bytes_within(&self, before: Option<&Self>, range: CountRange) -> Vec<u64> {
        let bytes_max = range.at_most.map_or(u8::MAX, |most| u8::try_from(most).unwrap_or(u8::MAX));
        let least = u8::try_from(range.at_least).ok();
        let Some((least, room)) = least.and_then(|least| Some((least, bytes_max.checked_sub(least)?))) else {
            return vec![0; BLOCK_PROFILES / 64];
        };
        // One comparison for both ends: what lies below wraps around and is far above.
        let holds = |count: u8| u8::from(count.wrapping_sub(least) <= room);
        let mut words = Vec::with_capacity(BLOCK_PROFILES / 64);
        for (number, counts) in self.bytes.as_chunks::<64>().0.iter().enumerate() {
            let held: [u8; 64] = if let Some(before) = before {
                let before = &before.bytes.as_chunks::<64>().0[number];
                array::from_fn(|place| holds(counts[place].wrapping_sub(before[place])))
            } else {
                counts.map(holds)
            };
            words.push(packed::pack(&held));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(words: &[u64]) -> Vec<u16> {
        (0..=u16::MAX).filter(|place| words[usize::from(*place) / 64] >> (place % 64) & 1 == 1).collect()
    }

    proptest! {
        #[test]
        fn counts_are_exact_however_large(
            rows in prop::collection::vec((0_u16..5, 0_u32..700), 1..12),
            more in prop::collection::vec((0_u16..5, 0_u32..700), 0..6),
            at_least in 0_u32..900,
            room in prop::option::of(0_u32..900),
        ) {
            let mut known = [0_u32; 5];
            let mut counts = Counts::new();
            let mut add = |counts: &mut Counts, rows: &[(u16, u32)]| {
                for (place, rows) in rows {
                    known[usize::from(*place)] += rows;
                    counts.add_all(&vec![*place; *rows as usize]);
                    counts.add(*place, false);
                }
                known
            };
            let earlier = add(&mut counts, &rows);
            let mut before = Counts::new();
            before.copy_from(&counts);
            let later = add(&mut counts, &more);
            for (before, earlier) in [(None, [0; 5]), (Some(&before), earlier)] {
                let since: Vec<u32> = later.iter().zip(earlier).map(|(later, earlier)| later - earlier).collect();
                let range = CountRange { at_least, at_most: room.map(|room| at_least + room) };
                let expected: Vec<u16> = (0..).zip(&since).filter(|(_, count)| range.contains(**count)).map(|(place, _)| place).collect();
                let found = places(&counts.within(before, range));
                prop_assert_eq!(found.iter().copied().filter(|place| *place < 5).collect::<Vec<_>>(), expected);
                prop_assert_eq!(found.contains(&5), range.contains(0));
                let mut totals = counts.totals(before);
                totals.sort_unstable();
                let expected: Vec<(u16, u32)> = (0..).zip(since).filter(|(_, count)| *count > 0).collect();
                prop_assert_eq!(totals, expected);
            }
            counts.wipe();
            prop_assert!((0..6).all(|place| counts.get(place) == 0));
        }
    }
}
