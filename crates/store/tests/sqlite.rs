//! The contract on SQLite, in memory and in a file.

use std::sync::Arc;

use store::{Store, StoreUrl};

#[tokio::test]
async fn sqlite_in_memory_keeps_the_contract() {
    store::conformance::all(async || store::open(&StoreUrl::SqliteMemory).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    store::conformance::all(async || -> Arc<dyn Store> {
        number.set(number.get() + 1);
        // A name that a URL would read differently.
        let file = folder.path().join(format!("store #{}?a%20b.db", number.get()));
        store::open(&StoreUrl::SqliteFile(file)).await.unwrap()
    })
    .await;
}
