//! Recording: what runs found, written down in one go.
//!
//! Every run's changes are kept, and of the memberships only those after the last run: those in between follow from the
//! changes. A membership that is the same as before is not written again; what is said about it (run, moment, fingerprint) is.

use std::collections::BTreeMap;

use model::{AsOf, AudienceKey, Fingerprint, Membership, Moment, RunId};
use sqlx::query;

use super::runs::save_membership;
use crate::work::{CHUNK_ROWS, Statement, Work, pack, to_i64};
use crate::{AudienceRecord, FoundMembers, RecordedMembership, RunRecord, StoreError, queries};

/// Bitmaps that travel at once, in bytes.
const CHUNK_BYTES: usize = 16 << 20;

pub(crate) async fn record(work: &mut Work<'_>, records: &[RunRecord]) -> Result<(), StoreError> {
    let Some(earliest) = records.iter().map(|record| record.as_of).min() else { return Ok(()) };
    let first = work.take_numbers("recordings", records.len()).await?;
    // Asked once the numbers are taken: whoever else records waits for them until this is done.
    check_claims(work, records).await?;
    let later: Option<(i64,)> = work.optional(query(queries::LATER_RECORDING).bind(earliest.0.micros())).await?;
    let later = later.map(|(later,)| AsOf(Moment::from_micros(later)));
    let overtaken = records.windows(2).find(|pair| pair[0].as_of > pair[1].as_of).map(|pair| pair[0].as_of);
    if let Some(later) = later.or(overtaken) {
        return Err(work.conflict(format!("a run as of {later} is recorded already, and history goes forward")));
    }
    let rows: Vec<_> = (first..)
        .zip(records)
        .map(|(number, record)| {
            let segments = record.segments_seen.map(|segment| segment.0);
            (number, &record.run_id.0, record.recorded_at.micros(), segments, to_i64(record.merges_seen))
        })
        .collect();
    work.write_rows(queries::INSERT_RECORDINGS, &rows).await?;
    save_memberships(work, records).await?;
    insert_changes(work, records).await
}

async fn check_claims(work: &mut Work<'_>, records: &[RunRecord]) -> Result<(), StoreError> {
    let rows: Vec<_> = records.iter().enumerate().map(|(place, record)| (place, &record.run_id.0)).collect();
    let found: Vec<(usize, i64, bool)> = work.ask_rows(queries::FIND_CLAIMS, &rows).await?;
    let found: BTreeMap<usize, (i64, bool)> = found.into_iter().map(|(place, as_of, recorded)| (place, (as_of, recorded))).collect();
    for (place, RunRecord { run_id, as_of, .. }) in records.iter().enumerate() {
        match found.get(&place) {
            None => return Err(work.not_found(format!("run {run_id}"))),
            Some((claimed, _)) if *claimed != as_of.0.micros() => {
                return Err(work.conflict(format!("run {run_id} was claimed for another moment than {as_of}")));
            }
            Some((_, true)) => return Err(work.conflict(format!("run {run_id} was recorded already"))),
            Some((_, false)) => {}
        }
    }
    Ok(())
}

/// What is left to write of an audience's membership once all runs are looked at.
struct Latest<'r> {
    run_id: &'r RunId,
    as_of: AsOf,
    /// Of the first of these runs.
    since: AsOf,
    fingerprint: &'r Fingerprint,
    members: Members<'r>,
}

enum Members<'r> {
    Are(&'r Membership),
    /// As this run left them, which was recorded before.
    Kept(&'r RunId),
    Untold,
}

async fn save_memberships(work: &mut Work<'_>, records: &[RunRecord]) -> Result<(), StoreError> {
    let mut latest: BTreeMap<&AudienceKey, Latest<'_>> = BTreeMap::new();
    for record in records {
        for AudienceRecord { audience, fingerprint, members, changes: _ } in &record.audiences {
            let before = latest.remove(audience);
            let since = before.as_ref().map_or(record.as_of, |before| before.since);
            let members = match (members, before) {
                (FoundMembers::Are(members), _) => Members::Are(members),
                (FoundMembers::ToldLater, _) => Members::Untold,
                (FoundMembers::AsAfter(run_id), None) => Members::Kept(run_id),
                (FoundMembers::AsAfter(run_id), Some(before)) if before.run_id == run_id => before.members,
                (FoundMembers::AsAfter(_), Some(_)) => return Err(overtaken(work, audience)),
            };
            latest.insert(audience, Latest { run_id: &record.run_id, as_of: record.as_of, since, fingerprint, members });
        }
    }
    for (audience, Latest { run_id, as_of, since, fingerprint, members }) in latest {
        match members {
            Members::Are(members) => {
                let (members, run_id, fingerprint) = (members.clone(), run_id.clone(), fingerprint.clone());
                save_membership(work, audience, &RecordedMembership { members, as_of, since, run_id, fingerprint }).await?;
            }
            Members::Kept(by) => {
                if work.execute(keep(audience, by, run_id, as_of, fingerprint)).await? == 0 {
                    return Err(overtaken(work, audience));
                }
            }
            Members::Untold => return Err(work.conflict(format!("no run says who is in audience `{audience}`"))),
        }
    }
    Ok(())
}

fn keep(audience: &AudienceKey, recorded_by: &RunId, run_id: &RunId, as_of: AsOf, fingerprint: &Fingerprint) -> Statement {
    query(queries::KEEP_MEMBERSHIP)
        .bind(audience.as_str().to_owned())
        .bind(recorded_by.0.clone())
        .bind(run_id.0.clone())
        .bind(as_of.0.micros())
        .bind(fingerprint.0.clone())
}

fn overtaken(work: &Work<'_>, audience: &AudienceKey) -> StoreError {
    work.conflict(format!("audience `{audience}` was recorded by another run meanwhile"))
}

/// Run, audience, reason; then where each half stands among the bytes sent along (from 1, as SQL counts) and how long it is.
type ChangeRow<'r> = (&'r str, &'r str, &'static str, usize, usize, usize, usize);

async fn insert_changes(work: &mut Work<'_>, records: &[RunRecord]) -> Result<(), StoreError> {
    let (mut rows, mut bytes) = (Vec::new(), Vec::new());
    let put = |half: &Membership, bytes: &mut Vec<u8>| {
        let half = half.to_bytes();
        bytes.extend_from_slice(&half);
        (bytes.len() - half.len() + 1, half.len())
    };
    for record in records {
        for AudienceRecord { audience, changes, .. } in &record.audiences {
            for (reason, diff) in changes {
                let (entered, exited) = (put(&diff.entered, &mut bytes), put(&diff.exited, &mut bytes));
                rows.push((record.run_id.0.as_str(), audience.as_str(), reason.as_str(), entered.0, entered.1, exited.0, exited.1));
                if rows.len() == CHUNK_ROWS || bytes.len() >= CHUNK_BYTES {
                    send_changes(work, &mut rows, &mut bytes).await?;
                }
            }
        }
    }
    send_changes(work, &mut rows, &mut bytes).await
}

async fn send_changes(work: &mut Work<'_>, rows: &mut Vec<ChangeRow<'_>>, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
    if !rows.is_empty() {
        work.execute(query(queries::INSERT_CHANGES).bind(pack(rows)).bind(std::mem::take(bytes))).await?;
        rows.clear();
    }
    Ok(())
}
