//! Merges: profiles that turned out to be one person.
//!
//! **Invariant:** `merged_into` of every profile is empty or names a survivor, never somebody merged in turn.

use std::collections::{BTreeMap, BTreeSet};

use model::{Moment, ProfileId};
use sqlx::query;

use crate::work::{Work, to_i64, to_u64};
use crate::{Merge, StoreError, queries};

pub(crate) async fn merges_since(work: &mut Work<'_>, seen: u64) -> Result<(Vec<Merge>, u64), StoreError> {
    let rows: Vec<(u32, u32, i64)> = work.packed(query(queries::MERGES_SINCE).bind(to_i64(seen))).await?;
    let total = count(work).await?;
    let merges = rows.into_iter().map(|(winner, loser, merged_at)| Merge {
        winner: ProfileId(winner),
        loser: ProfileId(loser),
        merged_at: Moment::from_micros(merged_at),
    });
    Ok((merges.collect(), total))
}

/// How many merges there are.
pub(crate) async fn count(work: &mut Work<'_>) -> Result<u64, StoreError> {
    to_u64(work.numbers_given("merges").await?, "the count of merges")
}

/// Writes merges down, each between the survivors of its two profiles at that point. Two that are one already stay so.
pub(crate) async fn insert(work: &mut Work<'_>, merges: &[Merge]) -> Result<(), StoreError> {
    if merges.is_empty() {
        return Ok(());
    }
    let mut survivors = survivors(work, merges).await?;
    let mut written = Vec::new();
    let mut losers = BTreeSet::new();
    for merge in merges {
        let (winner, loser) = (survivor(&survivors, merge.winner), survivor(&survivors, merge.loser));
        if winner != loser {
            survivors.insert(loser, winner);
            losers.insert(loser);
            written.push((winner, loser, merge.merged_at.micros()));
        }
    }
    let moved: Vec<_> = losers.into_iter().map(|loser| (loser, survivor(&survivors, loser))).collect();
    work.write_rows(queries::MERGE_FOLLOWERS, &moved).await?;
    work.write_rows(queries::MERGE_LOSERS, &moved).await?;
    let first = work.take_numbers("merges", written.len()).await?;
    let rows: Vec<_> = (first + 1..).zip(written).map(|(number, (winner, loser, at))| (number, winner, loser, at)).collect();
    work.write_rows(queries::INSERT_MERGES, &rows).await
}

/// Where everybody named stands before the merges.
async fn survivors(work: &mut Work<'_>, merges: &[Merge]) -> Result<BTreeMap<ProfileId, ProfileId>, StoreError> {
    let named: BTreeSet<ProfileId> = merges.iter().flat_map(|merge| [merge.winner, merge.loser]).collect();
    let asked: Vec<(ProfileId,)> = named.iter().map(|profile| (*profile,)).collect();
    let found: Vec<(ProfileId, ProfileId, String)> = work.ask_rows(queries::FIND_SURVIVORS, &asked).await?;
    let survivors: BTreeMap<ProfileId, ProfileId> = found.into_iter().map(|(profile, survivor, _)| (profile, survivor)).collect();
    match named.iter().find(|profile| !survivors.contains_key(profile)) {
        Some(unknown) => Err(work.not_found(format!("profile {unknown}"))),
        None => Ok(survivors),
    }
}

fn survivor(survivors: &BTreeMap<ProfileId, ProfileId>, profile: ProfileId) -> ProfileId {
    let mut at = profile;
    while let Some(next) = survivors.get(&at).copied().filter(|next| *next != at) {
        at = next;
    }
    at
}
