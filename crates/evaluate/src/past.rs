//! The recorded past: who has been a member how long, who entered and who exited lately.
//!
//! Moments are the as-ofs of recorded runs; the run being evaluated is one of them. Recorded profiles are named as they
//! were then and are mapped to today's survivors. Somebody entered (or exited) when a run found so of any of the profiles
//! that are one person today. Somebody has been a member throughout when at every run at least one of those profiles was:
//! that two profiles turn out to be one person ends nobody's membership.

use std::collections::BTreeMap;

use model::{AsOf, Lookback, Membership, MembershipDiff, People, WorkspaceZone};
use roaring::RoaringBitmap;

use crate::recorded::RecordedAudience;

/// The past of one audience, up to and including this run.
pub(crate) struct Past<'a> {
    pub(crate) people: &'a People,
    /// Nothing, if it was never recorded.
    pub(crate) recorded: Option<&'a RecordedAudience>,
    /// Who is in now.
    pub(crate) members: &'a RoaringBitmap,
    pub(crate) as_of: AsOf,
    pub(crate) zone: WorkspaceZone,
}

impl Past<'_> {
    /// Who entered in the last so-and-so long.
    pub(crate) fn entered(&self, within: Lookback) -> RoaringBitmap {
        let now = self.members - self.survivors(&self.recorded_members());
        self.changed(within, |change| &change.entered) | now
    }

    /// Who exited in the last so-and-so long.
    pub(crate) fn exited(&self, within: Lookback) -> RoaringBitmap {
        let now = self.survivors(&self.recorded_members()) - self.members;
        self.changed(within, |change| &change.exited) | now
    }

    fn changed(&self, within: Lookback, half: impl Fn(&MembershipDiff) -> &Membership) -> RoaringBitmap {
        let since = AsOf(within.before(self.as_of.moment(), self.zone));
        let mut found = RoaringBitmap::new();
        for (_, change) in self.changes().filter(|(at, _)| *at >= since) {
            found |= self.survivors(half(change).bitmap());
        }
        found
    }

    /// Who is in now and was at every run since that long ago, and at the last one before that.
    pub(crate) fn throughout(&self, at_least: Lookback) -> RoaringBitmap {
        let since = AsOf(at_least.before(self.as_of.moment(), self.zone));
        let recorded_by_then = self.recorded.and_then(|recorded| recorded.since).is_some_and(|first| first <= since);
        if !recorded_by_then {
            return RoaringBitmap::new();
        }
        // Runs of one as-of are one step; memberships are undone run by run, newest first.
        let mut runs: BTreeMap<AsOf, Vec<&MembershipDiff>> = BTreeMap::new();
        for (at, change) in self.changes().filter(|(at, _)| *at > since) {
            runs.entry(*at).or_default().push(change);
        }
        let mut members = self.recorded_members();
        let mut throughout = self.members & self.survivors(&members);
        for changes in runs.into_values().rev() {
            for change in changes.into_iter().rev() {
                members -= change.entered.bitmap();
                members |= change.exited.bitmap();
            }
            throughout &= self.survivors(&members);
        }
        throughout
    }

    fn changes(&self) -> impl Iterator<Item = &(AsOf, MembershipDiff)> {
        let changes = self.recorded.into_iter().flat_map(|recorded| &recorded.changes);
        changes.filter(|(at, _)| *at <= self.as_of)
    }

    fn recorded_members(&self) -> RoaringBitmap {
        self.recorded.map(|recorded| recorded.members.bitmap().clone()).unwrap_or_default()
    }

    fn survivors(&self, profiles: &RoaringBitmap) -> RoaringBitmap {
        survivors(self.people, profiles)
    }
}

/// Today's survivors of profiles named earlier.
pub(crate) fn survivors(people: &People, profiles: &RoaringBitmap) -> RoaringBitmap {
    let merged = profiles.iter().any(|profile| people.survivor(model::ProfileId(profile)).0 != profile);
    if !merged {
        return profiles.clone();
    }
    profiles.iter().map(|profile| people.survivor(model::ProfileId(profile)).0).collect()
}
