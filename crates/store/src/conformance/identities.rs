//! Profiles and identifiers: found, attached, seen first.

use std::collections::{BTreeMap, HashMap};

use model::{AccountLink, Collection, Identifier, IdentifierKind, People, ProfileId, Sighting};

use super::cases::{attached, hour, identifier, users, users_with};
use crate::{Flush, NewProfile, Store, StoreError};

pub(super) async fn an_empty_store_knows_nobody(store: &dyn Store) {
    assert_eq!(store.next_profile().await.expect("a count"), ProfileId(0));
    assert_eq!(store.people().await.expect("people"), People::default());
    assert_eq!(store.find_profiles(&[identifier("email", "mary@example.com")]).await.expect("nobody"), HashMap::new());
    assert_eq!(store.find_profiles(&[]).await.expect("nobody"), HashMap::new());
    assert_eq!(store.identities(&[]).await.expect("nobody"), Vec::new());
    assert!(matches!(store.identities(&[ProfileId(0)]).await, Err(StoreError::NotFound { .. })));
    store.flush(&Flush::default()).await.expect("nothing to do");
}

pub(super) async fn profiles_are_found_by_their_identifiers(store: &dyn Store) {
    let mary = identifier("email", "mary@example.com");
    let mary_elsewhere = identifier("user_id", "mary@example.com");
    let shop = identifier("group_id", "shop");
    let account = NewProfile { profile: ProfileId(1), collection: Collection::Accounts, created_at: hour(0) };
    let flush = Flush {
        profiles: users(0, 1).into_iter().chain([account]).chain(users(2, 1)).collect(),
        identifiers: vec![
            attached(mary.clone(), 0, hour(1)),
            attached(mary_elsewhere.clone(), 2, hour(2)),
            attached(shop.clone(), 1, hour(3)),
        ],
        links: [5, 3, 9].map(|at| AccountLink { user: ProfileId(0), account: ProfileId(1), since: hour(at) }).to_vec(),
        ..Flush::default()
    };
    store.flush(&flush).await.expect("a first flush");
    assert_eq!(store.next_profile().await.expect("a count"), ProfileId(3));
    let found = store.find_profiles(&[shop.clone(), identifier("email", "MARY@example.com"), mary.clone(), mary_elsewhere.clone()]).await;
    assert_eq!(found.expect("some"), HashMap::from([(mary, ProfileId(0)), (mary_elsewhere, ProfileId(2)), (shop, ProfileId(1))]));
    let seen = |kind: &str, profile, hours| {
        (IdentifierKind::new(kind), vec![Sighting { profile: ProfileId(profile), first_seen_at: hour(hours) }])
    };
    let people = People {
        canonical: vec![ProfileId(0), ProfileId(1), ProfileId(2)],
        accounts: vec![ProfileId(1)],
        sightings: BTreeMap::from([seen("email", 0, 1), seen("group_id", 1, 3), seen("user_id", 2, 2)]),
        links: vec![AccountLink { user: ProfileId(0), account: ProfileId(1), since: hour(3) }],
    };
    assert_eq!(store.people().await.expect("people"), people);
}

pub(super) async fn the_earliest_sighting_is_kept(store: &dyn Store) {
    let mary = identifier("email", "mary@example.com");
    let seen_at = async || store.people().await.expect("people").sightings[&mary.kind][0].first_seen_at;
    let sighted = |hours: &[i64]| Flush {
        identifiers: hours.iter().map(|hours| attached(mary.clone(), 0, hour(*hours))).collect(),
        ..Flush::default()
    };
    let first = Flush { profiles: users(0, 1), ..sighted(&[5, 4, 6]) };
    store.flush(&first).await.expect("a first flush");
    assert_eq!(seen_at().await, hour(4));
    store.flush(&sighted(&[9])).await.expect("a later sighting");
    assert_eq!(seen_at().await, hour(4));
    store.flush(&sighted(&[-100_000])).await.expect("an earlier sighting");
    assert_eq!(seen_at().await, hour(-100_000));
}

pub(super) async fn identities_come_in_the_order_asked(store: &dyn Store) {
    let (early, late) = (identifier("user_id", "7"), identifier("email", "mary@example.com"));
    let same_time = identifier("anonymous_id", "a");
    let flush = Flush {
        profiles: users(0, 3),
        identifiers: vec![attached(late.clone(), 1, hour(2)), attached(early.clone(), 1, hour(1)), attached(same_time.clone(), 1, hour(2))],
        ..Flush::default()
    };
    store.flush(&flush).await.expect("a first flush");
    let identities = store.identities(&[ProfileId(2), ProfileId(1), ProfileId(2)]).await.expect("identities");
    let order: Vec<_> = identities.iter().map(|identity| identity.profile).collect();
    assert_eq!(order, [ProfileId(2), ProfileId(1), ProfileId(2)]);
    assert_eq!(identities[0].identifiers, []);
    assert_eq!(identities[1].identifiers, [early, same_time, late]);
    assert_eq!(identities[0], identities[2]);
    assert_ne!(identities[0].public_id, identities[1].public_id);
    let again = store.identities(&[ProfileId(1)]).await.expect("identities");
    assert_eq!(again[0].public_id, identities[1].public_id, "a public id is permanent");
}

pub(super) async fn any_text_may_identify(store: &dyn Store) {
    let texts = ["ren\u{e9}@example.com", "a\"b\\c", "'; DROP TABLE profiles; --", "\u{1f600}\u{2028}", "1", "\t", "[1,2]", "\u{1f}x"];
    let texts: Vec<_> = texts.iter().map(|text| identifier("user_id", text)).collect();
    users_with(store, &texts).await;
    let found = store.find_profiles(&texts).await.expect("all");
    let profiles: Vec<_> = (0..).map(ProfileId).take(texts.len()).collect();
    let identities = store.identities(&profiles).await.expect("all");
    for (profile, text) in profiles.iter().zip(&texts) {
        assert_eq!(found[text], *profile);
        assert_eq!(identities[profile.index()].identifiers, std::slice::from_ref(text));
    }
}

pub(super) async fn many_identifiers_travel_at_once(store: &dyn Store) {
    const COUNT: u32 = 12_345;
    let identifiers: Vec<Identifier> = (0..COUNT).map(|number| identifier("user_id", &format!("u{number}"))).collect();
    users_with(store, &identifiers).await;
    assert_eq!(store.find_profiles(&identifiers).await.expect("all").len(), identifiers.len());
    let people = store.people().await.expect("people");
    let sighted: Vec<_> = people.sightings[&IdentifierKind::new("user_id")].iter().map(|sighting| sighting.profile.0).collect();
    assert_eq!(sighted, (0..COUNT).collect::<Vec<_>>());
    let backwards: Vec<_> = (0..COUNT).rev().map(ProfileId).collect();
    let identities = store.identities(&backwards).await.expect("all");
    assert!(identities.iter().zip(identifiers.iter().rev()).all(|(identity, identifier)| identity.identifiers == [identifier.clone()]));
}

pub(super) async fn numbers_go_on_without_gaps(store: &dyn Store) {
    store.flush(&Flush { profiles: users(0, 2), ..Flush::default() }).await.expect("a first flush");
    let email = attached(identifier("email", "mary@example.com"), 2, hour(0));
    for wrong in [users(1, 1), users(3, 1), users(2, 1).into_iter().chain(users(4, 1)).collect()] {
        let flush = Flush { profiles: wrong, identifiers: vec![email.clone()], ..Flush::default() };
        assert!(matches!(store.flush(&flush).await, Err(StoreError::Conflict { .. })));
    }
    assert_eq!(store.next_profile().await.expect("a count"), ProfileId(2));
    assert_eq!(store.people().await.expect("people").sightings, BTreeMap::new());
    let right = Flush { profiles: users(2, 1), identifiers: vec![email], ..Flush::default() };
    store.flush(&right).await.expect("the next number");
    let stranger = Flush { identifiers: vec![attached(identifier("email", "x@example.com"), 9, hour(0))], ..Flush::default() };
    assert!(matches!(store.flush(&stranger).await, Err(StoreError::NotFound { .. })));
}
