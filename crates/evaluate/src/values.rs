//! Values: who has which text, where the newest values of a trait are all texts.
//!
//! Every leaf about the trait asks once for each distinct text, not once for each profile. Of few distinct texts (a country, a
//! plan) it is kept who has each, and an answer is a union; of many (an address) which of them each profile has.

use std::collections::HashMap;

use lake::{BLOCK_PROFILES, Coded};
use rayon::prelude::*;
use roaring::{MultiOps, RoaringBitmap};

use crate::packed;

/// So many distinct texts are few: a bit for each profile and text is needed while it is found out who has which.
const FEW: usize = 64;

/// Who has which of some distinct texts.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    profiles: usize,
    /// Who has each; or, by profile, which one, [`Coded::NONE`] for none.
    kept: Kept,
}

#[derive(Debug, Clone)]
enum Kept {
    Few(Vec<RoaringBitmap>),
    Many(Vec<u32>),
}

/// Numbers for the texts of some columns, by code, and how many numbers there are; nothing where 32 bits do not hold them.
///
/// A text has one number wherever it stands while there are few. Of many each place has its own: to find the equal ones would
/// cost more than it saves.
pub(crate) fn numbers(columns: &[Option<&Coded>]) -> Option<(Vec<Vec<u32>>, usize)> {
    let texts = |column: Option<&Coded>| column.map_or(0, |column| column.values.len());
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut numbers = Vec::with_capacity(columns.len());
    for column in columns.iter().copied() {
        let mut of_column = Vec::with_capacity(texts(column).min(FEW));
        for text in column.iter().flat_map(|column| column.values.iter()) {
            let next = u32::try_from(known.len()).ok()?;
            of_column.push(*known.entry(text).or_insert(next));
            if known.len() > FEW {
                let all = u32::try_from(columns.iter().copied().map(texts).sum::<usize>()).ok().filter(|all| *all < Coded::NONE)?;
                let mut places = 0..all;
                let each = columns.iter().map(|column| places.by_ref().take(texts(*column)).collect());
                return Some((each.collect(), all as usize));
            }
        }
        numbers.push(of_column);
    }
    Some((numbers, known.len()))
}

impl Values {
    /// Takes, by profile, the number of its text, [`Coded::NONE`] for none; there are so many.
    pub(crate) fn of(numbers: Vec<u32>, distinct: usize) -> Self {
        let profiles = numbers.len();
        let kept = if distinct <= FEW { Kept::Few(who_has(&numbers, distinct)) } else { Kept::Many(numbers) };
        Self { profiles, kept }
    }

    /// Who has one of the texts that hold, by number, or none where that holds.
    pub(crate) fn with(&self, holds: &[bool], none_holds: bool) -> RoaringBitmap {
        match &self.kept {
            Kept::Few(who) => {
                // Those of whom it holds, or those of whom it does not, taken from all.
                let wanted = who.iter().zip(holds).filter(|(_, holds)| **holds != none_holds).map(|(who, _)| who).union();
                if none_holds { everybody(self.profiles) - wanted } else { wanted }
            }
            Kept::Many(numbers) => {
                let mut holds: Vec<u8> = holds.iter().map(|holds| u8::from(*holds)).collect();
                let none = holds.len();
                holds.push(u8::from(none_holds));
                let of_block = |numbers: &[u32]| {
                    let held: Vec<u8> = numbers.iter().map(|number| holds[(*number as usize).min(none)]).collect();
                    packed::pack_block(&held)
                };
                let blocks: Vec<Vec<u64>> = numbers.par_chunks(BLOCK_PROFILES).map(of_block).collect();
                packed::bitmap(blocks.iter().map(Vec::as_slice), self.profiles)
            }
        }
    }
}

fn everybody(profiles: usize) -> RoaringBitmap {
    let mut everybody = RoaringBitmap::new();
    everybody.insert_range(0..u32::try_from(profiles).expect("profile numbers are 32 bits"));
    everybody
}

fn who_has(numbers: &[u32], distinct: usize) -> Vec<RoaringBitmap> {
    let of_block = |numbers: &[u32]| {
        let mut who = vec![[0_u64; BLOCK_PROFILES / 64]; distinct];
        for (place, number) in numbers.iter().enumerate() {
            if let Some(who) = who.get_mut(*number as usize) {
                who[place / 64] |= 1 << (place % 64);
            }
        }
        who
    };
    let blocks: Vec<Vec<[u64; BLOCK_PROFILES / 64]>> = numbers.par_chunks(BLOCK_PROFILES).map(of_block).collect();
    let of_text = |text: usize| packed::bitmap(blocks.iter().map(|who| who[text].as_slice()), numbers.len());
    (0..distinct).into_par_iter().map(of_text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_texts_are_asked_alike() {
        let profiles = BLOCK_PROFILES + 1_000;
        for distinct in [3, FEW, FEW + 1] {
            let number =
                |profile: usize| if profile.is_multiple_of(7) { Coded::NONE } else { u32::try_from(profile % distinct).expect("few") };
            let numbers: Vec<u32> = (0..profiles).map(number).collect();
            let values = Values::of(numbers.clone(), distinct);
            assert_eq!(matches!(values.kept, Kept::Few(_)), distinct <= FEW);
            let holds: Vec<bool> = (0..distinct).map(|text| text % 3 == 1).collect();
            for none_holds in [false, true] {
                let holds_of = |number: u32| holds.get(number as usize).copied().unwrap_or(none_holds);
                let expected: RoaringBitmap =
                    (0..).zip(&numbers).filter(|(_, number)| holds_of(**number)).map(|(profile, _)| profile).collect();
                assert_eq!(values.with(&holds, none_holds), expected, "{distinct} {none_holds}");
            }
        }
    }

    #[test]
    fn few_texts_have_one_number_wherever_they_stand() {
        let column = |texts: &[String]| Coded { codes: Vec::new().into(), values: texts.iter().collect() };
        let texts = |range: std::ops::Range<usize>| range.map(|text| text.to_string()).collect::<Vec<_>>();
        let (one, other) = (column(&texts(0..2)), column(&texts(1..3)));
        assert_eq!(numbers(&[Some(&one), None, Some(&other)]), Some((vec![vec![0, 1], vec![], vec![1, 2]], 3)));
        let (one, other) = (column(&texts(0..FEW)), column(&texts(1..FEW + 1)));
        let expected = [0..64, 64..128].map(Iterator::collect::<Vec<u32>>).to_vec();
        assert_eq!(numbers(&[Some(&one), Some(&other)]), Some((expected, 2 * FEW)));
    }
}
