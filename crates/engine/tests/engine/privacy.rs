//! Suppression and erasure, seen by runs: who is in no audience any more, and what a process that goes on counts.

use engine::{Backfill, EraseOptions, ErasureStatus, Every, RunOutcome, RunReport, Workspace};
use model::{Identifier, IdentifierKind, Reason};
use store::RunKind;

use crate::shop::{Shop, as_of, key, moment};

async fn run(workspace: &Workspace, at: &str) -> RunReport {
    match workspace.run(as_of(at), RunKind::Manual).await.expect("runs").0 {
        RunOutcome::Done(report) => report,
        RunOutcome::AlreadyDone(summary) => panic!("already done: {summary:?}"),
    }
}

#[track_caller]
fn check(report: &RunReport, members: u64, reasons: &[(Reason, (u64, u64))]) {
    let buyers = report.audiences.iter().find(|audience| audience.audience.as_str() == "buyers").expect("buyers");
    assert_eq!((buyers.members, &buyers.reasons), (members, &reasons.iter().copied().collect()));
}

fn user(id: &str) -> Identifier {
    Identifier { kind: IdentifierKind::new("user_id"), value: id.to_owned() }
}

fn options(suppress: bool) -> EraseOptions {
    EraseOptions { requested_by: "a test".to_owned(), suppress }
}

fn order(user: &str, at: &str, more: &str) -> String {
    format!(r#"{{"type":"track","userId":"{user}","event":"Order Completed","timestamp":"{at}"{more}}}"#)
}

/// What becomes of lines: accepted, rejected and why.
async fn taken(shop: &Shop, workspace: &Workspace, name: &str, lines: &[String]) -> (u64, Vec<(String, u64)>) {
    let path = shop.folder.path().join(name);
    std::fs::write(&path, lines.join("\n")).expect("written");
    let now = engine::Clock::now(shop.clock.as_ref());
    let options = ingest::ImportOptions::default();
    let report = ingest::import_file(&path, &options, &workspace.lake, &workspace.store, now, &mut |_| {}).await.expect("imported");
    let reasons = report.rejections.iter().map(|(reason, rejections)| (reason.to_string(), rejections.count));
    (report.accepted, reasons.collect())
}

/// Three buyers at Facebook, as of the 3rd.
async fn open() -> (Shop, Workspace) {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let orders = [("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-02T10:00:00Z"), ("c", "2025-03-02T11:00:00Z")];
    shop.orders(&workspace, &orders).await;
    check(&run(&workspace, "2025-03-03T00:00:00Z").await, 3, &[(Reason::Definition, (3, 0))]);
    assert_eq!(shop.rows_at_facebook(), 3);
    (shop, workspace)
}

#[tokio::test]
async fn a_suppressed_person_is_in_no_audience_until_let_in_again() {
    let (shop, workspace) = open().await;
    workspace.suppress(&user("b")).await.expect("suppressed");
    let lines = [order("b", "2025-03-03T09:00:00Z", ""), order("d", "2025-03-03T09:00:00Z", "")];
    assert_eq!(taken(&shop, &workspace, "more.ndjson", &lines).await, (1, vec![("suppressed".to_owned(), 1)]));
    let report = run(&workspace, "2025-03-04T00:00:00Z").await;
    check(&report, 3, &[(Reason::Data, (1, 0)), (Reason::Erasure, (0, 1))]);
    // The same process goes on, and another one begins.
    check(&run(&workspace, "2025-03-04T01:00:00Z").await, 3, &[]);
    check(&run(&shop.workspace().await, "2025-03-04T02:00:00Z").await, 3, &[]);
    assert_eq!(workspace.unsuppress(&user("b")).await.expect("let in"), 1);
    check(&run(&workspace, "2025-03-04T03:00:00Z").await, 4, &[(Reason::Time, (1, 0))]);
    assert_eq!(shop.rows_at_facebook(), 4);
}

#[tokio::test]
async fn an_erased_person_was_never_there() {
    let (shop, workspace) = open().await;
    // Another process erases.
    let other = shop.workspace().await;
    let erasure = other.request_erasure(&user("b"), &options(false)).await.expect("recorded");
    let receipt = other.go_on_with_erasure(&erasure).await.expect("erased");
    assert_eq!(receipt.status, ErasureStatus::Finished, "{receipt:?}");
    assert_eq!((receipt.here.counts.identifiers, receipt.here.counts.events, receipt.here.counts.memberships), (1, 1, 1));
    assert_eq!(shop.rows_at_facebook(), 2);
    assert_eq!(workspace.store.memberships().await.expect("one")[&key("buyers")].members.len(), 2);
    check(&run(&workspace, "2025-03-03T01:00:00Z").await, 2, &[]);

    // Who comes with an old message stays erased, with a new one begins anew, under a number of their own.
    let lines = [
        order("b", "2025-03-02T10:00:00Z", r#","messageId":"old""#),
        order("b", "2025-03-10T00:00:00Z", r#","messageId":"as it was erased""#),
        order("e", "2025-03-09T00:00:00Z", ""),
    ];
    assert_eq!(taken(&shop, &workspace, "replay.ndjson", &lines).await, (1, vec![("erased".to_owned(), 2)]));
    shop.clock.set(moment("2025-03-11T00:00:00Z"));
    let lines = [order("b", "2025-03-10T09:00:00Z", "")];
    assert_eq!(taken(&shop, &workspace, "later.ndjson", &lines).await, (1, Vec::new()));
    let found = workspace.store.find_profiles(&[user("b")]).await.expect("found");
    assert_eq!(found[&user("b")].0, 4, "0 to 2 were given, and 3 to the other new one");
    assert_eq!(workspace.store.next_profile().await.expect("a number").0, 5);

    // In full and by going on it is the same.
    let gone_on = run(&workspace, "2025-03-10T10:00:00Z").await;
    check(&gone_on, 2, &[(Reason::Data, (2, 0)), (Reason::Time, (0, 2))]);
    let anew = shop.workspace().await.dry_run(as_of("2025-03-10T10:00:00Z")).await.expect("evaluated");
    assert_eq!(anew.audiences[0].members, 2);
}

#[tokio::test]
async fn nothing_is_erased_here_while_a_destination_holds_the_person() {
    let (shop, workspace) = open().await;
    let closed =
        serde_json::json!({ "match": { "path": "*/usersofanyaudience" }, "action": { "kind": "error", "code": 190, "subcode": 463 } });
    shop.graph.add_fault(serde_json::from_value(closed).expect("a fault"));
    let erasure = workspace.request_erasure(&user("b"), &options(true)).await.expect("recorded");
    let receipt = workspace.go_on_with_erasure(&erasure).await.expect("begun");
    assert_eq!(receipt.status, ErasureStatus::Waiting, "{receipt:?}");
    assert_eq!(workspace.store.find_profiles(&[user("b")]).await.expect("still known").len(), 1);
    let again = workspace.request_erasure(&user("b"), &options(false)).await.expect("recorded");
    assert_eq!(again, erasure, "it is under way already");
    // Meanwhile they are in no audience, and runs try again.
    let report = run(&workspace, "2025-03-03T01:00:00Z").await;
    check(&report, 2, &[(Reason::Erasure, (0, 1))]);
    shop.graph.clear_faults();
    run(&workspace, "2025-03-03T02:00:00Z").await;
    let receipt = workspace.receipt(&erasure).await.expect("finished");
    assert_eq!(receipt.status, ErasureStatus::Finished, "{receipt:?}");
    assert_eq!(shop.rows_at_facebook(), 2);
    shop.clock.set(moment("2026-01-01T00:00:00Z"));
    let later = [order("b", "2025-12-31T00:00:00Z", "")];
    assert_eq!(taken(&shop, &workspace, "later.ndjson", &later).await, (0, vec![("suppressed".to_owned(), 1)]));
}

#[tokio::test]
async fn a_destination_that_is_lost_can_be_given_up() {
    let (shop, workspace) = open().await;
    let closed =
        serde_json::json!({ "match": { "path": "*/usersofanyaudience" }, "action": { "kind": "error", "code": 190, "subcode": 463 } });
    shop.graph.add_fault(serde_json::from_value(closed).expect("a fault"));
    let erasure = workspace.request_erasure(&user("b"), &options(false)).await.expect("recorded");
    workspace.go_on_with_erasure(&erasure).await.expect("begun");
    let facebook = model::DestinationKey::parse("facebook_main").expect("a key");
    workspace.give_up(&erasure, &facebook).await.expect("given up");
    let receipts = workspace.resume_erasures().await.expect("gone on");
    assert_eq!(receipts[0].status, ErasureStatus::Finished, "{receipts:?}");
    assert!(workspace.give_up(&erasure, &facebook).await.is_err(), "nothing waits there");
    assert_eq!(workspace.store.find_profiles(&[user("b")]).await.expect("nobody").len(), 0);

    let mut shown = serde_json::to_value(workspace.receipt(&erasure).await.expect("a receipt")).expect("JSON");
    assert!(workspace.vouches_for(&shown).await.expect("asked"));
    shown["here"]["events"] = 99.into();
    assert!(!workspace.vouches_for(&shown).await.expect("asked"), "it was changed");
}

#[tokio::test]
async fn history_can_be_recorded_anew_after_an_erasure() {
    let (shop, workspace) = open().await;
    run(&workspace, "2025-03-04T00:00:00Z").await;
    let erasure = workspace.request_erasure(&user("a"), &options(false)).await.expect("recorded");
    workspace.go_on_with_erasure(&erasure).await.expect("erased");
    let before = workspace.store.changes(None, as_of("2025-03-01"), as_of("2025-03-09")).await.expect("changes");
    assert!(before.iter().all(|change| !change.diff.entered.contains(model::ProfileId(0))));
    let backfill = Backfill {
        from: moment("2025-03-03T00:00:00Z"),
        to: moment("2025-03-04T00:00:00Z"),
        every: Every::parse("1d").expect("a step"),
        replace: true,
    };
    shop.workspace().await.backfill(backfill, &mut |_| {}).await.expect("recorded anew");
    assert_eq!(workspace.store.memberships().await.expect("one")[&key("buyers")].members.len(), 2);
}
