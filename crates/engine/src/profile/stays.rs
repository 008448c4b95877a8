//! Stays: when somebody entered an audience, and exited again, as runs recorded it.
//!
//! A person is in while one of the numbers it goes by is: a member that moved to another number by a merge neither exited nor
//! entered, and has been in since the earlier of the two moments. Changes are read some days at a time, never all at once.

use std::collections::{BTreeMap, BTreeSet};

use model::{AsOf, AudienceKey, ProfileId, Reason, RunId};
use store::{RecordedChange, RecordedMembership, Store, StoreError};

use crate::Workspace;

const DAY_MICROS: i64 = 86_400_000_000;
/// Days of changes read at first, looking back; twice as many each time, up to a limit.
const LOOK_BACK_DAYS: (i64, i64) = (2, 64);
/// Days of changes read at a time for a whole history.
const HISTORY_DAYS: i64 = 7;

/// Somebody is in an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// Which.
    pub audience: AudienceKey,
    /// The run that found it.
    pub entered: Entered,
    /// The latest run that recorded the audience.
    pub as_of: AsOf,
}

/// A run found somebody to be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// As of when.
    pub at: AsOf,
    /// Why; unknown where no run that still stands says so.
    pub reason: Option<Reason>,
}

/// A run found somebody to be out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exited {
    /// As of when.
    pub at: AsOf,
    /// Why.
    pub reason: Option<Reason>,
}

/// A stay in an audience, over or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldStay {
    /// Which.
    pub audience: AudienceKey,
    /// How it began.
    pub entered: Entered,
    /// How it ended, if it has.
    pub exited: Option<Exited>,
}

impl Workspace {
    /// The audiences that somebody with these numbers is in as of the latest run, by key.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn stays(&self, numbers: &[ProfileId]) -> Result<Vec<Stay>, StoreError> {
        let numbers: BTreeSet<ProfileId> = numbers.iter().copied().collect();
        stays(self.store.as_ref(), &numbers).await
    }

    /// The audiences that somebody with these numbers is in, without since when.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn audiences_of(&self, numbers: &[ProfileId]) -> Result<BTreeMap<AudienceKey, AsOf>, StoreError> {
        let memberships = self.store.memberships().await?.into_iter();
        let holds = |recorded: &RecordedMembership| numbers.iter().any(|number| recorded.members.contains(*number));
        Ok(memberships.filter(|(_, recorded)| holds(recorded)).map(|(key, recorded)| (key, recorded.as_of)).collect())
    }

    /// Every stay of somebody with these numbers that runs recorded, by audience and then in order of time.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn all_stays(&self, numbers: &[ProfileId]) -> Result<Vec<HeldStay>, StoreError> {
        let numbers: BTreeSet<ProfileId> = numbers.iter().copied().collect();
        all_stays(self.store.as_ref(), &numbers).await
    }
}

/// An audience that somebody is in, and under which numbers, going back in time.
struct Sought {
    under: BTreeSet<ProfileId>,
    recorded: RecordedMembership,
}

async fn stays(store: &dyn Store, numbers: &BTreeSet<ProfileId>) -> Result<Vec<Stay>, StoreError> {
    let mut sought: BTreeMap<AudienceKey, Sought> = BTreeMap::new();
    for (audience, recorded) in store.memberships().await? {
        let under: BTreeSet<ProfileId> = numbers.iter().copied().filter(|number| recorded.members.contains(*number)).collect();
        if !under.is_empty() {
            sought.insert(audience, Sought { under, recorded });
        }
    }
    let mut found = Vec::new();
    let Some(mut last) = sought.values().map(|sought| sought.recorded.as_of).max() else { return Ok(found) };
    let mut days = LOOK_BACK_DAYS.0;
    while let Some(floor) = sought.values().map(|sought| sought.recorded.since).min().filter(|floor| *floor <= last) {
        let first = AsOf(last.moment().plus_micros(-days * DAY_MICROS)).max(floor);
        // One audience alone is asked for alone; of several, all are read in one go.
        let only = sought.keys().next().filter(|_| sought.len() == 1).cloned();
        let changes = store.changes(only.as_ref(), first, last).await?;
        for run in changes.chunk_by(|a, b| a.run_id == b.run_id).rev() {
            go_back(run, numbers, &mut sought, &mut found);
        }
        last = AsOf(first.moment().plus_micros(-1));
        days = (days * 2).min(LOOK_BACK_DAYS.1);
    }
    // No run says how it began: since the first that recorded the audience.
    found.extend(sought.into_iter().map(|(audience, sought)| Stay {
        audience,
        entered: Entered { at: sought.recorded.since, reason: None },
        as_of: sought.recorded.as_of,
    }));
    found.sort_by(|a, b| a.audience.cmp(&b.audience));
    Ok(found)
}

/// Undoes the changes of one run, and settles the audiences in which somebody was not before it.
fn go_back(run: &[RecordedChange], numbers: &BTreeSet<ProfileId>, sought: &mut BTreeMap<AudienceKey, Sought>, found: &mut Vec<Stay>) {
    for changes in run.chunk_by(|a, b| a.audience == b.audience) {
        let audience = &changes[0].audience;
        let Some(known) = sought.get_mut(audience) else { continue };
        for change in changes.iter().rev() {
            known.under.retain(|number| !change.diff.entered.contains(*number));
            known.under.extend(numbers.iter().copied().filter(|number| change.diff.exited.contains(*number)));
        }
        if known.under.is_empty() {
            let entered = Entered { at: changes[0].as_of, reason: reason(changes, |change| holds(numbers, &change.diff.entered)) };
            found.push(Stay { audience: audience.clone(), entered, as_of: known.recorded.as_of });
            sought.remove(audience);
        }
    }
}

async fn all_stays(store: &dyn Store, numbers: &BTreeSet<ProfileId>) -> Result<Vec<HeldStay>, StoreError> {
    let memberships = store.memberships().await?;
    let bounds = |of: fn(&RecordedMembership) -> AsOf| memberships.values().map(of);
    let (Some(mut first), Some(last)) = (bounds(|recorded| recorded.since).min(), bounds(|recorded| recorded.as_of).max()) else {
        return Ok(Vec::new());
    };
    let mut under: BTreeMap<AudienceKey, BTreeSet<ProfileId>> = BTreeMap::new();
    let mut stays: BTreeMap<AudienceKey, Vec<HeldStay>> = BTreeMap::new();
    let mut run: (Option<RunId>, Vec<RecordedChange>) = (None, Vec::new());
    while first <= last {
        let end = AsOf(first.moment().plus_micros(HISTORY_DAYS * DAY_MICROS - 1));
        for change in store.changes(None, first, end.min(last)).await? {
            if !holds(numbers, &change.diff.entered) && !holds(numbers, &change.diff.exited) {
                continue;
            }
            if run.0.as_ref() != Some(&change.run_id) {
                go_on(&run.1, numbers, &mut under, &mut stays);
                run = (Some(change.run_id.clone()), Vec::new());
            }
            run.1.push(change);
        }
        first = AsOf(end.moment().plus_micros(1));
    }
    go_on(&run.1, numbers, &mut under, &mut stays);
    Ok(stays.into_values().flatten().collect())
}

/// Applies the changes of one run.
fn go_on(
    run: &[RecordedChange],
    numbers: &BTreeSet<ProfileId>,
    under: &mut BTreeMap<AudienceKey, BTreeSet<ProfileId>>,
    stays: &mut BTreeMap<AudienceKey, Vec<HeldStay>>,
) {
    for changes in run.chunk_by(|a, b| a.audience == b.audience) {
        let audience = &changes[0].audience;
        let known = under.entry(audience.clone()).or_default();
        let was_in = !known.is_empty();
        for change in changes {
            known.retain(|number| !change.diff.exited.contains(*number));
            known.extend(numbers.iter().copied().filter(|number| change.diff.entered.contains(*number)));
        }
        let at = changes[0].as_of;
        match (was_in, known.is_empty()) {
            (false, false) => {
                let entered = Entered { at, reason: reason(changes, |change| holds(numbers, &change.diff.entered)) };
                let stay = HeldStay { audience: audience.clone(), entered, exited: None };
                stays.entry(audience.clone()).or_default().push(stay);
            }
            (true, true) => {
                let reason = reason(changes, |change| holds(numbers, &change.diff.exited));
                if let Some(stay) = stays.get_mut(audience).and_then(|stays| stays.last_mut()) {
                    stay.exited = Some(Exited { at, reason });
                }
            }
            (true, false) | (false, true) => {}
        }
    }
}

/// The reason of a run's last change of this sort. That a member goes by another number is none.
fn reason(changes: &[RecordedChange], is_so: impl Fn(&RecordedChange) -> bool) -> Option<Reason> {
    changes.iter().rev().filter(|change| change.reason != Reason::Moved).find(|change| is_so(change)).map(|change| change.reason)
}

fn holds(numbers: &BTreeSet<ProfileId>, members: &model::Membership) -> bool {
    numbers.iter().any(|number| members.contains(*number))
}
