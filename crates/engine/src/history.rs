//! Rewinding: forgetting recorded history from a moment on, so that a backfill can record it anew.
//!
//! Only what was recorded is forgotten. What destinations hold stays in the ledger, so that the sync after the backfill
//! removes and adds exactly what differs; retired keys stay retired, and guards go on comparing with what was allowed. A paused
//! audience keeps the membership it stopped at: no tick would record it anew.

use model::AsOf;
use store::StoreError;

use crate::{Workspace, past};

impl Workspace {
    /// Forgets every run as of `from` or later. Memberships become what they were before it.
    pub(crate) async fn rewind(&self, from: AsOf) -> Result<(), StoreError> {
        let memberships = past::memberships_at(self.store.as_ref(), &self.catalog, just_before(from)).await?;
        self.store.rewind(from, &memberships).await
    }
}

/// The last moment before.
pub(crate) fn just_before(as_of: AsOf) -> AsOf {
    AsOf(as_of.moment().plus_micros(-1))
}
