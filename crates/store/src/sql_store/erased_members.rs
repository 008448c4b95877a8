//! Erased people leave the bitmaps: memberships, changes of every run, what guards and starts of syncs remember. As they leave
//! all of them, what is recorded adds up as if they had never been in.
//!
//! Bitmaps are found by reading them, which changes nothing; those that hold the people are written anew in one transaction.
//! Between the two nobody records anything: whoever erases is the writer.

use model::{AudienceKey, Membership, ProfileId};
use sqlx::query;

use super::lives;
use super::runs::{self, bitmap};
use crate::work::{Statement, Work, to_i64};
use crate::{RecordedMembership, StoreError, SyncStart, queries};

/// Changes read at once.
const PAGE_ROWS: i64 = 2_000;

type ChangeRow = (String, String, String, Vec<u8>, Vec<u8>);

/// Bitmaps that hold somebody, without them.
pub(crate) struct Stripped {
    memberships: Vec<(AudienceKey, Membership)>,
    changes: Vec<(ChangeKey, Membership, Membership)>,
    allowed: Vec<(AudienceKey, Membership)>,
    starts: Vec<SyncStart>,
}

struct ChangeKey {
    run_id: String,
    audience: String,
    reason: String,
}

pub(crate) async fn find(work: &mut Work<'_>, profiles: &[ProfileId]) -> Result<Stripped, StoreError> {
    let erased: Membership = profiles.iter().copied().collect();
    let without = |members: &Membership| (!members.is_disjoint(&erased)).then(|| members.minus(&erased));
    let memberships = runs::memberships(work).await?.into_iter();
    let memberships = memberships.filter_map(|(key, RecordedMembership { members, .. })| Some((key, without(&members)?))).collect();
    let allowed = lives::guards(work).await?.into_iter().filter_map(|(key, guarded)| Some((key, without(&guarded.allowed?)?))).collect();
    let starts = lives::starts(work).await?.into_iter();
    let starts = starts.filter_map(|start| Some(SyncStart { held_back: without(&start.held_back)?, ..start })).collect();
    let mut changes = Vec::new();
    let mut after = (String::new(), String::new(), String::new());
    loop {
        let page = query(queries::PAGE_OF_CHANGES).bind(after.0).bind(after.1).bind(after.2).bind(PAGE_ROWS);
        let page: Vec<ChangeRow> = work.all(page).await?;
        let Some(last) = page.last() else { break };
        after = (last.0.clone(), last.1.clone(), last.2.clone());
        for (run_id, audience, reason, entered, exited) in page {
            let (entered, exited) = (bitmap(&entered)?, bitmap(&exited)?);
            if !entered.is_disjoint(&erased) || !exited.is_disjoint(&erased) {
                changes.push((ChangeKey { run_id, audience, reason }, entered.minus(&erased), exited.minus(&erased)));
            }
        }
    }
    Ok(Stripped { memberships, changes, allowed, starts })
}

pub(crate) async fn write(work: &mut Work<'_>, erasure_id: &str, stripped: &Stripped) -> Result<(), StoreError> {
    for (audience, members) in &stripped.memberships {
        work.execute(query(queries::SAVE_MEMBERS).bind(audience.as_str().to_owned()).bind(members.to_bytes())).await?;
    }
    for (audience, allowed) in &stripped.allowed {
        work.execute(query(queries::SAVE_ALLOWED).bind(audience.as_str().to_owned()).bind(allowed.to_bytes())).await?;
    }
    lives::save_starts(work, &stripped.starts).await?;
    for (key, entered, exited) in &stripped.changes {
        let statement = if entered.is_empty() && exited.is_empty() {
            key.bind(queries::DELETE_CHANGE)
        } else {
            key.bind(queries::SAVE_CHANGE).bind(entered.to_bytes()).bind(exited.to_bytes())
        };
        work.execute(statement).await?;
    }
    let count = to_i64(stripped.memberships.len());
    work.execute(query(queries::COUNT_ERASED_MEMBERS).bind(erasure_id.to_owned()).bind(count)).await?;
    Ok(())
}

impl ChangeKey {
    fn bind(&self, sql: &'static str) -> Statement {
        query(sql).bind(self.run_id.clone()).bind(self.audience.clone()).bind(self.reason.clone())
    }
}
