//! Bits: one for each of many numbers, looked at in any order.
//!
//! A roaring bitmap is smaller and made for whole sets; asked number by number, in no order, a plain array is faster.

use crate::packed;

/// A set of small numbers, one bit each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// None of so many numbers.
    pub(crate) fn none(numbers: usize) -> Self {
        Self { words: vec![0; numbers.div_ceil(64)] }
    }

    /// Adds a number; one beyond those there is room for is left out.
    pub(crate) fn set(&mut self, number: u32) {
        if let Some(word) = self.words.get_mut((number / 64) as usize) {
            *word |= 1 << (number % 64);
        }
    }

    /// Whether a number is among them.
    pub(crate) fn get(&self, number: u32) -> bool {
        self.words.get((number / 64) as usize).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Some neighbouring numbers, from `first` on: whether each is among them.
    pub(crate) fn of(first: usize, members: &[bool]) -> Self {
        let mut bits = Self::none(first + members.len());
        let (head, tail) = members.split_at(members.len().min(first.next_multiple_of(64) - first));
        for (number, member) in (first..).zip(head) {
            bits.words[number / 64] |= u64::from(*member) << (number % 64);
        }
        for (word, members) in bits.words[first.div_ceil(64)..].iter_mut().zip(tail.chunks(64)) {
            let mut bytes = [0_u8; 64];
            bytes.iter_mut().zip(members).for_each(|(byte, member)| *byte = u8::from(*member));
            *word = packed::pack(&bytes);
        }
        bits
    }

    /// Puts others, which count from 0, in the place of those from a multiple of 64 on.
    pub(crate) fn put(&mut self, base: u32, others: &Self) {
        let first = (base / 64) as usize;
        self.words[first..first + others.words.len()].copy_from_slice(&others.words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_in() {
        let mut bits = Bits::none(200);
        let members: Vec<bool> = (0..100).map(|number| number % 3 == 0).collect();
        bits.put(0, &Bits::of(3, &[true, false, true]));
        bits.put(64, &Bits::of(7, &members));
        bits.set(1);
        bits.set(1_000);
        let found: Vec<u32> = (0..2_000).filter(|number| bits.get(*number)).collect();
        let expected: Vec<u32> = [1, 3, 5].into_iter().chain((0..100).filter(|number| number % 3 == 0).map(|number| number + 71)).collect();
        assert_eq!(found, expected);
    }
}
