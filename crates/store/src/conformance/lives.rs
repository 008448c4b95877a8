//! Lives: retired keys, guards, how syncs start, what is known of audiences that definitions no longer name.

use std::collections::{BTreeMap, BTreeSet};

use model::{LedgerChange, LedgerRow, LedgerState, ProfileId, RemoteAudience, SyncState, SyncStatus};

use super::cases::{as_of, audience, destination, fingerprint, hour, members};
use super::runs::{claim, found, record, record_of};
use crate::{Guarded, Hold, RunRecord, Store, StoreError, SyncStart};

fn start(key: &str, held_back: &[u32]) -> SyncStart {
    SyncStart { audience: audience(key), destination: destination("facebook"), held_back: members(held_back) }
}

fn row(profile: u32, state: LedgerState) -> LedgerRow {
    LedgerRow {
        profile: ProfileId(profile),
        schema: "EMAIL".to_owned(),
        cells: format!("[\"{profile}\"]"),
        state,
        session_id: None,
        reason: None,
        updated_at: hour(1),
    }
}

pub(super) async fn a_retired_key_stays_retired(store: &dyn Store) {
    assert_eq!(store.retired_audiences().await.expect("none"), BTreeMap::new());
    for hours in [1, 2] {
        let run_id = claim(store, hours).await;
        let retiring = RunRecord { retired: vec![audience("lapsed")], ..record_of(&run_id, hours, vec![found("lapsed", &[], Vec::new())]) };
        store.record_run(&retiring).await.expect("recorded");
    }
    let expected = BTreeMap::from([(audience("lapsed"), hour(1))]);
    assert_eq!(store.retired_audiences().await.expect("one"), expected);
    store.rewind(as_of(0), &BTreeMap::new()).await.expect("rewound");
    assert_eq!(store.retired_audiences().await.expect("one"), expected);
}

pub(super) async fn a_run_that_is_refused_retires_nobody(store: &dyn Store) {
    let run_id = claim(store, 1).await;
    record(store, 2, Vec::new()).await;
    let late = RunRecord { retired: vec![audience("lapsed")], starts: vec![start("lapsed", &[1])], ..record_of(&run_id, 1, Vec::new()) };
    assert!(matches!(store.record_run(&late).await, Err(StoreError::Conflict { .. })));
    assert_eq!(store.retired_audiences().await.expect("none"), BTreeMap::new());
    assert_eq!(store.sync_starts().await.expect("none"), []);
}

pub(super) async fn the_first_recording_is_remembered(store: &dyn Store) {
    record(store, 1, vec![found("a", &[1], Vec::new())]).await;
    record(store, 2, vec![found("a", &[1], Vec::new()), found("b", &[], Vec::new())]).await;
    record(store, 3, vec![found("a", &[2], Vec::new())]).await;
    let recorded = store.memberships().await.expect("two");
    let moments = |key: &str| (recorded[&audience(key)].since, recorded[&audience(key)].as_of);
    assert_eq!(moments("a"), (as_of(1), as_of(3)));
    assert_eq!(moments("b"), (as_of(2), as_of(2)));
}

pub(super) async fn what_was_sent_is_known_without_definitions(store: &dyn Store) {
    assert_eq!(store.known_audiences().await.expect("none"), BTreeSet::new());
    assert_eq!(store.sent_pairs().await.expect("none"), BTreeSet::new());
    record(store, 1, vec![found("recorded", &[1], Vec::new())]).await;
    let facebook = destination("facebook");
    let remote = RemoteAudience::new("238", "made");
    store.save_remote_audience(&audience("made"), &facebook, &remote).await.expect("remembered");
    let states = [LedgerState::PendingAdd, LedgerState::Added, LedgerState::PendingRemove, LedgerState::Rejected];
    for (key, state) in ["pending", "sent", "leaving", "refused"].into_iter().zip(states) {
        let change = LedgerChange { upsert: vec![row(1, state)], delete: Vec::new() };
        store.change_ledger(&audience(key), &facebook, &change).await.expect("changed");
    }
    let keys = ["recorded", "made", "pending", "sent", "leaving", "refused"].map(audience);
    assert_eq!(store.known_audiences().await.expect("six"), BTreeSet::from(keys));
    let pairs = ["pending", "sent", "leaving"].map(|key| (audience(key), facebook.clone()));
    assert_eq!(store.sent_pairs().await.expect("three"), BTreeSet::from(pairs));
    let emptied = LedgerChange { upsert: Vec::new(), delete: vec![row(1, LedgerState::Added)] };
    store.change_ledger(&audience("sent"), &facebook, &emptied).await.expect("changed");
    assert!(!store.sent_pairs().await.expect("two").contains(&(audience("sent"), facebook)));
}

pub(super) async fn a_hold_lasts_until_it_is_allowed(store: &dyn Store) {
    assert_eq!(store.guards().await.expect("none"), BTreeMap::new());
    let (a, b) = (audience("a"), audience("b"));
    let hold = |hours, reason: &str| Hold { reason: reason.to_owned(), since: hour(hours) };
    store.hold_membership(&b, &hold(1, "too few")).await.expect("held");
    store.allow_membership(&a, &members(&[1, 2]), hour(1)).await.expect("allowed");
    store.hold_membership(&a, &hold(2, "moved 50 %")).await.expect("held");
    store.hold_membership(&a, &hold(3, "moved 60 % \u{2713}")).await.expect("held on");
    let expected = BTreeMap::from([
        (a.clone(), Guarded { allowed: Some(members(&[1, 2])), held: Some(hold(2, "moved 60 % \u{2713}")) }),
        (b.clone(), Guarded { allowed: None, held: Some(hold(1, "too few")) }),
    ]);
    assert_eq!(store.guards().await.expect("two"), expected);
    store.allow_membership(&a, &members(&[3]), hour(4)).await.expect("allowed");
    store.allow_membership(&b, &members(&[]), hour(4)).await.expect("allowed");
    let expected = BTreeMap::from([
        (a.clone(), Guarded { allowed: Some(members(&[3])), held: None }),
        (b, Guarded { allowed: Some(members(&[])), held: None }),
    ]);
    assert_eq!(store.guards().await.expect("two"), expected);
    store.hold_membership(&a, &hold(5, "again")).await.expect("held");
    assert_eq!(store.guards().await.expect("two")[&a].held, Some(hold(5, "again")));
}

pub(super) async fn who_is_held_back_is_recorded_with_a_run(store: &dyn Store) {
    let run_id = claim(store, 1).await;
    let starting = RunRecord { starts: vec![start("a", &[1, 2]), start("b", &[3])], ..record_of(&run_id, 1, Vec::new()) };
    store.record_run(&starting).await.expect("recorded");
    store.save_sync_starts(&[start("a", &[2])]).await.expect("noted");
    let mut starts = store.sync_starts().await.expect("two");
    starts.sort_by(|left, right| left.audience.cmp(&right.audience));
    assert_eq!(starts, [start("a", &[2]), start("b", &[3])]);
}

pub(super) async fn a_dropped_pair_begins_anew(store: &dyn Store) {
    let facebook = destination("facebook");
    store.save_sync_starts(&[start("a", &[1]), start("b", &[1])]).await.expect("noted");
    store.request_syncs(&model::RunId("r1".to_owned()), &[(audience("a"), facebook.clone())], hour(1)).await.expect("asked for");
    let sync = store.pending_syncs().await.expect("one").remove(0);
    let status = SyncStatus {
        audience: audience("a"),
        destination: facebook.clone(),
        state: SyncState::Sent,
        message: None,
        sendable: Some(1),
        rows_added: 1,
        rows_removed: 0,
        remote: std::collections::BTreeMap::new(),
        mapping: fingerprint("m1"),
        updated_at: hour(1),
    };
    store.settle_sync(&sync, &status).await.expect("noted");
    let run_id = claim(store, 1).await;
    let dropping = RunRecord { dropped: vec![(audience("a"), facebook)], ..record_of(&run_id, 1, Vec::new()) };
    store.record_run(&dropping).await.expect("recorded");
    assert_eq!(store.sync_statuses().await.expect("one"), [SyncStatus { mapping: fingerprint(""), ..status }]);
    assert_eq!(store.sync_starts().await.expect("one"), [start("b", &[1])]);
}
