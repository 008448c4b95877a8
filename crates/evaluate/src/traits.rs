//! Trait leaves: what the newest value of a trait is. Traits are snapshots: there is no window.
//!
//! Leaves about one trait share one search for the newest values. A profile about which nothing was said, or last that
//! the trait is gone, has a missing value.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use definitions::PathMatch;
use lake::{BLOCK_PROFILES, Reader};
use model::{AsOf, Membership, ProfileId, Value};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::column::Screen;
use crate::error::EvaluateError;
use crate::leaf::{LeafId, Tally};
use crate::matcher::Judge;
use crate::newest::{Newest, trait_segments};
use crate::operator::Clock;
use crate::packed;
use crate::segments::Snapshot;
use crate::standing::Standing;

/// All leaves about one trait.
pub(crate) struct TraitPass<'p> {
    name: &'p str,
    leaves: Vec<(LeafId, Judge)>,
}

/// The passes that answer these leaves, by name of the trait.
pub(crate) fn passes<'p>(leaves: &[(LeafId, &'p PathMatch)], clock: Clock) -> Vec<TraitPass<'p>> {
    let mut names: BTreeMap<&str, Vec<(LeafId, Judge)>> = BTreeMap::new();
    for (id, condition) in leaves {
        let name = condition.path.first().map_or("", String::as_str);
        names.entry(name).or_default().push((*id, Judge::prepare(condition, clock)));
    }
    names.into_iter().map(|(name, leaves)| TraitPass { name, leaves }).collect()
}

impl TraitPass<'_> {
    /// Finds the newest values, and answers every leaf of the pass.
    pub(crate) fn run(
        &self,
        standing: &Standing,
        reader: &Reader,
        snapshot: &Snapshot,
        clock: Clock,
    ) -> Result<(Vec<(LeafId, RoaringBitmap)>, Tally), EvaluateError> {
        let newest = standing.find(reader, snapshot, self.name, clock.as_of)?;
        let mut tally = Tally { rows: newest.rows, ..Tally::default() };
        let mut answers = Vec::new();
        for (id, judge) in &self.leaves {
            answers.push((*id, judge_all(&newest, judge, &mut tally)));
        }
        Ok((answers, tally))
    }
}

/// The profiles whose newest value matches.
pub(crate) fn judge_all(newest: &Newest, judge: &Judge, tally: &mut Tally) -> RoaringBitmap {
    let screens: Vec<Screen<'_>> = newest.spoken.iter().map(|spoken| Screen::open(judge, &spoken.column)).collect();
    let missing = judge.missing();
    if let Some(found) = judge_texts(newest, &screens, missing.holds) {
        return found;
    }
    let blocks: Vec<(Vec<u64>, Tally)> = (0..newest.profiles().div_ceil(BLOCK_PROFILES))
        .into_par_iter()
        .map(|block| {
            let mut tally = Tally::default();
            let profiles = block * BLOCK_PROFILES..newest.profiles().min((block + 1) * BLOCK_PROFILES);
            let holds = profiles.map(|profile| {
                let finding = newest.place(profile).map_or(missing, |(segment, row)| screens[segment].finding(row));
                tally.note(finding);
                u8::from(finding.holds)
            });
            (packed::pack_block(&holds.collect::<Vec<_>>()), tally)
        })
        .collect();
    for (_, part) in &blocks {
        *tally += *part;
    }
    packed::bitmap(blocks.iter().map(|(words, _)| words.as_slice()), newest.profiles())
}

/// The same where all values are texts and there is nothing to note: each distinct text was judged when its screen was
/// opened, what is left is looking up.
fn judge_texts(newest: &Newest, screens: &[Screen<'_>], missing: bool) -> Option<RoaringBitmap> {
    let texts = newest.texts()?;
    let mut holds = vec![false; texts.distinct];
    for (screen, numbers) in screens.iter().zip(&texts.numbers).filter(|(_, numbers)| !numbers.is_empty()) {
        let (_, of_code) = screen.texts_alone()?;
        for (number, of_code) in numbers.iter().zip(of_code) {
            holds[*number as usize] = of_code;
        }
    }
    Some(texts.values.with(&holds, missing))
}

/// The newest traits of some profiles; a profile merged into another has the survivor's.
pub(crate) fn of_profiles(
    standing: &Standing,
    reader: &Reader,
    snapshot: &Snapshot,
    profiles: &Membership,
    as_of: AsOf,
) -> Result<HashMap<ProfileId, BTreeMap<String, Value>>, EvaluateError> {
    let mut names = BTreeSet::new();
    for segment in trait_segments(snapshot, as_of) {
        let more = reader.lake().names(segment).map_err(|source| EvaluateError::Read { path: segment.path.clone(), source })?;
        names.extend(more);
    }
    let found: Vec<(String, Vec<(ProfileId, Value)>)> = names
        .into_par_iter()
        .map(|name| {
            let newest = standing.find(reader, snapshot, &name, as_of)?;
            let value = |profile: ProfileId| Some((profile, newest.value(snapshot.people.survivor(profile).index())?));
            Ok((name, profiles.iter().filter_map(value).collect()))
        })
        .collect::<Result<_, EvaluateError>>()?;

    let mut traits: HashMap<ProfileId, BTreeMap<String, Value>> = HashMap::new();
    for (name, values) in found {
        for (profile, value) in values {
            traits.entry(profile).or_default().insert(name.clone(), value);
        }
    }
    Ok(traits)
}
