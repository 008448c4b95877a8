//! The recorded past that conditions ask about: who was in, and who entered and exited at which run.
//!
//! Changes are read from the store once, as far back as the longest lookback reaches, and kept current from tick to tick.
//! What no lookback reaches any more is dropped, a day late: a month before a moment may lie an hour earlier for the next
//! one, where a zone sets its clocks back.

use std::collections::BTreeMap;

use definitions::{AudienceState, Catalog, Condition};
use evaluate::{Recorded, RecordedAudience};
use model::{AsOf, AudienceKey, Lookback, Membership, MembershipDiff, Moment, Reason, WorkspaceZone};
use store::{RecordedMembership, Store, StoreError};

const DAY_MICROS: i64 = 86_400_000_000;

type Changes = Vec<(AsOf, MembershipDiff)>;

/// The changes of the audiences that some condition asks about.
pub(crate) struct Past {
    zone: WorkspaceZone,
    asked: BTreeMap<AudienceKey, Vec<Lookback>>,
    changes: BTreeMap<AudienceKey, Changes>,
}

impl Past {
    /// Reads the changes that a question as of `as_of` may look at; later ones are no past.
    pub(crate) async fn load(store: &dyn Store, catalog: &Catalog, as_of: AsOf) -> Result<Self, StoreError> {
        let mut past = Self { zone: catalog.settings.zone, asked: asked(catalog), changes: BTreeMap::new() };
        for (audience, lookbacks) in &past.asked {
            let recorded = store.changes(Some(audience), reach(lookbacks, as_of, past.zone), as_of).await?;
            let mut changes: Changes = Vec::new();
            let mut run = None;
            for change in recorded {
                // The reasons of one run are one change.
                match changes.last_mut().filter(|_| run.as_ref() == Some(&change.run_id)) {
                    Some((_, whole)) => *whole = diff::then(whole, &change.diff),
                    None => changes.push((change.as_of, change.diff)),
                }
                run = Some(change.run_id);
            }
            past.changes.insert(audience.clone(), changes);
        }
        Ok(past)
    }

    /// What is handed to evaluation: every audience ever recorded, with the changes that are asked about.
    pub(crate) fn recorded(&self, before: &BTreeMap<AudienceKey, RecordedMembership>) -> Recorded {
        let audience = |(key, recorded): (&AudienceKey, &RecordedMembership)| {
            let changes = self.changes.get(key).cloned().unwrap_or_default();
            (key.clone(), RecordedAudience { members: recorded.members.clone(), since: Some(recorded.since), changes })
        };
        Recorded { audiences: before.iter().map(audience).collect() }
    }

    /// Takes note of what a run found for an audience.
    pub(crate) fn add(&mut self, audience: &AudienceKey, as_of: AsOf, found: &[(Reason, MembershipDiff)]) {
        let Some(lookbacks) = self.asked.get(audience) else { return };
        let changes = self.changes.entry(audience.clone()).or_default();
        if !found.is_empty() {
            let whole = found.iter().fold(MembershipDiff::default(), |whole, (_, part)| diff::then(&whole, part));
            changes.push((as_of, whole));
        }
        let first = reach(lookbacks, as_of, self.zone);
        changes.retain(|(at, _)| *at >= first);
    }
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
