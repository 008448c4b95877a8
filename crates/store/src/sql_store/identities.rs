//! Who is who: profiles, identifiers and what evaluation needs of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{AccountLink, Identifier, IdentifierKind, Moment, People, ProfileId, PublicId, Sighting};
use sqlx::query;

use crate::work::{Work, to_i64, unpack};
use crate::{Attachments, ProfileIdentity, StoreError, queries};

/// Of a survivor: when seen first, kind, value, when attached.
type IdentifierRow = (ProfileId, Moment, IdentifierKind, String, Moment);

/// Sightings fetched at once: some megabytes.
const PAGE_ROWS: i64 = 100_000;

pub(crate) async fn next_profile(work: &mut Work<'_>) -> Result<ProfileId, StoreError> {
    let given = work.numbers_given("profiles").await?;
    u32::try_from(given).map(ProfileId).map_err(|_| StoreError::damaged("the count of profiles"))
}

pub(crate) async fn find_profiles(work: &mut Work<'_>, identifiers: &[Identifier]) -> Result<HashMap<Identifier, ProfileId>, StoreError> {
    let asked: Vec<_> =
        identifiers.iter().enumerate().map(|(place, identifier)| (to_i64(place), &identifier.kind, &identifier.value)).collect();
    let found: Vec<(usize, ProfileId)> = work.ask_rows(queries::FIND_PROFILES, &asked).await?;
    let named = found.into_iter().map(|(place, profile)| identifiers.get(place).map(|identifier| (identifier.clone(), profile)));
    named.collect::<Option<_>>().ok_or(StoreError::damaged("a found identifier"))
}

pub(crate) async fn people(work: &mut Work<'_>) -> Result<People, StoreError> {
    let next = next_profile(work).await?;
    let mut canonical: Vec<ProfileId> = (0..next.0).map(ProfileId).collect();
    let merged: Vec<(ProfileId, ProfileId)> = work.packed(query(queries::PEOPLE_MERGED)).await?;
    for (profile, survivor) in merged {
        *canonical.get_mut(profile.index()).ok_or(StoreError::damaged("a merge"))? = survivor;
    }
    let mut accounts: Vec<ProfileId> = work.packed(query(queries::PEOPLE_ACCOUNTS)).await?;
    accounts.sort_unstable();
    let mut links: Vec<AccountLink> = work
        .packed::<(ProfileId, ProfileId, Moment)>(query(queries::PEOPLE_LINKS))
        .await?
        .into_iter()
        .map(|(user, account, since)| AccountLink { user, account, since })
        .collect();
    links.sort_unstable();
    let mut sightings = BTreeMap::new();
    let mut after = String::new();
    while let Some(kind) = kind_after(work, &after).await? {
        sightings.insert(IdentifierKind::new(&kind), sightings_of(work, &kind).await?);
        after = kind;
    }
    Ok(People { canonical, accounts, sightings, links })
}

/// The kinds of identifiers that anybody has.
pub(crate) async fn kinds(work: &mut Work<'_>) -> Result<Vec<IdentifierKind>, StoreError> {
    let (mut kinds, mut after) = (Vec::new(), String::new());
    while let Some(kind) = kind_after(work, &after).await? {
        kinds.push(IdentifierKind::new(&kind));
        after = kind;
    }
    Ok(kinds)
}

async fn kind_after(work: &mut Work<'_>, after: &str) -> Result<Option<String>, StoreError> {
    let row: Option<(Option<String>,)> = work.optional(query(queries::PEOPLE_KIND_AFTER).bind(after.to_owned())).await?;
    Ok(row.and_then(|(kind,)| kind))
}

/// Page by page in order of the values, so that no answer is ever too large; then by profile.
async fn sightings_of(work: &mut Work<'_>, kind: &str) -> Result<Vec<Sighting>, StoreError> {
    let mut sightings = Vec::new();
    let mut after = String::new();
    loop {
        let page = query(queries::PEOPLE_SIGHTINGS).bind(kind.to_owned()).bind(after).bind(PAGE_ROWS);
        let (last, packed): (Option<String>, Option<String>) = work.optional(page).await?.unwrap_or_default();
        let Some(last) = last else { break };
        let rows: Vec<(ProfileId, Moment)> = unpack(packed.as_deref())?;
        sightings.extend(rows.into_iter().map(|(profile, first_seen_at)| Sighting { profile, first_seen_at }));
        after = last;
    }
    sightings.sort_unstable_by_key(|sighting| (sighting.profile, sighting.first_seen_at));
    Ok(sightings)
}

pub(crate) async fn identities(work: &mut Work<'_>, profiles: &[ProfileId]) -> Result<Vec<ProfileIdentity>, StoreError> {
    let asked: Vec<(ProfileId,)> = profiles.iter().map(|profile| (*profile,)).collect();
    let found: Vec<(ProfileId, ProfileId, PublicId)> = work.ask_rows(queries::FIND_SURVIVORS, &asked).await?;
    let survivors: BTreeSet<ProfileId> = found.iter().map(|(_, survivor, _)| *survivor).collect();
    let identifiers = identifiers_of(work, survivors).await?;
    let found: HashMap<ProfileId, (ProfileId, PublicId)> =
        found.into_iter().map(|(profile, survivor, public_id)| (profile, (survivor, public_id))).collect();
    let identity = |profile: &ProfileId| {
        let (survivor, public_id) = found.get(profile).ok_or_else(|| work.not_found(format!("profile {profile}")))?;
        let identifiers = identifiers.get(survivor).cloned().unwrap_or_default();
        Ok(ProfileIdentity { profile: *survivor, public_id: public_id.clone(), identifiers })
    };
    profiles.iter().map(identity).collect()
}

pub(crate) async fn attachments(work: &mut Work<'_>, profiles: &[ProfileId]) -> Result<Vec<Attachments>, StoreError> {
    let asked: Vec<(ProfileId,)> = profiles.iter().map(|profile| (*profile,)).collect();
    let found: Vec<(ProfileId, ProfileId, PublicId)> = work.ask_rows(queries::FIND_SURVIVORS, &asked).await?;
    let known: HashMap<ProfileId, ProfileId> = found.into_iter().map(|(profile, survivor, _)| (profile, survivor)).collect();
    if let Some(unknown) = profiles.iter().find(|profile| !known.contains_key(profile)) {
        return Err(work.not_found(format!("profile {unknown}")));
    }
    let survivors: BTreeSet<ProfileId> = known.into_values().collect();
    let survivors: Vec<(ProfileId,)> = survivors.into_iter().map(|profile| (profile,)).collect();
    let mut attached: BTreeMap<ProfileId, Attachments> = BTreeMap::new();
    for (profile,) in &survivors {
        attached.insert(*profile, Attachments { profile: *profile, merges: 0, identifiers: Vec::new() });
    }
    let merges: Vec<(ProfileId, u32)> = work.ask_rows(queries::MERGE_COUNTS, &survivors).await?;
    for (profile, merges) in merges {
        attached.get_mut(&profile).ok_or(StoreError::damaged("a count of merges"))?.merges = merges;
    }
    let mut identifiers: Vec<IdentifierRow> = work.ask_rows(queries::IDENTIFIERS_OF, &survivors).await?;
    identifiers.sort_unstable_by(|one, other| (one.0, one.4, &one.2, &one.3).cmp(&(other.0, other.4, &other.2, &other.3)));
    for (profile, _, kind, value, attached_at) in identifiers {
        let attached = attached.get_mut(&profile).ok_or(StoreError::damaged("an identifier"))?;
        attached.identifiers.push((Identifier { kind, value }, attached_at));
    }
    Ok(attached.into_values().collect())
}

/// The identifiers of one survivor, each with when it was seen first, in that order.
pub(crate) async fn sighted(work: &mut Work<'_>, survivor: ProfileId) -> Result<Vec<(Moment, Identifier)>, StoreError> {
    let mut found: Vec<IdentifierRow> = work.ask_rows(queries::IDENTIFIERS_OF, &[(survivor,)]).await?;
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, first_seen_at, kind, value, _)| (first_seen_at, Identifier { kind, value })).collect())
}

async fn identifiers_of(work: &mut Work<'_>, survivors: BTreeSet<ProfileId>) -> Result<HashMap<ProfileId, Vec<Identifier>>, StoreError> {
    let asked: Vec<(ProfileId,)> = survivors.into_iter().map(|profile| (profile,)).collect();
    let mut found: Vec<IdentifierRow> = work.ask_rows(queries::IDENTIFIERS_OF, &asked).await?;
    found.sort_unstable();
    let mut identifiers: HashMap<ProfileId, Vec<Identifier>> = HashMap::new();
    for (survivor, _, kind, value, _) in found {
        identifiers.entry(survivor).or_default().push(Identifier { kind, value });
    }
    Ok(identifiers)
}
