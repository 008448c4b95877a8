//! Lives of audiences beyond one run: retired keys, guards and what they hold, how syncs started.

use std::collections::{BTreeMap, BTreeSet};

use model::{AudienceKey, DestinationKey, Membership, Moment};
use sqlx::query;

use super::runs::{audience_key, bitmap};
use super::syncs::pair;
use crate::work::{Work, keepable};
use crate::{Guarded, Hold, RunRecord, StoreError, SyncStart, queries};

type GuardRow = (String, Option<Vec<u8>>, Option<i64>, Option<String>);

/// What a run records of lives.
pub(crate) async fn record(work: &mut Work<'_>, record: &RunRecord) -> Result<(), StoreError> {
    for audience in &record.retired {
        let retire = query(queries::RETIRE_AUDIENCE).bind(audience.as_str().to_owned()).bind(record.recorded_at.micros());
        work.execute(retire).await?;
    }
    for (audience, destination) in &record.dropped {
        for forget in [queries::FORGET_MAPPING, queries::FORGET_SYNC_START] {
            work.execute(query(forget).bind(audience.as_str().to_owned()).bind(destination.as_str().to_owned())).await?;
        }
    }
    save_starts(work, &record.starts).await
}

pub(crate) async fn retired(work: &mut Work<'_>) -> Result<BTreeMap<AudienceKey, Moment>, StoreError> {
    let rows: Vec<(String, i64)> = work.all(query(queries::RETIRED_AUDIENCES)).await?;
    rows.into_iter().map(|(audience, at)| Ok((audience_key(&audience)?, Moment::from_micros(at)))).collect()
}

pub(crate) async fn known(work: &mut Work<'_>) -> Result<BTreeSet<AudienceKey>, StoreError> {
    let rows: Vec<(String,)> = work.all(query(queries::KNOWN_AUDIENCES)).await?;
    rows.into_iter().map(|(audience,)| audience_key(&audience)).collect()
}

pub(crate) async fn sent_pairs(work: &mut Work<'_>) -> Result<BTreeSet<(AudienceKey, DestinationKey)>, StoreError> {
    let rows: Vec<(String, String)> = work.all(query(queries::SENT_PAIRS)).await?;
    rows.into_iter().map(|(audience, destination)| pair(&audience, &destination)).collect()
}

pub(crate) async fn guards(work: &mut Work<'_>) -> Result<BTreeMap<AudienceKey, Guarded>, StoreError> {
    let rows: Vec<GuardRow> = work.all(query(queries::GUARDS)).await?;
    let read = |(audience, allowed, since, reason): GuardRow| {
        let held = since.map(|since| Hold { reason: reason.unwrap_or_default(), since: Moment::from_micros(since) });
        Ok((audience_key(&audience)?, Guarded { allowed: allowed.as_deref().map(bitmap).transpose()?, held }))
    };
    rows.into_iter().map(read).collect()
}

pub(crate) async fn allow(work: &mut Work<'_>, audience: &AudienceKey, members: &Membership, at: Moment) -> Result<(), StoreError> {
    let allow = query(queries::ALLOW_MEMBERSHIP).bind(audience.as_str().to_owned()).bind(members.to_bytes()).bind(at.micros());
    work.execute(allow).await?;
    Ok(())
}

pub(crate) async fn hold(work: &mut Work<'_>, audience: &AudienceKey, hold: &Hold) -> Result<(), StoreError> {
    let hold = query(queries::HOLD_MEMBERSHIP).bind(audience.as_str().to_owned()).bind(hold.since.micros()).bind(keepable(&hold.reason));
    work.execute(hold).await?;
    Ok(())
}

pub(crate) async fn starts(work: &mut Work<'_>) -> Result<Vec<SyncStart>, StoreError> {
    let rows: Vec<(String, String, Vec<u8>)> = work.all(query(queries::SYNC_STARTS)).await?;
    let read = |(audience, destination, members): (String, String, Vec<u8>)| {
        let (audience, destination) = pair(&audience, &destination)?;
        Ok(SyncStart { audience, destination, held_back: bitmap(&members)? })
    };
    rows.into_iter().map(read).collect()
}

pub(crate) async fn save_starts(work: &mut Work<'_>, starts: &[SyncStart]) -> Result<(), StoreError> {
    for start in starts {
        let save = query(queries::SAVE_SYNC_START)
            .bind(start.audience.as_str().to_owned())
            .bind(start.destination.as_str().to_owned())
            .bind(start.held_back.to_bytes());
        work.execute(save).await?;
    }
    Ok(())
}
