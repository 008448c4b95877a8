//! The embedded leaf engine: answers leaves from the lake with columns and counters of our own.

use std::collections::BTreeSet;

use definitions::{Catalog, CountRange, Filter};
use lake::Reader;
use model::{EventName, LogName, Window};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::computed::Computed;
use crate::error::EvaluateError;
use crate::events;
use crate::indexes::Indexes;
use crate::known::KnownTraits;
use crate::leaf::{Answer, EventLeaf, Leaf, LeafId, Tally};
use crate::operator::Clock;
use crate::owners::Links;
use crate::plan::Plan;
use crate::segments::Snapshot;
use crate::sequence::Setting;
use crate::setting::Whom;
use crate::traits;

/// Answers leaves over one lake and one snapshot.
#[derive(Clone, Copy)]
pub(crate) struct LeafEngine<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) indexes: &'a Indexes,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) links: &'a Links,
    pub(crate) clock: Clock,
}

type Part = (Vec<(LeafId, RoaringBitmap)>, Tally);

impl LeafEngine<'_> {
    /// The traits that a plan looks at: computed ones in their order, others as they were said.
    pub(crate) fn traits(&self, catalog: &Catalog, plan: &Plan) -> Result<(KnownTraits, Tally), EvaluateError> {
        let mut traits = KnownTraits::default();
        let mut tally = Tally::default();
        traits.find_said(self.reader, self.snapshot, plan.said(), self.clock.as_of)?;
        for planned in &plan.traits {
            let Some(definition) = catalog.traits.get(&planned.key) else { continue };
            let (computed, part) = Computed::compute(definition, &planned.names, self.setting(&traits))?;
            tally += part;
            traits.add(planned.key.clone(), computed);
        }
        Ok((traits, tally))
    }

    /// A bitmap for every leaf, or an error.
    pub(crate) fn answer(&self, leaves: &[Leaf], traits: &KnownTraits) -> Result<Answer, EvaluateError> {
        let setting = self.setting(traits);
        let numbered = || leaves.iter().enumerate().map(|(number, leaf)| (LeafId(number), leaf));
        let counted = self.counted(leaves);
        let trait_leaves: Vec<_> =
            numbered().filter_map(|(id, leaf)| if let Leaf::Trait(leaf) = leaf { Some((id, leaf)) } else { None }).collect();
        let event_passes = events::passes(&counted.iter().map(|(id, leaf)| (*id, leaf)).collect::<Vec<_>>(), self.clock);
        let trait_passes = traits::passes(&trait_leaves, self.clock);
        let (events, traits) = rayon::join(
            || event_passes.par_iter().map(|pass| pass.run(self.reader, self.snapshot, self.links)).collect::<Result<Vec<Part>, _>>(),
            || trait_passes.par_iter().map(|pass| pass.run(self.reader, self.snapshot, self.clock)).collect::<Result<Vec<Part>, _>>(),
        );
        let mut parts: Vec<Part> = events?.into_iter().chain(traits?).collect();
        // Each of these goes through the rows of every owner with all threads: one after the other, for their memory.
        for (id, leaf) in numbered() {
            let (bitmap, tally) = match leaf {
                Leaf::Sequence(leaf) => leaf.answer(setting, Whom::All)?,
                Leaf::Compared(leaf) => leaf.answer(setting),
                Leaf::Event(_) | Leaf::Trait(_) | Leaf::Activity(_) => continue,
            };
            parts.push((vec![(id, bitmap)], tally));
        }

        let mut bitmaps: Vec<Option<RoaringBitmap>> = vec![None; leaves.len()];
        let mut tally = Tally::default();
        for (answers, part) in parts {
            tally += part;
            for (LeafId(number), bitmap) in answers {
                // Activity is answered by each event's pass in turn.
                *bitmaps[number].get_or_insert_default() |= bitmap;
            }
        }
        for (id, leaf) in numbered() {
            if let Leaf::Activity(_) = leaf {
                bitmaps[id.0].get_or_insert_default(); // nobody has done anything at all
            }
        }
        let bitmaps = bitmaps.into_iter().map(|bitmap| bitmap.expect("every other leaf is answered by what it was handed to"));
        Ok(Answer { bitmaps: bitmaps.collect(), tally })
    }

    /// The leaves that counting answers. Activity is one question about each event there is.
    fn counted(&self, leaves: &[Leaf]) -> Vec<(LeafId, EventLeaf)> {
        let mut counted = Vec::new();
        for (number, leaf) in leaves.iter().enumerate() {
            match leaf {
                Leaf::Event(leaf) => counted.push((LeafId(number), leaf.clone())),
                Leaf::Activity(leaf) => counted.extend(self.events().into_iter().map(|event| {
                    let count = CountRange { at_least: 1, at_most: None };
                    let window = Window::Within(leaf.within);
                    (LeafId(number), EventLeaf { event: event.clone(), filter: Filter::default(), window, count, of: leaf.of })
                })),
                Leaf::Sequence(_) | Leaf::Trait(_) | Leaf::Compared(_) => {}
            }
        }
        counted
    }

    fn events(&self) -> BTreeSet<&EventName> {
        let logs = self.snapshot.segments.iter().map(|(_, segment)| &segment.log);
        logs.filter_map(|log| if let LogName::Events(event) = log { Some(event) } else { None }).collect()
    }

    fn setting<'s>(&'s self, traits: &'s KnownTraits) -> Setting<'s> {
        Setting { reader: self.reader, indexes: self.indexes, snapshot: self.snapshot, links: self.links, traits, clock: self.clock }
    }
}
