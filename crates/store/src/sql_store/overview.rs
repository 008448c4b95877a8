//! What people ask of identity: how many there are, who merged lately, who is near a limit, what was refused.

use model::{IdentifierKind, Moment, PublicId};
use sqlx::query;

use crate::work::{Work, to_u64};
use crate::{Crowd, Crowded, IdentityCounts, PublicMerge, RecordedRefusals, Refusals, StoreError, queries, words};

const COUNT: &str = "a count of identities";

type RefusalRow = (String, String, String, i64, i64, i64, Option<String>, Option<String>);

pub(crate) async fn counts(work: &mut Work<'_>) -> Result<IdentityCounts, StoreError> {
    let mut counts = IdentityCounts { merges: super::merging::count(work).await?, ..IdentityCounts::default() };
    let profiles: Vec<(String, i64)> = work.all(query(queries::PROFILE_COUNTS)).await?;
    for (collection, count) in profiles {
        counts.profiles.insert(words::collection(&collection)?, to_u64(count, COUNT)?);
    }
    let identifiers: Vec<(String, i64)> = work.all(query(queries::IDENTIFIER_COUNTS)).await?;
    for (kind, count) in identifiers {
        counts.identifiers.insert(IdentifierKind::new(&kind), to_u64(count, COUNT)?);
    }
    Ok(counts)
}

pub(crate) async fn latest_merges(work: &mut Work<'_>, limit: u32) -> Result<Vec<PublicMerge>, StoreError> {
    let rows: Vec<(i64, String, String)> = work.all(query(queries::LATEST_MERGES).bind(i64::from(limit))).await?;
    let merge = |(merged_at, winner, loser)| PublicMerge {
        winner: PublicId(winner),
        loser: PublicId(loser),
        merged_at: Moment::from_micros(merged_at),
    };
    Ok(rows.into_iter().map(merge).collect())
}

pub(crate) async fn crowded(work: &mut Work<'_>, crowd: &Crowd, least: u32, limit: u32) -> Result<Vec<Crowded>, StoreError> {
    let asked = match crowd {
        Crowd::Identifiers { kind, since } => {
            let since = since.map_or(i64::MIN, Moment::micros);
            query(queries::CROWDED_PROFILES).bind(kind.as_str().to_owned()).bind(since).bind(i64::from(least)).bind(i64::from(limit))
        }
        Crowd::Merges => query(queries::CROWDED_BY_MERGES).bind(i64::from(least)).bind(i64::from(limit)),
    };
    let rows: Vec<(String, i64)> = work.all(asked).await?;
    rows.into_iter().map(|(public_id, count)| Ok(Crowded { public_id: PublicId(public_id), count: to_u64(count, COUNT)? })).collect()
}

pub(crate) async fn note_refusals(work: &mut Work<'_>, refusals: &[Refusals]) -> Result<(), StoreError> {
    let row = |refused: &Refusals| {
        let Refusals { source, subject, reason, count, at, sample, profile } = refused.clone();
        (source, subject, reason, count, at, sample, profile)
    };
    let rows: Vec<_> = refusals.iter().map(row).collect();
    work.write_rows(queries::NOTE_REFUSALS, &rows).await
}

pub(crate) async fn refusals(work: &mut Work<'_>, limit: u32) -> Result<Vec<RecordedRefusals>, StoreError> {
    let rows: Vec<RefusalRow> = work.all(query(queries::REFUSALS).bind(i64::from(limit))).await?;
    let recorded = |(source, subject, reason, count, first_at, last_at, sample, public_id): RefusalRow| {
        Ok(RecordedRefusals {
            source,
            subject,
            reason,
            count: to_u64(count, COUNT)?,
            first_at: Moment::from_micros(first_at),
            last_at: Moment::from_micros(last_at),
            sample,
            profile: public_id.map(PublicId),
        })
    };
    rows.into_iter().map(recorded).collect()
}
