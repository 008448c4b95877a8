//! What a tick asks of destinations: which ones to bring in step, whom to let go, who is held back at first.

use std::collections::BTreeSet;
use std::sync::Arc;

use definitions::{Audience, AudienceState};
use model::{Membership, MembershipDiff};
use store::{RunKind, RunRecord, SyncStart};

use super::{History, Pair};
use crate::{Workspace, mapping, start};

impl History {
    /// Asks for the syncs of destinations that may no longer be in step. After a backfill, which sends nothing tick by tick and
    /// may have been interrupted, that is every one, and so it is after a pause. A destination that the audience is not
    /// sent to any more, and still has people of it, is asked to let them go.
    pub(super) fn request(
        &self,
        workspace: &Workspace,
        audience: &Audience,
        change: &MembershipDiff,
        spoken_of: bool,
        record: &mut RunRecord,
    ) {
        let unsent = self.seen.as_ref().is_some_and(|seen| seen.run.kind == RunKind::Backfill);
        let all = unsent || spoken_of || !change.is_empty() || self.left_out.contains_key(&audience.key);
        for sync in &audience.syncs {
            let pair = (audience.key.clone(), sync.to.clone());
            let same_mapping = self.mappings.get(&pair) == Some(&mapping::fingerprint(&workspace.catalog, audience, sync));
            if all || !same_mapping || mapping::value_moves(&workspace.catalog, audience, sync) {
                record.syncs.push(pair);
            }
        }
        let forsaken = self.sent.iter().filter(|(key, to)| *key == audience.key && start::sync_to(audience, to).is_none());
        record.syncs.extend(forsaken.cloned());
    }

    /// Everybody goes, wherever they are; the first run that finds it retired says so for ever.
    pub(super) fn retire(&self, audience: &Audience, record: &mut RunRecord) {
        record.syncs.extend(self.sent.iter().filter(|(key, _)| *key == audience.key).cloned());
        if !self.retired.contains(&audience.key) {
            record.syncs.extend(audience.syncs.iter().map(|sync| (audience.key.clone(), sync.to.clone())));
            record.retired.push(audience.key.clone());
        }
    }

    /// Who is held back from syncs that start with new members only, where that changes.
    pub(super) fn starts<'a>(&'a self, audience: &'a Audience, members: &'a Membership) -> impl Iterator<Item = SyncStart> + 'a {
        let before = self.before.get(&audience.key).map_or_else(Arc::default, |before| Arc::clone(&before.members));
        audience.syncs.iter().filter_map(move |sync| {
            let pair = (audience.key.clone(), sync.to.clone());
            // A mapping is noted too where too few were there to send anybody.
            let is_noted = self.mappings.get(&pair).is_some_and(|mapping| !mapping.0.is_empty());
            let is_begun = self.sent.contains(&pair) || (is_noted && self.in_step.contains(&pair));
            let held_back = start::held_back(sync, self.starts.get(&pair), is_begun, (&before, members), &self.today)?;
            Some(SyncStart { audience: pair.0, destination: pair.1, held_back })
        })
    }

    /// Who is held back now, at the end of a backfill.
    pub(crate) fn starts_now(&self, workspace: &Workspace) -> Vec<SyncStart> {
        let live = workspace.catalog.audiences.values().filter(|audience| audience.state == AudienceState::Live);
        live.flat_map(|audience| {
            let members = self.members_before(&audience.key);
            self.starts(audience, &members).collect::<Vec<_>>()
        })
        .collect()
    }

    /// Pairs of which something is remembered and that the definitions do not know any more.
    pub(super) fn dropped(&self, workspace: &Workspace) -> Vec<Pair> {
        let remembered = self.mappings.iter().filter(|(_, mapping)| !mapping.0.is_empty()).map(|(pair, _)| pair);
        let remembered: BTreeSet<_> = remembered.chain(self.starts.keys()).collect();
        let is_known =
            |(key, to): &Pair| workspace.catalog.audiences.get(key).is_some_and(|audience| start::sync_to(audience, to).is_some());
        remembered.into_iter().filter(|pair| !is_known(pair)).cloned().collect()
    }
}
