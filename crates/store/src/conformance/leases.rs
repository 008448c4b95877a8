//! Leases: one holder, renewed, expired, given back.

use std::sync::Arc;

use super::cases::hour;
use crate::Store;

pub(super) async fn a_lease_has_one_holder(store: &dyn Store) {
    let take = async |holder: &str, now: i64, until: i64| store.lease("writer", holder, hour(now), hour(until)).await.expect("an answer");
    assert!(take("a", 0, 10).await);
    assert!(!take("b", 9, 20).await);
    assert!(take("a", 9, 15).await, "its holder renews it");
    assert!(!take("b", 14, 20).await);
    assert!(take("b", 15, 20).await, "it has expired");
    assert!(!take("a", 16, 30).await);
    store.release("writer", "a").await.expect("nothing happens");
    assert!(!take("a", 17, 30).await);
    assert!(store.lease("delivery", "a", hour(17), hour(20)).await.expect("another lease"));
    store.release("writer", "b").await.expect("given back");
    assert!(take("a", 17, 30).await);
}

pub(super) async fn of_two_takers_one_wins(store: Arc<dyn Store>) {
    for round in 0..10 {
        let name = format!("lease {round}");
        let take = |holder: &'static str| {
            let (store, name) = (Arc::clone(&store), name.clone());
            tokio::spawn(async move { store.lease(&name, holder, hour(0), hour(1)).await.expect("an answer") })
        };
        let (a, b) = (take("a"), take("b"));
        let won = [a.await.expect("no panic"), b.await.expect("no panic")];
        assert!(won[0] != won[1], "{won:?}");
    }
}
