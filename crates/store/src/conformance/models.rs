//! Models: rows, their checksums, and which of them are gone.

use model::ModelKey;

use super::cases::{hour, identifier, users};
use crate::{Flush, ModelBatch, ModelRow, ModelState, Store};

fn key(name: &str) -> ModelKey {
    ModelKey::parse(name).expect("a key")
}

fn row(key: &str, checksum: &str, seen: u64) -> ModelRow {
    ModelRow { key: key.to_owned(), checksum: checksum.to_owned(), identifiers: vec![identifier("user_id", key)], seen }
}

fn batch(model: &str, sync: u64) -> ModelBatch {
    ModelBatch { model: key(model), sync, saved: Vec::new(), seen: Vec::new(), deleted: Vec::new(), finished_at: None }
}

async fn save(store: &dyn Store, batch: ModelBatch) {
    store.flush(&Flush { model: Some(batch), ..Flush::default() }).await.expect("a flush");
}

fn texts(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

pub(super) async fn rows_are_known_by_model_and_key(store: &dyn Store) {
    let odd = "a \"b\" 'ü',\n7";
    assert_eq!(store.models().await.expect("models"), []);
    assert_eq!(store.begin_model_sync(&key("one")).await.expect("begun"), 1);
    assert_eq!(store.begin_model_sync(&key("other")).await.expect("begun"), 1);
    save(store, ModelBatch { saved: vec![row("a", "1", 0), row(odd, "2", 0)], ..batch("one", 1) }).await;
    save(store, ModelBatch { saved: vec![row("a", "3", 0)], finished_at: Some(hour(2)), ..batch("other", 1) }).await;
    let mut found = store.model_rows(&key("one"), &texts(&["a", odd, "unknown"])).await.expect("rows");
    found.sort_by(|a, b| a.checksum.cmp(&b.checksum));
    assert_eq!(found, [row("a", "1", 1), row(odd, "2", 1)]);

    assert_eq!(store.begin_model_sync(&key("one")).await.expect("begun"), 2);
    save(store, ModelBatch { saved: vec![row("a", "4", 0)], seen: texts(&[odd]), ..batch("one", 2) }).await;
    assert_eq!(store.model_rows(&key("one"), &texts(&[odd])).await.expect("rows"), [row(odd, "2", 2)]);
    store.forget_model_checksums(&key("one")).await.expect("forgotten");
    assert_eq!(store.model_rows(&key("one"), &texts(&["a"])).await.expect("rows"), [row("a", "", 2)]);
    assert_eq!(store.model_rows(&key("other"), &texts(&["a"])).await.expect("rows"), [row("a", "3", 1)]);
    let one = ModelState { model: key("one"), syncs: 2, synced_at: None, rows: 2 };
    let other = ModelState { model: key("other"), syncs: 1, synced_at: Some(hour(2)), rows: 1 };
    assert_eq!(store.models().await.expect("models"), [one, other]);
}

pub(super) async fn what_a_sync_did_not_meet_is_found(store: &dyn Store) {
    store.begin_model_sync(&key("one")).await.expect("begun");
    let all: Vec<_> = ["a", "b", "c", "d"].into_iter().map(|key| row(key, "1", 1)).collect();
    save(store, ModelBatch { saved: all.clone(), ..batch("one", 1) }).await;
    save(store, ModelBatch { seen: texts(&["b"]), ..batch("one", 2) }).await;
    let unseen = store.unseen_model_rows(&key("one"), 2, 2).await.expect("rows");
    assert_eq!(unseen, [all[0].clone(), all[2].clone()]);
    save(store, ModelBatch { deleted: texts(&["a", "c"]), ..batch("one", 2) }).await;
    assert_eq!(store.unseen_model_rows(&key("one"), 2, 10).await.expect("rows"), [all[3].clone()]);
    assert_eq!(store.unseen_model_rows(&key("other"), 2, 10).await.expect("rows"), []);
}

pub(super) async fn a_batch_is_true_with_its_facts_or_not_at_all(store: &dyn Store) {
    store.begin_model_sync(&key("one")).await.expect("begun");
    let saved = ModelBatch { saved: vec![row("a", "1", 0)], ..batch("one", 1) };
    // Profiles go on without gaps: this flush is refused.
    store.flush(&Flush { profiles: users(5, 1), model: Some(saved), ..Flush::default() }).await.expect_err("a gap");
    assert_eq!(store.model_rows(&key("one"), &texts(&["a"])).await.expect("rows"), []);
}
