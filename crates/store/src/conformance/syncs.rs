//! Pending syncs: one per pair, settled or still waiting.

use model::{Moment, ProfileId, RemoteAudience, RunId, SyncState, SyncStatus};

use super::cases::{as_of, audience, destination, fingerprint, hour};
use crate::{Claimed, PendingSync, RunClaim, RunKind, RunRecord, Store, Suppression};

async fn ask(store: &dyn Store, run: &str, pairs: &[(&str, &str)], at: Moment) {
    let pairs: Vec<_> = pairs.iter().map(|(a, d)| (audience(a), destination(d))).collect();
    store.request_syncs(&RunId(run.to_owned()), &pairs, at).await.expect("asked for");
}

async fn pending(store: &dyn Store) -> Vec<PendingSync> {
    store.pending_syncs().await.expect("pending syncs")
}

fn status(sync: &PendingSync, state: SyncState) -> SyncStatus {
    SyncStatus {
        audience: sync.audience.clone(),
        destination: sync.destination.clone(),
        state,
        message: (state != SyncState::Sent).then(|| "61 of 100 \u{2713}".to_owned()),
        sendable: (state != SyncState::Failed).then_some(61),
        rows_added: 3,
        rows_removed: 2,
        remote: [("delivery".to_owned(), "too small for \"ads\" (300)".to_owned())].into(),
        mapping: fingerprint("m1"),
        updated_at: hour(9),
    }
}

pub(super) async fn one_sync_is_pending_per_pair(store: &dyn Store) {
    assert_eq!(pending(store).await, []);
    ask(store, "r1", &[("b", "facebook"), ("a", "facebook"), ("a", "facebook")], hour(2)).await;
    ask(store, "r0", &[("a", "files")], hour(1)).await;
    ask(store, "r0", &[], hour(1)).await;
    let claim = RunClaim { fingerprint: fingerprint("f1"), as_of: as_of(3), kind: RunKind::Manual, started_at: hour(3) };
    let Claimed::Granted(run_id) = store.claim_run(&claim).await.expect("an answer") else { panic!("a fresh store has no runs") };
    let record = RunRecord {
        run_id: run_id.clone(),
        as_of: as_of(3),
        recorded_at: hour(3),
        segments_seen: None,
        merges_seen: 0,
        audiences: Vec::new(),
        syncs: vec![(audience("b"), destination("facebook")), (audience("c"), destination("facebook"))],
        retired: Vec::new(),
        starts: Vec::new(),
        dropped: Vec::new(),
    };
    store.record_run(&record).await.expect("recorded");
    let found: Vec<_> =
        pending(store).await.into_iter().map(|sync| (sync.audience, sync.destination, sync.run_id, sync.pending_since)).collect();
    let r1 = RunId("r1".to_owned());
    let expected = [
        (audience("a"), destination("files"), RunId("r0".to_owned()), hour(1)),
        (audience("a"), destination("facebook"), r1, hour(2)),
        (audience("b"), destination("facebook"), run_id.clone(), hour(2)),
        (audience("c"), destination("facebook"), run_id, hour(3)),
    ];
    assert_eq!(found, expected);
}

pub(super) async fn only_what_was_sent_is_settled(store: &dyn Store) {
    assert_eq!(store.sync_statuses().await.expect("none"), []);
    let cases = [
        (SyncState::Sent, true),
        (SyncState::SentBelowMinimum, true),
        (SyncState::BelowMinimum, true),
        (SyncState::Held, false),
        (SyncState::Paused, false),
        (SyncState::Failed, false),
        (SyncState::Pending, false),
    ];
    for (state, settled) in cases {
        ask(store, "r1", &[("a", "facebook")], hour(1)).await;
        let sync = pending(store).await.remove(0);
        store.settle_sync(&sync, &status(&sync, state)).await.expect("noted");
        assert_eq!(pending(store).await.is_empty(), settled, "{state:?}");
        assert_eq!(store.sync_statuses().await.expect("one"), [status(&sync, state)]);
    }
    ask(store, "r1", &[("b", "files"), ("b", "facebook")], hour(0)).await;
    for sync in pending(store).await {
        store.settle_sync(&sync, &status(&sync, SyncState::Held)).await.expect("noted");
    }
    let order: Vec<_> =
        store.sync_statuses().await.expect("three").into_iter().map(|status| (status.audience, status.destination)).collect();
    let expected = [("a", "facebook"), ("b", "facebook"), ("b", "files")].map(|(a, d)| (audience(a), destination(d)));
    assert_eq!(order, expected);
}

pub(super) async fn asked_again_meanwhile_stays_pending(store: &dyn Store) {
    ask(store, "r1", &[("a", "facebook")], hour(1)).await;
    let older = pending(store).await.remove(0);
    ask(store, "r2", &[("a", "facebook")], hour(2)).await;
    store.settle_sync(&older, &status(&older, SyncState::Sent)).await.expect("noted");
    let newer = pending(store).await.remove(0);
    assert_eq!((newer.run_id.clone(), newer.pending_since), (RunId("r2".to_owned()), hour(1)));
    store.settle_sync(&newer, &status(&newer, SyncState::Sent)).await.expect("noted");
    assert_eq!(pending(store).await, []);
}

pub(super) async fn what_others_say_is_kept(store: &dyn Store) {
    ask(store, "r1", &[("a", "facebook")], hour(1)).await;
    let sync = pending(store).await.remove(0);
    // A NUL is the one character that not every store can keep.
    let message = Some("no\0t \"found\"\u{2028}".to_owned());
    store.settle_sync(&sync, &SyncStatus { message, ..status(&sync, SyncState::Failed) }).await.expect("noted");
    let kept = store.sync_statuses().await.expect("one").remove(0).message;
    assert_eq!(kept.as_deref(), Some("no\u{fffd}t \"found\"\u{2028}"));
}

pub(super) async fn a_remote_audience_is_remembered(store: &dyn Store) {
    let (a, facebook) = (audience("a"), destination("facebook"));
    assert_eq!(store.remote_audience(&a, &facebook).await.expect("none"), None);
    for name in ["big spenders", "b\u{ef}g spenders"] {
        let known = RemoteAudience::new("238", name);
        store.save_remote_audience(&a, &facebook, &known).await.expect("remembered");
        let doubt = Some("somebody \"edited\" it".to_owned());
        let remote = RemoteAudience { doubt, replacing: Some(1 << 52), written_at: Some(hour(1)), drifted_at: Some(hour(2)), ..known };
        store.save_remote_audience(&a, &facebook, &remote).await.expect("remembered");
        assert_eq!(store.remote_audience(&a, &facebook).await.expect("one"), Some(remote));
    }
    assert_eq!(store.remote_audience(&a, &destination("files")).await.expect("none"), None);
}

pub(super) async fn limits_hold_until_cleared(store: &dyn Store) {
    let facebook = "facebook act_12";
    for until in [None, Some(hour(1)), Some(hour(2)), None] {
        store.set_not_before(facebook, until).await.expect("set");
        assert_eq!(store.not_before(facebook).await.expect("an answer"), until);
        assert_eq!(store.not_before("facebook act_1").await.expect("an answer"), None);
    }
}

pub(super) async fn a_store_has_a_name_of_its_own(store: &dyn Store, other: &dyn Store) {
    let name = store.workspace_id().await.expect("a name");
    assert_eq!(store.workspace_id().await.expect("the same"), name);
    assert_ne!(other.workspace_id().await.expect("another"), name);
    assert!(name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
}

pub(super) async fn whoever_is_suppressed_is_known_by_hashes(store: &dyn Store) {
    assert_eq!(store.suppressions().await.expect("nobody"), []);
    let [one, two, three] = ["aa", "bb", "cc"].map(str::to_owned);
    store.suppress(&[one.clone(), two.clone()], Some(ProfileId(7)), hour(1)).await.expect("noted");
    store.suppress(&[two.clone(), three.clone()], None, hour(2)).await.expect("noted again");
    let suppression = |digest: &String, profile: Option<u32>, hours| Suppression {
        digest: digest.clone(),
        profile: profile.map(ProfileId),
        since: hour(hours),
    };
    let known = [suppression(&one, Some(7), 1), suppression(&two, Some(7), 1), suppression(&three, None, 2)];
    assert_eq!(store.suppressions().await.expect("three"), known, "what was known of the profile is not forgotten");
    assert_eq!(store.profiles_kept_out().await.expect("one"), [ProfileId(7)].into());
    assert_eq!(store.unsuppress(&[one, two, "dd".to_owned()]).await.expect("forgotten"), 2);
    assert_eq!(store.suppressions().await.expect("one"), known[2..]);
    assert!(store.profiles_kept_out().await.expect("nobody").is_empty());
    let key = store.hash_key().await.expect("a key");
    assert!(key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "64 digits");
    assert_eq!(store.hash_key().await.expect("the same"), key);
}
