//! A flush: identities, segments and import progress become true together.

use std::collections::BTreeMap;

use model::{AccountLink, Moment, ProfileId};

use super::{imports, merging, models, news, observed, overview, segments};
use crate::work::Work;
use crate::{AttachedIdentifier, Flush, NewProfile, StoreError, queries, words};

pub(crate) async fn flush(work: &mut Work<'_>, flush: &Flush) -> Result<(), StoreError> {
    let first_new = insert_profiles(work, &flush.profiles).await?;
    news::note(work, flush, first_new).await?;
    attach_identifiers(work, &flush.identifiers).await?;
    merging::insert(work, &flush.merges).await?;
    link_accounts(work, &flush.links).await?;
    segments::insert(work, &flush.segments).await?;
    observed::add(work, source(flush), &flush.segments).await?;
    if let Some(import) = &flush.import {
        imports::save(work, import).await?;
    }
    if let Some(batch) = &flush.model {
        models::save(work, batch).await?;
    }
    overview::note_refusals(work, &flush.refusals).await
}

/// Where what is flushed came from; empty where nothing says so.
fn source(flush: &Flush) -> &str {
    let of_model = || flush.model.as_ref().map(|batch| batch.model.as_str());
    flush.import.as_ref().map(|import| import.source.as_str()).or_else(of_model).unwrap_or_default()
}

/// Takes the numbers that the new profiles already have, and gives the first. Taken also for none: whoever holds them flushes
/// alone.
async fn insert_profiles(work: &mut Work<'_>, profiles: &[NewProfile]) -> Result<ProfileId, StoreError> {
    let first = work.take_numbers("profiles", profiles.len()).await?;
    let first_new = u32::try_from(first).map(ProfileId).map_err(|_| StoreError::damaged("the count of profiles"))?;
    for (expected, new) in (first..).zip(profiles) {
        let found = new.profile;
        if i64::from(found.0) != expected {
            return Err(work.conflict(format!("its new profile {found} should have been {expected}: was another writer there?")));
        }
    }
    // In order: an index on them takes neighbours faster than strangers.
    let mut public_ids: Vec<_> = profiles.iter().map(|new| public_id(new.created_at)).collect();
    public_ids.sort_unstable();
    let rows: Vec<_> = (profiles.iter().zip(public_ids))
        .map(|(new, public_id)| (new.profile, words::of_collection(new.collection), public_id, new.created_at))
        .collect();
    work.write_rows(queries::INSERT_PROFILES, &rows).await?;
    Ok(first_new)
}

/// A name that nobody guesses (version 7 of RFC 9562): random but for the moment in front, so that the index of names grows at
/// its end.
fn public_id(created_at: Moment) -> String {
    let millis = u64::try_from(created_at.micros() / 1_000).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid().to_string()
}

async fn attach_identifiers<'a>(work: &mut Work<'_>, attached: &'a [AttachedIdentifier]) -> Result<(), StoreError> {
    // Each identifier once, with the last profile named, the earliest sighting and the first attachment; sorted, as the table is.
    let mut sorted: Vec<&AttachedIdentifier> = attached.iter().collect();
    sorted.sort_by(|one, other| one.identifier.cmp(&other.identifier));
    let same = sorted.chunk_by(|one, other| one.identifier == other.identifier);
    let once = |same: &[&'a AttachedIdentifier]| {
        let (first, last) = (same.first()?, same.last()?);
        let first_seen_at = same.iter().map(|attached| attached.first_seen_at).min()?;
        Some((&last.identifier.kind, &last.identifier.value, last.profile, first_seen_at, first.attached_at))
    };
    let rows: Vec<_> = same.filter_map(once).collect();
    work.write_rows(queries::UPSERT_IDENTIFIERS, &rows).await
}

async fn link_accounts(work: &mut Work<'_>, links: &[AccountLink]) -> Result<(), StoreError> {
    // A statement may touch each row once: of a link named twice the earlier moment counts.
    let mut earliest: BTreeMap<(ProfileId, ProfileId), Moment> = BTreeMap::new();
    for link in links {
        let since = earliest.entry((link.user, link.account)).or_insert(link.since);
        *since = link.since.min(*since);
    }
    let rows: Vec<_> = earliest.into_iter().map(|((user, account), since)| (user, account, since)).collect();
    work.write_rows(queries::INSERT_LINKS, &rows).await
}

#[cfg(test)]
mod tests {
    use sqlx::Executor as _;

    use super::*;
    use crate::{Store as _, StoreUrl};

    #[tokio::test]
    async fn a_full_disk_is_named_and_nothing_is_half_written() {
        let store = crate::open::open_sql(&StoreUrl::SqliteMemory).await.unwrap();
        store.pool.execute("PRAGMA max_page_count = 60").await.unwrap();
        let new =
            |number| NewProfile { profile: ProfileId(number), collection: model::Collection::Users, created_at: Moment::from_micros(0) };
        let large = Flush { profiles: (0..20_000).map(new).collect(), ..Flush::default() };
        let error = store.flush(&large).await.unwrap_err();
        assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
        assert_eq!(store.next_profile().await.unwrap(), ProfileId(0));
        store.pool.execute("PRAGMA max_page_count = 60000").await.unwrap();
        store.flush(&large).await.unwrap();
    }
}
