//! What people ask of identity: what a profile has, who is near a limit, what was refused.

use std::collections::BTreeMap;

use model::{Collection, IdentifierKind, ProfileId};

use super::cases::{attached, hour, identifier, merge, users, users_with};
use crate::{AttachedIdentifier, Crowd, Flush, Refusals, Store, StoreError};

pub(super) async fn attachments_are_told_whole(store: &dyn Store) {
    let identifiers = ["a", "b", "c"].map(|value| identifier("email", value));
    users_with(store, &identifiers).await;
    store.flush(&Flush { merges: vec![merge(0, 2)], ..Flush::default() }).await.expect("a merge");
    // Seen again, earlier: when it was attached stays.
    let seen_earlier = AttachedIdentifier { attached_at: hour(50), ..attached(identifiers[2].clone(), 0, hour(-5)) };
    store.flush(&Flush { identifiers: vec![seen_earlier], ..Flush::default() }).await.expect("an earlier sighting");
    let held = store.attachments(&[ProfileId(2), ProfileId(1), ProfileId(0)]).await.expect("two");
    assert_eq!(held.iter().map(|held| (held.profile.0, held.merges)).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
    let [a, _, c] = identifiers;
    assert_eq!(held[0].identifiers, [(a, hour(0)), (c, hour(2))]);
    assert!(matches!(store.attachments(&[ProfileId(3)]).await, Err(StoreError::NotFound { .. })));
    assert_eq!(store.attachments(&[]).await.expect("none"), Vec::new());
}

pub(super) async fn identities_are_counted_and_crowds_found(store: &dyn Store) {
    let counts = store.identity_counts().await.expect("counts");
    assert_eq!((counts.profiles.len(), counts.identifiers.len(), counts.merges), (0, 0, 0));
    let browser = |number: u32, profile: u32| attached(identifier("anonymous_id", &format!("b{number}")), profile, hour(number.into()));
    let identifiers = [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2)].map(|(number, profile)| browser(number, profile)).to_vec();
    let flush = Flush { profiles: users(0, 4), identifiers, merges: vec![merge(1, 2), merge(0, 3)], ..Flush::default() };
    store.flush(&flush).await.expect("a first flush");
    let counts = store.identity_counts().await.expect("counts");
    assert_eq!(counts.profiles, BTreeMap::from([(Collection::Users, 2)]));
    assert_eq!(counts.identifiers, BTreeMap::from([(IdentifierKind::new("anonymous_id"), 5)]));
    assert_eq!(counts.merges, 2);

    let names = store.identities(&[0, 1, 2, 3].map(ProfileId)).await.expect("identities");
    let crowd = |since| Crowd::Identifiers { kind: IdentifierKind::new("anonymous_id"), since };
    let found = async |crowd: &Crowd, least: u32, limit: u32| {
        let crowded = store.crowded(crowd, least, limit).await.expect("crowds");
        crowded.into_iter().map(|crowded| (crowded.public_id, crowded.count)).collect::<Vec<_>>()
    };
    let (zero, one) = (names[0].public_id.clone(), names[1].public_id.clone());
    assert_eq!(found(&crowd(None), 2, 10).await, [(one.clone(), 3), (zero.clone(), 2)]);
    assert_eq!(found(&crowd(None), 2, 1).await, [(one.clone(), 3)]);
    assert_eq!(found(&crowd(Some(hour(2))), 1, 10).await, [(one.clone(), 2)], "attached after the moment");
    assert_eq!(found(&Crowd::Merges, 1, 10).await, [(zero.clone(), 1), (one.clone(), 1)]);

    let merges = store.latest_merges(1).await.expect("one");
    assert_eq!((merges.len(), &merges[0].winner, merges[0].merged_at), (1, &zero, hour(0)));
    assert_ne!(merges[0].loser, zero, "the name it had");
}

pub(super) async fn refusals_add_up(store: &dyn Store) {
    let refused = |reason: &str, count, at, sample: Option<&str>, profile: Option<u32>| Refusals {
        source: "web".to_owned(),
        subject: "email".to_owned(),
        reason: reason.to_owned(),
        count,
        at: hour(at),
        sample: sample.map(str::to_owned),
        profile: profile.map(ProfileId),
    };
    let flush = Flush {
        profiles: users(0, 2),
        merges: vec![merge(0, 1)],
        refusals: vec![refused("full", 3, 5, None, Some(1))],
        ..Flush::default()
    };
    store.flush(&flush).await.expect("a first flush");
    store.note_refusals(&[refused("full", 2, 4, Some("line 7"), None), refused("blocked", 1, 6, None, None)]).await.expect("noted");
    let told = store.refusals(10).await.expect("refusals");
    let told: Vec<_> = told.iter().map(|told| (&*told.reason, told.count, told.first_at, told.last_at, told.sample.as_deref())).collect();
    assert_eq!(told, [("blocked", 1, hour(6), hour(6), None), ("full", 5, hour(5), hour(5), Some("line 7"))]);
    store.note_refusals(&[refused("full", 1, 9, None, Some(1))]).await.expect("noted");
    let told = store.refusals(1).await.expect("the latest");
    let survivor = store.identities(&[ProfileId(0)]).await.expect("identities").remove(0).public_id;
    assert_eq!((told.len(), told[0].count, &told[0].profile), (1, 6, &Some(survivor)), "whoever it was merged into");
}
