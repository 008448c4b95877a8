//! Runs, one after the other: reasons, re-running, going backward, crashes between record and delivery.

use crate::shop::{Shop, as_of, moment};
use engine::{RunError, RunOutcome, RunReport, Workspace};
use model::{Reason, SyncState};
use store::RunKind;

async fn run(workspace: &Workspace, at: &str) -> RunReport {
    match workspace.run(as_of(at), RunKind::Manual).await.expect("runs").0 {
        RunOutcome::Done(report) => report,
        RunOutcome::AlreadyDone(summary) => panic!("already done: {summary:?}"),
    }
}

#[track_caller]
fn check(report: &RunReport, members: u64, reasons: &[(Reason, (u64, u64))]) {
    let buyers = report.audiences.iter().find(|audience| audience.audience.as_str() == "buyers").expect("buyers");
    assert_eq!(buyers.members, members);
    assert_eq!(buyers.reasons, reasons.iter().copied().collect());
}

#[tokio::test]
async fn every_change_says_why() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-02T10:00:00Z")]).await;
    check(&run(&workspace, "2025-03-03T00:00:00Z").await, 2, &[(Reason::Definition, (2, 0))]);

    // Said since: an order that arrives, and one that arrives late.
    shop.orders(&workspace, &[("c", "2025-03-03T10:00:00Z"), ("d", "2025-03-01T09:00:00Z")]).await;
    check(&run(&workspace, "2025-03-04T00:00:00Z").await, 4, &[(Reason::Data, (2, 0))]);

    // Nothing said: two windows have moved past their orders.
    check(&run(&workspace, "2025-03-08T12:00:00Z").await, 2, &[(Reason::Time, (0, 2))]);

    // Edited.
    shop.write("audiences/buyers.yaml", &crate::shop::BUYERS.replace("7 days", "30 days"));
    let edited = shop.workspace().await;
    check(&run(&edited, "2025-03-08T13:00:00Z").await, 4, &[(Reason::Definition, (2, 0))]);
}

#[tokio::test]
async fn a_merge_alone_changes_nobody() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let order = |id: &str| format!(r#"{{"type":"track",{id},"event":"Order Completed","timestamp":"2025-03-02T10:00:00Z"}}"#);
    shop.ingest(&workspace, &[order(r#""userId":"a""#), order(r#""anonymousId":"browser-1""#)]).await;
    shop.ingest(
        &workspace,
        &[r#"{"type":"identify","userId":"b","timestamp":"2025-03-01T10:00:00Z","traits":{"email":"b@example.com"}}"#.to_owned()],
    )
    .await;
    check(&run(&workspace, "2025-03-03T00:00:00Z").await, 1, &[(Reason::Definition, (1, 0))]);

    // The browser turns out to be b's: the order was b's all along.
    let line = r#"{"type":"identify","userId":"b","anonymousId":"browser-1","timestamp":"2025-03-03T01:00:00Z"}"#;
    shop.ingest(&workspace, &[line.to_owned()]).await;
    check(&run(&workspace, "2025-03-03T02:00:00Z").await, 2, &[(Reason::Merge, (1, 0))]);
}

#[tokio::test]
async fn a_run_is_done_once_and_history_goes_forward() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z")]).await;
    let first = run(&workspace, "2025-03-02T00:00:00Z").await;
    run(&workspace, "2025-03-03T00:00:00Z").await;

    for at in ["2025-03-02T00:00:00Z", "2025-03-03T00:00:00Z"] {
        let (again, delivered) = workspace.run(as_of(at), RunKind::Manual).await.expect("runs");
        assert!(matches!(again, RunOutcome::AlreadyDone(_)), "{at}");
        assert!(delivered.is_empty());
    }
    let refused = workspace.run(as_of("2025-03-01T00:00:00Z"), RunKind::Manual).await;
    assert!(matches!(refused, Err(RunError::Backward { latest, .. }) if latest == as_of("2025-03-03T00:00:00Z")));
    // Looking is always allowed.
    assert_eq!(workspace.dry_run(as_of("2025-03-01T00:00:00Z")).await.expect("looks").audiences[0].members, 0);
    assert!(first.run_id.is_some());
}

#[tokio::test]
async fn facebook_is_brought_in_step_and_left_alone() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z")]).await;
    let (_, held) = workspace.run(as_of("2025-03-02T00:00:00Z"), RunKind::Manual).await.expect("runs");
    assert_eq!(held[0].status.state, SyncState::BelowMinimum);
    assert_eq!(shop.graph.state().audiences.len(), 0);

    shop.orders(&workspace, &[("b", "2025-03-02T10:00:00Z")]).await;
    workspace.run(as_of("2025-03-03T00:00:00Z"), RunKind::Manual).await.expect("runs");
    assert_eq!(shop.rows_at_facebook(), 2);

    // Nothing changed, nobody was spoken of: no sync, no call.
    let calls = shop.graph.state().requests.len();
    let (_, quiet) = workspace.run(as_of("2025-03-04T00:00:00Z"), RunKind::Manual).await.expect("runs");
    assert!(quiet.is_empty());
    assert_eq!(shop.graph.state().requests.len(), calls);

    // Below the minimum again, and still in step.
    let (_, kept) = workspace.run(as_of("2025-03-08T12:00:00Z"), RunKind::Manual).await.expect("runs");
    assert_eq!(kept[0].status.state, SyncState::SentBelowMinimum);
    assert_eq!(shop.rows_at_facebook(), 1);
}

#[tokio::test]
async fn what_a_crash_left_pending_is_sent_later() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-01T11:00:00Z")]).await;
    // A process that recorded its run and died before it delivered.
    let crashed = workspace.clone().with_sinks(std::collections::BTreeMap::new());
    let (_, undelivered) = crashed.run(as_of("2025-03-02T00:00:00Z"), RunKind::Manual).await.expect("runs");
    assert_eq!(undelivered[0].status.state, SyncState::Failed);
    assert_eq!(shop.rows_at_facebook(), 0);

    let delivered = shop.workspace().await.deliver_pending().await.expect("delivers");
    assert_eq!(delivered[0].status.state, SyncState::Sent, "{delivered:?}");
    assert_eq!(shop.rows_at_facebook(), 2);
    assert!(shop.workspace().await.deliver_pending().await.expect("delivers").is_empty());
}

#[tokio::test]
async fn one_writer_at_a_time() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let lease = engine::Lease::take(engine::LeaseName::Writer, &workspace).await.expect("free");
    let refused = workspace.run(as_of("2025-03-02T00:00:00Z"), RunKind::Manual).await;
    assert!(matches!(refused, Err(RunError::Lease(_))));
    lease.release().await;
    workspace.run(as_of("2025-03-02T00:00:00Z"), RunKind::Manual).await.expect("runs");
    assert_eq!(moment("2025-03-02T00:00:00Z"), as_of("2025-03-02T00:00:00Z").moment());
}

#[tokio::test]
async fn a_changed_mapping_is_sent_though_nobody_moved() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let person = |user: &str| {
        format!(r#"{{"type":"identify","userId":"{user}","timestamp":"2025-03-01T09:00:00Z","traits":{{"email":"{user}@example.com"}}}}"#)
    };
    shop.ingest(&workspace, &[person("a"), person("b")]).await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-01T11:00:00Z")]).await;
    workspace.run(as_of("2025-03-02T00:00:00Z"), RunKind::Manual).await.expect("runs");
    let cells = || shop.graph.state().audiences[0].rows[0].keys().cloned().collect::<Vec<_>>();
    assert_eq!(cells(), ["EXTERN_ID"]);

    shop.write("audiences/buyers.yaml", &crate::shop::BUYERS.replace("[external_id]", "[email, external_id]"));
    shop.workspace().await.run(as_of("2025-03-03T00:00:00Z"), RunKind::Manual).await.expect("runs");
    assert_eq!(cells(), ["EMAIL", "EXTERN_ID"]);
}

#[tokio::test]
async fn nothing_is_recorded_of_the_future() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let refused = workspace.run(as_of("2025-03-10T00:00:01Z"), RunKind::Manual).await;
    assert!(matches!(refused, Err(RunError::Future { .. })));
    workspace.dry_run(as_of("2026-01-01T00:00:00Z")).await.expect("looks ahead");
}
