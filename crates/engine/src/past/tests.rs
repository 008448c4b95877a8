//! The recorded past over a real store: how far it reaches, tick by tick, and undone.

use std::sync::Arc;

use definitions::Catalog;
use model::{Fingerprint, ProfileId};
use store::{AudienceRecord, Claimed, FoundMembers, RunClaim, RunKind, RunRecord, StoreUrl};

use super::*;

fn members(profiles: &[u32]) -> Membership {
    profiles.iter().copied().map(ProfileId).collect()
}

fn diff(entered: &[u32], exited: &[u32]) -> MembershipDiff {
    MembershipDiff { entered: members(entered), exited: members(exited) }
}

fn day(day: u32) -> AsOf {
    AsOf(Moment::parse(&format!("2025-03-{day:02}")).expect("a date"))
}

fn key(text: &str) -> AudienceKey {
    AudienceKey::parse(text).expect("a key")
}

fn lookback(text: &str) -> Lookback {
    Lookback::parse(text).expect("plain")
}

/// Two audiences, of which `asker` asks so about `asked`.
fn catalog(who: Condition) -> Catalog {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("muster.yaml"), "").expect("written");
    std::fs::create_dir(folder.path().join("audiences")).expect("a folder");
    for name in ["asked", "asker"] {
        let text = format!("audience: {name}\ndescription: Bought something at some time.\nwho:\n  did: Order Completed\n");
        std::fs::write(folder.path().join(format!("audiences/{name}.yaml")), text).expect("written");
    }
    let mut catalog = definitions::load(folder.path()).catalog.expect("sound");
    catalog.audiences.get_mut(&key("asker")).expect("loaded").who = who;
    catalog
}

fn entered(within: &str) -> Condition {
    Condition::EnteredAudience { audience: key("asked"), within: lookback(within) }
}

/// A day of March, who is in then, what changed and why.
type Run<'a> = (u32, &'a [u32], &'a [(Reason, MembershipDiff)]);

/// A store with these runs.
async fn store(runs: &[Run<'_>]) -> Arc<dyn Store> {
    let store = store::open(&StoreUrl::SqliteMemory).await.expect("opens");
    for (at, now, changes) in runs {
        let as_of = day(*at);
        let claim = RunClaim { fingerprint: Fingerprint("f".to_owned()), as_of, kind: RunKind::Manual, started_at: as_of.moment() };
        let Claimed::Granted(run_id) = store.claim_run(&claim).await.expect("claimed") else { panic!("done already") };
        let found = AudienceRecord {
            audience: key("asked"),
            fingerprint: Fingerprint("f".to_owned()),
            members: FoundMembers::Are(Arc::new(members(now))),
            changes: changes.to_vec(),
        };
        let record = RunRecord {
            run_id,
            as_of,
            recorded_at: as_of.moment(),
            segments_seen: None,
            merges_seen: 0,
            audiences: vec![found],
            syncs: Vec::new(),
            retired: Vec::new(),
            starts: Vec::new(),
            dropped: Vec::new(),
        };
        store.record_run(&record).await.expect("recorded");
    }
    store
}

async fn five_days() -> Arc<dyn Store> {
    store(&[
        (1, &[1], &[(Reason::Definition, diff(&[1], &[]))]),
        (10, &[1, 2, 3], &[(Reason::Data, diff(&[2], &[])), (Reason::Time, diff(&[3], &[]))]),
        (11, &[1, 2, 3], &[]),
        (12, &[2, 3], &[(Reason::Time, diff(&[], &[1]))]),
    ])
    .await
}

fn changes(past: &Past) -> Vec<(AsOf, MembershipDiff)> {
    past.recorded.audiences.get(&key("asked")).map(|asked| asked.changes.clone()).unwrap_or_default()
}

async fn load(store: &dyn Store, who: Condition, as_of: AsOf) -> Past {
    Past::load(store, &catalog(who), as_of, &store.memberships().await.expect("recorded")).await.expect("loads")
}

#[tokio::test]
async fn it_reaches_as_far_as_the_longest_lookback_wherever_it_stands() {
    let store = five_days().await;
    let nested = |within: &str| Condition::None(vec![entered("1 day"), Condition::AnyUser(Box::new(entered(within)))]);
    let member_for = Condition::All(vec![Condition::MemberFor { audience: key("asked"), at_least: lookback("3 days") }]);
    // A day more than asked for is read: the 10th as of the 14th, three days back.
    for (who, expected) in
        [(nested("3 days"), &[10, 12][..]), (member_for, &[10, 12]), (entered("1 day"), &[12]), (nested("1 month"), &[1, 10, 12])]
    {
        let past = load(store.as_ref(), who, day(14)).await;
        let days: Vec<_> = changes(&past).into_iter().map(|(at, _)| at).collect();
        assert_eq!(days, expected.iter().map(|at| day(*at)).collect::<Vec<_>>());
    }
    let nobody_asks = load(store.as_ref(), Condition::InAudience(key("asked")), day(14)).await;
    assert!(nobody_asks.recorded().audiences.is_empty());
    let mut paused = catalog(Condition::InAudience(key("asked")));
    paused.audiences.get_mut(&key("asked")).expect("loaded").state = AudienceState::Paused;
    let past = Past::load(store.as_ref(), &paused, day(14), &store.memberships().await.expect("one")).await.expect("loads");
    assert_eq!(past.recorded().audiences[&key("asked")].members, members(&[2, 3]), "who is in a paused one stays");
}

#[tokio::test]
async fn the_reasons_of_a_run_are_one_change_and_who_is_in_is_given() {
    let store = five_days().await;
    let past = load(store.as_ref(), entered("1 month"), day(14)).await;
    let recorded = past.recorded();
    let expected = RecordedAudience {
        members: members(&[2, 3]),
        since: Some(day(1)),
        changes: vec![(day(1), diff(&[1], &[])), (day(10), diff(&[2, 3], &[])), (day(12), diff(&[], &[1]))],
    };
    assert_eq!(recorded.audiences, BTreeMap::from([(key("asked"), expected)]));
}

#[tokio::test]
async fn ticks_are_added_and_what_is_out_of_reach_is_dropped() {
    let store = five_days().await;
    let mut past = load(store.as_ref(), entered("3 days"), day(14)).await;
    past.add(&key("asked"), day(14), &members(&[3, 4]), &[(Reason::Data, diff(&[4], &[])), (Reason::Merge, diff(&[], &[2]))]);
    past.add(&key("asker"), day(14), &members(&[4]), &[(Reason::Data, diff(&[4], &[]))]);
    assert_eq!(changes(&past), [(day(10), diff(&[2, 3], &[])), (day(12), diff(&[], &[1])), (day(14), diff(&[4], &[2]))]);
    assert!(!past.recorded().audiences.contains_key(&key("asker")), "nobody asks about it");
    assert_eq!(past.recorded().audiences[&key("asked")].members, members(&[3, 4]));
    past.add(&key("asked"), day(17), &members(&[3, 4]), &[]);
    assert_eq!(changes(&past), [(day(14), diff(&[4], &[2]))]);
}

#[tokio::test]
async fn what_was_recorded_later_is_undone() {
    let store = five_days().await;
    let live = catalog(entered("1 day"));
    let at = async |at| memberships_at(store.as_ref(), &live, day(at)).await.expect("undone").remove(&key("asked"));
    assert_eq!(at(9).await.expect("recorded").members, members(&[1]));
    let tenth = at(10).await.expect("recorded");
    assert_eq!((tenth.members, tenth.as_of, tenth.since), (members(&[1, 2, 3]), day(10), day(1)));
    assert_eq!(at(13).await, store.memberships().await.expect("one").remove(&key("asked")));
    assert!(memberships_at(store.as_ref(), &live, AsOf(day(1).moment().plus_micros(-1))).await.expect("undone").is_empty());
    let past = load(store.as_ref(), entered("1 month"), day(10)).await;
    assert_eq!(changes(&past).len(), 2, "what came later is no past");
}
