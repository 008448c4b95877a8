//! Merges: survivors answer for everybody merged into them.

use std::collections::HashMap;

use model::ProfileId;

use super::cases::{identifier, merge, users, users_with};
use crate::{Flush, Merge, Store, StoreError};

async fn flush_merges(store: &dyn Store, merges: &[Merge]) {
    store.flush(&Flush { merges: merges.to_vec(), ..Flush::default() }).await.expect("merges");
}

async fn survivors(store: &dyn Store) -> Vec<u32> {
    store.people().await.expect("people").canonical.into_iter().map(|profile| profile.0).collect()
}

pub(super) async fn the_winner_answers_for_the_loser(store: &dyn Store) {
    let identifiers = [identifier("user_id", "7"), identifier("anonymous_id", "a"), identifier("email", "mary@example.com")];
    users_with(store, &identifiers).await;
    let before = store.identities(&[ProfileId(0)]).await.expect("identities");
    flush_merges(store, &[merge(0, 1)]).await;
    let [user_id, anonymous_id, email] = identifiers;
    let found = store.find_profiles(&[user_id.clone(), anonymous_id.clone(), email.clone()]).await.expect("all");
    assert_eq!(found, HashMap::from([(user_id.clone(), ProfileId(0)), (anonymous_id.clone(), ProfileId(0)), (email, ProfileId(2))]));
    let identities = store.identities(&[ProfileId(1), ProfileId(0)]).await.expect("identities");
    assert_eq!(identities[0], identities[1]);
    assert_eq!(identities[0].profile, ProfileId(0));
    assert_eq!(identities[0].public_id, before[0].public_id);
    assert_eq!(identities[0].identifiers, [user_id, anonymous_id]);
    assert_eq!(survivors(store).await, [0, 0, 2]);
    let people = store.people().await.expect("people");
    let sighted: Vec<_> = people.sightings.values().flatten().map(|sighting| people.survivor(sighting.profile).0).collect();
    assert_eq!(sighted, [0, 2, 0], "anonymous_id, email, user_id");
}

pub(super) async fn chains_are_flattened(store: &dyn Store) {
    store.flush(&Flush { profiles: users(0, 8), ..Flush::default() }).await.expect("a first flush");
    flush_merges(store, &[merge(3, 4)]).await;
    assert_eq!(survivors(store).await, [0, 1, 2, 3, 3, 5, 6, 7]);
    flush_merges(store, &[merge(2, 3), merge(1, 2), merge(5, 6), merge(6, 7)]).await;
    assert_eq!(survivors(store).await, [0, 1, 1, 1, 1, 5, 5, 5]);
    // Named by an alias: their survivors merge.
    flush_merges(store, &[merge(4, 7)]).await;
    assert_eq!(survivors(store).await, [0, 1, 1, 1, 1, 1, 1, 1]);
    flush_merges(store, &[merge(0, 6)]).await;
    assert_eq!(survivors(store).await, [0; 8]);
}

pub(super) async fn merges_are_counted_and_listed(store: &dyn Store) {
    store.flush(&Flush { profiles: users(0, 5), ..Flush::default() }).await.expect("a first flush");
    assert_eq!(store.merges_since(0).await.expect("none"), (Vec::new(), 0));
    flush_merges(store, &[merge(3, 4), merge(2, 3)]).await;
    flush_merges(store, &[merge(0, 1)]).await;
    assert_eq!(store.merges_since(0).await.expect("all"), (vec![merge(3, 4), merge(2, 3), merge(0, 1)], 3));
    assert_eq!(store.merges_since(2).await.expect("one"), (vec![merge(0, 1)], 3));
    assert_eq!(store.merges_since(3).await.expect("none"), (Vec::new(), 3));
    flush_merges(store, &[merge(0, 1), merge(2, 4)]).await;
    assert_eq!(store.merges_since(3).await.expect("none"), (Vec::new(), 3), "two that are one do not merge again");
}

pub(super) async fn strangers_cannot_merge(store: &dyn Store) {
    store.flush(&Flush { profiles: users(0, 1), ..Flush::default() }).await.expect("a first flush");
    let stranger = Flush { merges: vec![merge(0, 9)], ..Flush::default() };
    assert!(matches!(store.flush(&stranger).await, Err(StoreError::NotFound { .. })));
    assert_eq!(survivors(store).await, [0]);
}
