//! Who is kept out, by keyed hashes of their identifiers: suppressed people, and those who were erased.

use std::collections::BTreeSet;

use model::{Moment, ProfileId};
use sqlx::query;

use crate::work::{Work, to_u64};
use crate::{KeptOut, StoreError, Suppression, queries};

const SUBJECT: &str = "kept_out";

pub(crate) async fn all(work: &mut Work<'_>) -> Result<Vec<Suppression>, StoreError> {
    let rows: Vec<(String, Option<i64>, i64)> = work.all(query(queries::SUPPRESSIONS)).await?;
    let read = |(digest, profile, since): (String, Option<i64>, i64)| {
        let number = |profile| u32::try_from(profile).map(ProfileId).map_err(|_| StoreError::damaged("a suppressed profile"));
        Ok(Suppression { digest, profile: profile.map(number).transpose()?, since: Moment::from_micros(since) })
    };
    rows.into_iter().map(read).collect()
}

/// The list, unless it is the one that is `known`.
pub(crate) async fn kept_out(work: &mut Work<'_>, known: Option<u64>) -> Result<Option<KeptOut>, StoreError> {
    let version = to_u64(work.numbers_given(SUBJECT).await?, "the count of changes")?;
    if known == Some(version) {
        return Ok(None);
    }
    let suppressed: Vec<String> = work.packed(query(queries::SUPPRESSED_DIGESTS)).await?;
    let erased: Vec<(String, Option<Moment>)> = work.packed(query(queries::TOMBSTONES)).await?;
    Ok(Some(KeptOut { suppressed: suppressed.into_iter().collect(), erased: erased.into_iter().collect(), version }))
}

pub(crate) async fn profiles(work: &mut Work<'_>) -> Result<BTreeSet<ProfileId>, StoreError> {
    let profiles: Vec<ProfileId> = work.packed(query(queries::PROFILES_KEPT_OUT)).await?;
    Ok(profiles.into_iter().collect())
}

pub(crate) async fn add(work: &mut Work<'_>, digests: &[String], profile: Option<ProfileId>, at: Moment) -> Result<(), StoreError> {
    let rows: Vec<_> = digests.iter().map(|digest| (digest, profile, at)).collect();
    work.write_rows(queries::SUPPRESS, &rows).await?;
    changed(work).await
}

/// How many there were.
pub(crate) async fn remove(work: &mut Work<'_>, digests: &[String]) -> Result<u64, StoreError> {
    let rows: Vec<_> = digests.iter().map(|digest| (digest,)).collect();
    let removed = work.execute(query(queries::UNSUPPRESS).bind(crate::work::pack(&rows))).await?;
    changed(work).await?;
    Ok(removed)
}

/// Tells those who know the list that it is another one now.
pub(crate) async fn changed(work: &mut Work<'_>) -> Result<(), StoreError> {
    work.take_numbers(SUBJECT, 1).await.map(drop)
}

pub(crate) async fn hash_key(work: &mut Work<'_>) -> Result<String, StoreError> {
    let row: Option<(String,)> = work.optional(query(queries::HASH_KEY)).await?;
    row.map(|(key,)| key).ok_or_else(|| StoreError::damaged("the key of hashes"))
}
