//! The recorded past that conditions ask about: who was in, and who entered and exited at which run.
//!
//! Changes are read from the store once, as far back as the longest lookback reaches, and kept current from tick to tick.
//! What no lookback reaches any more is dropped, a day late: a month before a moment may lie an hour earlier for the next
//! one, where a zone sets its clocks back.

use std::collections::BTreeMap;
use std::sync::Arc;

use definitions::{AudienceState, Catalog, Condition};
use evaluate::{Recorded, RecordedAudience};
use model::{AsOf, AudienceKey, Lookback, Membership, MembershipDiff, Moment, Reason, WorkspaceZone};
use store::{RecordedMembership, Store, StoreError};

const DAY_MICROS: i64 = 86_400_000_000;

/// The recorded past of the audiences that some condition asks about, and of the paused ones.
pub(crate) struct Past {
    zone: WorkspaceZone,
    asked: BTreeMap<AudienceKey, Vec<Lookback>>,
    recorded: Arc<Recorded>,
}

impl Past {
    /// Reads the changes that a question as of `as_of` may look at; later ones are no past. `before` is who was in last.
    pub(crate) async fn load(
        store: &dyn Store,
        catalog: &Catalog,
        as_of: AsOf,
        before: &BTreeMap<AudienceKey, RecordedMembership>,
    ) -> Result<Self, StoreError> {
        let (zone, asked) = (catalog.settings.zone, asked(catalog));
        let is_paused = |key: &AudienceKey| catalog.audiences.get(key).is_some_and(|audience| audience.state == AudienceState::Paused);
        let mut recorded = Recorded::default();
        for (key, before) in before.iter().filter(|(key, _)| asked.contains_key(*key) || is_paused(key)) {
            let changes = match asked.get(key) {
                Some(lookbacks) => changes(store, key, reach(lookbacks, as_of, zone), as_of).await?,
                None => Vec::new(),
            };
            recorded
                .audiences
                .insert(key.clone(), RecordedAudience { members: before.members.clone(), since: Some(before.since), changes });
        }
        Ok(Self { zone, asked, recorded: Arc::new(recorded) })
    }

    /// What is handed to evaluation.
    pub(crate) fn recorded(&self) -> Arc<Recorded> {
        Arc::clone(&self.recorded)
    }

    /// Takes note of who is in an audience after a run, and of what it found.
    pub(crate) fn add(&mut self, audience: &AudienceKey, as_of: AsOf, members: &Membership, found: &[(Reason, MembershipDiff)]) {
        let Some(lookbacks) = self.asked.get(audience) else { return };
        // Nobody else holds it between two evaluations, so nothing is copied.
        let recorded = Arc::make_mut(&mut self.recorded).audiences.entry(audience.clone()).or_default();
        recorded.since.get_or_insert(as_of);
        if !found.is_empty() {
            recorded.members.clone_from(members);
            let whole = found.iter().fold(MembershipDiff::default(), |whole, (_, part)| diff::then(&whole, part));
            recorded.changes.push((as_of, whole));
        }
        let first = reach(lookbacks, as_of, self.zone);
        recorded.changes.retain(|(at, _)| *at >= first);
    }
}

/// The recorded changes of an audience from one moment to another.
async fn changes(store: &dyn Store, audience: &AudienceKey, first: AsOf, last: AsOf) -> Result<Vec<(AsOf, MembershipDiff)>, StoreError> {
    let mut changes: Vec<(AsOf, MembershipDiff)> = Vec::new();
    let mut run = None;
    for change in store.changes(Some(audience), first, last).await? {
        // The reasons of one run are one change.
        match changes.last_mut().filter(|_| run.as_ref() == Some(&change.run_id)) {
            Some((_, whole)) => *whole = diff::then(whole, &change.diff),
            None => changes.push((change.as_of, change.diff)),
        }
        run = Some(change.run_id);
    }
    Ok(changes)
}

/// How far back a question as of a moment looks, and a day more.
fn reach(lookbacks: &[Lookback], as_of: AsOf, zone: WorkspaceZone) -> AsOf {
    let first = lookbacks.iter().map(|lookback| lookback.before(as_of.moment(), zone)).min().unwrap_or(as_of.moment());
    AsOf(first.plus_micros(-DAY_MICROS))
}

/// The audiences whose past some condition asks about, and how far back.
fn asked(catalog: &Catalog) -> BTreeMap<AudienceKey, Vec<Lookback>> {
    let mut asked = BTreeMap::new();
    for audience in catalog.audiences.values().filter(|audience| audience.state == AudienceState::Live) {
        collect(&audience.who, &mut asked);
    }
    asked
}

fn collect(condition: &Condition, asked: &mut BTreeMap<AudienceKey, Vec<Lookback>>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
            for part in parts {
                collect(part, asked);
            }
        }
        Condition::AnyUser(inner) | Condition::AllUsers(inner) | Condition::NoUser(inner) | Condition::Account(inner) => {
            collect(inner, asked);
        }
        Condition::MemberFor { audience, at_least: lookback }
        | Condition::EnteredAudience { audience, within: lookback }
        | Condition::ExitedAudience { audience, within: lookback } => {
            let lookbacks = asked.entry(audience.clone()).or_default();
            if !lookbacks.contains(lookback) {
                lookbacks.push(*lookback);
            }
        }
        Condition::Event(_)
        | Condition::Traits(_)
        | Condition::ActiveWithin(_)
        | Condition::InactiveFor(_)
        | Condition::InAudience(_)
        | Condition::NotInAudience(_)
        | Condition::Sample { .. } => {}
    }
}

/// The memberships as they were after the runs until a moment: what was recorded later is undone. A paused audience stays
/// at the membership it stopped at, whenever that was: nothing evaluates it again, and others refer to it.
pub(crate) async fn memberships_at(
    store: &dyn Store,
    catalog: &Catalog,
    until: AsOf,
) -> Result<BTreeMap<AudienceKey, RecordedMembership>, StoreError> {
    let is_paused = |key: &AudienceKey| catalog.audiences.get(key).is_some_and(|audience| audience.state == AudienceState::Paused);
    let mut memberships = store.memberships().await?;
    memberships.retain(|key, recorded| recorded.since <= until || is_paused(key));
    if memberships.values().all(|recorded| recorded.as_of <= until) {
        return Ok(memberships);
    }
    let later = store.changes(None, AsOf(until.moment().plus_micros(1)), AsOf(Moment::from_micros(i64::MAX))).await?;
    for change in later.into_iter().rev().filter(|change| !is_paused(&change.audience)) {
        if let Some(recorded) = memberships.get_mut(&change.audience) {
            recorded.members = undone(&recorded.members, &change.diff);
        }
    }
    let Some(last) = store.runs(u32::MAX).await?.into_iter().find(|run| run.as_of <= until) else { return Ok(memberships) };
    for recorded in memberships.values_mut().filter(|recorded| recorded.as_of > until) {
        (recorded.as_of, recorded.run_id) = (last.as_of, last.run_id.clone());
    }
    Ok(memberships)
}

fn undone(after: &Membership, change: &MembershipDiff) -> Membership {
    after.minus(&change.entered).union(&change.exited)
}

#[cfg(test)]
mod tests;
