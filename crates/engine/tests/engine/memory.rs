//! What runs remember for later ones: the recorded past in conditions, what is frozen by a pause, values computed anew.

use engine::{Backfill, Every, RunOutcome, RunReport, Workspace};
use model::Reason;
use store::RunKind;

use crate::shop::{BUYERS, Shop, as_of, key, moment};

async fn run(workspace: &Workspace, at: &str) -> RunReport {
    match workspace.run(as_of(at), RunKind::Manual).await.expect("runs").0 {
        RunOutcome::Done(report) => report,
        RunOutcome::AlreadyDone(summary) => panic!("already done: {summary:?}"),
    }
}

fn members(report: &RunReport, name: &str) -> u64 {
    report.audiences.iter().find(|audience| audience.audience == key(name)).expect(name).members
}

const ASKERS: [(&str, &str); 3] = [
    ("loyal", "in_audience: buyers\n  for_at_least: 3 days"),
    ("fresh", "entered_audience: buyers\n  within: 2 days"),
    ("gone", "exited_audience: buyers\n  within: 2 days"),
];

async fn shop_that_asks() -> Shop {
    let shop = Shop::open().await;
    for (name, who) in ASKERS {
        shop.write(
            &format!("audiences/{name}.yaml"),
            &format!("audience: {name}\ndescription: Asks what runs found before.\nwho:\n  {who}\n"),
        );
    }
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("a", "2025-02-27T10:00:00Z"), ("b", "2025-03-01T10:00:00Z")]).await;
    shop
}

/// Loyal, fresh and gone at each midnight of March: a enters before the 1st and exits before the 7th, b a day or two later.
const EXPECTED: [(u64, u64, u64); 9] = [(0, 1, 0), (0, 2, 0), (0, 2, 0), (1, 1, 0), (2, 0, 0), (2, 0, 0), (1, 0, 1), (1, 0, 1), (0, 0, 2)];

fn found(report: &RunReport) -> (u64, u64, u64) {
    (members(report, "loyal"), members(report, "fresh"), members(report, "gone"))
}

#[tokio::test]
async fn runs_and_a_backfill_remember_the_same() {
    let shop = shop_that_asks().await;
    for (day, expected) in (1..).zip(EXPECTED) {
        let report = run(&shop.workspace().await, &format!("2025-03-{day:02}T00:00:00Z")).await;
        assert_eq!(found(&report), expected, "the {day}.");
    }
    let plan = Backfill {
        from: moment("2025-03-01T00:00:00Z"),
        to: moment("2025-03-09T00:00:00Z"),
        every: Every::parse("1d").expect("plain"),
        replace: true,
    };
    for dry in [true, false] {
        let mut ticks = Vec::new();
        let mut on_tick = |tick: &engine::BackfillTick| ticks.push(found(tick.report.as_ref().expect("done now")));
        let workspace = shop.workspace().await;
        if dry {
            workspace.backfill_dry_run(plan, &mut on_tick).await.expect("looks");
        } else {
            workspace.backfill(plan, &mut on_tick).await.expect("backfills");
        }
        assert_eq!(ticks, EXPECTED);
    }
    // Asked about the past, it does not know the future.
    let looked = shop.workspace().await.dry_run(as_of("2025-03-04T00:00:00Z")).await.expect("looks");
    assert_eq!(found(&looked), EXPECTED[3]);
}

#[tokio::test]
async fn a_backfill_that_goes_on_remembers_what_it_recorded() {
    let shop = shop_that_asks().await;
    let workspace = shop.workspace().await;
    let until = |to: &str| Backfill {
        from: moment("2025-03-01T00:00:00Z"),
        to: moment(to),
        every: Every::parse("1d").expect("plain"),
        replace: false,
    };
    workspace.backfill(until("2025-03-02T00:00:00Z"), &mut |_| {}).await.expect("backfills");
    let mut ticks = Vec::new();
    let mut on_tick = |tick: &engine::BackfillTick| ticks.extend(tick.report.as_ref().map(found));
    workspace.backfill(until("2025-03-09T00:00:00Z"), &mut on_tick).await.expect("goes on");
    assert_eq!(ticks, EXPECTED[2..]);
}

#[tokio::test]
async fn who_refers_to_a_paused_audience_sees_it_as_it_was() {
    let shop = Shop::open().await;
    shop.write("audiences/friends.yaml", "audience: friends\ndescription: Whoever bought something lately.\nwho:\n  in_audience: buyers\n");
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z")]).await;
    run(&workspace, "2025-03-02T00:00:00Z").await;
    shop.write("audiences/buyers.yaml", &format!("state: paused\n{BUYERS}"));
    let paused = shop.workspace().await;
    shop.orders(&paused, &[("b", "2025-03-02T10:00:00Z")]).await;
    let report = run(&paused, "2025-03-09T00:00:00Z").await;
    assert_eq!((members(&report, "buyers"), members(&report, "friends")), (1, 1));
}

const ORDERS: &str = "trait: orders\ndescription: Orders in the last week.\nevent: Order Completed\nwithin: 7 days\ncount: true\n";

#[tokio::test]
async fn a_computed_value_reaches_the_destination_though_only_time_went_by() {
    let shop = Shop::open().await;
    shop.write("traits/orders.yaml", ORDERS);
    shop.write("audiences/buyers.yaml", &format!("{}    value: orders\n", BUYERS.replace("  within: 7 days\n", "")));
    let workspace = shop.workspace().await;
    let orders = [("a", "2025-03-01T10:00:00Z"), ("a", "2025-03-02T10:00:00Z"), ("b", "2025-03-02T11:00:00Z")];
    shop.orders(&workspace, &orders).await;
    let values = || {
        let rows = shop.graph.state().audiences.remove(0).rows;
        let mut values: Vec<_> = rows.iter().map(|row| row["LOOKALIKE_VALUE"].clone()).collect();
        values.sort();
        values
    };
    for (at, expected) in [("03T00", ["1", "2"]), ("08T12", ["1", "1"]), ("09T12", ["0", "0"])] {
        run(&workspace, &format!("2025-03-{at}:00:00Z")).await;
        assert_eq!(values(), expected, "{at}");
    }
    assert_eq!(shop.rows_sent().1, 0, "nobody is removed for it");
}

#[tokio::test]
async fn an_edited_computed_trait_is_an_edit_of_whoever_refers_to_it() {
    let shop = Shop::open().await;
    shop.write("traits/orders.yaml", ORDERS);
    shop.write("audiences/buyers.yaml", &BUYERS.replace("did: Order Completed\n  within: 7 days", "traits:\n    orders: { at_least: 1 }"));
    let workspace = shop.workspace().await;
    shop.orders(&workspace, &[("a", "2025-03-01T10:00:00Z"), ("b", "2025-03-02T10:00:00Z")]).await;
    run(&workspace, "2025-03-03T00:00:00Z").await;
    shop.write("traits/orders.yaml", &ORDERS.replace("7 days", "1 day"));
    let report = run(&shop.workspace().await, "2025-03-03T01:00:00Z").await;
    assert_eq!(report.audiences[0].reasons, [(Reason::Definition, (0, 1))].into());
}
