//! Syncs that start with new members only: who is held back.
//!
//! Held back are the members whom the first run found that knows the sync, for as long as they stay members. Whoever exits and
//! enters again is new; whoever turns out to be the same person as somebody who is sent, is sent. A backfill starts nothing: its
//! last membership counts as the first run's. A sync that was sent before it was told to start so holds nobody back:
//! they were sent already. Taken out and put back while people are still there, it goes on holding back whom it did.

use definitions::{Audience, AudienceSync, StartWith};
use model::Membership;

use crate::today::Today;

/// Who is held back after a run; nothing when there is nothing to remember.
pub(crate) fn held_back(
    sync: &AudienceSync,
    known: Option<&Membership>,
    is_begun: bool,
    (before, members): (&Membership, &Membership),
    today: &Today,
) -> Option<Membership> {
    let now = match (sync.start_with, known) {
        (StartWith::Everyone, None) => return None,
        (StartWith::Everyone, Some(_)) => Membership::empty(),
        (StartWith::NewOnly, None) if is_begun => Membership::empty(),
        (StartWith::NewOnly, None) => members.clone(),
        (StartWith::NewOnly, Some(held)) => today.of(held).minus(&today.of(&before.minus(held))).intersection(members),
    };
    (known != Some(&now)).then_some(now)
}

/// The sync of an audience to a destination.
pub(crate) fn sync_to<'a>(audience: &'a Audience, destination: &model::DestinationKey) -> Option<&'a AudienceSync> {
    audience.syncs.iter().find(|sync| sync.to == *destination)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use definitions::OnExit;
    use evaluate::Snapshot;
    use model::{DestinationKey, People, ProfileId};

    use super::*;

    fn members(profiles: &[u32]) -> Membership {
        profiles.iter().copied().map(ProfileId).collect()
    }

    #[track_caller]
    fn check(start_with: StartWith, known: Option<&[u32]>, is_begun: bool, before: &[u32], now: &[u32], expected: Option<&[u32]>) {
        let to = DestinationKey::parse("far_side").expect("a key");
        let sync = AudienceSync { on_exit: OnExit::Remove, start_with, ..AudienceSync::to(to) };
        // 9 turned out to be 2.
        let people = People { canonical: [0, 1, 2, 3, 4, 5, 6, 7, 8, 2].map(ProfileId).to_vec(), ..People::default() };
        let today = Today::new(Arc::new(Snapshot { people: people.into(), ..Snapshot::default() }));
        let known = known.map(members);
        let found = held_back(&sync, known.as_ref(), is_begun, (&members(before), &members(now)), &today);
        assert_eq!(found, expected.map(members));
    }

    #[test]
    fn the_first_members_stay_behind_while_they_stay() {
        let new = StartWith::NewOnly;
        check(new, None, false, &[], &[1, 2], Some(&[1, 2]));
        check(new, Some(&[1, 2]), true, &[1, 2], &[1, 2, 3], None);
        check(new, Some(&[1, 2]), true, &[1, 2, 3], &[2, 3], Some(&[2]));
        check(new, Some(&[2]), true, &[2, 3], &[1, 2, 3], None);
    }

    #[test]
    fn a_sync_that_was_known_holds_nobody_back() {
        check(StartWith::NewOnly, None, true, &[1], &[1, 2], Some(&[]));
        check(StartWith::Everyone, Some(&[1]), true, &[1], &[1], Some(&[]));
        check(StartWith::Everyone, None, true, &[1], &[1], None);
    }

    #[test]
    fn a_merge_with_somebody_sent_counts_as_sent() {
        // 9 was held back and 2 was sent, or the other way round.
        check(StartWith::NewOnly, Some(&[1, 9]), true, &[1, 2, 9], &[1, 2], Some(&[1]));
        check(StartWith::NewOnly, Some(&[1, 2]), true, &[1, 2, 9], &[1, 2], Some(&[1]));
        // Both were held back; or the other one was nobody's member.
        check(StartWith::NewOnly, Some(&[2, 9]), true, &[2, 9], &[2], Some(&[2]));
        check(StartWith::NewOnly, Some(&[9]), true, &[9], &[2], Some(&[2]));
    }
}
