//! Universes: who is considered at all.
//!
//! A profile is considered once it has been seen with an identifier of an allowed kind, at or before the as-of. Only
//! survivors of merges are considered, with what was known of all the profiles merged into them. An audience is of
//! users or of accounts: the others are left out.

use std::collections::{BTreeMap, BTreeSet};

use lake::BLOCK_PROFILES;
use model::{AsOf, Collection, IdentifierKind, People};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::owners::accounts;
use crate::packed;
use crate::plan::{Members, Plan, PlannedAudience};

/// What universes are told apart by: the kinds of identifiers that count, and the collection.
pub(crate) type Name = (Vec<IdentifierKind>, Collection);

/// The universe that an audience is decided within.
pub(crate) fn name(audience: &PlannedAudience) -> Name {
    (audience.identified_by.clone(), audience.of)
}

/// Those of all live audiences.
pub(crate) fn names(plan: &Plan) -> BTreeSet<Name> {
    plan.audiences.iter().filter(|audience| matches!(audience.members, Members::Meet(_))).map(name).collect()
}

/// The universes of all live audiences, as of a moment.
pub(crate) fn all(plan: &Plan, people: &People, as_of: AsOf) -> BTreeMap<Name, RoaringBitmap> {
    names(plan)
        .into_par_iter()
        .map(|name| {
            let members = universe(people, &name.0, name.1, as_of);
            (name, members)
        })
        .collect()
}

/// The profiles of a collection that have an identifier of one of these kinds, as of a moment.
pub(crate) fn universe(people: &People, kinds: &[IdentifierKind], of: Collection, as_of: AsOf) -> RoaringBitmap {
    let sightings = kinds.iter().filter_map(|kind| people.sightings.get(kind)).flatten();
    let mut words = vec![0_u64; people.len().div_ceil(BLOCK_PROFILES) * (BLOCK_PROFILES / 64)];
    for sighting in sightings.filter(|sighting| sighting.first_seen_at <= as_of.moment()) {
        let survivor = people.survivor(sighting.profile).index();
        if let Some(word) = words.get_mut(survivor / 64) {
            *word |= 1 << (survivor % 64);
        }
    }
    let seen = packed::bitmap(words.chunks(BLOCK_PROFILES / 64), people.len());
    match of {
        Collection::Users => seen - accounts(people),
        Collection::Accounts => seen & accounts(people),
    }
}

#[cfg(test)]
mod tests {
    use model::{Moment, ProfileId, Sighting};

    use super::*;

    fn seen(profile: u32, at: i64) -> Sighting {
        Sighting { profile: ProfileId(profile), first_seen_at: Moment::from_micros(at) }
    }

    fn kind(name: &str) -> IdentifierKind {
        IdentifierKind::new(name)
    }

    #[test]
    fn survivors_seen_by_then_with_an_allowed_identifier() {
        let people = People {
            canonical: [0, 1, 1, 3, 4].map(ProfileId).to_vec(),
            accounts: vec![ProfileId(4)],
            links: Vec::new(),
            sightings: [(kind("user_id"), vec![seen(0, 5), seen(2, 10), seen(4, 1)]), (kind("anonymous_id"), vec![seen(3, 1)])].into(),
        };
        let seen_of = |of: Collection, kinds: &[&str], at: i64| -> Vec<u32> {
            let kinds: Vec<_> = kinds.iter().map(|name| kind(name)).collect();
            universe(&people, &kinds, of, AsOf(Moment::from_micros(at))).into_iter().collect()
        };
        let of = |kinds: &[&str], at: i64| seen_of(Collection::Users, kinds, at);
        assert_eq!(of(&["user_id", "email"], 10), [0, 1], "2 was merged into 1, 3 is anonymous, 4 is an account");
        assert_eq!(of(&["user_id", "email"], 9), [0]);
        assert_eq!(of(&["anonymous_id"], 10), [3]);
        assert_eq!(of(&[], 10), Vec::<u32>::new());
        assert_eq!(seen_of(Collection::Accounts, &["user_id"], 10), [4]);
    }
}
