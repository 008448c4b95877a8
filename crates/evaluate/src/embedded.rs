//! The embedded leaf engine: answers leaves from the lake with columns and counters of our own.

use std::sync::OnceLock;

use definitions::Catalog;
use lake::Reader;
use model::Collection;
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::computed::Computed;
use crate::counters::{Spare, Totals};
use crate::error::EvaluateError;
use crate::events::{self, Set};
use crate::indexes::Indexes;
use crate::known::KnownTraits;
use crate::leaf::{Leaf, LeafId, Tally};
use crate::operator::Clock;
use crate::owners::{Links, Owners};
use crate::pass::{self, Source};
use crate::plan::Plan;
use crate::segments::Snapshot;
use crate::setting::{Setting, Whom};
use crate::shares::Shares;
use crate::standing::Standing;
use crate::timeline::Timeline;
use crate::traits;

/// Answers leaves over one lake and one snapshot.
#[derive(Clone, Copy)]
pub(crate) struct LeafEngine<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) indexes: &'a Indexes,
    pub(crate) standing: &'a Standing,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) links: &'a Links,
    pub(crate) clock: Clock,
}

/// Leaves with the profiles for which they are true, and what was read on the way.
pub(crate) type Part = (Vec<(LeafId, RoaringBitmap)>, Tally);

impl<'a> LeafEngine<'a> {
    /// The traits that a plan looks at: computed ones in their order, others as they were said.
    pub(crate) fn traits(&self, catalog: &Catalog, plan: &Plan) -> Result<(KnownTraits, Tally), EvaluateError> {
        self.traits_of(catalog, plan, Whom::All)
    }

    /// The same, computed for some only: of all others no computed trait may be asked for.
    pub(crate) fn traits_of(&self, catalog: &Catalog, plan: &Plan, whom: Whom<'_>) -> Result<(KnownTraits, Tally), EvaluateError> {
        let mut traits = KnownTraits::default();
        let mut tally = Tally::default();
        traits.find_said(self.standing, self.reader, self.snapshot, plan.said(), self.clock.as_of)?;
        for planned in &plan.traits {
            let Some(definition) = catalog.traits.get(&planned.key) else { continue };
            let (computed, part) = Computed::compute(definition, &planned.names, self.setting(&traits), whom)?;
            tally += part;
            traits.add(planned.key.clone(), computed);
        }
        Ok((traits, tally))
    }

    /// A bitmap for each of these leaves of a plan, or an error.
    pub(crate) fn ask(&self, plan: &Plan, traits: &KnownTraits, which: &[LeafId]) -> Result<Part, EvaluateError> {
        if which.is_empty() {
            return Ok(Part::default());
        }
        let leaves: Vec<(LeafId, &Leaf)> = which.iter().map(|id| (*id, &plan.leaves[id.0])).collect();
        let mut tally = Tally::default();
        let trait_leaves: Vec<_> =
            leaves.iter().filter_map(|(id, leaf)| if let Leaf::Trait(leaf) = leaf { Some((*id, leaf)) } else { None }).collect();
        let events = events::sets(events::groups(&leaves));
        let trait_passes = traits::passes(&trait_leaves, self.clock);
        let ground = Ground::of(self);
        let source = self.source(&ground);
        let (counted, said) = rayon::join(
            || events.par_iter().map(|sets| counted(sets, source)).collect::<Result<Vec<Part>, _>>(),
            || {
                trait_passes
                    .par_iter()
                    .map(|pass| pass.run(self.standing, self.reader, self.snapshot, self.clock))
                    .collect::<Result<Vec<Part>, _>>()
            },
        );
        let mut answers = Vec::with_capacity(leaves.len());
        for (found, part) in counted?.into_iter().chain(said?) {
            answers.extend(found);
            tally += part;
        }
        // Each of these goes through the rows of every owner with all threads: one after the other, for their memory.
        let setting = self.setting(traits);
        for (id, leaf) in leaves {
            let (bitmap, part) = match leaf {
                Leaf::Sequence(leaf) => leaf.answer(setting, Whom::All)?,
                Leaf::Compared(leaf) => leaf.answer(setting, Whom::All),
                Leaf::Event(_) | Leaf::Trait(_) | Leaf::Activity(_) => continue,
            };
            answers.push((id, bitmap));
            tally += part;
        }
        Ok((answers, tally))
    }

    fn owners(&self) -> Owners<'a> {
        Owners { people: &self.snapshot.people, links: self.links, of: Collection::Users }
    }

    /// What counting reads from.
    pub(crate) fn source<'s>(&'s self, ground: &'s Ground<'s>) -> Source<'s> {
        Source {
            reader: self.reader,
            timeline: &ground.timeline,
            users: &ground.users,
            accounts: &ground.accounts,
            owners: self.owners(),
            profiles: self.snapshot.people.len(),
            spare: &ground.spare,
            clock: self.clock,
        }
    }

    /// What leaves that need more than counting are asked with.
    pub(crate) fn setting<'s>(&'s self, traits: &'s KnownTraits) -> Setting<'s> {
        Setting { reader: self.reader, indexes: self.indexes, snapshot: self.snapshot, links: self.links, traits, clock: self.clock }
    }
}

fn counted(sets: &[Set], source: Source<'_>) -> Result<Part, EvaluateError> {
    let (found, tally) = pass::run(sets, source, Totals::Spared)?;
    Ok((found.into_iter().flat_map(|found| found.answers).collect(), tally))
}

/// What all passes of one evaluation stand on.
pub(crate) struct Ground<'s> {
    timeline: Timeline<'s>,
    users: Shares,
    accounts: OnceLock<Shares>,
    spare: Spare,
}

impl<'s> Ground<'s> {
    pub(crate) fn of(engine: &LeafEngine<'s>) -> Self {
        let users = Shares::of(engine.owners());
        Self { timeline: Timeline::of(engine.snapshot), users, accounts: OnceLock::new(), spare: Spare::default() }
    }
}

/// The answers of all leaves of a plan, by number.
///
/// # Panics
/// When one is missing: nothing read must never look like nobody matching.
pub(crate) fn complete(answers: Vec<(LeafId, RoaringBitmap)>, leaves: usize) -> Vec<RoaringBitmap> {
    let mut bitmaps: Vec<Option<RoaringBitmap>> = vec![None; leaves];
    for (LeafId(number), bitmap) in answers {
        bitmaps[number] = Some(bitmap);
    }
    bitmaps.into_iter().map(|bitmap| bitmap.expect("every leaf is answered by what it was handed to")).collect()
}
