//! Trait leaves that look further than one trait as said: at a computed trait, or at two traits of the same profile.

use definitions::PathMatch;
use model::Collection;
use roaring::RoaringBitmap;

use crate::demand::moves_with_time;
use crate::known::{About, Named, TraitNames};
use crate::leaf::Tally;
use crate::matcher::{Judge, refers};
use crate::moved::Moved;
use crate::setting::{Setting, Whom};

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
    /// Those of whom is asked for whom it holds.
    pub(crate) fn answer(&self, setting: Setting<'_>, whom: Whom<'_>) -> (RoaringBitmap, Tally) {
        let judge = Judge::prepare(&self.condition, setting.clock);
        let mut tally = Tally::default();
        if let (Named::Computed(key), Whom::All, false) = (&self.named, whom, refers(&self.condition)) {
            let computed = setting.traits.computed(key).expect("computed before any condition");
            return (computed.judge(&judge, &mut tally), tally);
        }
        let profiles = u32::try_from(setting.snapshot.people.len()).expect("profile numbers are 32 bits");
        let mut found = RoaringBitmap::new();
        let mut ask = |profile: u32| {
            let value = setting.traits.value(&self.named, profile as usize);
            let about = About { traits: setting.traits, names: &self.names, profile: profile as usize, parent: None };
            let finding = judge.value_among(value.as_deref(), &about);
            tally.note(finding);
            if finding.holds {
                found.insert(profile);
            }
        };
        match whom {
            Whom::All => (0..profiles).for_each(&mut ask),
            Whom::These(these) => these.iter().filter(|profile| *profile < profiles).for_each(&mut ask),
        }
        (found, tally)
    }

    /// For whom it may say something else, when these are all whose traits have changed.
    pub(crate) fn moved(&self, changed: &RoaringBitmap) -> Moved {
        if moves_with_time(&self.condition) { Moved::All } else { Moved::These(changed.clone()) }
    }
}
