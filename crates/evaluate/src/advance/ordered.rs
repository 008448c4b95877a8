//! What cannot be undone, from one moment to the next: computed traits, sequences and comparisons are asked again for the
//! profiles for which they may say something else ([`crate::moved`]), and only for them.

use std::collections::{BTreeMap, BTreeSet};

use definitions::Catalog;
use model::SegmentId;
use roaring::RoaringBitmap;

use super::counted::{Flip, Step};
use super::heard::hear;
use super::{number, range};
use crate::embedded::LeafEngine;
use crate::error::EvaluateError;
use crate::known::{KnownTraits, Named};
use crate::leaf::{Leaf, LeafId, Tally};
use crate::moved::{Moved, Passage, moved_value};
use crate::plan::Plan;

/// The traits that others look at, and the leaves that need order.
pub(crate) struct Ordered {
    pub(crate) traits: KnownTraits,
    leaves: Vec<LeafId>,
}

/// What happened beside events and traits.
#[derive(Clone, Copy)]
pub(crate) struct Happened<'a> {
    pub(crate) fresh: &'a BTreeSet<SegmentId>,
    /// Whether links between users and accounts are others than before.
    pub(crate) linked: bool,
}

impl Ordered {
    /// Computes the traits of a plan; its leaves are answered by the engine.
    pub(crate) fn begin(
        catalog: &Catalog,
        plan: &Plan,
        engine: &LeafEngine<'_>,
        leaves: Vec<LeafId>,
    ) -> Result<(Self, Tally), EvaluateError> {
        let (traits, tally) = engine.traits(catalog, plan)?;
        Ok((Self { traits, leaves }, tally))
    }

    /// The leaves that are asked here.
    pub(crate) fn leaves(&self) -> &[LeafId] {
        &self.leaves
    }

    /// Moves on to a later moment.
    pub(crate) fn step(
        &mut self,
        catalog: &Catalog,
        plan: &Plan,
        engine: &LeafEngine<'_>,
        step: Step<'_>,
        happened: Happened<'_>,
    ) -> Result<(Vec<Flip>, Tally), EvaluateError> {
        let mut tally = Tally::default();
        let mut changed: BTreeMap<Named, RoaringBitmap> = BTreeMap::new();
        for (name, newest) in self.traits.said_mut() {
            changed.insert(Named::Said(name.clone()), hear(newest, name, step)?);
        }
        // Nobody knows yet what is true of whoever is new.
        let merged: RoaringBitmap = step.merges.iter().flat_map(|(merged, survivor)| [*merged, *survivor]).collect();
        let merged = merged | range(step.arrived.clone());
        let of_names = |names: &mut dyn Iterator<Item = &Named>, changed: &BTreeMap<Named, RoaringBitmap>| {
            names.filter_map(|named| changed.get(named)).fold(merged.clone(), |all, some| all | some)
        };
        for planned in &plan.traits {
            let Some(definition) = catalog.traits.get(&planned.key) else { continue };
            let Some(mut computed) = self.traits.take(&planned.key) else { continue };
            let referred = of_names(&mut planned.names.0.values(), &changed);
            let setting = engine.setting(&self.traits);
            let moved = moved_value(definition, setting, passage(step, happened, &referred, &merged))?;
            tally += computed.compute_anew(definition, &planned.names, setting, moved.whom())?;
            self.traits.add(planned.key.clone(), computed);
            changed.insert(Named::Computed(planned.key.clone()), asked(moved, step));
        }
        let mut flips = Vec::new();
        for leaf in &self.leaves {
            let setting = engine.setting(&self.traits);
            let (moved, holds, part) = match &plan.leaves[leaf.0] {
                Leaf::Sequence(sequence) => {
                    let referred = of_names(&mut sequence.names.0.values(), &changed);
                    let moved = sequence.moved(setting, passage(step, happened, &referred, &merged))?;
                    let (holds, part) = sequence.answer(setting, moved.whom())?;
                    (moved, holds, part)
                }
                Leaf::Compared(compared) => {
                    let named = &mut compared.names.0.values().chain([&compared.named]);
                    let moved = compared.moved(&of_names(named, &changed));
                    let (holds, part) = compared.answer(setting, moved.whom());
                    (moved, holds, part)
                }
                Leaf::Event(_) | Leaf::Activity(_) | Leaf::Trait(_) => continue,
            };
            tally += part;
            flips.push(Flip { leaf: *leaf, asked: asked(moved, step), holds });
        }
        Ok((flips, tally))
    }
}

fn passage<'a>(step: Step<'_>, happened: Happened<'a>, changed: &'a RoaringBitmap, merged: &'a RoaringBitmap) -> Passage<'a> {
    Passage { since: step.since, fresh: happened.fresh, changed, merged, linked: happened.linked }
}

/// The profiles that were asked about.
fn asked(moved: Moved, step: Step<'_>) -> RoaringBitmap {
    match moved {
        Moved::All => range(0..number(step.canonical.len())),
        Moved::These(these) => these,
    }
}
