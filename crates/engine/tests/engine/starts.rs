//! How syncs start, how exits are kept, and what values reach a destination.

use definitions::{Audience, OnExit, StartWith};
use engine::{Backfill, DeliveryReport, Every, Workspace};
use model::SyncState;
use store::RunKind;

use crate::shop::{Shop, as_of, moment};

fn new_only(buyers: &mut Audience) {
    buyers.syncs[0].start_with = StartWith::NewOnly;
}

fn kept(buyers: &mut Audience) {
    buyers.syncs[0].on_exit = OnExit::Keep;
}

async fn run(workspace: &Workspace, at: &str) -> Vec<DeliveryReport> {
    workspace.run(as_of(at), RunKind::Manual).await.expect("runs").1
}

#[tokio::test]
async fn only_who_enters_later_is_sent() {
    let shop = Shop::open().await;
    let workspace = shop.workspace_with(new_only).await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-01T11:00:00Z")]).await;
    run(&workspace, "2025-03-02T00:00:00Z").await;
    shop.orders(&workspace, &[("c", "2025-03-02T10:00:00Z"), ("d", "2025-03-02T11:00:00Z")]).await;
    run(&workspace, "2025-03-03T00:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 2);

    // Both of the first have exited; one comes back, and is new.
    run(&workspace, "2025-03-08T12:00:00Z").await;
    shop.orders(&workspace, &[("a", "2025-03-08T13:00:00Z")]).await;
    run(&workspace, "2025-03-08T14:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 3);

    // Changed one's mind: everybody, from now on.
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("b", "2025-03-08T15:00:00Z")]).await;
    run(&workspace, "2025-03-08T16:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 4);
}

#[tokio::test]
async fn who_was_sent_already_is_not_taken_back() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-01T11:00:00Z")]).await;
    run(&workspace, "2025-03-02T00:00:00Z").await;
    run(&shop.workspace_with(new_only).await, "2025-03-03T00:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 2);
}

#[tokio::test]
async fn a_sync_that_no_run_knows_sends_nobody() {
    let shop = Shop::open().await;
    let without = shop.workspace_with(|buyers| buyers.syncs.clear()).await;
    shop.orders(&without, &[("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-01T11:00:00Z")]).await;
    run(&without, "2025-03-02T00:00:00Z").await;
    let workspace = shop.workspace_with(new_only).await;
    workspace.request_all_syncs().await.expect("asked");
    assert_eq!(workspace.deliver_pending().await.expect("delivers")[0].status.state, SyncState::Failed);
    run(&workspace, "2025-03-03T00:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 0);
}

#[tokio::test]
async fn a_backfill_starts_with_its_end() {
    let shop = Shop::open().await;
    let workspace = shop.workspace_with(new_only).await;
    let orders = [("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-02T11:00:00Z"), ("c", "2025-03-03T11:00:00Z")];
    shop.orders(&workspace, &orders).await;
    let plan = Backfill {
        from: moment("2025-03-01T00:00:00Z"),
        to: moment("2025-03-04T00:00:00Z"),
        every: Every::parse("1d").expect("plain"),
        replace: false,
    };
    workspace.backfill(plan, &mut |_| {}).await.expect("backfills");
    assert_eq!(shop.rows_at_facebook(), 0, "they all were there before the first sync");
    shop.orders(&workspace, &[("d", "2025-03-04T10:00:00Z"), ("e", "2025-03-04T11:00:00Z")]).await;
    run(&workspace, "2025-03-05T00:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 2);
}

#[tokio::test]
async fn somebody_held_back_who_is_the_same_as_somebody_sent_is_sent() {
    let shop = Shop::open().await;
    let workspace = shop.workspace_with(new_only).await;
    let order = |who: &str, at: &str| format!(r#"{{"type":"track",{who},"event":"Order Completed","timestamp":"2025-03-{at}"}}"#);
    let known = r#"{"type":"identify","anonymousId":"browser-1","timestamp":"2025-03-01T09:00:00Z","traits":{"email":"a@example.com"}}"#;
    shop.ingest(&workspace, &[known.to_owned(), order(r#""anonymousId":"browser-1""#, "01T10:00:00Z")]).await;
    run(&workspace, "2025-03-02T00:00:00Z").await;
    assert_eq!(workspace.store.sync_starts().await.expect("one")[0].held_back.len(), 1);
    shop.orders(&workspace, &[("a", "2025-03-02T10:00:00Z"), ("b", "2025-03-02T11:00:00Z")]).await;
    run(&workspace, "2025-03-03T00:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 2);
    let same = r#"{"type":"identify","userId":"a","anonymousId":"browser-1","timestamp":"2025-03-03T01:00:00Z"}"#;
    shop.ingest(&workspace, &[same.to_owned()]).await;
    run(&workspace, "2025-03-04T00:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 2);
    assert_eq!(workspace.store.sync_starts().await.expect("one")[0].held_back.len(), 0);
}

#[tokio::test]
async fn kept_exits_stay_until_exits_are_removed_again() {
    let shop = Shop::open().await;
    let workspace = shop.workspace_with(kept).await;
    let orders = [("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-02T11:00:00Z"), ("c", "2025-03-03T11:00:00Z")];
    shop.orders(&workspace, &orders).await;
    run(&workspace, "2025-03-04T00:00:00Z").await;
    let delivered = run(&workspace, "2025-03-09T12:00:00Z").await;
    assert_eq!((delivered[0].status.sendable, shop.rows_at_facebook()), (Some(1), 3));
    // The same, without the clause: a changed mapping, which is sent though nobody moved.
    run(&shop.workspace().await, "2025-03-09T13:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 1);
}

#[tokio::test]
async fn a_value_that_was_said_is_sent_and_sent_again_when_it_changes() {
    let shop = Shop::open().await;
    let valued = |buyers: &mut Audience| {
        let place = definitions::Place { file: "audiences/buyers.yaml".into(), span: 0..1, line: 1, column: 1 };
        buyers.syncs[0].value = Some(("worth".to_owned(), place));
    };
    let workspace = shop.workspace_with(valued).await;
    let said =
        |worth: u32, at: &str| format!(r#"{{"type":"identify","userId":"a","timestamp":"2025-03-{at}","traits":{{"worth":{worth}}}}}"#);
    shop.ingest(&workspace, &[said(40, "01T09:00:00Z")]).await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-01T11:00:00Z")]).await;
    run(&workspace, "2025-03-02T00:00:00Z").await;
    let values = || {
        let rows = shop.graph.state().audiences.remove(0).rows;
        let mut values: Vec<_> = rows.iter().map(|row| row["LOOKALIKE_VALUE"].clone()).collect();
        values.sort();
        values
    };
    assert_eq!(values(), ["0", "40"]);
    shop.ingest(&workspace, &[said(55, "02T09:00:00Z")]).await;
    run(&workspace, "2025-03-03T00:00:00Z").await;
    assert_eq!(values(), ["0", "55"]);
    assert_eq!(shop.rows_sent(), (3, 0));
}

#[tokio::test]
async fn put_back_while_people_are_there_it_goes_on_holding_back() {
    let shop = Shop::open().await;
    let workspace = shop.workspace_with(new_only).await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-01T11:00:00Z")]).await;
    run(&workspace, "2025-03-02T00:00:00Z").await;
    shop.orders(&workspace, &[("c", "2025-03-02T10:00:00Z"), ("d", "2025-03-02T11:00:00Z")]).await;
    run(&workspace, "2025-03-03T00:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 2);
    // A pause keeps everybody where they are, though the sync was taken out.
    let without = |buyers: &mut Audience| {
        buyers.state = definitions::AudienceState::Paused;
        buyers.syncs.clear();
    };
    run(&shop.workspace_with(without).await, "2025-03-04T00:00:00Z").await;
    run(&shop.workspace_with(new_only).await, "2025-03-05T00:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 2);
}

#[tokio::test]
async fn too_few_to_be_sent_is_not_begun() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z")]).await;
    assert_eq!(run(&workspace, "2025-03-02T00:00:00Z").await[0].status.state, SyncState::BelowMinimum);
    shop.orders(&workspace, &[("b", "2025-03-02T10:00:00Z")]).await;
    run(&shop.workspace_with(new_only).await, "2025-03-03T00:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 0);
}
