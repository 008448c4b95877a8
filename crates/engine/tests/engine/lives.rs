//! Lives of definitions: paused and resumed, retired, deleted too early, edited; syncs taken out and put back.

use definitions::AudienceState::{Live, Paused, Retired};
use definitions::StartWith;
use engine::{Backfill, BackfillError, DeliveryError, DeliveryReport, Every, LifeProblem, RunError, RunOutcome, RunReport, Workspace};
use model::{DestinationKey, Reason, SyncState};
use store::RunKind;

use crate::shop::{BUYERS, Shop, Token, as_of, key, moment};

async fn run(workspace: &Workspace, at: &str) -> (RunReport, Vec<DeliveryReport>) {
    match workspace.run(as_of(at), RunKind::Manual).await.expect("runs") {
        (RunOutcome::Done(report), delivered) => (report, delivered),
        (RunOutcome::AlreadyDone(summary), _) => panic!("already done: {summary:?}"),
    }
}

#[track_caller]
fn check(report: &RunReport, members: u64, reasons: &[(Reason, (u64, u64))]) {
    let buyers = report.audiences.iter().find(|audience| audience.audience.as_str() == "buyers").expect("buyers");
    assert_eq!(buyers.members, members);
    assert_eq!(buyers.reasons, reasons.iter().copied().collect());
}

/// Three buyers at Facebook, as of the 3rd.
async fn open() -> Shop {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let orders = [("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-02T10:00:00Z"), ("c", "2025-03-02T11:00:00Z")];
    shop.orders(&workspace, &orders).await;
    run(&workspace, "2025-03-03T00:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 3);
    shop
}

fn refused(outcome: Result<(RunOutcome, Vec<DeliveryReport>), RunError>) -> Vec<LifeProblem> {
    match outcome {
        Err(RunError::Life(problems)) => problems.0,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_paused_audience_stays_as_it_was_recorded() {
    let shop = open().await;
    let paused = shop.workspace_with(|buyers| buyers.state = Paused).await;
    shop.orders(&paused, &[("d", "2025-03-03T10:00:00Z")]).await;
    let before = paused.store.memberships().await.expect("one");
    let (report, delivered) = run(&paused, "2025-03-04T00:00:00Z").await;
    check(&report, 3, &[]);
    assert_eq!(report.audiences[0].state, Paused);
    assert!(delivered.is_empty());
    // A change that passes by itself, and one that was said while nobody looked.
    check(&run(&paused, "2025-03-08T12:00:00Z").await.0, 3, &[]);
    assert_eq!(paused.store.memberships().await.expect("one"), before);
    assert_eq!(paused.store.changes(None, as_of("2025-03-04T00:00:00Z"), as_of("2025-03-09T00:00:00Z")).await.expect("none"), []);
    assert_eq!(shop.rows_at_facebook(), 3);

    let (report, delivered) = run(&shop.workspace().await, "2025-03-08T13:00:00Z").await;
    check(&report, 3, &[(Reason::Data, (1, 0)), (Reason::Time, (0, 1))]);
    assert_eq!((delivered[0].status.rows_added, delivered[0].status.rows_removed), (1, 1));
}

#[tokio::test]
async fn what_was_said_of_members_during_a_pause_is_sent_after_it() {
    let shop = open().await;
    let paused = shop.workspace_with(|buyers| buyers.state = Paused).await;
    let said = r#"{"type":"identify","userId":"a","timestamp":"2025-03-03T09:00:00Z","traits":{"email":"a@example.com"}}"#;
    shop.ingest(&paused, &[said.to_owned()]).await;
    run(&paused, "2025-03-04T00:00:00Z").await;
    let (_, delivered) = run(&shop.workspace().await, "2025-03-05T00:00:00Z").await;
    assert_eq!(delivered.len(), 1, "looked at again, though nobody moved since the last run");
}

#[tokio::test]
async fn what_is_pending_waits_for_the_pause_to_end() {
    let shop = open().await;
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("d", "2025-03-03T10:00:00Z")]).await;
    let cut_off = workspace.clone().with_sinks(std::collections::BTreeMap::new());
    run(&cut_off, "2025-03-04T00:00:00Z").await;

    let paused = shop.workspace_with(|buyers| buyers.state = Paused).await;
    let waiting = paused.deliver_pending().await.expect("delivers");
    assert_eq!((waiting[0].status.state, waiting[0].status.message.as_deref()), (SyncState::Paused, Some("the audience is paused")));
    paused.request_all_syncs().await.expect("asked");
    assert_eq!(shop.rows_at_facebook(), 3);
    shop.workspace().await.deliver_pending().await.expect("delivers");
    assert_eq!(shop.rows_at_facebook(), 4);
}

#[tokio::test]
async fn a_merge_during_a_pause_is_no_change() {
    let shop = open().await;
    let paused = shop.workspace_with(|buyers| buyers.state = Paused).await;
    let order = r#"{"type":"track","anonymousId":"browser-1","event":"Order Completed","timestamp":"2025-03-02T12:00:00Z"}"#;
    shop.ingest(&paused, &[order.to_owned()]).await;
    let same = r#"{"type":"identify","userId":"a","anonymousId":"browser-1","timestamp":"2025-03-03T01:00:00Z"}"#;
    shop.ingest(&paused, &[same.to_owned()]).await;
    check(&run(&paused, "2025-03-04T00:00:00Z").await.0, 3, &[]);
    check(&run(&shop.workspace().await, "2025-03-05T00:00:00Z").await.0, 3, &[]);
}

#[tokio::test]
async fn a_retired_audience_is_emptied_everywhere_and_its_key_is_used_up() {
    let shop = open().await;
    let retired = shop
        .workspace_with(|buyers| {
            buyers.state = Retired;
            // Neither kept exits nor guards protect anybody from this.
            buyers.syncs[0].on_exit = definitions::OnExit::Keep;
            buyers.guards.max_change_percent = Some(1);
        })
        .await;
    assert_eq!(retired.store.retired_audiences().await.expect("none").len(), 0);
    let (report, delivered) = run(&retired, "2025-03-04T00:00:00Z").await;
    check(&report, 0, &[(Reason::Definition, (0, 3))]);
    assert_eq!((delivered[0].status.state, delivered[0].status.message.as_deref()), (SyncState::Sent, Some("everybody was removed")));
    assert_eq!(shop.rows_at_facebook(), 0);
    assert!(retired.store.retired_audiences().await.expect("one").contains_key(&key("buyers")));

    // Once is enough; the file may stay or go.
    let (report, delivered) = run(&retired, "2025-03-05T00:00:00Z").await;
    check(&report, 0, &[]);
    assert!(delivered.is_empty());

    for state in [Live, Paused] {
        let again = shop.workspace_with(|buyers| buyers.state = state).await;
        let problems = refused(again.run(as_of("2025-03-06T00:00:00Z"), RunKind::Manual).await);
        assert!(matches!(&problems[..], [LifeProblem::Reused { audience, .. }] if *audience == key("buyers")), "{problems:?}");
        let plan = Backfill {
            from: moment("2025-03-06T00:00:00Z"),
            to: moment("2025-03-07T00:00:00Z"),
            every: Every::parse("1d").expect("plain"),
            replace: false,
        };
        assert!(matches!(again.backfill(plan, &mut |_| {}).await, Err(BackfillError::Run(RunError::Life(_)))));
        again.request_all_syncs().await.expect("asked");
        assert!(matches!(again.deliver_pending().await, Err(DeliveryError::Life(_))));
        assert_eq!(shop.rows_at_facebook(), 0);
        let found = engine::life_problems(shop.folder.path(), &again.catalog, &Token).await.expect("looks");
        assert_eq!(found, problems);
    }
    shop.workspace_with(|buyers| buyers.state = Retired).await.deliver_pending().await.expect("delivers");
    std::fs::remove_file(shop.folder.path().join("audiences/buyers.yaml")).expect("deleted");
    shop.write("audiences/others.yaml", &BUYERS.replace("buyers", "others"));
    run(&shop.workspace().await, "2025-03-06T00:00:00Z").await;
}

#[tokio::test]
async fn delivering_alone_retires_nobody() {
    let shop = open().await;
    let retired = shop.workspace_with(|buyers| buyers.state = Retired).await;
    retired.request_all_syncs().await.expect("asked");
    assert_eq!(retired.deliver_pending().await.expect("delivers")[0].status.state, SyncState::Failed);
    assert_eq!(shop.rows_at_facebook(), 3);
}

#[tokio::test]
async fn a_refused_removal_is_tried_until_nobody_is_left() {
    let shop = open().await;
    let retired = shop.workspace_with(|buyers| buyers.state = Retired).await;
    let cut_off = retired.clone().with_sinks(std::collections::BTreeMap::new());
    run(&cut_off, "2025-03-04T00:00:00Z").await;
    // The file is gone before the last one is.
    std::fs::remove_file(shop.folder.path().join("audiences/buyers.yaml")).expect("deleted");
    shop.write("audiences/others.yaml", &BUYERS.replace("buyers", "others"));
    let problems = refused(shop.workspace().await.run(as_of("2025-03-05T00:00:00Z"), RunKind::Manual).await);
    assert!(matches!(&problems[..], [LifeProblem::Deleted { sent_to, .. }] if sent_to.len() == 1), "{problems:?}");
    run(&retired, "2025-03-05T00:00:00Z").await;
    assert_eq!(shop.rows_at_facebook(), 0);
    run(&shop.workspace().await, "2025-03-06T00:00:00Z").await;
}

#[tokio::test]
async fn a_file_deleted_too_early_is_missed() {
    let shop = open().await;
    let text = BUYERS.replace("buyers", "others");
    std::fs::rename(shop.folder.path().join("audiences/buyers.yaml"), shop.folder.path().join("audiences/others.yaml")).expect("renamed");
    shop.write("audiences/others.yaml", &text);
    let renamed = shop.workspace().await;
    let problems = refused(renamed.run(as_of("2025-03-04T00:00:00Z"), RunKind::Manual).await);
    let LifeProblem::Deleted { audience, sent_to } = &problems[0] else { panic!("{problems:?}") };
    assert_eq!((problems.len(), audience, sent_to.len()), (1, &key("buyers"), 1));
    assert!(problems[0].help().contains("restore `audiences/buyers.yaml` with `state: retired`"));
    assert_eq!(shop.rows_at_facebook(), 3);
    renamed.dry_run(as_of("2025-03-04T00:00:00Z")).await.expect("looking is allowed");
}

#[tokio::test]
async fn nothing_is_made_to_look_for_problems() {
    let shop = Shop::open().await;
    let catalog = definitions::load(shop.folder.path()).catalog.expect("sound");
    assert_eq!(engine::life_problems(shop.folder.path(), &catalog, &Token).await.expect("looks"), []);
    assert!(!shop.folder.path().join("data").exists());
}

#[tokio::test]
async fn a_sync_taken_out_is_emptied_at_the_next_run_and_put_back_is_filled() {
    let shop = open().await;
    let without = shop.workspace_with(|buyers| buyers.syncs.clear()).await;
    let (report, delivered) = run(&without, "2025-03-04T00:00:00Z").await;
    check(&report, 3, &[]);
    assert_eq!((delivered[0].status.state, delivered[0].status.rows_removed), (SyncState::Sent, 3));
    assert_eq!(shop.rows_at_facebook(), 0);
    assert!(run(&without, "2025-03-05T00:00:00Z").await.1.is_empty());

    let (_, delivered) = run(&shop.workspace().await, "2025-03-06T00:00:00Z").await;
    assert_eq!(delivered[0].status.rows_added, 3);
    assert_eq!(shop.rows_at_facebook(), 3);
}

#[tokio::test]
async fn a_sync_put_back_unchanged_is_compared_though_nothing_was_ever_there() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z")]).await;
    assert_eq!(run(&workspace, "2025-03-02T00:00:00Z").await.1[0].status.state, SyncState::BelowMinimum);
    // Grows meanwhile.
    let without = shop.workspace_with(|buyers| buyers.syncs.clear()).await;
    shop.orders(&without, &[("b", "2025-03-02T10:00:00Z")]).await;
    run(&without, "2025-03-03T00:00:00Z").await;
    let (report, delivered) = run(&shop.workspace().await, "2025-03-03T01:00:00Z").await;
    check(&report, 2, &[]);
    assert_eq!(delivered[0].status.rows_added, 2);
}

#[tokio::test]
async fn a_destination_deleted_too_early_is_missed() {
    let shop = open().await;
    let workspace = shop.workspace().await;
    let mut catalog = (*workspace.catalog).clone();
    catalog.audiences.get_mut(&key("buyers")).expect("loaded").syncs.clear();
    catalog.destinations.clear();
    let problems = refused(workspace.with_catalog(catalog).run(as_of("2025-03-04T00:00:00Z"), RunKind::Manual).await);
    let destination = DestinationKey::parse("facebook_main").expect("a key");
    assert_eq!(problems, [LifeProblem::DestinationGone { audience: key("buyers"), destination }]);
    assert_eq!(shop.rows_at_facebook(), 3);
}

#[tokio::test]
async fn an_edit_sends_the_difference_and_says_why_also_through_a_reference() {
    let shop = open().await;
    let friends = "audience: friends\ndescription: Whoever bought something lately.\nwho:\n  in_audience: buyers\n";
    shop.write("audiences/friends.yaml", friends);
    run(&shop.workspace().await, "2025-03-03T01:00:00Z").await;
    let sent = shop.rows_sent();

    // Only the order of the 1st is out.
    shop.write("audiences/buyers.yaml", &BUYERS.replace("7 days", "1 day"));
    let edited = shop.workspace().await;
    let (report, _) = run(&edited, "2025-03-03T02:00:00Z").await;
    check(&report, 2, &[(Reason::Definition, (0, 1))]);
    let friends = report.audiences.iter().find(|audience| audience.audience.as_str() == "friends").expect("friends");
    assert_eq!(friends.reasons, [(Reason::Definition, (0, 1))].into());
    assert_eq!(shop.rows_sent(), (sent.0, sent.1 + 1));

    // Another title is no other meaning.
    shop.write("audiences/buyers.yaml", &format!("title: Buyers\n{}", BUYERS.replace("7 days", "1 day")));
    check(&run(&shop.workspace().await, "2025-03-03T10:30:00Z").await.0, 1, &[(Reason::Time, (0, 1))]);
}

#[tokio::test]
async fn a_dry_run_in_the_past_knows_nothing_of_later_runs() {
    let shop = open().await;
    let workspace = shop.workspace().await;
    run(&workspace, "2025-03-08T12:00:00Z").await;
    shop.orders(&workspace, &[("d", "2025-03-03T10:00:00Z")]).await;
    let report = workspace.dry_run(as_of("2025-03-04T00:00:00Z")).await.expect("looks");
    check(&report, 4, &[(Reason::Data, (1, 0))]);
    let report = workspace.dry_run(as_of("2025-03-02T00:00:00Z")).await.expect("looks");
    check(&report, 1, &[(Reason::Definition, (1, 0))]);
}

#[tokio::test]
async fn a_pair_that_starts_anew_forgets_how_it_started() {
    let shop = Shop::open().await;
    let new_only = |buyers: &mut definitions::Audience| buyers.syncs[0].start_with = StartWith::NewOnly;
    let workspace = shop.workspace_with(new_only).await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-01T11:00:00Z")]).await;
    run(&workspace, "2025-03-02T00:00:00Z").await;
    assert_eq!(workspace.store.sync_starts().await.expect("one")[0].held_back.len(), 2);
    let without = shop.workspace_with(|buyers| buyers.syncs.clear()).await;
    shop.orders(&without, &[("c", "2025-03-02T11:00:00Z")]).await;
    run(&without, "2025-03-03T00:00:00Z").await;
    assert_eq!(without.store.sync_starts().await.expect("none"), []);
    run(&shop.workspace_with(new_only).await, "2025-03-04T00:00:00Z").await;
    assert_eq!(without.store.sync_starts().await.expect("one")[0].held_back.len(), 3);
}

#[tokio::test]
async fn history_recorded_anew_leaves_a_paused_audience_as_it_was() {
    let others = "audience: others\ndescription: Bought something and are no buyers.\nwho:\n  all:\n    - did: Order Completed\n    - not_in_audience: buyers\n";
    // Forgotten is every run; or all but the one of the 2nd, when there was one buyer.
    for from in ["2025-03-01T00:00:00Z", "2025-03-02T12:00:00Z"] {
        let shop = Shop::open().await;
        let workspace = shop.workspace().await;
        let orders = [("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-02T10:00:00Z"), ("c", "2025-03-02T11:00:00Z")];
        shop.orders(&workspace, &orders).await;
        run(&workspace, "2025-03-02T00:00:00Z").await;
        run(&workspace, "2025-03-03T00:00:00Z").await;
        shop.orders(&workspace, &[("d", "2025-03-03T10:00:00Z")]).await;
        shop.write("audiences/others.yaml", others);
        let paused = shop.workspace_with(|buyers| buyers.state = Paused).await;
        run(&paused, "2025-03-04T00:00:00Z").await;
        let before = paused.store.memberships().await.expect("two")[&key("buyers")].clone();
        let plan =
            Backfill { from: moment(from), to: moment("2025-03-05T12:00:00Z"), every: Every::parse("1d").expect("plain"), replace: true };
        let dry = paused.backfill_dry_run(plan, &mut |_| {}).await.expect("looks");
        let done = paused.backfill(plan, &mut |_| {}).await.expect("backfills");
        assert_eq!((dry.entered, dry.exited), (1, 0), "{from}");
        assert_eq!((done.entered, done.exited), (1, 0), "{from}");
        let after = paused.store.memberships().await.expect("two");
        assert_eq!((&after[&key("buyers")].members, after[&key("buyers")].since), (&before.members, before.since), "{from}");
        assert_eq!(after[&key("others")].members.len(), 1);
        // Again, now that the run is forgotten that recorded it; and resumed.
        paused.backfill(plan, &mut |_| {}).await.expect("backfills");
        assert_eq!(paused.store.memberships().await.expect("two")[&key("buyers")].members, before.members, "{from}");
        let (report, _) = run(&shop.workspace().await, "2025-03-05T13:00:00Z").await;
        assert_eq!(report.audiences.iter().map(|audience| audience.members).collect::<Vec<_>>(), [4, 0]);
    }
}
