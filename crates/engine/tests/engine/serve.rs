//! The schedule at work: one catch-up run after downtime, definitions edited while it runs, a graceful stop.

use std::sync::Mutex;
use std::time::Duration;

use crate::shop::{Shop, as_of, moment};
use engine::{RunOutcome, Schedule, Served};
use model::AsOf;
use store::RunKind;

#[tokio::test]
async fn missed_ticks_are_made_up_for_by_one_run() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("a", "2025-03-09T10:00:00Z"), ("b", "2025-03-09T11:00:00Z")]).await;
    workspace.run(as_of("2025-03-09T12:00:00Z"), RunKind::Schedule).await.expect("runs");

    // Down for nine hours, back at 21:20.
    shop.clock.set(moment("2025-03-09T21:20:00Z"));
    let runs: Mutex<Vec<AsOf>> = Mutex::default();
    let hourly = Schedule::parse("0 * * * *").expect("hourly");
    let mut on_run = |at: AsOf, served: &Served| {
        assert!(matches!(served, Ok((RunOutcome::Done(_), _))), "{served:?}");
        let mut runs = runs.lock().expect("not poisoned");
        runs.push(at);
        // Time goes on: the next look at the clock finds the next hour.
        let next = if runs.len() == 1 { "2025-03-09T22:00:10Z" } else { "2025-03-09T22:30:00Z" };
        shop.clock.set(moment(next));
    };
    let stop = tokio::time::sleep(Duration::from_millis(1500));
    workspace.serve(&hourly, stop, &mut Clone::clone, &mut on_run).await;
    assert_eq!(*runs.lock().expect("not poisoned"), [as_of("2025-03-09T21:00:00Z"), as_of("2025-03-09T22:00:00Z")]);
}

#[tokio::test]
async fn a_tick_that_was_done_is_not_done_again() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    workspace.run(as_of("2025-03-09T12:00:00Z"), RunKind::Schedule).await.expect("runs");
    shop.clock.set(moment("2025-03-09T12:10:00Z"));
    let hourly = Schedule::parse("0 * * * *").expect("hourly");
    let mut on_run = |at: AsOf, served: &Served| panic!("{at}: {served:?}");
    workspace.serve(&hourly, tokio::time::sleep(Duration::from_millis(300)), &mut Clone::clone, &mut on_run).await;
}

#[tokio::test]
async fn models_that_are_due_are_synced_before_the_run_that_sees_them() {
    let shop = Shop::open().await;
    let model = "model: members\ndescription: Members of the shop.\nfrom:\n  file: members.csv\nprimary_key: id\nidentify:\n  user_id: id\nevery: 2 hours\n";
    shop.write("models/members.yaml", model);
    shop.write("models/broken.yaml", &model.replace("model: members", "model: broken").replace("members.csv", "nowhere.csv"));
    shop.write("audiences/members.yaml", "audience: members\ndescription: Has a row.\nwho:\n  traits:\n    model_members: true\n");
    shop.write("members.csv", "id\nu1\nu2\n");
    let workspace = shop.workspace().await;
    shop.clock.set(moment("2025-03-09T12:00:10Z"));
    let members: Mutex<Vec<u64>> = Mutex::default();
    let hourly = Schedule::parse("0 * * * *").expect("hourly");
    let mut on_run = |_: AsOf, served: &Served| {
        let Ok((RunOutcome::Done(report), _)) = served else { panic!("{served:?}") };
        let mut members = members.lock().expect("not poisoned");
        members.extend(report.audiences.iter().filter(|found| found.audience.as_str() == "members").map(|found| found.members));
        // One row less from now on, which is noticed at the second tick.
        shop.write("members.csv", "id\nu2\n");
        let next = ["2025-03-09T13:00:10Z", "2025-03-09T14:00:10Z", "2025-03-09T14:30:00Z"][members.len() - 1];
        shop.clock.set(moment(next));
    };
    workspace.serve(&hourly, tokio::time::sleep(Duration::from_secs(3)), &mut Clone::clone, &mut on_run).await;
    assert_eq!(*members.lock().expect("not poisoned"), [2, 2, 1]);
}
