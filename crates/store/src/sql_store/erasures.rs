//! Erasures: asked for, gone on with step by step, finished. What is erased and that it was is one transaction each.

use std::collections::BTreeMap;

use model::{DestinationKey, LogName, Moment, ProfileId, Segment, SegmentId};
use sqlx::query;

use super::{news, segments, suppressions};
use crate::work::{Work, keepable, pack, to_i64, to_u64};
use crate::{Erasure, ErasureCounts, ErasureRequest, ErasureState, Holdings, LeftAt, StoreError, queries, words};

/// Id, requested at and by, whether to suppress, state, erased and finished at, counts.
type PackedErasure = (String, Moment, String, i64, String, Option<Moment>, Option<Moment>, [u64; 9]);
type PackedDestination = (String, String, String, u64, Option<String>, Moment);

pub(crate) async fn request(work: &mut Work<'_>, request: &ErasureRequest) -> Result<(), StoreError> {
    let insert = query(queries::INSERT_ERASURE)
        .bind(request.erasure_id.clone())
        .bind(request.requested_at.micros())
        .bind(keepable(&request.requested_by))
        .bind(i64::from(request.suppress))
        .bind(words::of_erasure_state(ErasureState::Requested));
    work.execute(insert).await?;
    if request.suppress {
        suppressions::add(work, &request.digests, None, request.requested_at).await?;
    }
    extend(work, &request.erasure_id, &request.profiles, &request.digests).await
}

/// More profiles or identifiers turned out to be the person's: destinations are asked again.
pub(crate) async fn extend(work: &mut Work<'_>, erasure_id: &str, profiles: &[ProfileId], digests: &[String]) -> Result<(), StoreError> {
    let rows: Vec<_> = profiles.iter().map(|profile| (erasure_id, profile)).collect();
    work.write_rows(queries::INSERT_ERASURE_PROFILES, &rows).await?;
    let rows: Vec<(&String, &str, Option<Moment>)> = digests.iter().map(|digest| (digest, erasure_id, None)).collect();
    work.write_rows(queries::UPSERT_TOMBSTONES, &rows).await?;
    set_state(work, erasure_id, ErasureState::Requested).await?;
    suppressions::changed(work).await
}

pub(crate) async fn latest(work: &mut Work<'_>, limit: u32) -> Result<Vec<Erasure>, StoreError> {
    let packed = work.packed(query(queries::ERASURES).bind(i64::from(limit))).await?;
    read(work, packed).await
}

pub(crate) async fn unfinished(work: &mut Work<'_>) -> Result<Vec<Erasure>, StoreError> {
    let packed = work.packed(query(queries::UNFINISHED_ERASURES)).await?;
    let mut unfinished = read(work, packed).await?;
    unfinished.reverse();
    Ok(unfinished)
}

pub(crate) async fn find(work: &mut Work<'_>, erasure_id: &str) -> Result<Option<Erasure>, StoreError> {
    let packed = work.packed(query(queries::ERASURE).bind(erasure_id.to_owned())).await?;
    Ok(read(work, packed).await?.pop())
}

/// Newest first.
async fn read(work: &mut Work<'_>, mut packed: Vec<PackedErasure>) -> Result<Vec<Erasure>, StoreError> {
    packed.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    let asked: Vec<_> = packed.iter().map(|erasure| (&erasure.0,)).collect();
    let mut profiles: BTreeMap<String, Vec<ProfileId>> = BTreeMap::new();
    for (erasure_id, profile) in work.ask_rows::<_, (String, ProfileId)>(queries::ERASURE_PROFILES, &asked).await? {
        profiles.entry(erasure_id).or_default().push(profile);
    }
    let mut destinations: BTreeMap<String, Vec<LeftAt>> = BTreeMap::new();
    for row in work.ask_rows::<_, PackedDestination>(queries::ERASURE_DESTINATIONS, &asked).await? {
        let (erasure_id, destination, state, rows, message, at) = row;
        let left = LeftAt { destination: destination_key(&destination)?, state: words::left_state(&state)?, rows, message, at };
        destinations.entry(erasure_id).or_default().push(left);
    }
    let read = |(erasure_id, requested_at, requested_by, suppress, state, erased_at, finished_at, counts): PackedErasure| {
        let mut profiles = profiles.remove(&erasure_id).unwrap_or_default();
        profiles.sort_unstable();
        let mut destinations = destinations.remove(&erasure_id).unwrap_or_default();
        destinations.sort_by(|a, b| a.destination.cmp(&b.destination));
        let [identifiers, links, events, trait_changes, segments, memberships, ledger_rows, model_rows, damaged_files] = counts;
        let counts =
            ErasureCounts { identifiers, links, events, trait_changes, segments, memberships, ledger_rows, model_rows, damaged_files };
        let state = words::erasure_state(&state)?;
        let suppress = suppress != 0;
        Ok(Erasure { erasure_id, requested_at, requested_by, suppress, state, erased_at, finished_at, profiles, counts, destinations })
    };
    packed.into_iter().map(read).collect()
}

/// Notes how destinations let the person go, and how far the erasure is by that.
pub(crate) async fn note_left(work: &mut Work<'_>, erasure_id: &str, left: &[LeftAt], state: ErasureState) -> Result<(), StoreError> {
    let row = |left: &LeftAt| {
        let message = left.message.as_deref().map(keepable);
        (erasure_id.to_owned(), left.destination.as_str().to_owned(), words::of_left_state(left.state), left.rows, message, left.at)
    };
    let rows: Vec<_> = left.iter().map(row).collect();
    work.write_rows(queries::SAVE_ERASURE_DESTINATIONS, &rows).await?;
    set_state(work, erasure_id, state).await
}

async fn set_state(work: &mut Work<'_>, erasure_id: &str, state: ErasureState) -> Result<(), StoreError> {
    let set = query(queries::SET_ERASURE_STATE).bind(erasure_id.to_owned()).bind(words::of_erasure_state(state));
    match work.execute(set).await? {
        0 => Err(work.not_found(format!("erasure `{erasure_id}`"))),
        _ => Ok(()),
    }
}

/// Names what is left of a segment instead of it, under its number; nothing is named where nothing is left.
pub(crate) async fn rewrite_segment(
    work: &mut Work<'_>,
    erasure_id: &str,
    (number, before): (SegmentId, &Segment),
    rest: Option<&Segment>,
) -> Result<(), StoreError> {
    let left = rest.map_or(0, |rest| rest.rows);
    if left >= before.rows || rest.is_some_and(|rest| rest.log != before.log) {
        return Err(work.conflict(format!("the segment that is left of `{}` is none", before.path)));
    }
    segments::rewrite(work, number, before, rest).await?;
    let gone = to_i64(before.rows - left);
    let (events, traits) = match before.log {
        LogName::Events(_) => (gone, 0),
        LogName::Traits => (0, gone),
    };
    work.execute(query(queries::COUNT_ERASED_ROWS).bind(erasure_id.to_owned()).bind(events).bind(traits)).await?;
    Ok(())
}

/// Everything that the tables hold of the erasure's profiles goes; what happened until `at` stays refused.
pub(crate) async fn erase_person(work: &mut Work<'_>, erasure_id: &str, digests: &[String], at: Moment) -> Result<(), StoreError> {
    let Some(erasure) = find(work, erasure_id).await? else { return Err(work.not_found(format!("erasure `{erasure_id}`"))) };
    let profiles = numbers(&erasure.profiles);
    let linked: Vec<ProfileId> = work.packed(query(queries::USERS_LINKED_TO).bind(profiles.clone())).await?;
    // By their identifiers, which have to be there still. A row that is about somebody else too stays, without theirs.
    let stripped = work.execute(query(queries::STRIP_MODEL_ROWS).bind(profiles.clone())).await?;
    let model_rows = stripped + work.execute(query(queries::ERASE_MODEL_ROWS).bind(profiles.clone())).await?;
    let links = work.execute(query(queries::ERASE_LINKS).bind(profiles.clone())).await?;
    let identifiers = work.execute(query(queries::ERASE_IDENTIFIERS).bind(profiles.clone())).await?;
    let ledger_rows = work.execute(query(queries::ERASE_LEDGER_ROWS).bind(profiles.clone())).await?;
    work.execute(query(queries::FORGET_REFUSED).bind(profiles)).await?;
    let named: Vec<_> = erasure.profiles.iter().map(|profile| (profile, uuid::Uuid::new_v4().to_string())).collect();
    work.write_rows(queries::RENAME_PROFILES, &named).await?;
    news::note_changed(work, &erasure.profiles.iter().copied().chain(linked).collect()).await?;

    let rows: Vec<_> = digests.iter().map(|digest| (digest, erasure_id, at)).collect();
    work.write_rows(queries::UPSERT_TOMBSTONES, &rows).await?;
    work.execute(query(queries::DATE_TOMBSTONES).bind(erasure_id.to_owned()).bind(at.micros())).await?;
    if erasure.suppress {
        suppressions::add(work, digests, None, at).await?;
    }
    let erased = query(queries::ERASED_PERSON)
        .bind(erasure_id.to_owned())
        .bind(words::of_erasure_state(ErasureState::Erased))
        .bind(at.micros())
        .bind(to_i64(identifiers))
        .bind(to_i64(links))
        .bind(to_i64(ledger_rows))
        .bind(to_i64(model_rows));
    work.execute(erased).await?;
    suppressions::changed(work).await
}

pub(crate) async fn finish(work: &mut Work<'_>, erasure_id: &str, damaged_files: u64, at: Moment) -> Result<(), StoreError> {
    let finish = query(queries::FINISH_ERASURE)
        .bind(erasure_id.to_owned())
        .bind(words::of_erasure_state(ErasureState::Finished))
        .bind(at.micros())
        .bind(to_i64(damaged_files));
    work.execute(finish).await?;
    Ok(())
}

pub(crate) async fn holdings(work: &mut Work<'_>, profiles: &[ProfileId]) -> Result<Holdings, StoreError> {
    let profiles = numbers(profiles);
    let count = |row: Option<(i64,)>| to_u64(row.map_or(0, |(count,)| count), "a count of rows");
    let links = count(work.optional(query(queries::COUNT_LINKS_OF).bind(profiles.clone())).await?)?;
    let model_rows = count(work.optional(query(queries::COUNT_MODEL_ROWS_OF).bind(profiles.clone())).await?)?;
    let rows: Vec<(String, i64)> = work.all(query(queries::COUNT_LEDGER_ROWS_OF).bind(profiles)).await?;
    let read = |(destination, rows): (String, i64)| Ok((destination_key(&destination)?, to_u64(rows, "a count of rows")?));
    Ok(Holdings { links, model_rows, ledger_rows: rows.into_iter().map(read).collect::<Result<_, StoreError>>()? })
}

fn numbers(profiles: &[ProfileId]) -> String {
    pack(&profiles.iter().map(|profile| [profile]).collect::<Vec<_>>())
}

fn destination_key(text: &str) -> Result<DestinationKey, StoreError> {
    DestinationKey::parse(text).map_err(|_| StoreError::damaged("the name of a destination"))
}
