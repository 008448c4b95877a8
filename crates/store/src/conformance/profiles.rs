//! One profile: found by any of its names, told with whom it was merged and linked.

use model::{AccountLink, Collection, LedgerChange, LedgerRow, LedgerState, ModelKey, ProfileId, PublicId};

use super::cases::{audience, destination, hour, identifier, merge, users, users_with};
use crate::{ErasureRequest, Flush, ModelBatch, ModelRow, NewProfile, ProfileName, ProfileRecord, SeenIdentifier, Store};

async fn named(store: &dyn Store, public_id: &PublicId) -> Option<ProfileRecord> {
    store.profile(&ProfileName::PublicId(public_id.clone())).await.expect("an answer")
}

async fn found(store: &dyn Store, kind: &str, value: &str) -> Option<ProfileRecord> {
    store.profile(&ProfileName::Identifier(identifier(kind, value))).await.expect("an answer")
}

pub(super) async fn a_profile_is_found_by_all_its_names(store: &dyn Store) {
    assert_eq!(found(store, "email", "mary@example.com").await, None);
    assert_eq!(named(store, &PublicId("nobody".to_owned())).await, None);
    assert_eq!(store.identifier_kinds().await.expect("none"), []);

    let (mary, phone) = (identifier("email", "mary@example.com"), identifier("phone", "+15550100"));
    users_with(store, &[mary.clone(), phone.clone(), identifier("user_id", "7")]).await;
    let identities = store.identities(&[0, 1, 2].map(ProfileId)).await.expect("three");
    let alone = found(store, "user_id", "7").await.expect("a profile");
    assert_eq!((alone.profile, &alone.public_id, alone.collection), (ProfileId(2), &identities[2].public_id, Collection::Users));
    assert_eq!((alone.created_at, alone.numbers()), (hour(0), vec![ProfileId(2)]));

    // Two into one, which is merged in turn: all names lead to the last survivor.
    for (winner, loser, at) in [(1, 2, 5), (0, 1, 6)] {
        let merges = vec![crate::Merge { merged_at: hour(at), ..merge(winner, loser) }];
        store.flush(&Flush { merges, ..Flush::default() }).await.expect("a merge");
    }
    let whole = found(store, "email", "mary@example.com").await.expect("a profile");
    assert_eq!(found(store, "user_id", "7").await.as_ref(), Some(&whole));
    for identity in &identities {
        assert_eq!(named(store, &identity.public_id).await.as_ref(), Some(&whole));
    }
    assert_eq!(whole.numbers(), [0, 1, 2].map(ProfileId));
    let merged: Vec<_> = whole.merged.iter().map(|merged| (merged.public_id.clone(), merged.merged_at)).collect();
    assert_eq!(merged, [(identities[1].public_id.clone(), hour(6)), (identities[2].public_id.clone(), hour(5))]);
    let seen = |identifier, at| SeenIdentifier { identifier, first_seen_at: hour(at) };
    let expected = [seen(mary, 0), seen(phone, 1), seen(identifier("user_id", "7"), 2)];
    assert_eq!(whole.identifiers, expected);
    let kinds = store.identifier_kinds().await.expect("three");
    assert_eq!(kinds.iter().map(model::IdentifierKind::as_str).collect::<Vec<_>>(), ["email", "phone", "user_id"]);
}

pub(super) async fn whoever_was_erased_is_found_by_no_name(store: &dyn Store) {
    users_with(store, &[identifier("email", "mary@example.com"), identifier("user_id", "7")]).await;
    let identities = store.identities(&[0, 1].map(ProfileId)).await.expect("two");
    let request = ErasureRequest {
        erasure_id: "e1".to_owned(),
        requested_at: hour(1),
        requested_by: "the desk".to_owned(),
        suppress: false,
        profiles: vec![ProfileId(0)],
        digests: vec!["aa".to_owned()],
    };
    store.request_erasure(&request).await.expect("asked for");
    assert!(named(store, &identities[0].public_id).await.is_some(), "not yet");
    store.erase_person("e1", &["aa".to_owned()], hour(2)).await.expect("erased");
    assert_eq!(named(store, &identities[0].public_id).await, None);
    assert_eq!(found(store, "email", "mary@example.com").await, None);
    assert!(named(store, &identities[1].public_id).await.is_some(), "somebody else");
}

pub(super) async fn users_and_accounts_know_each_other(store: &dyn Store) {
    let account = |number| NewProfile { profile: ProfileId(number), collection: Collection::Accounts, created_at: hour(0) };
    let link = |user, account, at| AccountLink { user: ProfileId(user), account: ProfileId(account), since: hour(at) };
    let flush = Flush {
        profiles: users(0, 3).into_iter().chain([account(3), account(4)]).collect(),
        links: vec![link(0, 3, 4), link(1, 3, 2), link(1, 4, 1), link(2, 3, 3)],
        ..Flush::default()
    };
    store.flush(&flush).await.expect("a flush");
    let linked = async |profile, of, after: Option<u32>, limit| {
        let linked = store.linked(ProfileId(profile), of, after.map(ProfileId), limit).await.expect("some");
        linked.into_iter().map(|linked| (linked.profile.0, linked.since)).collect::<Vec<_>>()
    };
    let (users, accounts) = (Collection::Users, Collection::Accounts);
    assert_eq!(linked(1, users, None, 9).await, [(3, hour(2)), (4, hour(1))]);
    assert_eq!(linked(3, accounts, None, 2).await, [(0, hour(4)), (1, hour(2))]);
    assert_eq!(linked(3, accounts, Some(1), 2).await, [(2, hour(3))]);
    assert_eq!(linked(4, accounts, Some(1), 2).await, []);

    // One person, linked under two numbers: named once, since the earlier moment, and so from both ends.
    store.flush(&Flush { merges: vec![merge(0, 1)], ..Flush::default() }).await.expect("a merge");
    assert_eq!(linked(3, accounts, None, 9).await, [(0, hour(2)), (2, hour(3))]);
    assert_eq!(linked(0, users, None, 9).await, [(3, hour(2)), (4, hour(1))]);
}

pub(super) async fn what_was_sent_of_people_is_found_everywhere(store: &dyn Store) {
    store.flush(&Flush { profiles: users(0, 3), ..Flush::default() }).await.expect("a flush");
    let row = |profile, state| LedgerRow {
        profile: ProfileId(profile),
        schema: "EMAIL".to_owned(),
        cells: "[\"c0ffee\"]".to_owned(),
        state,
        session_id: None,
        reason: None,
        updated_at: hour(i64::from(profile)),
    };
    let sent = [
        (audience("buyers"), destination("facebook"), row(0, LedgerState::Added)),
        (audience("buyers"), destination("files"), row(1, LedgerState::Rejected)),
        (audience("lapsed"), destination("facebook"), row(0, LedgerState::PendingRemove)),
    ];
    for (audience, destination, row) in sent.iter().chain([&(audience("lapsed"), destination("facebook"), row(2, LedgerState::Added))]) {
        let change = LedgerChange { upsert: vec![row.clone()], delete: Vec::new() };
        store.change_ledger(audience, destination, &change).await.expect("changed");
    }
    assert_eq!(store.ledger_of_people(&[0, 1].map(ProfileId)).await.expect("three"), sent);
    assert_eq!(store.ledger_of_people(&[]).await.expect("none"), []);
}

pub(super) async fn rows_of_models_are_found_by_whom_they_are_about(store: &dyn Store) {
    let odd = identifier("user_id", "50%_\"off\"!]");
    let plain = identifier("email", "mary@example.com");
    let row = |key: &str, identifiers: &[model::Identifier]| ModelRow {
        key: key.to_owned(),
        checksum: "c0ffee".to_owned(),
        identifiers: identifiers.to_vec(),
        seen: 1,
    };
    let mut expected = Vec::new();
    for (name, rows) in [
        ("cards", vec![row("1", &[odd.clone(), plain.clone()]), row("2", &[identifier("user_id", "50%_\"OFF\"!]")])]),
        ("shops", vec![row("1", &[identifier("email", "mary@example.com.invalid")]), row("x", std::slice::from_ref(&odd))]),
    ] {
        let model = ModelKey::parse(name).expect("a key");
        let sync = store.begin_model_sync(&model).await.expect("begun");
        expected.extend(rows.iter().filter(|row| row.identifiers.contains(&odd)).map(|row| (model.clone(), row.clone())));
        let batch = ModelBatch { model, sync, saved: rows, seen: Vec::new(), deleted: Vec::new(), finished_at: None };
        store.flush(&Flush { model: Some(batch), ..Flush::default() }).await.expect("a flush");
    }
    assert_eq!(store.model_rows_about(&[odd, plain]).await.expect("two"), expected);
    assert_eq!(store.model_rows_about(&[identifier("user_id", "50")]).await.expect("none"), []);
}
