//! Runs: claimed once, recorded once, rewound.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{AsOf, AudienceKey, MembershipDiff, Reason, RunId, SegmentId};

use super::cases::{as_of, audience, destination, fingerprint, hour, members};
use crate::{
    AudienceRecord, Claimed, FoundMembers, RecordedChange, RecordedMembership, RunClaim, RunKind, RunRecord, Seen, Store, StoreError,
};

fn claim_of(hours: i64, text: &str) -> RunClaim {
    RunClaim { fingerprint: fingerprint(text), as_of: as_of(hours), kind: RunKind::Schedule, started_at: hour(hours) }
}

pub(super) async fn claim(store: &dyn Store, hours: i64) -> RunId {
    match store.claim_run(&claim_of(hours, "f1")).await.expect("an answer") {
        Claimed::Granted(run_id) => run_id,
        Claimed::AlreadyDone(done) => panic!("done already: {done:?}"),
    }
}

pub(super) fn record_of(run_id: &RunId, hours: i64, audiences: Vec<AudienceRecord>) -> RunRecord {
    let (run_id, recorded_at) = (run_id.clone(), hour(hours));
    RunRecord {
        run_id,
        as_of: as_of(hours),
        recorded_at,
        segments_seen: None,
        merges_seen: 0,
        audiences,
        syncs: Vec::new(),
        retired: Vec::new(),
        starts: Vec::new(),
        dropped: Vec::new(),
    }
}

pub(super) async fn record(store: &dyn Store, hours: i64, audiences: Vec<AudienceRecord>) -> RunId {
    let run_id = claim(store, hours).await;
    store.record_run(&record_of(&run_id, hours, audiences)).await.expect("recorded");
    run_id
}

pub(super) fn diff(entered: &[u32], exited: &[u32]) -> MembershipDiff {
    MembershipDiff { entered: members(entered), exited: members(exited) }
}

pub(super) fn found(key: &str, now: &[u32], changes: Vec<(Reason, MembershipDiff)>) -> AudienceRecord {
    AudienceRecord { audience: audience(key), fingerprint: fingerprint("f1"), members: FoundMembers::Are(Arc::new(members(now))), changes }
}

pub(super) async fn a_run_is_claimed_until_recorded(store: &dyn Store) {
    assert_eq!(store.seen().await.expect("none"), None);
    let run_id = claim(store, 1).await;
    assert!(run_id.0.len() >= 8 && run_id.0.chars().all(|c| c.is_ascii_hexdigit()), "{run_id}");
    let again = RunClaim { kind: RunKind::Manual, started_at: hour(5), ..claim_of(1, "f1") };
    assert_eq!(store.claim_run(&again).await.expect("an answer"), Claimed::Granted(run_id.clone()), "its process died");
    let other = store.claim_run(&claim_of(1, "f2")).await.expect("an answer");
    assert!(matches!(&other, Claimed::Granted(other) if *other != run_id), "other definitions are another run");
    assert_eq!(store.recorded_run(&fingerprint("f1"), as_of(1)).await.expect("none"), None);
    assert_eq!(store.runs(10).await.expect("none"), []);

    let recorded = RunRecord { segments_seen: Some(SegmentId(41)), merges_seen: 7, ..record_of(&run_id, 1, Vec::new()) };
    store.record_run(&recorded).await.expect("recorded");
    let run = store.recorded_run(&fingerprint("f1"), as_of(1)).await.expect("one").expect("recorded");
    assert_eq!((&run.run_id, run.as_of, run.kind), (&run_id, as_of(1), RunKind::Manual));
    assert_eq!((&run.fingerprint, run.started_at, run.recorded_at), (&fingerprint("f1"), hour(5), hour(1)));
    assert_eq!(store.claim_run(&claim_of(1, "f1")).await.expect("an answer"), Claimed::AlreadyDone(run.clone()));
    assert_eq!(store.runs(10).await.expect("one"), std::slice::from_ref(&run));
    assert_eq!(store.seen().await.expect("one"), Some(Seen { run, segments: Some(SegmentId(41)), merges: 7 }));

    // The latest is the one recorded last, also among runs of one moment.
    let Claimed::Granted(edited) = other else { panic!("other definitions are another run") };
    store.record_run(&record_of(&edited, 1, Vec::new())).await.expect("recorded");
    assert_eq!(store.seen().await.expect("one").expect("recorded").run.run_id, edited);
    let order: Vec<_> = store.runs(2).await.expect("two").into_iter().map(|run| run.run_id).collect();
    assert_eq!(order, [edited.clone(), run_id.clone()]);
    assert_eq!(store.runs(1).await.expect("one")[0].run_id, edited);
    let seen = store.seen_by(&run_id).await.expect("one").expect("recorded");
    assert_eq!((seen.run.run_id, seen.segments, seen.merges), (run_id, Some(SegmentId(41)), 7));
    assert_eq!(store.seen_by(&RunId("00000000".to_owned())).await.expect("none"), None);
}

pub(super) async fn history_goes_forward(store: &dyn Store) {
    let overtaken = claim(store, 1).await;
    record(store, 2, vec![found("lapsed", &[1], Vec::new())]).await;
    let late = record_of(&overtaken, 1, vec![found("lapsed", &[2], Vec::new())]);
    assert!(matches!(store.record_run(&late).await, Err(StoreError::Conflict { .. })), "its lease was lost on the way");
    assert_eq!(store.memberships().await.expect("one")[&audience("lapsed")].members, members(&[1]));
    assert_eq!(store.seen().await.expect("one").expect("recorded").run.as_of, as_of(2));
}

pub(super) async fn a_run_is_recorded_once(store: &dyn Store) {
    let unclaimed = record_of(&RunId("00000000".to_owned()), 1, Vec::new());
    assert!(matches!(store.record_run(&unclaimed).await, Err(StoreError::NotFound { .. })));
    let run_id = claim(store, 1).await;
    let shifted = record_of(&run_id, 2, Vec::new());
    assert!(matches!(store.record_run(&shifted).await, Err(StoreError::Conflict { .. })), "it was claimed for another moment");
    let first = record_of(&run_id, 1, vec![found("lapsed", &[1], vec![(Reason::Data, diff(&[1], &[]))])]);
    store.record_run(&first).await.expect("recorded");
    let second = record_of(&run_id, 1, vec![found("lapsed", &[2], Vec::new())]);
    assert!(matches!(store.record_run(&second).await, Err(StoreError::Conflict { .. })));
    assert_eq!(store.memberships().await.expect("one")[&audience("lapsed")].members, members(&[1]));
}

pub(super) async fn recording_is_all_or_nothing(store: &dyn Store) {
    let run_id = claim(store, 1).await;
    let twice = vec![(Reason::Data, diff(&[1], &[])), (Reason::Data, diff(&[2], &[]))];
    let syncs = vec![(audience("lapsed"), destination("facebook"))];
    let wrong = RunRecord { syncs, ..record_of(&run_id, 1, vec![found("lapsed", &[1, 2], twice)]) };
    assert!(matches!(store.record_run(&wrong).await, Err(StoreError::Conflict { .. })));
    assert_eq!(store.seen().await.expect("none"), None);
    assert_eq!(store.memberships().await.expect("none"), BTreeMap::new());
    assert_eq!(store.pending_syncs().await.expect("none"), []);
    assert_eq!(claim(store, 1).await, run_id);
}

pub(super) async fn runs_are_claimed_together(store: &dyn Store) {
    let done = record(store, 2, Vec::new()).await;
    let dead = claim(store, 3).await;
    let claims: Vec<_> = [4, 3, 2, 1].map(|hours| claim_of(hours, "f1")).into();
    let answers = store.claim_runs(&claims).await.expect("four");
    let granted: Vec<_> = answers
        .iter()
        .map(|answer| match answer {
            Claimed::Granted(run_id) => run_id.clone(),
            Claimed::AlreadyDone(summary) => {
                assert_eq!((&summary.run_id, summary.as_of, &summary.fingerprint), (&done, as_of(2), &fingerprint("f1")));
                summary.run_id.clone()
            }
        })
        .collect();
    assert_eq!((&granted[1], &granted[2]), (&dead, &done));
    assert!(granted[0] != granted[3] && granted[0] != dead);
    assert_eq!(store.claim_runs(&claims).await.expect("four"), answers, "they were not recorded meanwhile");
    assert_eq!(store.claim_runs(&[]).await.expect("none"), []);
}

pub(super) async fn runs_are_recorded_together(store: &dyn Store) {
    record(store, 1, vec![found("old", &[1], Vec::new())]).await;
    let claims: Vec<_> = [2, 3, 4].map(|hours| claim_of(hours, "f1")).into();
    let run_ids = granted(store.claim_runs(&claims).await.expect("three"));
    let entering = |key: &str, diff: MembershipDiff| AudienceRecord {
        members: FoundMembers::ToldLater,
        ..found(key, &[], vec![(Reason::Data, diff)])
    };
    let records = [
        record_of(&run_ids[0], 2, vec![entering("old", diff(&[2], &[]))]),
        record_of(&run_ids[1], 3, vec![entering("old", diff(&[], &[1])), entering("new", diff(&[7], &[]))]),
        record_of(&run_ids[2], 4, vec![found("old", &[2], Vec::new()), found("new", &[8], vec![(Reason::Time, diff(&[8], &[7]))])]),
    ];
    store.record_runs(&records).await.expect("recorded");
    store.record_runs(&[]).await.expect("nothing to record");
    let recorded = |now: &[u32], since| RecordedMembership {
        members: members(now),
        as_of: as_of(4),
        since: as_of(since),
        run_id: run_ids[2].clone(),
        fingerprint: fingerprint("f1"),
    };
    let expected = BTreeMap::from([(audience("old"), recorded(&[2], 1)), (audience("new"), recorded(&[8], 3))]);
    assert_eq!(store.memberships().await.expect("two"), expected);
    let changes = store.changes(None, as_of(2), as_of(4)).await.expect("four");
    let told: Vec<_> = changes.into_iter().map(|change| (change.run_id, change.audience, change.reason, change.diff)).collect();
    let told_of = |run: usize, key: &str, reason, diff| (run_ids[run].clone(), audience(key), reason, diff);
    let expected = [
        told_of(0, "old", Reason::Data, diff(&[2], &[])),
        told_of(1, "new", Reason::Data, diff(&[7], &[])),
        told_of(1, "old", Reason::Data, diff(&[], &[1])),
        told_of(2, "new", Reason::Time, diff(&[8], &[7])),
    ];
    assert_eq!(told, expected);
    let newest: Vec<_> = store.runs(3).await.expect("three").into_iter().map(|run| run.run_id).collect();
    assert_eq!(newest, [run_ids[2].clone(), run_ids[1].clone(), run_ids[0].clone()]);
}

pub(super) async fn runs_recorded_together_are_all_or_nothing(store: &dyn Store) {
    record(store, 1, vec![found("a", &[1], Vec::new())]).await;
    let before = (store.memberships().await.expect("one"), store.seen().await.expect("one"));
    let run_ids = granted(store.claim_runs(&[2, 3].map(|hours| claim_of(hours, "f1"))).await.expect("two"));
    let first = record_of(&run_ids[0], 2, vec![found("a", &[2], vec![(Reason::Data, diff(&[2], &[1]))])]);
    let told_later = AudienceRecord { members: FoundMembers::ToldLater, ..found("a", &[], Vec::new()) };
    let untold = record_of(&run_ids[1], 3, vec![told_later]);
    let unclaimed = record_of(&RunId("00000000".to_owned()), 3, Vec::new());
    let backward = record_of(&run_ids[1], 3, Vec::new());
    for wrong in [vec![first.clone(), first.clone()], vec![first.clone(), untold], vec![backward, first.clone()], vec![first, unclaimed]] {
        let refused = store.record_runs(&wrong).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. } | StoreError::NotFound { .. })), "{wrong:?}");
        assert_eq!((store.memberships().await.expect("one"), store.seen().await.expect("one")), before);
        assert_eq!(store.changes(None, as_of(0), as_of(9)).await.expect("none"), []);
    }
}

pub(super) async fn a_membership_that_did_not_change_is_kept(store: &dyn Store) {
    let many: Vec<u32> = (0..100_000).filter(|number| number % 3 != 0).collect();
    let first = record(store, 1, vec![found("a", &many, Vec::new())]).await;
    let kept = |after: &RunId, text: &str| AudienceRecord {
        members: FoundMembers::AsAfter(after.clone()),
        fingerprint: fingerprint(text),
        ..found("a", &[], Vec::new())
    };
    let recorded = |now: &[u32], hours, run_id: &RunId, text: &str| RecordedMembership {
        members: members(now),
        as_of: as_of(hours),
        since: as_of(1),
        run_id: run_id.clone(),
        fingerprint: fingerprint(text),
    };
    let second = record(store, 2, vec![kept(&first, "f2")]).await;
    assert_eq!(store.memberships().await.expect("one")[&audience("a")], recorded(&many, 2, &second, "f2"));

    // Runs recorded together follow one another.
    let run_ids = granted(store.claim_runs(&[3, 4, 5].map(|hours| claim_of(hours, "f1"))).await.expect("three"));
    let records = [
        record_of(&run_ids[0], 3, vec![kept(&second, "f2")]),
        record_of(&run_ids[1], 4, vec![kept(&run_ids[0], "f3")]),
        record_of(&run_ids[2], 5, Vec::new()),
    ];
    store.record_runs(&records).await.expect("recorded");
    assert_eq!(store.memberships().await.expect("one")[&audience("a")], recorded(&many, 4, &run_ids[1], "f3"));
    let run_ids = granted(store.claim_runs(&[6, 7].map(|hours| claim_of(hours, "f1"))).await.expect("two"));
    let records = [record_of(&run_ids[0], 6, vec![found("a", &[7], Vec::new())]), record_of(&run_ids[1], 7, vec![kept(&run_ids[0], "f1")])];
    store.record_runs(&records).await.expect("recorded");
    let latest = recorded(&[7], 7, &run_ids[1], "f1");
    assert_eq!(store.memberships().await.expect("one")[&audience("a")], latest);

    // Kept as another run left it, or one never recorded.
    for wrong in [vec![kept(&first, "f4")], vec![AudienceRecord { audience: audience("b"), ..kept(&run_ids[1], "f4") }]] {
        let run_id = claim(store, 8).await;
        assert!(matches!(store.record_run(&record_of(&run_id, 8, wrong)).await, Err(StoreError::Conflict { .. })));
        assert_eq!(store.memberships().await.expect("one"), BTreeMap::from([(audience("a"), latest.clone())]));
    }
}

fn granted(answers: Vec<Claimed>) -> Vec<RunId> {
    let granted = |answer| match answer {
        Claimed::Granted(run_id) => run_id,
        Claimed::AlreadyDone(done) => panic!("done already: {done:?}"),
    };
    answers.into_iter().map(granted).collect()
}

pub(super) async fn memberships_and_changes_read_back(store: &dyn Store) {
    let many: Vec<u32> = (0..100_000).filter(|number| number % 3 != 0).collect();
    let reasons = vec![(Reason::Time, diff(&[], &[4])), (Reason::Definition, diff(&many, &[]))];
    let first = record(store, 1, vec![found("many", &many, reasons), found("nobody", &[], Vec::new())]).await;
    let second = record(store, 2, vec![found("many", &[5], vec![(Reason::Merge, diff(&[], &[7]))])]).await;
    let recorded = |now: &[u32], hours, run_id: &RunId| RecordedMembership {
        members: members(now),
        as_of: as_of(hours),
        since: as_of(1),
        run_id: run_id.clone(),
        fingerprint: fingerprint("f1"),
    };
    let expected = BTreeMap::from([(audience("many"), recorded(&[5], 2, &second)), (audience("nobody"), recorded(&[], 1, &first))]);
    assert_eq!(store.memberships().await.expect("two"), expected);
    let change = |run_id: &RunId, hours, reason, diff| RecordedChange {
        run_id: run_id.clone(),
        as_of: as_of(hours),
        audience: audience("many"),
        reason,
        diff,
    };
    let changes = store.changes(None, as_of(1), as_of(2)).await.expect("three");
    let expected = [
        change(&first, 1, Reason::Definition, diff(&many, &[])),
        change(&first, 1, Reason::Time, diff(&[], &[4])),
        change(&second, 2, Reason::Merge, diff(&[], &[7])),
    ];
    assert_eq!(changes, expected);
}

pub(super) async fn changes_come_in_order_of_recording(store: &dyn Store) {
    let mut runs = Vec::new();
    for hours in [1, 2, 3] {
        let entered = |key| found(key, &[1], vec![(Reason::Data, diff(&[1], &[]))]);
        runs.push(record(store, hours, vec![entered("b"), entered("a")]).await);
    }
    let order = async |audience: Option<&AudienceKey>, first: AsOf, last: AsOf| {
        let changes = store.changes(audience, first, last).await.expect("some");
        changes.into_iter().map(|change| (change.run_id, change.audience)).collect::<Vec<_>>()
    };
    let (a, b) = (audience("a"), audience("b"));
    let pair = |run: usize, audience: &AudienceKey| (runs[run].clone(), audience.clone());
    let all = [pair(0, &a), pair(0, &b), pair(1, &a), pair(1, &b), pair(2, &a), pair(2, &b)];
    assert_eq!(order(None, as_of(1), as_of(3)).await, all);
    assert_eq!(order(Some(&b), as_of(2), as_of(3)).await, [pair(1, &b), pair(2, &b)]);
    assert_eq!(order(Some(&audience("c")), as_of(1), as_of(3)).await, []);
    assert_eq!(order(None, as_of(4), as_of(9)).await, []);
}

pub(super) async fn rewinding_forgets_later_runs(store: &dyn Store) {
    let entered = |now: &[u32], diff| vec![found("lapsed", now, vec![(Reason::Data, diff)])];
    record(store, 1, entered(&[1], diff(&[1], &[]))).await;
    let kept = store.memberships().await.expect("one");
    let forgotten = record(store, 2, entered(&[1, 2], diff(&[2], &[]))).await;
    let dead = claim(store, 3).await;
    store.rewind(as_of(2), &kept).await.expect("rewound");
    assert_eq!(store.memberships().await.expect("one"), kept, "its `since` included");
    assert_eq!(store.changes(None, as_of(0), as_of(9)).await.expect("one").len(), 1);
    assert_eq!(store.seen().await.expect("one").expect("recorded").run.as_of, as_of(1));
    assert_ne!(claim(store, 2).await, forgotten);
    assert_ne!(claim(store, 3).await, dead);
    let paused = store.memberships().await.expect("one");
    for _ in 0..2 {
        store.rewind(as_of(0), &paused).await.expect("rewound");
        assert_eq!(store.memberships().await.expect("one"), paused, "though its run is forgotten");
    }
    let named = &paused[&audience("lapsed")].run_id;
    assert_eq!(store.seen_by(named).await.expect("none"), None);
    assert_ne!(claim(store, 1).await, *named);
    store.rewind(as_of(0), &BTreeMap::new()).await.expect("rewound");
    assert_eq!(store.seen().await.expect("none"), None);
    assert_eq!(store.memberships().await.expect("none"), BTreeMap::new());
}

pub(super) async fn what_runs_had_seen_is_known_while_they_count(store: &dyn Store) {
    let record = async |hours, segment, audiences| {
        let run_id = claim(store, hours).await;
        let record = RunRecord { segments_seen: Some(SegmentId(segment)), ..record_of(&run_id, hours, audiences) };
        store.record_run(&record).await.expect("recorded");
    };
    let seen = async || store.segments_seen().await.expect("some").into_iter().map(|segment| segment.0).collect::<Vec<_>>();
    assert_eq!(seen().await, [0; 0]);
    let both = || vec![found("lapsed", &[1], Vec::new()), found("paused", &[1], Vec::new())];
    record(1, 3, both()).await;
    assert_eq!(seen().await, [3]);
    record(2, 5, both()).await;
    assert_eq!(seen().await, [5], "nothing is compared with the first run any more");
    for (hours, segment) in [(3, 6), (4, 7), (5, 7)] {
        record(hours, segment, vec![found("lapsed", &[1], Vec::new())]).await;
    }
    assert_eq!(seen().await, [5, 7], "the one that is paused was last looked at by the second run");
    record(6, 9, Vec::new()).await;
    assert_eq!(seen().await, [5, 7, 9]);
    store.rewind(as_of(4), &store.memberships().await.expect("two")).await.expect("rewound");
    assert_eq!(seen().await, [5, 6]);
}
