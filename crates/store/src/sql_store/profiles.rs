//! One profile: found by a name, told with what identity knows of it.

use model::{Collection, Moment, ProfileId, PublicId};
use sqlx::query;

use super::identities;
use crate::work::Work;
use crate::{LinkedProfile, MergedProfile, ProfileName, ProfileRecord, SeenIdentifier, StoreError, queries, words};

/// Number, public id, and a moment that belongs to it.
type NumberedRow = (i64, String, i64);

pub(crate) async fn find(work: &mut Work<'_>, name: &ProfileName) -> Result<Option<ProfileRecord>, StoreError> {
    let found = match name {
        ProfileName::Identifier(identifier) => {
            identities::find_profiles(work, std::slice::from_ref(identifier)).await?.get(identifier).copied()
        }
        ProfileName::PublicId(public_id) => {
            let row: Option<(i64,)> = work.optional(query(queries::FIND_PUBLIC_ID).bind(public_id.0.clone())).await?;
            row.map(|(number,)| profile_id(number)).transpose()?
        }
    };
    match found {
        Some(profile) => record(work, profile).await.map(Some),
        None => Ok(None),
    }
}

async fn record(work: &mut Work<'_>, profile: ProfileId) -> Result<ProfileRecord, StoreError> {
    let row: Option<(String, String, i64)> = work.optional(query(queries::PROFILE).bind(i64::from(profile.0))).await?;
    let (public_id, collection, created_at) = row.ok_or(StoreError::damaged("a profile"))?;
    let seen = |(first_seen_at, identifier)| SeenIdentifier { identifier, first_seen_at };
    let merged: Vec<NumberedRow> = work.all(query(queries::MERGED_PROFILES).bind(i64::from(profile.0))).await?;
    let merged = merged.into_iter().map(|(number, public_id, merged_at)| {
        let profile = profile_id(number)?;
        Ok(MergedProfile { profile, public_id: PublicId(public_id), merged_at: Moment::from_micros(merged_at) })
    });
    Ok(ProfileRecord {
        profile,
        public_id: PublicId(public_id),
        collection: words::collection(&collection)?,
        created_at: Moment::from_micros(created_at),
        merged: merged.collect::<Result<_, StoreError>>()?,
        identifiers: identities::sighted(work, profile).await?.into_iter().map(seen).collect(),
    })
}

pub(crate) async fn linked(
    work: &mut Work<'_>,
    profile: ProfileId,
    of: Collection,
    after: Option<ProfileId>,
    limit: u32,
) -> Result<Vec<LinkedProfile>, StoreError> {
    let sql = match of {
        Collection::Users => queries::LINKED_ACCOUNTS,
        Collection::Accounts => queries::LINKED_USERS,
    };
    let after = after.map_or(-1, |after| i64::from(after.0));
    let rows: Vec<NumberedRow> = work.all(query(sql).bind(i64::from(profile.0)).bind(after).bind(i64::from(limit))).await?;
    let linked = rows.into_iter().map(|(number, public_id, since)| {
        let profile = profile_id(number)?;
        Ok(LinkedProfile { profile, public_id: PublicId(public_id), since: Moment::from_micros(since) })
    });
    linked.collect()
}

fn profile_id(number: i64) -> Result<ProfileId, StoreError> {
    u32::try_from(number).map(ProfileId).map_err(|_| StoreError::damaged("the number of a profile"))
}
