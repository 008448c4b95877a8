//! Guards: what is held, for how long, and how it is released.

use definitions::Guards;
use engine::{Backfill, DeliveryReport, Every, ReleaseError, RunOutcome, Workspace};
use model::SyncState;
use store::RunKind;

use crate::shop::{Shop, as_of, key, moment};

const HALF: Guards = Guards { min_size: None, max_size: None, max_change_percent: Some(50) };

async fn run(workspace: &Workspace, at: &str) -> Vec<DeliveryReport> {
    let (outcome, delivered) = workspace.run(as_of(at), RunKind::Manual).await.expect("runs");
    assert!(matches!(outcome, RunOutcome::Done(_)), "{outcome:?}");
    delivered
}

async fn guarded(shop: &Shop, guards: Guards) -> Workspace {
    shop.workspace_with(|buyers| buyers.guards = guards).await
}

/// Three buyers at Facebook, as of the 3rd, and as many more by the 4th.
async fn doubled() -> (Shop, Workspace) {
    let shop = Shop::open().await;
    let workspace = guarded(&shop, HALF).await;
    let day = |day: &str| ["T10:00:00Z", "T11:00:00Z", "T12:00:00Z"].map(|time| format!("2025-03-{day}{time}"));
    for (users, moments) in [(["a", "b", "c"], day("02")), (["d", "e", "f"], day("03"))] {
        let orders: Vec<_> = users.into_iter().zip(moments.iter().map(String::as_str)).collect();
        shop.orders(&workspace, &orders).await;
    }
    assert_eq!(run(&workspace, "2025-03-03T00:00:00Z").await[0].status.state, SyncState::Sent);
    assert_eq!(shop.rows_at_facebook(), 3);
    (shop, workspace)
}

#[tokio::test]
async fn too_much_at_once_is_recorded_and_not_sent() {
    let (shop, workspace) = doubled().await;
    let held = run(&workspace, "2025-03-04T00:00:00Z").await;
    assert_eq!(held[0].status.state, SyncState::Held);
    let expected =
        "membership moved 100 % (3 of 3), more than `max_change: 50%`; look at it, then release it with `muster deliver --release buyers`";
    assert_eq!(held[0].status.message.as_deref(), Some(expected));
    assert_eq!(shop.rows_at_facebook(), 3);
    assert_eq!(workspace.store.memberships().await.expect("one")[&key("buyers")].members.len(), 6);

    // Waiting does not dissolve it.
    for at in ["2025-03-04T01:00:00Z", "2025-03-05T00:00:00Z"] {
        assert_eq!(run(&workspace, at).await[0].status.state, SyncState::Held, "{at}");
    }
    workspace.request_all_syncs().await.expect("asked");
    assert_eq!(workspace.deliver_pending().await.expect("delivers")[0].status.state, SyncState::Held);
    assert_eq!(shop.rows_at_facebook(), 3);
    let since = workspace.store.guards().await.expect("one")[&key("buyers")].held.clone().expect("held").since;
    assert_eq!(since, engine::Clock::now(shop.clock.as_ref()));

    let released = workspace.release(&key("buyers")).await.expect("releases");
    assert_eq!((released.members, released.as_of), (6, as_of("2025-03-05T00:00:00Z")));
    assert_eq!(workspace.deliver_pending().await.expect("delivers")[0].status.state, SyncState::Sent);
    assert_eq!(shop.rows_at_facebook(), 6);
    assert!(matches!(workspace.release(&key("buyers")).await, Err(ReleaseError::NotHeld(_))));
    // What was released is what the next change is measured by.
    shop.orders(&workspace, &[("g", "2025-03-05T10:00:00Z"), ("h", "2025-03-05T11:00:00Z")]).await;
    assert_eq!(run(&workspace, "2025-03-06T00:00:00Z").await[0].status.state, SyncState::Sent);
}

#[tokio::test]
async fn back_within_bounds_it_is_sent_by_itself() {
    let (shop, workspace) = doubled().await;
    assert_eq!(run(&workspace, "2025-03-04T00:00:00Z").await[0].status.state, SyncState::Held);
    // Two of the six have aged out: b, c, d, e, f less a is held still; three and one more are not.
    let wider = guarded(&shop, Guards { max_change_percent: Some(100), ..HALF }).await;
    assert_eq!(run(&wider, "2025-03-09T11:30:00Z").await[0].status.state, SyncState::Held, "two exited and three entered");
    assert_eq!(shop.rows_at_facebook(), 3);
    let widest = guarded(&shop, Guards { max_change_percent: Some(200), ..HALF }).await;
    assert_eq!(run(&widest, "2025-03-09T11:45:00Z").await[0].status.state, SyncState::Sent);
    assert_eq!(shop.rows_at_facebook(), 4);
    assert_eq!(widest.store.guards().await.expect("one")[&key("buyers")].held, None);
}

#[tokio::test]
async fn sizes_are_guarded_from_the_first_run_on() {
    let shop = Shop::open().await;
    let sized = |min_size, max_size| Guards { min_size, max_size, max_change_percent: Some(1) };
    let workspace = guarded(&shop, sized(Some(3), None)).await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-01T11:00:00Z")]).await;
    let held = run(&workspace, "2025-03-02T00:00:00Z").await;
    assert!(held[0].status.message.as_deref().expect("why").starts_with("2 members, fewer than `min_size: 3`; look"), "{held:?}");
    let workspace = guarded(&shop, sized(None, Some(1))).await;
    assert_eq!(workspace.deliver_pending().await.expect("delivers")[0].status.state, SyncState::Held);
    // Nothing was ever allowed, so there is nothing to have moved from.
    let workspace = guarded(&shop, sized(Some(2), Some(2))).await;
    assert_eq!(workspace.deliver_pending().await.expect("delivers")[0].status.state, SyncState::Sent);
    assert_eq!(shop.rows_at_facebook(), 2);
}

#[tokio::test]
async fn a_release_is_for_what_was_looked_at() {
    let shop = Shop::open().await;
    let workspace = guarded(&shop, Guards { min_size: Some(5), ..Guards::default() }).await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-01T11:00:00Z")]).await;
    run(&workspace, "2025-03-02T00:00:00Z").await;
    workspace.release(&key("buyers")).await.expect("releases");
    workspace.deliver_pending().await.expect("delivers");
    assert_eq!(shop.rows_at_facebook(), 2);
    assert!(run(&workspace, "2025-03-03T00:00:00Z").await.is_empty(), "unchanged");
    shop.orders(&workspace, &[("c", "2025-03-03T10:00:00Z")]).await;
    assert_eq!(run(&workspace, "2025-03-04T00:00:00Z").await[0].status.state, SyncState::Held);
}

#[tokio::test]
async fn a_backfill_passes_the_guards_once_with_its_end() {
    let (shop, workspace) = doubled().await;
    let plan = Backfill {
        from: moment("2025-03-03T11:00:00Z"),
        to: moment("2025-03-04T00:00:00Z"),
        every: Every::parse("1h").expect("plain"),
        replace: false,
    };
    // One an hour enters, which would be allowed each time if it were sent each time.
    let report = workspace.backfill(plan, &mut |_| {}).await.expect("backfills");
    assert_eq!(report.delivered[0].status.state, SyncState::Held);
    assert_eq!(shop.rows_at_facebook(), 3);
    // Recording history anew does not make anybody forget what was allowed.
    let from = moment("2025-03-01T00:00:00Z");
    let report = workspace.backfill(Backfill { from, replace: true, ..plan }, &mut |_| {}).await.expect("backfills");
    assert_eq!(report.delivered[0].status.state, SyncState::Held);
}

#[tokio::test]
async fn guards_set_later_know_what_was_sent_before() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("a", "2025-03-02T10:00:00Z"), ("b", "2025-03-02T11:00:00Z")]).await;
    run(&workspace, "2025-03-03T00:00:00Z").await;
    let workspace = guarded(&shop, HALF).await;
    shop.orders(&workspace, &[("c", "2025-03-03T10:00:00Z"), ("d", "2025-03-03T11:00:00Z")]).await;
    assert_eq!(run(&workspace, "2025-03-04T00:00:00Z").await[0].status.state, SyncState::Held);
}
