//! Random recorded pasts: what a few runs, some of them later than the moment asked, say they found.

use definitions::Audience;
use evaluate::{Recorded, RecordedAudience};
use model::{AsOf, Membership, Moment, ProfileId};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::histories::{DAY, PROFILES, moment};

/// For each audience, if it was recorded at all: the first run, and how long after the one before it each other run
/// came; and whom each found.
pub(crate) type Runs = Option<(Moment, Vec<(i64, Vec<u32>)>)>;

pub(crate) fn runs() -> impl Strategy<Value = Vec<Runs>> {
    let gap = select(vec![1, DAY / 24, DAY / 2, DAY, 7 * DAY, 30 * DAY]);
    let found = subsequence((0..PROFILES).collect::<Vec<_>>(), 0..=PROFILES as usize);
    let past = (moment(), prop::collection::vec((gap, found), 1..5));
    prop::collection::vec(prop::option::weighted(0.7, past), 4)
}

/// The past of these audiences.
pub(crate) fn recorded(audiences: &[Audience], runs: &[Runs]) -> Recorded {
    let mut recorded = Recorded::default();
    for (audience, runs) in audiences.iter().zip(runs) {
        let Some((first, runs)) = runs else { continue };
        let mut past = RecordedAudience { members: Membership::empty(), since: Some(AsOf(*first)), changes: Vec::new() };
        let mut at = *first;
        for (number, (gap, found)) in runs.iter().enumerate() {
            if number > 0 {
                at = at.plus_micros(*gap);
            }
            let after: Membership = found.iter().copied().map(ProfileId).collect();
            let change = diff::diff(&past.members, &after);
            if !change.is_empty() {
                past.changes.push((AsOf(at), change));
            }
            past.members = after;
        }
        recorded.audiences.insert(audience.key.clone(), past);
    }
    recorded
}
