//! Backfills: one sync at the end, interrupted ones, history recorded anew.

use std::sync::atomic::{AtomicU64, Ordering};

use engine::{Backfill, BackfillError, BackfillTick, BatchLimits, Every, Lease, LeaseName};
use store::RunKind;

use crate::shop::{Shop, as_of, moment};

fn daily(from: &str, to: &str) -> Backfill {
    Backfill { from: moment(from), to: moment(to), every: Every::parse("1d").expect("plain"), replace: false }
}

/// Each tick is recorded for itself, so that a kill may fall between any two.
fn one_by_one() -> BatchLimits {
    BatchLimits { ticks_max: 1, ..BatchLimits::default() }
}

async fn shop_with_three_buyers() -> Shop {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let orders = [("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-02T10:00:00Z"), ("c", "2025-03-05T10:00:00Z")];
    // Each in a file of its own, and so in a segment of its own.
    for order in orders {
        shop.orders(&workspace, &[order]).await;
    }
    shop
}

#[tokio::test]
async fn only_the_end_state_is_sent() {
    let shop = shop_with_three_buyers().await;
    let workspace = shop.workspace().await;
    let report = workspace.backfill(daily("2025-03-02T00:00:00Z", "2025-03-09T00:00:00Z"), &mut |_| {}).await.expect("backfills");
    assert_eq!((report.recorded, report.entered, report.exited), (8, 3, 1));
    assert_eq!(shop.rows_at_facebook(), 2);
    let removals = shop.graph.state().requests.iter().filter(|request| request.method == "DELETE").count();
    assert_eq!(removals, 0, "who exited on the way was never sent");
}

#[tokio::test]
async fn what_an_interrupted_backfill_found_is_sent_by_the_next_run() {
    let shop = shop_with_three_buyers().await;
    let workspace = shop.workspace().await.with_batches(one_by_one());
    // Interrupted before its end: recorded, not sent.
    let ticks = AtomicU64::new(0);
    let mut on_tick = |_: &BackfillTick| {
        ticks.fetch_add(1, Ordering::SeqCst);
    };
    let backfill = workspace.backfill(daily("2025-03-02T00:00:00Z", "2025-03-09T00:00:00Z"), &mut on_tick);
    tokio::select! {
        biased;
        () = async { while ticks.load(Ordering::SeqCst) < 5 { tokio::task::yield_now().await } } => {}
        _ = backfill => panic!("not interrupted"),
    }
    assert_eq!(shop.rows_at_facebook(), 0);

    // Nobody enters or exits between the last tick and this run, and Facebook is brought in step all the same.
    let next = shop.workspace().await;
    next.run(as_of("2025-03-07T00:00:00Z"), RunKind::Schedule).await.expect("runs");
    assert_eq!(shop.rows_at_facebook(), 3);
}

#[tokio::test]
async fn history_recorded_anew_ends_in_step() {
    let shop = shop_with_three_buyers().await;
    let workspace = shop.workspace().await;
    workspace.run(as_of("2025-03-07T00:00:00Z"), RunKind::Manual).await.expect("runs");
    assert_eq!(shop.rows_at_facebook(), 3);

    let plan = daily("2025-03-01T00:00:00Z", "2025-03-09T12:00:00Z");
    let refused = workspace.backfill(plan, &mut |_| {}).await;
    assert!(matches!(refused, Err(BackfillError::Run(_))));
    let too_short = Backfill { replace: true, ..daily("2025-03-01T00:00:00Z", "2025-03-05T00:00:00Z") };
    assert!(matches!(workspace.backfill(too_short, &mut |_| {}).await, Err(BackfillError::LosesRuns { .. })));

    let report = workspace.backfill(Backfill { replace: true, ..plan }, &mut |_| {}).await.expect("backfills");
    assert_eq!(report.recorded, 9);
    assert_eq!(shop.rows_at_facebook(), 2);
}

#[tokio::test]
async fn nobody_delivers_while_history_is_recorded() {
    let shop = shop_with_three_buyers().await;
    let workspace = shop.workspace().await;
    let delivering = Lease::take(LeaseName::Delivery, &workspace).await.expect("free");
    let plan = daily("2025-03-02T00:00:00Z", "2025-03-03T00:00:00Z");
    assert!(matches!(workspace.backfill(plan, &mut |_| {}).await, Err(BackfillError::Lease(_))));
    delivering.release().await;
    workspace.backfill(plan, &mut |_| {}).await.expect("backfills");
}

#[tokio::test]
async fn an_interrupted_replacement_empties_nothing() {
    let shop = shop_with_three_buyers().await;
    let workspace = shop.workspace().await;
    workspace.run(as_of("2025-03-07T00:00:00Z"), RunKind::Manual).await.expect("runs");
    assert_eq!(shop.rows_at_facebook(), 3);

    // All history is forgotten, and the process dies before the first tick is recorded.
    workspace.store.rewind(as_of("2025-03-01T00:00:00Z"), &std::collections::BTreeMap::new()).await.expect("rewinds");
    let after = shop.workspace().await;
    let pairs = [(model::AudienceKey::parse("buyers").expect("a key"), model::DestinationKey::parse("facebook_main").expect("a key"))];
    after.store.request_syncs(&model::RunId("forgotten".to_owned()), &pairs, moment("2025-03-07T00:00:00Z")).await.expect("asked");
    let reports = after.deliver_pending().await.expect("delivers");
    assert_eq!(reports[0].status.state, model::SyncState::Failed);
    assert_eq!(shop.rows_at_facebook(), 3, "nobody was evaluated, so nobody exited");

    after.run(as_of("2025-03-09T00:00:00Z"), RunKind::Schedule).await.expect("runs");
    assert_eq!(shop.rows_at_facebook(), 2);
}

#[tokio::test]
async fn runs_of_a_clock_that_ran_ahead_can_be_replaced() {
    let shop = shop_with_three_buyers().await;
    let workspace = shop.workspace().await;
    workspace.run(as_of("2025-03-03T00:00:00Z"), RunKind::Manual).await.expect("runs");
    shop.clock.set(moment("2026-01-01T00:00:00Z"));
    workspace.run(as_of("2025-12-31T00:00:00Z"), RunKind::Manual).await.expect("runs");
    assert_eq!(workspace.run_ahead().await.expect("an answer"), None);
    shop.clock.set(moment("2025-03-10T00:00:00Z"));
    assert_eq!(workspace.run_ahead().await.expect("an answer"), Some(as_of("2025-12-31T00:00:00Z")));
    let refused = workspace.run(as_of("2025-03-09T00:00:00Z"), RunKind::Manual).await;
    assert!(matches!(refused, Err(engine::RunError::Backward { .. })));

    // What should have been is not lost along with what should not.
    let short = Backfill { replace: true, ..daily("2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z") };
    let refused = workspace.backfill(short, &mut |_| {}).await;
    assert!(matches!(refused, Err(BackfillError::LosesRuns { latest, .. }) if latest == as_of("2025-03-03T00:00:00Z")));
    let plan = Backfill { replace: true, ..daily("2025-03-04T00:00:00Z", "2025-03-09T00:00:00Z") };
    assert_eq!(workspace.backfill(plan, &mut |_| {}).await.expect("backfills").recorded, 6);
    assert_eq!(workspace.run_ahead().await.expect("an answer"), None);
    workspace.run(as_of("2025-03-09T12:00:00Z"), RunKind::Manual).await.expect("runs");
}

#[tokio::test]
async fn a_dry_replacement_finds_what_the_real_one_does() {
    let shop = shop_with_three_buyers().await;
    let workspace = shop.workspace().await;
    for at in ["2025-03-02T00:00:00Z", "2025-03-07T00:00:00Z"] {
        workspace.run(as_of(at), RunKind::Manual).await.expect("runs");
    }
    let plan = Backfill { replace: true, ..daily("2025-03-04T00:00:00Z", "2025-03-09T12:00:00Z") };
    let dry = workspace.backfill_dry_run(plan, &mut |_| {}).await.expect("looks");
    let done = workspace.backfill(plan, &mut |_| {}).await.expect("backfills");
    assert_eq!((dry.entered, dry.exited), (done.entered, done.exited));
    assert_eq!((done.entered, done.exited), (2, 1));
}

#[tokio::test]
async fn what_an_interrupted_replacement_recorded_is_not_sent() {
    // Killed after so many ticks; the first one forgets.
    for killed_after in [0, 2] {
        let shop = shop_with_three_buyers().await;
        let workspace = shop.workspace().await.with_batches(one_by_one());
        workspace.run(as_of("2025-03-02T00:00:00Z"), RunKind::Manual).await.expect("runs");
        let earlier = workspace.store.memberships().await.expect("one");
        workspace.run(as_of("2025-03-07T00:00:00Z"), RunKind::Manual).await.expect("runs");
        assert_eq!(shop.rows_at_facebook(), 3);
        shop.orders(&workspace, &[("d", "2025-03-07T10:00:00Z")]).await;
        let cut_off = workspace.clone().with_sinks(std::collections::BTreeMap::new());
        cut_off.run(as_of("2025-03-07T12:00:00Z"), RunKind::Manual).await.expect("runs");

        let plan = Backfill { replace: true, ..daily("2025-03-03T00:00:00Z", "2025-03-09T00:00:00Z") };
        if killed_after == 0 {
            workspace.store.rewind(as_of("2025-03-03T00:00:00Z"), &earlier).await.expect("rewinds");
        } else {
            let ticks = AtomicU64::new(0);
            let mut on_tick = |_: &BackfillTick| {
                ticks.fetch_add(1, Ordering::SeqCst);
            };
            tokio::select! {
                biased;
                () = async { while ticks.load(Ordering::SeqCst) < killed_after { tokio::task::yield_now().await } } => {}
                _ = workspace.backfill(plan, &mut on_tick) => panic!("not interrupted"),
            }
        }
        let after = shop.workspace().await;
        let waiting = after.deliver_pending().await.expect("delivers");
        assert_eq!(waiting[0].status.state, model::SyncState::Failed, "{waiting:?}");
        assert_eq!(shop.rows_at_facebook(), 3, "{waiting:?}");
        assert_eq!(after.store.pending_syncs().await.expect("one").len(), 1);
        let message = waiting[0].status.message.as_deref();
        assert!(message.is_some_and(|text| text.starts_with("a backfill was interrupted")), "{waiting:?}");
        if killed_after > 0 {
            after.backfill(Backfill { replace: false, ..plan }, &mut |_| {}).await.expect("goes on");
        } else {
            after.run(as_of("2025-03-09T00:00:00Z"), RunKind::Manual).await.expect("runs");
        }
        assert_eq!(shop.rows_at_facebook(), 3, "one exited by the end and one entered");
        assert_eq!(after.store.pending_syncs().await.expect("none"), []);
    }
}

#[tokio::test]
async fn a_tick_that_fails_leaves_those_before_it_recorded() {
    let shop = shop_with_three_buyers().await;
    let workspace = shop.workspace().await;
    // The day of c's order cannot be read any more; ticks before it do not ask for it.
    for (_, segment) in workspace.store.segments().await.expect("three") {
        if segment.day == moment("2025-03-05T00:00:00Z").day() {
            std::fs::remove_file(shop.folder.path().join("data/lake").join(&segment.path)).expect("removed");
        }
    }
    let mut told = 0;
    let failed = workspace.backfill(daily("2025-03-02T00:00:00Z", "2025-03-09T00:00:00Z"), &mut |_| told += 1).await;
    assert!(matches!(failed, Err(BackfillError::Run(engine::RunError::Evaluate { .. }))), "{failed:?}");
    assert_eq!((told, workspace.store.runs(10).await.expect("four").len()), (4, 4));
}
