//! Who must not be sent anywhere, by keyed hashes of their identifiers.

use model::{Moment, ProfileId};
use sqlx::query;

use crate::work::Work;
use crate::{StoreError, Suppressed, queries};

pub(crate) async fn all(work: &mut Work<'_>) -> Result<Suppressed, StoreError> {
    let rows: Vec<(String, Option<i64>)> = work.all(query(queries::SUPPRESSED)).await?;
    let mut suppressed = Suppressed::default();
    for (digest, profile) in rows {
        if let Some(profile) = profile {
            let number = u32::try_from(profile).map_err(|_| StoreError::damaged("a suppressed profile"))?;
            suppressed.profiles.insert(ProfileId(number));
        }
        suppressed.digests.insert(digest);
    }
    Ok(suppressed)
}

pub(crate) async fn add(work: &mut Work<'_>, digests: &[String], profile: Option<ProfileId>, at: Moment) -> Result<(), StoreError> {
    let rows: Vec<_> = digests.iter().map(|digest| (digest, profile, at)).collect();
    work.write_rows(queries::SUPPRESS, &rows).await
}

pub(crate) async fn remove(work: &mut Work<'_>, digests: &[String]) -> Result<(), StoreError> {
    let rows: Vec<_> = digests.iter().map(|digest| (digest,)).collect();
    work.write_rows(queries::UNSUPPRESS, &rows).await
}

pub(crate) async fn hash_key(work: &mut Work<'_>) -> Result<String, StoreError> {
    let row: Option<(String,)> = work.optional(query(queries::HASH_KEY)).await?;
    row.map(|(key,)| key).ok_or_else(|| StoreError::damaged("the key of hashes"))
}
