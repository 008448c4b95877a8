//! Write keys: kept by hash, listed by source, revoked once.

use super::cases::hour;
use crate::{Store, StoreError, WriteKey};

fn key(hash: &str, source: &str, created: i64) -> WriteKey {
    WriteKey { key_hash: hash.to_owned(), source: source.to_owned(), created_at: hour(created), revoked_at: None }
}

pub(super) async fn write_keys_are_kept_until_revoked(store: &dyn Store) {
    assert_eq!(store.write_keys().await.expect("a list"), []);
    let (web, newer, app) = (key("b", "web", 1), key("a", "web", 2), key("c", "app", 3));
    for key in [&web, &newer, &app] {
        store.add_write_key(key).await.expect("kept");
    }
    assert_eq!(store.write_keys().await.expect("a list"), [app.clone(), web.clone(), newer.clone()]);
    assert!(matches!(store.add_write_key(&key("b", "app", 4)).await, Err(StoreError::Conflict { .. })));

    store.revoke_write_keys(&["b".to_owned()], hour(5)).await.expect("revoked");
    store.revoke_write_keys(&["a".to_owned(), "b".to_owned()], hour(6)).await.expect("revoked");
    let revoked = |key: &WriteKey, at| WriteKey { revoked_at: Some(hour(at)), ..key.clone() };
    let expected = [app.clone(), revoked(&web, 5), revoked(&newer, 6)];
    assert_eq!(store.write_keys().await.expect("a list"), expected);

    let unknown = store.revoke_write_keys(&["c".to_owned(), "d".to_owned()], hour(7)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })), "{unknown:?}");
    assert_eq!(store.write_keys().await.expect("a list"), expected, "all or nothing");
}
