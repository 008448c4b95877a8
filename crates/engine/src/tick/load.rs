//! What is recorded, as the next tick needs it: read once, then carried from tick to tick.

use std::collections::BTreeMap;
use std::sync::Arc;

use definitions::AudienceState;
use model::{AsOf, AudienceKey, Membership, SyncState};
use store::{RecordedMembership, Seen, StoreError};

use super::{Before, History, LeftOut};
use crate::Workspace;
use crate::past::{self, Past};
use crate::run::RunError;
use crate::today::Today;

impl History {
    /// What is recorded.
    pub(crate) async fn load(workspace: &Workspace, as_of: AsOf) -> Result<Self, RunError> {
        let read = async {
            let seen = workspace.store.seen().await?;
            let before = workspace.store.memberships().await?;
            // Of a backfill that goes on, the ticks recorded before are past as well.
            let reached = seen.as_ref().map_or(as_of, |seen| seen.run.as_of.max(as_of));
            Self::read(workspace, reached, seen, before).await
        };
        read.await.map_err(|source| RunError::Load { as_of, source })
    }

    /// What was recorded until a moment; later runs are undone, in memory.
    pub(crate) async fn load_at(workspace: &Workspace, until: AsOf) -> Result<Self, RunError> {
        let read = async {
            let store = workspace.store.as_ref();
            let mut seen = store.seen().await?;
            if seen.as_ref().is_some_and(|seen| seen.run.as_of > until) {
                let run = store.runs(u32::MAX).await?.into_iter().find(|run| run.as_of <= until);
                seen = match run {
                    Some(run) => store.seen_by(&run.run_id).await?,
                    None => None,
                };
            }
            let before = past::memberships_at(store, &workspace.catalog, until).await?;
            Self::read(workspace, until, seen, before).await
        };
        read.await.map_err(|source| RunError::Load { as_of: until, source })
    }

    async fn read(
        workspace: &Workspace,
        as_of: AsOf,
        seen: Option<Seen>,
        before: BTreeMap<AudienceKey, RecordedMembership>,
    ) -> Result<Self, StoreError> {
        let store = workspace.store.as_ref();
        let snapshot = workspace.snapshot().await?;
        let survivors = async |seen: u64| -> Result<_, StoreError> {
            let (merges_new, merges) = store.merges_since(seen).await?;
            let merged = merges_new.iter().map(|merge| snapshot.people.survivor(merge.winner)).collect::<Membership>();
            Ok((Arc::new(merged), merges))
        };
        let (merged, merges) = survivors(seen.as_ref().map_or(0, |seen| seen.merges)).await?;
        let mut left_out = BTreeMap::new();
        let live = |key: &AudienceKey| workspace.catalog.audiences.get(key).is_some_and(|audience| audience.state == AudienceState::Live);
        for (key, recorded) in before.iter().filter(|(key, _)| live(key)) {
            if seen.as_ref().is_none_or(|seen| seen.run.run_id == recorded.run_id) {
                continue;
            }
            if let Some(seen) = store.seen_by(&recorded.run_id).await? {
                let (merged, _) = survivors(seen.merges).await?;
                left_out.insert(key.clone(), LeftOut { seen, merged });
            }
        }
        let statuses = store.sync_statuses().await?;
        let in_step = statuses.iter().filter(|status| matches!(status.state, SyncState::Sent | SyncState::SentBelowMinimum));
        let in_step = in_step.map(|status| (status.audience.clone(), status.destination.clone())).collect();
        let mappings = statuses.into_iter().map(|status| ((status.audience, status.destination), status.mapping));
        let kept_out = store.profiles_kept_out().await?.into_iter().map(|profile| snapshot.people.survivor(profile)).collect();
        let starts = store.sync_starts().await?.into_iter().map(|start| ((start.audience, start.destination), start.held_back));
        Ok(Self {
            past: Past::load(store, &workspace.catalog, as_of, &before).await?,
            segments: snapshot.segments.iter().map(|(id, _)| *id).max(),
            today: Today::new(snapshot),
            before: before.into_iter().map(|(key, recorded)| (key, Before::from(recorded))).collect(),
            seen,
            merged,
            merges,
            left_out,
            mappings: mappings.collect(),
            in_step,
            sent: store.sent_pairs().await?,
            starts: starts.collect(),
            kept_out,
            retired: store.retired_audiences().await?.into_keys().collect(),
        })
    }
}

impl From<RecordedMembership> for Before {
    fn from(recorded: RecordedMembership) -> Self {
        let RecordedMembership { members, as_of: _, since: _, run_id, fingerprint } = recorded;
        Self { members: Arc::new(members), run_id, fingerprint }
    }
}
