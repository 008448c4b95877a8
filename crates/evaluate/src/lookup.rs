//! Lookups: where one property of texts decides for which groups a row counts, each distinct text is asked about once.

use std::ops::Range;

use lake::Coded;

use crate::counters::Counts;
use crate::filter::OpenSieve;

/// For each distinct text of a column, the groups for which its rows count.
pub(crate) struct Lookup<'a> {
    codes: &'a [u32],
    /// By code, and behind all codes for rows without a text: which part of `groups`.
    parts: Vec<Range<u32>>,
    groups: Vec<u16>,
}

impl<'a> Lookup<'a> {
    /// Where every sieve looks at the same texts and at nothing else, and there is nothing to note on the way.
    pub(crate) fn of(sieves: &[Option<OpenSieve<'a>>]) -> Option<Self> {
        let mut coded: Option<&'a Coded> = None;
        let mut holds = Vec::new();
        for sieve in sieves {
            let (texts, of_code) = sieve.as_ref()?.texts_alone()?;
            if coded.is_some_and(|known| !std::ptr::eq(known, texts)) {
                return None;
            }
            coded = Some(texts);
            holds.push(of_code);
        }
        let coded = coded?;
        let (mut parts, mut groups) = (Vec::new(), Vec::new());
        for code in 0..=coded.values.len() {
            let start = u32::try_from(groups.len()).ok()?;
            for (group, holds) in holds.iter().enumerate() {
                if holds[code] {
                    groups.push(u16::try_from(group).ok()?);
                }
            }
            parts.push(start..u32::try_from(groups.len()).ok()?);
        }
        Some(Self { codes: &coded.codes, parts, groups })
    }

    /// Adds rows to the counts of the groups for which they count.
    pub(crate) fn count(&self, rows: &Range<usize>, places: &[u16], mut counts: Vec<&mut Counts>) {
        let last = self.parts.len() - 1;
        if let [only] = counts.as_mut_slice() {
            for (place, code) in places.iter().zip(&self.codes[rows.clone()]) {
                let part = &self.parts[(*code as usize).min(last)];
                only[usize::from(*place)] += part.end - part.start;
            }
            return;
        }
        for (place, code) in places.iter().zip(&self.codes[rows.clone()]) {
            let part = &self.parts[(*code as usize).min(last)];
            for group in &self.groups[part.start as usize..part.end as usize] {
                counts[usize::from(*group)][usize::from(*place)] += 1;
            }
        }
    }
}
