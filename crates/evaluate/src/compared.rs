//! Trait leaves that look further than one trait as said: at a computed trait, or at two traits of the same profile.

use definitions::PathMatch;
use model::Collection;
use roaring::RoaringBitmap;

use crate::known::{About, Named, TraitNames};
use crate::leaf::Tally;
use crate::matcher::{Judge, refers};
use crate::sequence::Setting;

/// A trait matcher judged profile by profile.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ComparedLeaf {
    pub(crate) condition: PathMatch,
    /// Whose trait it is: decides which computed trait a name means.
    pub(crate) of: Collection,
    /// The trait itself.
    pub(crate) named: Named,
    /// The traits it refers to.
    pub(crate) names: TraitNames,
}

impl ComparedLeaf {
    /// The profiles for which it holds.
    pub(crate) fn answer(&self, setting: Setting<'_>) -> (RoaringBitmap, Tally) {
        let judge = Judge::prepare(&self.condition, setting.clock);
        let mut tally = Tally::default();
        if let (Named::Computed(key), false) = (&self.named, refers(&self.condition)) {
            let computed = setting.traits.computed(key).expect("computed before any condition");
            return (computed.judge(&judge, &mut tally), tally);
        }
        let mut found = RoaringBitmap::new();
        for profile in 0..setting.snapshot.people.len() {
            let value = setting.traits.value(&self.named, profile);
            let about = About { traits: setting.traits, names: &self.names, profile, parent: None };
            let finding = judge.value_among(value.as_deref(), &about);
            tally.note(finding);
            if finding.holds {
                found.insert(u32::try_from(profile).expect("profile numbers are 32 bits"));
            }
        }
        (found, tally)
    }
}
