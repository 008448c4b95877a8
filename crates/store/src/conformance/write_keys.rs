//! Keys: kept by hash, listed by source, revoked once, good for one thing.

use super::cases::hour;
use crate::KeyPurpose::{Read, Write};
use crate::{Store, StoreError, WriteKey};

fn key(hash: &str, source: &str, created: i64) -> WriteKey {
    WriteKey { key_hash: hash.to_owned(), source: source.to_owned(), created_at: hour(created), revoked_at: None }
}

pub(super) async fn write_keys_are_kept_until_revoked(store: &dyn Store) {
    assert_eq!(store.write_keys(Write).await.expect("a list"), []);
    let (web, newer, app) = (key("b", "web", 1), key("a", "web", 2), key("c", "app", 3));
    for key in [&web, &newer, &app] {
        store.add_write_key(Write, key).await.expect("kept");
    }
    assert_eq!(store.write_keys(Write).await.expect("a list"), [app.clone(), web.clone(), newer.clone()]);
    assert!(matches!(store.add_write_key(Write, &key("b", "app", 4)).await, Err(StoreError::Conflict { .. })));

    store.revoke_write_keys(Write, &["b".to_owned()], hour(5)).await.expect("revoked");
    store.revoke_write_keys(Write, &["a".to_owned(), "b".to_owned()], hour(6)).await.expect("revoked");
    let revoked = |key: &WriteKey, at| WriteKey { revoked_at: Some(hour(at)), ..key.clone() };
    let expected = [app.clone(), revoked(&web, 5), revoked(&newer, 6)];
    assert_eq!(store.write_keys(Write).await.expect("a list"), expected);

    let unknown = store.revoke_write_keys(Write, &["c".to_owned(), "d".to_owned()], hour(7)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })), "{unknown:?}");
    assert_eq!(store.write_keys(Write).await.expect("a list"), expected, "all or nothing");
}

pub(super) async fn a_key_is_good_for_one_thing(store: &dyn Store) {
    let (write, read) = (key("a", "web", 1), key("b", "web", 2));
    store.add_write_key(Write, &write).await.expect("kept");
    store.add_write_key(Read, &read).await.expect("kept");
    assert_eq!(store.write_keys(Write).await.expect("a list"), std::slice::from_ref(&write));
    assert_eq!(store.write_keys(Read).await.expect("a list"), std::slice::from_ref(&read));
    assert!(matches!(store.add_write_key(Read, &write).await, Err(StoreError::Conflict { .. })));
    let other = store.revoke_write_keys(Write, &["b".to_owned()], hour(3)).await;
    assert!(matches!(other, Err(StoreError::NotFound { .. })), "{other:?}");
    store.revoke_write_keys(Read, &["b".to_owned()], hour(3)).await.expect("revoked");
    assert_eq!(store.write_keys(Read).await.expect("a list"), [WriteKey { revoked_at: Some(hour(3)), ..read }]);
    assert_eq!(store.write_keys(Write).await.expect("a list"), [write]);
}
