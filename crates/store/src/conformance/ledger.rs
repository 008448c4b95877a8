//! The ledger: rows as sent, changed all or none.

use model::{LedgerChange, LedgerRow, LedgerState, ProfileId};

use super::cases::{audience, destination, hour};
use crate::Store;

fn row(profile: u32, schema: &str, cells: &str) -> LedgerRow {
    LedgerRow {
        profile: ProfileId(profile),
        schema: schema.to_owned(),
        cells: cells.to_owned(),
        state: LedgerState::PendingAdd,
        session_id: None,
        reason: None,
        updated_at: hour(0),
    }
}

async fn change(store: &dyn Store, upsert: Vec<LedgerRow>, delete: Vec<LedgerRow>) {
    let change = LedgerChange { upsert, delete };
    store.change_ledger(&audience("a"), &destination("facebook"), &change).await.expect("changed");
}

async fn rows(store: &dyn Store) -> Vec<LedgerRow> {
    store.ledger(&audience("a"), &destination("facebook")).await.expect("the ledger")
}

pub(super) async fn rows_are_known_by_profile_schema_and_cells(store: &dyn Store) {
    assert_eq!(rows(store).await, []);
    let three =
        [row(1, "EMAIL", "[\"aa\"]"), row(1, "EMAIL", "[\"bb\"]"), row(1, "EXTERN_ID,EMAIL", "[\"aa\",\"\"]"), row(2, "EMAIL", "[\"aa\"]")];
    change(store, three.iter().rev().cloned().collect(), Vec::new()).await;
    assert_eq!(rows(store).await, three);
    let added = LedgerRow { state: LedgerState::Added, session_id: Some(i64::MAX), updated_at: hour(1), ..three[1].clone() };
    let reason = Some("refused: \"quoted\"\n, \u{e9}".to_owned());
    let rejected = LedgerRow { state: LedgerState::Rejected, session_id: Some(-1), reason, ..three[3].clone() };
    // A row named twice stands as last named; one deleted is known by its key alone.
    let gone = LedgerRow { state: LedgerState::PendingRemove, updated_at: hour(5), ..three[0].clone() };
    change(store, vec![three[1].clone(), added.clone(), rejected.clone()], vec![gone.clone(), row(9, "EMAIL", "[]")]).await;
    assert_eq!(rows(store).await, [added.clone(), three[2].clone(), rejected.clone()]);
    change(store, vec![gone.clone()], vec![gone.clone(), rejected]).await;
    assert_eq!(rows(store).await, [gone, added, three[2].clone()]);
}

pub(super) async fn ledgers_of_different_pairs_do_not_mix(store: &dyn Store) {
    for (key, place, profile) in [("a", "facebook", 1), ("a", "files", 2), ("b", "facebook", 3)] {
        let added = LedgerChange { upsert: vec![row(profile, "EMAIL", "[]")], delete: Vec::new() };
        store.change_ledger(&audience(key), &destination(place), &added).await.expect("changed");
    }
    change(store, Vec::new(), vec![row(1, "EMAIL", "[]"), row(2, "EMAIL", "[]"), row(3, "EMAIL", "[]")]).await;
    assert_eq!(rows(store).await, []);
    for (key, place, profile) in [("a", "files", 2), ("b", "facebook", 3)] {
        let left = store.ledger(&audience(key), &destination(place)).await.expect("the ledger");
        assert_eq!(left, [row(profile, "EMAIL", "[]")]);
    }
}

pub(super) async fn people_are_found_in_every_ledger_of_a_destination(store: &dyn Store) {
    for (key, place, profile) in [("b", "facebook", 1), ("a", "facebook", 1), ("a", "facebook", 2), ("a", "files", 1), ("a", "facebook", 3)]
    {
        let added = LedgerChange { upsert: vec![row(profile, "EMAIL", "[\"aa\"]")], delete: Vec::new() };
        store.change_ledger(&audience(key), &destination(place), &added).await.expect("changed");
    }
    let found = store.ledger_of(&destination("facebook"), &[ProfileId(2), ProfileId(1), ProfileId(9)]).await.expect("rows");
    let expected = [("a", 1), ("a", 2), ("b", 1)].map(|(key, profile)| (audience(key), row(profile, "EMAIL", "[\"aa\"]")));
    assert_eq!(found, expected);
    assert_eq!(store.ledger_of(&destination("facebook"), &[]).await.expect("none"), []);
}

pub(super) async fn a_large_ledger_reads_back_in_order(store: &dyn Store) {
    const PROFILES: u32 = 15_000;
    let two = |profile| [row(profile, "EMAIL", &format!("[\"a{profile}\"]")), row(profile, "EMAIL", &format!("[\"b{profile}\"]"))];
    let all: Vec<_> = (0..PROFILES).flat_map(two).collect();
    change(store, all.iter().rev().cloned().collect(), Vec::new()).await;
    assert!(rows(store).await == all);
    let odd = |row: &LedgerRow| row.profile.0 % 2 == 1;
    change(store, Vec::new(), all.iter().filter(|row| odd(row)).cloned().collect()).await;
    assert!(rows(store).await == all.into_iter().filter(|row| !odd(row)).collect::<Vec<_>>());
}
