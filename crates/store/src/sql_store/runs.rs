//! Runs: claimed once, rewound, and what is recorded of them. How they are recorded is told in `recording`.

use std::collections::BTreeMap;

use model::{AsOf, AudienceKey, Fingerprint, Membership, MembershipDiff, Moment, Reason, RunId, SegmentId};
use sqlx::query;
use uuid::Uuid;

use crate::work::{Work, to_u64};
use crate::{Claimed, RecordedChange, RecordedMembership, RunClaim, RunSummary, Seen, StoreError, queries, words};

const RUN_ID_LENGTH: usize = 12;

/// Place, name, kind, when it was claimed, when it was recorded.
type ClaimedRow = (usize, String, String, i64, Option<i64>);
type ChangeRow = (String, i64, String, String, Vec<u8>, Vec<u8>);
type SeenRow = (String, i64, String, String, i64, i64, Option<i64>, i64);
type SummaryRow = (String, i64, String, String, i64, i64);

pub(crate) async fn claim(work: &mut Work<'_>, claims: &[RunClaim]) -> Result<Vec<Claimed>, StoreError> {
    let rows: Vec<_> = claims
        .iter()
        .map(|claim| {
            let mut run_id = Uuid::new_v4().simple().to_string();
            run_id.truncate(RUN_ID_LENGTH);
            (run_id, &claim.fingerprint.0, claim.as_of.0.micros(), words::of_run_kind(claim.kind), claim.started_at.micros())
        })
        .collect();
    work.write_rows(queries::CLAIM_RUNS, &rows).await?;
    let asked: Vec<_> = claims.iter().map(|claim| (&claim.fingerprint, claim.as_of)).collect();
    find(work, &asked).await?.into_iter().collect::<Option<_>>().ok_or(StoreError::damaged("the table of runs"))
}

pub(crate) async fn recorded(work: &mut Work<'_>, fingerprint: &Fingerprint, as_of: AsOf) -> Result<Option<RunSummary>, StoreError> {
    match find(work, &[(fingerprint, as_of)]).await?.pop().flatten() {
        Some(Claimed::AlreadyDone(run)) => Ok(Some(run)),
        Some(Claimed::Granted(_)) | None => Ok(None),
    }
}

/// What became of these runs, in the order asked; nothing where nobody claimed one.
async fn find(work: &mut Work<'_>, asked: &[(&Fingerprint, AsOf)]) -> Result<Vec<Option<Claimed>>, StoreError> {
    let rows: Vec<_> = asked.iter().enumerate().map(|(place, (of, at))| (place, &of.0, at.0.micros())).collect();
    let claimed: Vec<ClaimedRow> = work.ask_rows(queries::CLAIMED_RUNS, &rows).await?;
    let mut found = vec![None; asked.len()];
    for (place, run_id, kind, started_at, recorded_at) in claimed {
        let (fingerprint, as_of) = *asked.get(place).ok_or(StoreError::damaged("a claimed run"))?;
        found[place] = Some(match recorded_at {
            Some(recorded_at) => {
                let (fingerprint, as_of) = (fingerprint.0.clone(), as_of.0.micros());
                Claimed::AlreadyDone(summary((run_id, as_of, kind, fingerprint, started_at, recorded_at))?)
            }
            None => Claimed::Granted(RunId(run_id)),
        });
    }
    Ok(found)
}

pub(crate) async fn rewind(
    work: &mut Work<'_>,
    from: AsOf,
    memberships: &BTreeMap<AudienceKey, RecordedMembership>,
) -> Result<(), StoreError> {
    work.execute(query(queries::FORGET_MEMBERSHIPS)).await?;
    work.execute(query(queries::FORGET_MAPPINGS)).await?;
    for (audience, membership) in memberships {
        save_membership(work, audience, membership).await?;
    }
    // Only then the runs: one that a kept membership names is a name and nothing more from now on.
    for forget in [queries::FORGET_CHANGES, queries::FORGET_RECORDINGS, queries::FORGET_RUNS, queries::FORGET_CLAIMS] {
        work.execute(query(forget).bind(from.0.micros())).await?;
    }
    Ok(())
}

/// Saves a membership. One that was there keeps its `since`.
pub(crate) async fn save_membership(
    work: &mut Work<'_>,
    audience: &AudienceKey,
    membership: &RecordedMembership,
) -> Result<(), StoreError> {
    let save = query(queries::SAVE_MEMBERSHIP)
        .bind(audience.as_str().to_owned())
        .bind(membership.run_id.0.clone())
        .bind(membership.as_of.0.micros())
        .bind(membership.since.0.micros())
        .bind(membership.fingerprint.0.clone())
        .bind(membership.members.to_bytes());
    work.execute(save).await?;
    Ok(())
}

pub(crate) async fn seen(work: &mut Work<'_>) -> Result<Option<Seen>, StoreError> {
    let row: Option<SeenRow> = work.optional(query(queries::SEEN)).await?;
    row.map(seen_of).transpose()
}

pub(crate) async fn seen_by(work: &mut Work<'_>, run_id: &RunId) -> Result<Option<Seen>, StoreError> {
    let row: Option<SeenRow> = work.optional(query(queries::SEEN_BY).bind(run_id.0.clone())).await?;
    row.map(seen_of).transpose()
}

fn seen_of((run_id, as_of, kind, fingerprint, started_at, recorded_at, segments, merges): SeenRow) -> Result<Seen, StoreError> {
    let run = summary((run_id, as_of, kind, fingerprint, started_at, recorded_at))?;
    Ok(Seen { run, segments: segments.map(SegmentId), merges: to_u64(merges, "the count of merges")? })
}

pub(crate) async fn latest(work: &mut Work<'_>, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
    let rows: Vec<SummaryRow> = work.all(query(queries::RUNS).bind(i64::from(limit))).await?;
    rows.into_iter().map(summary).collect()
}

pub(crate) async fn memberships(work: &mut Work<'_>) -> Result<BTreeMap<AudienceKey, RecordedMembership>, StoreError> {
    let rows: Vec<(String, String, i64, i64, String, Vec<u8>)> = work.all(query(queries::MEMBERSHIPS)).await?;
    let mut memberships = BTreeMap::new();
    for (audience, run_id, as_of, since, fingerprint, members) in rows {
        let recorded = RecordedMembership {
            members: bitmap(&members)?,
            as_of: AsOf(Moment::from_micros(as_of)),
            since: AsOf(Moment::from_micros(since)),
            run_id: RunId(run_id),
            fingerprint: Fingerprint(fingerprint),
        };
        memberships.insert(audience_key(&audience)?, recorded);
    }
    Ok(memberships)
}

pub(crate) async fn changes(
    work: &mut Work<'_>,
    audience: Option<&AudienceKey>,
    first: AsOf,
    last: AsOf,
) -> Result<Vec<RecordedChange>, StoreError> {
    let audience = audience.map(|audience| audience.as_str().to_owned());
    let changes = query(queries::CHANGES).bind(first.0.micros()).bind(last.0.micros()).bind(audience);
    let rows: Vec<ChangeRow> = work.all(changes).await?;
    let read = |(run_id, as_of, audience, reason, entered, exited): ChangeRow| {
        Ok(RecordedChange {
            run_id: RunId(run_id),
            as_of: AsOf(Moment::from_micros(as_of)),
            audience: audience_key(&audience)?,
            reason: Reason::parse(&reason).ok_or(StoreError::damaged("the reason of a change"))?,
            diff: MembershipDiff { entered: bitmap(&entered)?, exited: bitmap(&exited)? },
        })
    };
    rows.into_iter().map(read).collect()
}

fn summary((run_id, as_of, kind, fingerprint, started_at, recorded_at): SummaryRow) -> Result<RunSummary, StoreError> {
    Ok(RunSummary {
        run_id: RunId(run_id),
        as_of: AsOf(Moment::from_micros(as_of)),
        kind: words::run_kind(&kind)?,
        fingerprint: Fingerprint(fingerprint),
        started_at: Moment::from_micros(started_at),
        recorded_at: Moment::from_micros(recorded_at),
    })
}

pub(crate) fn audience_key(text: &str) -> Result<AudienceKey, StoreError> {
    AudienceKey::parse(text).map_err(|_| StoreError::damaged("the key of an audience"))
}

pub(crate) fn bitmap(bytes: &[u8]) -> Result<Membership, StoreError> {
    Membership::from_bytes(bytes).map_err(|error| StoreError::Corrupt { what: "a membership", source: Some(error.into()) })
}
