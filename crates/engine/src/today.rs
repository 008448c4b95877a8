//! Today: what was recorded of profiles that have been merged since, said of those they turned out to be.
//!
//! Few profiles ever merge, so most memberships are handed back as they are.

use std::borrow::Cow;
use std::sync::Arc;

use evaluate::Snapshot;
use model::Membership;

/// Who stands for whom now.
pub(crate) struct Today {
    snapshot: Arc<Snapshot>,
    /// The profiles that go by another number.
    merged: Membership,
}

impl Today {
    pub(crate) fn new(snapshot: Arc<Snapshot>) -> Self {
        let merged = snapshot.people.merged();
        Self { snapshot, merged }
    }

    pub(crate) fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// The same people under today's numbers.
    pub(crate) fn of<'m>(&self, members: &'m Membership) -> Cow<'m, Membership> {
        if members.is_disjoint(&self.merged) {
            return Cow::Borrowed(members);
        }
        let (moved, stayed) = members.clone().split(&self.merged);
        let moved = moved.iter().map(|profile| self.snapshot.people.survivor(profile)).collect();
        Cow::Owned(stayed.union(&moved))
    }

    /// The same, of a membership that others hold too.
    pub(crate) fn of_shared(&self, members: &Arc<Membership>) -> Arc<Membership> {
        match self.of(members) {
            Cow::Borrowed(_) => Arc::clone(members),
            Cow::Owned(members) => Arc::new(members),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{People, ProfileId};

    use super::*;

    #[test]
    fn merged_profiles_count_as_who_they_turned_out_to_be() {
        let people = People { canonical: [0, 1, 1, 3, 0].map(ProfileId).to_vec(), ..People::default() };
        let today = Today::new(Arc::new(Snapshot { people: people.into(), ..Snapshot::default() }));
        let members = |profiles: &[u32]| Arc::new(profiles.iter().copied().map(ProfileId).collect::<Membership>());
        for (recorded, expected) in [(&[][..], &[][..]), (&[0, 3], &[0, 3]), (&[2, 3], &[1, 3]), (&[1, 2, 4], &[0, 1]), (&[9], &[9])] {
            let recorded = members(recorded);
            assert_eq!(today.of_shared(&recorded), members(expected));
            assert_eq!(Arc::ptr_eq(&today.of_shared(&recorded), &recorded), recorded == members(expected));
        }
    }
}
