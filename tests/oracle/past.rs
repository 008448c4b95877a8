//! What earlier runs recorded, asked of one profile. Runs after the moment asked are not looked at.

use std::collections::BTreeSet;

use model::{AsOf, AudienceKey, Moment, ProfileId};

use super::Oracle;

impl Oracle<'_> {
    /// Whether the last run before this one found the profile, or one merged into it since, inside.
    pub(super) fn was_recorded_last(&self, audience: &AudienceKey, profile: ProfileId) -> bool {
        let Some(past) = self.recorded.audiences.get(audience) else {
            return false;
        };
        self.merged_into(profile).any(|number| past.members.contains(number))
    }

    pub(super) fn entered_since(&self, audience: &AudienceKey, profile: ProfileId, since: Moment) -> bool {
        self.runs(audience).iter().any(|run| run.at >= AsOf(since) && !self.names(&run.before, profile) && self.names(&run.after, profile))
    }

    pub(super) fn exited_since(&self, audience: &AudienceKey, profile: ProfileId, since: Moment) -> bool {
        self.runs(audience).iter().any(|run| run.at >= AsOf(since) && self.names(&run.before, profile) && !self.names(&run.after, profile))
    }

    /// Whether every run found it inside, from the last one at or before that moment on.
    pub(super) fn was_in_since(&self, audience: &AudienceKey, profile: ProfileId, since: Moment) -> bool {
        let Some(past) = self.recorded.audiences.get(audience) else {
            return false;
        };
        if past.since.is_none_or(|first| first > AsOf(since)) {
            return false;
        }
        let later = self.runs(audience).into_iter().filter(|run| run.at > AsOf(since));
        self.was_recorded_last(audience, profile) && later.into_iter().all(|run| self.names(&run.before, profile))
    }

    /// The recorded runs that changed something, with who was in before and after each, told backwards from the last.
    fn runs(&self, audience: &AudienceKey) -> Vec<Run> {
        let Some(past) = self.recorded.audiences.get(audience) else {
            return Vec::new();
        };
        let mut inside: BTreeSet<ProfileId> = past.members.iter().collect();
        let mut runs: Vec<Run> = Vec::new();
        for (at, change) in past.changes.iter().rev().filter(|(at, _)| *at <= self.as_of) {
            let after = inside.clone();
            inside.retain(|number| !change.entered.contains(*number));
            inside.extend(change.exited.iter());
            match runs.last_mut().filter(|run| run.at == *at) {
                Some(run) => run.before.clone_from(&inside),
                None => runs.push(Run { at: *at, before: inside.clone(), after }),
            }
        }
        runs
    }

    fn names(&self, profiles: &BTreeSet<ProfileId>, profile: ProfileId) -> bool {
        self.merged_into(profile).any(|number| profiles.contains(&number))
    }
}

/// One recorded moment, by the numbers profiles had then.
struct Run {
    at: AsOf,
    before: BTreeSet<ProfileId>,
    after: BTreeSet<ProfileId>,
}
