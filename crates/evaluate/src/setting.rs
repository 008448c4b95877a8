//! The setting of a run: what everything that looks at events owner by owner shares.

use lake::Reader;
use model::Collection;
use roaring::RoaringBitmap;

use crate::indexes::Indexes;
use crate::known::KnownTraits;
use crate::operator::Clock;
use crate::owners::{Links, Owners};
use crate::segments::Snapshot;

/// What all leaves of a run share.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) links: &'a Links,
    pub(crate) indexes: &'a Indexes,
    pub(crate) traits: &'a KnownTraits,
    pub(crate) clock: Clock,
}

impl<'a> Setting<'a> {
    pub(crate) fn owners(self, of: Collection) -> Owners<'a> {
        Owners { people: &self.snapshot.people, links: self.links, of }
    }
}

/// About whom something is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whom<'a> {
    /// Every profile number there is.
    All,
    /// These; a number that no profile has is passed over.
    These(&'a RoaringBitmap),
}
