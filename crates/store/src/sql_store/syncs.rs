//! What waits to be sent, how it went, and what is known of destinations.

use std::collections::BTreeSet;

use model::{AudienceKey, DestinationKey, Fingerprint, Moment, RemoteAudience, RunId, SyncState, SyncStatus};
use sqlx::query;

use crate::work::{Work, keepable, to_i64, to_u64};
use crate::{PendingSync, StoreError, queries, words};

/// Asks for syncs. Each gets a new number, so that settling an older request of the same pair leaves this one pending.
pub(crate) async fn request(
    work: &mut Work<'_>,
    run_id: &RunId,
    pairs: &[(AudienceKey, DestinationKey)],
    at: Moment,
) -> Result<(), StoreError> {
    if pairs.is_empty() {
        return Ok(());
    }
    let pairs: BTreeSet<_> = pairs.iter().collect();
    let first = work.take_numbers("syncs", pairs.len()).await?;
    let rows: Vec<_> =
        (first..).zip(pairs).map(|(sync_id, (audience, destination))| (sync_id, audience, destination, run_id, at)).collect();
    work.write_rows(queries::REQUEST_SYNCS, &rows).await
}

pub(crate) async fn pending(work: &mut Work<'_>) -> Result<Vec<PendingSync>, StoreError> {
    let rows: Vec<(i64, String, String, String, i64)> = work.all(query(queries::PENDING_SYNCS)).await?;
    let read = |(sync_id, audience, destination, run_id, since): (i64, String, String, String, i64)| {
        let (audience, destination) = pair(&audience, &destination)?;
        Ok(PendingSync { sync_id, audience, destination, run_id: RunId(run_id), pending_since: Moment::from_micros(since) })
    };
    rows.into_iter().map(read).collect()
}

pub(crate) async fn settle(work: &mut Work<'_>, sync: &PendingSync, status: &SyncStatus) -> Result<(), StoreError> {
    let save = query(queries::SAVE_SYNC_STATUS)
        .bind(sync.audience.as_str().to_owned())
        .bind(sync.destination.as_str().to_owned())
        .bind(words::of_sync_state(status.state))
        .bind(status.message.as_deref().map(keepable))
        .bind(status.sendable.map(to_i64))
        .bind(to_i64(status.rows_added))
        .bind(to_i64(status.rows_removed))
        .bind(keepable(&serde_json::json!(status.remote).to_string()))
        .bind(status.mapping.0.clone())
        .bind(status.updated_at.micros());
    work.execute(save).await?;
    match status.state {
        SyncState::Sent | SyncState::SentBelowMinimum | SyncState::BelowMinimum => {
            work.execute(query(queries::DELETE_PENDING_SYNC).bind(sync.sync_id)).await?;
            Ok(())
        }
        SyncState::Pending | SyncState::Held | SyncState::Paused | SyncState::Failed => Ok(()),
    }
}

type StatusRow = (String, String, String, Option<String>, Option<i64>, i64, i64, String, String, i64);

pub(crate) async fn statuses(work: &mut Work<'_>) -> Result<Vec<SyncStatus>, StoreError> {
    const COUNT: &str = "a count of sent rows";
    let rows: Vec<StatusRow> = work.all(query(queries::SYNC_STATUSES)).await?;
    let read = |(audience, destination, state, message, sendable, rows_added, rows_removed, remote, mapping, updated_at): StatusRow| {
        let (audience, destination) = pair(&audience, &destination)?;
        Ok(SyncStatus {
            audience,
            destination,
            state: words::sync_state(&state)?,
            message,
            sendable: sendable.map(|sendable| to_u64(sendable, COUNT)).transpose()?,
            rows_added: to_u64(rows_added, COUNT)?,
            rows_removed: to_u64(rows_removed, COUNT)?,
            remote: serde_json::from_str(&remote).map_err(|_| StoreError::damaged("what a destination says"))?,
            mapping: Fingerprint(mapping),
            updated_at: Moment::from_micros(updated_at),
        })
    };
    rows.into_iter().map(read).collect()
}

pub(crate) async fn remote_audience(
    work: &mut Work<'_>,
    audience: &AudienceKey,
    destination: &DestinationKey,
) -> Result<Option<RemoteAudience>, StoreError> {
    let find = query(queries::REMOTE_AUDIENCE).bind(audience.as_str().to_owned()).bind(destination.as_str().to_owned());
    let row: Option<RemoteRow> = work.optional(find).await?;
    Ok(row.map(|(remote_id, name, doubt, replacing, written_at, drifted_at)| RemoteAudience {
        remote_id,
        name,
        doubt,
        replacing,
        written_at: written_at.map(Moment::from_micros),
        drifted_at: drifted_at.map(Moment::from_micros),
    }))
}

type RemoteRow = (String, String, Option<String>, Option<i64>, Option<i64>, Option<i64>);

pub(crate) async fn save_remote_audience(
    work: &mut Work<'_>,
    audience: &AudienceKey,
    destination: &DestinationKey,
    remote: &RemoteAudience,
) -> Result<(), StoreError> {
    let save = query(queries::SAVE_REMOTE_AUDIENCE)
        .bind(audience.as_str().to_owned())
        .bind(destination.as_str().to_owned())
        .bind(remote.remote_id.clone())
        .bind(keepable(&remote.name))
        .bind(remote.doubt.as_deref().map(keepable))
        .bind(remote.replacing)
        .bind(remote.written_at.map(Moment::micros))
        .bind(remote.drifted_at.map(Moment::micros));
    work.execute(save).await?;
    Ok(())
}

pub(crate) async fn not_before(work: &mut Work<'_>, subject: &str) -> Result<Option<Moment>, StoreError> {
    let row: Option<(i64,)> = work.optional(query(queries::NOT_BEFORE).bind(subject.to_owned())).await?;
    Ok(row.map(|(micros,)| Moment::from_micros(micros)))
}

pub(crate) async fn set_not_before(work: &mut Work<'_>, subject: &str, until: Option<Moment>) -> Result<(), StoreError> {
    let set = match until {
        Some(until) => query(queries::SET_NOT_BEFORE).bind(subject.to_owned()).bind(until.micros()),
        None => query(queries::CLEAR_NOT_BEFORE).bind(subject.to_owned()),
    };
    work.execute(set).await?;
    Ok(())
}

pub(crate) async fn workspace_id(work: &mut Work<'_>) -> Result<String, StoreError> {
    let row: Option<(String,)> = work.optional(query(queries::WORKSPACE_ID)).await?;
    row.map(|(workspace_id,)| workspace_id).ok_or_else(|| StoreError::damaged("the workspace's id"))
}

pub(crate) fn pair(audience: &str, destination: &str) -> Result<(AudienceKey, DestinationKey), StoreError> {
    let audience = AudienceKey::parse(audience).map_err(|_| StoreError::damaged("the key of an audience"))?;
    let destination = DestinationKey::parse(destination).map_err(|_| StoreError::damaged("the key of a destination"))?;
    Ok((audience, destination))
}
