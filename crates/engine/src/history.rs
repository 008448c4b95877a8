//! Rewinding: forgetting recorded history from a moment on, so that a backfill can record it anew.
//!
//! Only what was recorded is forgotten. What destinations hold stays in the ledger, so that the sync after the backfill
//! removes and adds exactly what differs.

use std::collections::BTreeMap;

use model::{AsOf, AudienceKey, Moment};
use store::{RecordedMembership, StoreError};

use crate::Workspace;

impl Workspace {
    /// Forgets every run as of `from` or later. Memberships become what they were before it.
    pub(crate) async fn rewind(&self, from: AsOf) -> Result<(), StoreError> {
        let beginning = AsOf(Moment::from_micros(i64::MIN));
        let until = AsOf(from.moment().plus_micros(-1));
        let mut memberships: BTreeMap<AudienceKey, RecordedMembership> = BTreeMap::new();
        let fingerprints = self.store.memberships().await?;
        for change in self.store.changes(None, beginning, until).await? {
            let Some(latest) = fingerprints.get(&change.audience) else { continue };
            let before = memberships.remove(&change.audience).map(|recorded| recorded.members).unwrap_or_default();
            let recorded = RecordedMembership {
                members: diff::apply(&before, &change.diff),
                as_of: change.as_of,
                run_id: change.run_id,
                fingerprint: latest.fingerprint.clone(),
            };
            memberships.insert(change.audience, recorded);
        }
        self.store.rewind(from, &memberships).await
    }
}
