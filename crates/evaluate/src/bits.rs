//! Bits: one for each of many numbers, looked at in any order.
//!
//! A roaring bitmap is smaller and made for whole sets; asked number by number, in no order, a plain array is faster.

/// A set of small numbers, one bit each.
#[derive(Debug, Clone, PartialEq, Default)]
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

    /// Puts numbers in or out: `members` speaks of those from `base + first` on, `base` being a multiple of 64; those of
    /// the same word before them are put out.
    pub(crate) fn put(&mut self, base: u32, first: usize, members: &[bool]) {
        let (word, within) = ((base / 64) as usize + first / 64, first % 64);
        let packed = |members: &[bool]| members.iter().rev().fold(0_u64, |word, member| (word << 1) | u64::from(*member));
        let (head, tail) = members.split_at(members.len().min(64 - within));
        if !head.is_empty() {
            self.words[word] = packed(head) << within;
        }
        for (word, members) in self.words[word + 1..].iter_mut().zip(tail.chunks(64)) {
            *word = packed(members);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_in() {
        let mut bits = Bits::none(200);
        let members: Vec<bool> = (0..100).map(|number| number % 3 == 0).collect();
        bits.put(0, 64, &[true; 7]);
        bits.put(64, 7, &members);
        bits.set(1);
        bits.set(1_000);
        let found: Vec<u32> = (0..2_000).filter(|number| bits.get(*number)).collect();
        let expected: Vec<u32> = [1].into_iter().chain((0..100).filter(|number| number % 3 == 0).map(|number| number + 71)).collect();
        assert_eq!(found, expected);
    }
}
