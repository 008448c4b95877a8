//! Universes from one moment to the next: whoever comes into sight is added when its time has come.

use std::collections::BTreeMap;

use model::{AsOf, Collection, Moment, People};
use roaring::RoaringBitmap;

use super::range;
use crate::owners::accounts;
use crate::plan::{Plan, PlannedAudience};
use crate::universe::{Name, name, names, universe};

/// The universes that audiences are decided within, one for each sort.
#[derive(Default)]
pub(crate) struct Universes(BTreeMap<Name, Universe>);

struct Universe {
    members: RoaringBitmap,
    /// Who will come into sight, and when; the next one last.
    ahead: Vec<(Moment, u32)>,
}

impl Universes {
    /// Finds all that a plan asks for.
    pub(crate) fn begin(&mut self, plan: &Plan, people: &People, as_of: AsOf) {
        for name in names(plan) {
            self.0.entry(name.clone()).or_insert_with(|| Universe::of(&name, people, as_of));
        }
    }

    /// Moves on to a later moment; returns who is new in each universe, or gone from it.
    pub(crate) fn step(&mut self, plan: &Plan, people: &People, same_people: bool, as_of: AsOf) -> BTreeMap<Name, RoaringBitmap> {
        let mut changes = BTreeMap::new();
        for name in names(plan) {
            let Some(universe) = self.0.get_mut(&name) else { continue };
            let change = if same_people {
                universe.see(people, as_of)
            } else {
                let before = std::mem::replace(universe, Universe::of(&name, people, as_of)).members;
                before ^ &universe.members
            };
            changes.insert(name, change);
        }
        changes
    }

    /// The universe of an audience.
    pub(crate) fn of(&self, audience: &PlannedAudience) -> &RoaringBitmap {
        &self.0.get(&name(audience)).expect("every universe was found when beginning").members
    }
}

impl Universe {
    fn of(name: &Name, people: &People, as_of: AsOf) -> Self {
        let (kinds, of) = name;
        let accounts = accounts(people);
        let is_of = |profile: u32| accounts.contains(profile) == (*of == Collection::Accounts);
        let sightings = kinds.iter().filter_map(|kind| people.sightings.get(kind)).flatten();
        let mut ahead: Vec<(Moment, u32)> = sightings
            .filter(|sighting| sighting.first_seen_at > as_of.moment())
            .map(|sighting| (sighting.first_seen_at, people.survivor(sighting.profile).0))
            .filter(|(_, profile)| is_of(*profile))
            .collect();
        ahead.sort_unstable_by(|one, other| other.cmp(one));
        Self { members: universe(people, kinds, *of, as_of), ahead }
    }

    fn see(&mut self, people: &People, as_of: AsOf) -> RoaringBitmap {
        let due = self.ahead.partition_point(|(at, _)| *at > as_of.moment());
        let seen: RoaringBitmap = self.ahead.drain(due..).map(|(_, profile)| profile).collect();
        let seen = (seen & range(0..super::number(people.len()))) - &self.members;
        self.members |= &seen;
        seen
    }
}
