//! The recorded past: who has been a member how long, who entered and who exited lately.
//!
//! Moments are the as-ofs of recorded runs; the run being evaluated is one of them. Profiles that are one person today are
//! looked at as one in the past too: that person was in after a run when any of those profiles was, entered when a run
//! found one of them in and the run before none, and exited the other way round. So that two profiles turn out to be one
//! person ends nobody's membership and begins none. At the first run that recorded an audience everybody in it entered. The membership after an earlier run is what was recorded last, with
//! the changes since undone.

use std::collections::BTreeMap;

use model::{AsOf, Lookback, MembershipDiff, People, ProfileId, WorkspaceZone};
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
        self.found(within, |before, after| after - before)
    }

    /// Who exited in the last so-and-so long.
    pub(crate) fn exited(&self, within: Lookback) -> RoaringBitmap {
        self.found(within, |before, after| before - after)
    }

    /// What is found at any run in the last so-and-so long, this one included, from the memberships before and after it.
    fn found(&self, within: Lookback, find: impl Fn(&RoaringBitmap, &RoaringBitmap) -> RoaringBitmap) -> RoaringBitmap {
        let since = AsOf(within.before(self.as_of.moment(), self.zone));
        let mut after = self.members.clone();
        let mut found = RoaringBitmap::new();
        self.walk(
            |at| at >= since,
            |before| {
                found |= find(&before, &after);
                after = before;
            },
        );
        found
    }

    /// Who is in now and was at every run since that long ago, and at the last one before that.
    pub(crate) fn throughout(&self, at_least: Lookback) -> RoaringBitmap {
        let since = AsOf(at_least.before(self.as_of.moment(), self.zone));
        let recorded_by_then = self.recorded.and_then(|recorded| recorded.since).is_some_and(|first| first <= since);
        if !recorded_by_then {
            return RoaringBitmap::new();
        }
        let mut throughout = self.members.clone();
        self.walk(|at| at > since, |before| throughout &= before);
        throughout
    }

    /// Calls back with the membership before this run and before each earlier one that is asked for, newest first.
    fn walk(&self, asked: impl Fn(AsOf) -> bool, mut visit: impl FnMut(RoaringBitmap)) {
        // Runs of one as-of are one step.
        let mut runs: BTreeMap<AsOf, Vec<&MembershipDiff>> = BTreeMap::new();
        for (at, change) in self.changes().filter(|(at, _)| asked(*at)) {
            runs.entry(*at).or_default().push(change);
        }
        let merged = merged(self.people);
        let mut members = self.recorded.map(|recorded| recorded.members.bitmap().clone()).unwrap_or_default();
        visit(today(self.people, &merged, &members));
        for changes in runs.into_values().rev() {
            for change in changes.into_iter().rev() {
                members -= change.entered.bitmap();
                members |= change.exited.bitmap();
            }
            visit(today(self.people, &merged, &members));
        }
    }

    fn changes(&self) -> impl Iterator<Item = &(AsOf, MembershipDiff)> {
        let changes = self.recorded.into_iter().flat_map(|recorded| &recorded.changes);
        changes.filter(|(at, _)| *at <= self.as_of)
    }
}

/// Today's survivors of profiles named earlier.
pub(crate) fn survivors(people: &People, profiles: &RoaringBitmap) -> RoaringBitmap {
    today(people, &merged(people), profiles)
}

/// The profiles that go by another number today.
fn merged(people: &People) -> RoaringBitmap {
    let numbers = (0_u32..).zip(&people.canonical);
    numbers.filter(|(number, survivor)| *number != survivor.0).map(|(number, _)| number).collect()
}

fn today(people: &People, merged: &RoaringBitmap, profiles: &RoaringBitmap) -> RoaringBitmap {
    let moved = profiles & merged;
    let mut today = profiles - merged;
    today.extend(moved.into_iter().map(|profile| people.survivor(ProfileId(profile)).0));
    today
}

#[cfg(test)]
mod tests {
    use model::{Membership, Moment};

    use super::*;

    fn members(profiles: &[u32]) -> Membership {
        Membership::from_bitmap(profiles.iter().copied().collect())
    }

    /// A run at this hour, and who entered and exited.
    fn run(hour: i64, entered: &[u32], exited: &[u32]) -> (AsOf, MembershipDiff) {
        (AsOf(Moment::from_micros(hour * 3_600_000_000)), MembershipDiff { entered: members(entered), exited: members(exited) })
    }

    /// What is asked at hour 10 about an audience first recorded at hour 1; 3 was merged into 2, and 4 into 5.
    #[track_caller]
    fn check(
        changes: Vec<(AsOf, MembershipDiff)>,
        recorded: &[u32],
        now: &[u32],
        ask: impl Fn(&Past<'_>) -> RoaringBitmap,
        expected: &[u32],
    ) {
        let people = People { canonical: [0, 1, 2, 2, 5, 5].map(ProfileId).to_vec(), ..People::default() };
        let recorded = RecordedAudience { members: members(recorded), since: changes.first().map(|(at, _)| *at), changes };
        let now: RoaringBitmap = now.iter().copied().collect();
        let as_of = run(10, &[], &[]).0;
        let past = Past { people: &people, recorded: Some(&recorded), members: &now, as_of, zone: chrono_tz::UTC };
        assert_eq!(ask(&past).iter().collect::<Vec<_>>(), expected);
    }

    fn hours(text: &str) -> Lookback {
        Lookback::parse(text).expect("a length")
    }

    #[test]
    fn members_throughout_entered_early_enough_and_never_left() {
        let changes = || vec![run(1, &[0, 1, 2], &[]), run(4, &[], &[1]), run(6, &[1], &[]), run(8, &[3], &[])];
        let throughout = |text: &'static str| move |past: &Past<'_>| past.throughout(hours(text));
        check(changes(), &[0, 1, 2, 3], &[0, 1, 2], throughout("3 hours"), &[0, 1, 2]);
        check(changes(), &[0, 1, 2, 3], &[0, 1, 2], throughout("4 hours"), &[0, 1, 2]);
        check(changes(), &[0, 1, 2, 3], &[0, 1, 2], throughout("5 hours"), &[0, 2]);
        check(changes(), &[0, 1, 2, 3], &[0, 1, 2], throughout("9 hours"), &[0, 2]);
        check(changes(), &[0, 1, 2, 3], &[0, 1, 2], throughout("10 hours"), &[]);
        check(changes(), &[0, 1, 2, 3], &[1, 5], throughout("1 hour"), &[1]);
    }

    #[test]
    fn a_merge_keeps_the_longer_membership() {
        // 4 has been in since hour 1, its survivor 5 entered at hour 8; and the other way round for 3 and 2.
        let changes = || vec![run(1, &[4, 2], &[]), run(8, &[5, 3], &[])];
        check(changes(), &[2, 3, 4, 5], &[2, 5], |past| past.throughout(hours("9 hours")), &[2, 5]);
        check(changes(), &[2, 3, 4, 5], &[2, 5], |past| past.entered(hours("2 hours")), &[]);
        check(changes(), &[2, 3, 4, 5], &[2, 5], |past| past.entered(hours("1 hour")), &[]);
    }

    #[test]
    fn this_run_is_one_of_those_asked_about() {
        let changes = || vec![run(1, &[0, 1], &[]), run(7, &[], &[1])];
        check(changes(), &[0], &[2], |past| past.entered(hours("1 hour")), &[2]);
        check(changes(), &[0], &[2], |past| past.exited(hours("1 hour")), &[0]);
        check(changes(), &[0], &[2], |past| past.exited(hours("3 hours")), &[0, 1]);
        check(changes(), &[0], &[2], |past| past.exited(hours("2 hours")), &[0]);
    }
}
