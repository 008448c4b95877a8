//! The embedded leaf engine: answers leaves from the lake with columns and counters of our own.

use lake::Reader;
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::error::EvaluateError;
use crate::events;
use crate::leaf::{Answer, Leaf, LeafId, Tally};
use crate::operator::Clock;
use crate::segments::Snapshot;
use crate::traits;

/// Answers leaves over one lake and one snapshot.
pub(crate) struct LeafEngine<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) snapshot: &'a Snapshot,
}

type Part = (Vec<(LeafId, RoaringBitmap)>, Tally);

impl LeafEngine<'_> {
    /// A bitmap for every leaf, or an error.
    pub(crate) fn answer(&self, leaves: &[Leaf], clock: Clock) -> Result<Answer, EvaluateError> {
        let mut event_leaves = Vec::new();
        let mut trait_leaves = Vec::new();
        for (number, leaf) in leaves.iter().enumerate() {
            match leaf {
                Leaf::Event(event) => event_leaves.push((LeafId(number), event)),
                Leaf::Trait(condition) => trait_leaves.push((LeafId(number), condition)),
            }
        }
        let event_passes = events::passes(&event_leaves, clock);
        let trait_passes = traits::passes(&trait_leaves, clock);
        let (events, traits) = rayon::join(
            || event_passes.par_iter().map(|pass| pass.run(self.reader, self.snapshot)).collect::<Result<Vec<Part>, _>>(),
            || trait_passes.par_iter().map(|pass| pass.run(self.reader, self.snapshot, clock)).collect::<Result<Vec<Part>, _>>(),
        );

        let mut bitmaps: Vec<Option<RoaringBitmap>> = vec![None; leaves.len()];
        let mut tally = Tally::default();
        for (answers, part) in events?.into_iter().chain(traits?) {
            tally += part;
            for (LeafId(number), bitmap) in answers {
                bitmaps[number] = Some(bitmap);
            }
        }
        let bitmaps = bitmaps.into_iter().map(|bitmap| bitmap.expect("every leaf lies in exactly one pass"));
        Ok(Answer { bitmaps: bitmaps.collect(), tally })
    }
}
