//! News: what became known since somebody asked last, and the notes that make the answer possible.

use std::collections::BTreeSet;

use model::{AccountLink, IdentifierKind, Moment, PeopleChanges, ProfileId, Sighting};
use sqlx::query;

use super::{identities, merging, segments};
use crate::work::{Work, to_i64, to_u64};
use crate::{Flush, News, PeopleMark, PeopleNews, StoreError, queries};

/// A flush with more identifiers or links than this names nobody: a bulk import, after which everybody is asked for.
const NOTED_MAX: usize = 10_000;
/// Notes that are kept. Above so many, or so many new profiles, everybody is asked for: that is quicker then.
const KEPT: i64 = 100_000;

const SUBJECT: &str = "identity_changes";

pub(crate) async fn news(work: &mut Work<'_>, since: Option<PeopleMark>) -> Result<News, StoreError> {
    let segments = segments::all(work).await?;
    let mark = PeopleMark {
        profiles: identities::next_profile(work).await?.0,
        merges: merging::count(work).await?,
        changes: to_u64(work.numbers_given(SUBJECT).await?, "the count of changed identities")?,
    };
    let people = match since.filter(|since| is_told(*since, mark)) {
        None => PeopleNews::Everybody(identities::people(work).await?),
        Some(since) if since == mark => PeopleNews::Nothing,
        Some(since) => PeopleNews::Changes(changes(work, since, mark).await?),
    };
    Ok(News { segments, people, mark })
}

/// Whether what came in between can be told.
fn is_told(since: PeopleMark, now: PeopleMark) -> bool {
    let within = |since: u64, now: u64| now.checked_sub(since).is_some_and(|came| came <= KEPT.unsigned_abs());
    within(since.profiles.into(), now.profiles.into()) && within(since.merges, now.merges) && within(since.changes, now.changes)
}

async fn changes(work: &mut Work<'_>, since: PeopleMark, now: PeopleMark) -> Result<PeopleChanges, StoreError> {
    let known = i64::from(since.profiles);
    let (merges, _) = merging::merges_since(work, since.merges).await?;
    let changed: Vec<ProfileId> = work.packed(query(queries::NEWS_CHANGED).bind(to_i64(since.changes))).await?;
    let changed: BTreeSet<ProfileId> = changed.into_iter().filter(|profile| profile.0 < since.profiles).collect();
    let asked: Vec<(ProfileId,)> = changed.iter().map(|profile| (*profile,)).collect();
    let mut sightings: Vec<(IdentifierKind, ProfileId, Moment)> = work.packed(query(queries::NEWS_SIGHTINGS).bind(known)).await?;
    sightings.extend(work.ask_rows::<_, (IdentifierKind, ProfileId, Moment)>(queries::NEWS_SIGHTINGS_OF, &asked).await?);
    let mut links: Vec<(ProfileId, ProfileId, Moment)> = work.packed(query(queries::NEWS_LINKS).bind(known)).await?;
    links.extend(work.ask_rows::<_, (ProfileId, ProfileId, Moment)>(queries::NEWS_LINKS_OF, &asked).await?);
    let mut accounts: Vec<ProfileId> = work.packed(query(queries::NEWS_ACCOUNTS).bind(known)).await?;
    accounts.sort_unstable();
    Ok(PeopleChanges {
        profiles: now.profiles,
        accounts,
        merges: merges.into_iter().map(|merge| (merge.winner, merge.loser)).collect(),
        changed: changed.into_iter().collect(),
        sightings: sightings.into_iter().map(|(kind, profile, first_seen_at)| (kind, Sighting { profile, first_seen_at })).collect(),
        links: links.into_iter().map(|(user, account, since)| AccountLink { user, account, since }).collect(),
    })
}

/// Notes whose identifiers and links a flush is about to change, new profiles aside: they have numbers from `first_new` on.
pub(crate) async fn note(work: &mut Work<'_>, flush: &Flush, first_new: ProfileId) -> Result<(), StoreError> {
    let Flush { identifiers, links, .. } = flush;
    if identifiers.len().max(links.len()) > NOTED_MAX {
        work.take_numbers(SUBJECT, usize::try_from(KEPT + 1).unwrap_or(usize::MAX)).await?;
        return Ok(());
    }
    let attached: Vec<_> =
        identifiers.iter().map(|attached| (&attached.identifier.kind, &attached.identifier.value, attached.profile)).collect();
    let former: Vec<ProfileId> = work.ask_rows(queries::OTHER_OWNERS, &attached).await?;
    let owners = identifiers.iter().map(|attached| attached.profile).chain(links.iter().map(|link| link.user));
    let changed: BTreeSet<ProfileId> = owners.chain(former).filter(|profile| *profile < first_new).collect();
    note_changed(work, &changed).await
}

/// Notes profiles whose identifiers or links are others now.
pub(crate) async fn note_changed(work: &mut Work<'_>, changed: &BTreeSet<ProfileId>) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let first = work.take_numbers(SUBJECT, changed.len()).await?;
    let rows: Vec<_> = (first..).zip(changed).collect();
    work.write_rows(queries::INSERT_IDENTITY_CHANGES, &rows).await?;
    work.execute(query(queries::FORGET_IDENTITY_CHANGES).bind(first - KEPT)).await?;
    Ok(())
}
