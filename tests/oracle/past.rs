//! What earlier runs recorded, asked of one profile. Runs after the moment asked are not looked at.

use std::collections::BTreeSet;

use model::{AsOf, AudienceKey, Membership, MembershipDiff, Moment, ProfileId};

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
        self.changes(audience).any(|(at, change)| *at >= AsOf(since) && self.names(&change.entered, profile))
    }

    pub(super) fn exited_since(&self, audience: &AudienceKey, profile: ProfileId, since: Moment) -> bool {
        self.changes(audience).any(|(at, change)| *at >= AsOf(since) && self.names(&change.exited, profile))
    }

    /// Whether every run found it inside, from the last one at or before that moment on.
    pub(super) fn was_in_since(&self, audience: &AudienceKey, profile: ProfileId, since: Moment) -> bool {
        let Some(past) = self.recorded.audiences.get(audience) else {
            return false;
        };
        if past.since.is_none_or(|first| first > AsOf(since)) {
            return false;
        }
        let mut inside: BTreeSet<ProfileId> = past.members.iter().collect();
        let mut changes: Vec<&(AsOf, MembershipDiff)> = self.changes(audience).collect();
        loop {
            if !self.merged_into(profile).any(|number| inside.contains(&number)) {
                return false;
            }
            match changes.pop() {
                Some((at, change)) if *at > AsOf(since) => {
                    inside.retain(|number| !change.entered.contains(*number));
                    inside.extend(change.exited.iter());
                }
                Some(_) | None => return true,
            }
        }
    }

    fn changes(&self, audience: &AudienceKey) -> impl Iterator<Item = &(AsOf, MembershipDiff)> + '_ {
        let all = self.recorded.audiences.get(audience).into_iter().flat_map(|past| &past.changes);
        all.filter(|(at, _)| *at <= self.as_of)
    }

    fn names(&self, profiles: &Membership, profile: ProfileId) -> bool {
        self.merged_into(profile).any(|number| profiles.contains(number))
    }
}
