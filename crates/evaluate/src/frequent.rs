//! The most frequent text of a property, of everybody in one pass, where there are few different ones.
//!
//! Texts have numbers in alphabetical order, each a counter for every profile, and are judged once. Of equally frequent
//! texts the alphabetically first one counts.

use std::collections::{BTreeSet, HashMap};

use lake::{Buffer, Column};
use roaring::RoaringBitmap;

use crate::error::EvaluateError;
use crate::leaf::Tally;
use crate::matcher::Judge;
use crate::one_pass::{Gains, OnePass};
use crate::operator::{Element, Finding};

/// More different texts than this take another way: each has a counter for every profile.
const TEXTS_MAX: usize = 32;

/// For whom the leaf of a pass holds; nothing where the property is not made of few texts alone. `columns` are those of the
/// property, by segment.
pub(crate) fn answer(
    pass: OnePass<'_>,
    columns: &[&Column],
    at_least: u32,
    judge: &Judge,
) -> Option<Result<(RoaringBitmap, Tally), EvaluateError>> {
    let mut texts: BTreeSet<&str> = BTreeSet::new();
    for column in columns {
        let Column { numbers: None, flags: None, json: None, gone: None, texts: of_segment } = column else { return None };
        for text in of_segment.iter().flat_map(|coded| coded.values.iter()) {
            texts.insert(text);
            if texts.len() > TEXTS_MAX {
                return None;
            }
        }
    }
    let numbers: HashMap<&str, u8> = texts.iter().copied().zip(0..).collect();
    let segments = columns.iter().map(|column| Numbered::of(column, &numbers)).collect();
    let of_text = texts.iter().map(|text| judge.scalar(Element::Text(text))).collect();
    Some(match texts.len() {
        0..=8 => pass.run(&Frequent::<8> { segments, at_least, of_text, missing: judge.missing() }),
        9..=16 => pass.run(&Frequent::<16> { segments, at_least, of_text, missing: judge.missing() }),
        _ => pass.run(&Frequent::<TEXTS_MAX> { segments, at_least, of_text, missing: judge.missing() }),
    })
}

/// The codes of a segment, and the number of each.
struct Numbered<'a> {
    codes: &'a Buffer<u32>,
    numbers: Vec<u8>,
}

impl<'a> Numbered<'a> {
    fn of(column: &'a Column, numbers: &HashMap<&str, u8>) -> Option<Self> {
        let texts = column.texts.as_ref()?;
        Some(Self { codes: &texts.codes, numbers: texts.values.iter().map(|text| numbers[text]).collect() })
    }
}

/// The most frequent of up to `N` texts.
struct Frequent<'a, const N: usize> {
    segments: Vec<Option<Numbered<'a>>>,
    at_least: u32,
    /// What is found in each text, and in none.
    of_text: Vec<Finding>,
    missing: Finding,
}

/// How often each text was there.
#[derive(Debug, Clone, Copy)]
struct Counts<const N: usize>([u32; N]);

impl<const N: usize> Default for Counts<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Gains for Frequent<'_, N> {
    type Gain = Counts<N>;

    fn take(&self, counts: &mut Counts<N>, segment: usize, row: usize) -> Result<bool, EvaluateError> {
        if let Some(Numbered { codes, numbers }) = &self.segments[segment]
            && let Some(number) = numbers.get(codes[row] as usize)
        {
            counts.0[usize::from(*number)] += 1;
        }
        Ok(true)
    }

    fn take_all(&self, counts: &mut Counts<N>, other: Counts<N>) -> Result<(), EvaluateError> {
        counts.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
        Ok(())
    }

    fn finding(&self, counts: Counts<N>) -> Finding {
        let mut best = (0, self.missing);
        for (count, finding) in counts.0.iter().zip(&self.of_text) {
            // Only more beats: the first of equals stays.
            if *count > best.0 && *count >= self.at_least {
                best = (*count, *finding);
            }
        }
        best.1
    }
}
