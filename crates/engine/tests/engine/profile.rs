//! One profile: its traits, its events page by page, and since when it is in its audiences, whoever it was merged with.

use std::collections::BTreeSet;

use engine::{Entered, FactPlace, FactQuery, Logs, SortOrder, Workspace};
use model::{AsOf, Fact, FactKind, Identifier, IdentifierKind, Moment, Reason, Span, Value};
use store::{ProfileName, ProfileRecord, RunKind};

use crate::shop::{Shop, as_of, moment};

const EVER: Span = Span { start: Moment::from_micros(i64::MIN), end: Moment::from_micros(i64::MAX) };

async fn who(workspace: &Workspace, kind: &str, value: &str) -> ProfileRecord {
    let name = ProfileName::Identifier(Identifier { kind: IdentifierKind::new(kind), value: value.to_owned() });
    workspace.store.profile(&name).await.expect("an answer").expect("somebody")
}

async fn run(workspace: &Workspace, at: &str) {
    workspace.run(as_of(at), RunKind::Manual).await.expect("runs");
}

/// Since when, and why, somebody is in `buyers`.
async fn since(workspace: &Workspace, kind: &str, value: &str) -> Option<Entered> {
    let stays = workspace.stays(&who(workspace, kind, value).await.numbers()).await.expect("stays");
    assert!(stays.len() < 2);
    stays.first().map(|stay| stay.entered)
}

fn entered(at: &str, reason: Reason) -> Entered {
    Entered { at: as_of(at), reason: Some(reason) }
}

fn order(id: &str, at: &str) -> String {
    format!(r#"{{"type":"track",{id},"event":"Order Completed","timestamp":"{at}"}}"#)
}

#[tokio::test]
async fn the_newest_value_of_a_trait_counts_whoever_said_it() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let identify = |id: &str, at: &str, traits: &str| format!(r#"{{"type":"identify",{id},"timestamp":"{at}","traits":{{{traits}}}}}"#);
    let (user, browser) = (r#""userId":"a""#, r#""anonymousId":"b-1""#);
    shop.ingest(
        &workspace,
        &[
            identify(user, "2025-03-01T10:00:00Z", r#""plan":"free","city":"Bern","tags":["x",{"y":1}]"#),
            identify(browser, "2025-03-02T10:00:00Z", r#""plan":"pro""#),
            identify(user, "2025-03-03T10:00:00Z", r#""city":null"#),
            // Arrives last and was said first: it counts least.
            identify(user, "2025-02-01T10:00:00Z", r#""plan":"old","vip":true"#),
            identify(r#""userId":"a","anonymousId":"b-1""#, "2025-03-04T10:00:00Z", ""),
        ],
    )
    .await;
    let record = who(&workspace, "anonymous_id", "b-1").await;
    assert_eq!(record.numbers().len(), 2, "merged");
    let said = async |at: &str| {
        let said = workspace.traits_said(&record.numbers(), as_of(at)).await.expect("traits");
        said.into_iter().map(|(name, said)| (name, said.value, said.said_at)).collect::<Vec<_>>()
    };
    let at = |text: &str| moment(text);
    let tags = Value::List(vec!["x".into(), Value::Object([("y".to_owned(), 1.0.into())].into())]);
    let expected = [
        ("plan".to_owned(), Value::from("pro"), at("2025-03-02T10:00:00Z")),
        ("tags".to_owned(), tags, at("2025-03-01T10:00:00Z")),
        ("vip".to_owned(), Value::from(true), at("2025-02-01T10:00:00Z")),
    ];
    assert_eq!(said("2025-03-10T00:00:00Z").await, expected);
    let earlier: Vec<_> = said("2025-03-01T10:00:00Z").await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(earlier, ["city", "plan", "tags", "vip"]);
}

#[tokio::test]
async fn events_come_page_by_page_from_either_end() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    // Batches overlap in time, and many events are of the very same moment.
    for batch in 0..5 {
        let lines = (0..40).map(|n| {
            let at = moment("2025-03-01").plus_micros((n * 7 + batch) % 12 * 3_600_000_000).rfc3339();
            let id = if n % 3 == 0 { r#""userId":"b""# } else { r#""userId":"a""# };
            let event = if n % 5 == 0 { "Page Opened" } else { "Order Completed" };
            format!(r#"{{"type":"track",{id},"event":"{event}","timestamp":"{at}","properties":{{"n":{n},"batch":{batch}}}}}"#)
        });
        shop.ingest(&workspace, &lines.collect::<Vec<_>>()).await;
    }
    let numbers = who(&workspace, "user_id", "a").await.numbers();
    let page = async |query: &FactQuery| workspace.facts(&numbers, query).await.expect("facts");
    let all = async |log: &Logs, order, within, limit| {
        let mut query = FactQuery { log: log.clone(), within, limit, order, after: None };
        let mut found: Vec<Fact> = Vec::new();
        loop {
            let facts = page(&query).await;
            query.after = facts.last().map(FactPlace::of);
            let is_last = facts.len() < limit;
            found.extend(facts);
            if is_last {
                return found;
            }
        }
    };
    let whole = all(&Logs::events(), SortOrder::OldestFirst, EVER, 1_000).await;
    assert_eq!(whole.len(), 5 * 26);
    assert!(whole.is_sorted_by_key(FactPlace::of));
    let mut backward = whole.clone();
    backward.reverse();
    let orders = Logs::Events { only: ["Order Completed".to_owned()].into(), except: BTreeSet::new() };
    let others = Logs::Events { only: BTreeSet::new(), except: ["Order Completed".to_owned()].into() };
    let is_order = |fact: &&Fact| matches!(&fact.kind, FactKind::Event { name, .. } if name.as_str() == "Order Completed");
    for limit in [1, 7, 50, 130] {
        assert_eq!(all(&Logs::events(), SortOrder::OldestFirst, EVER, limit).await, whole, "{limit}");
        assert_eq!(all(&Logs::events(), SortOrder::NewestFirst, EVER, limit).await, backward, "{limit}");
        let expected: Vec<Fact> = whole.iter().filter(is_order).cloned().collect();
        assert_eq!(all(&orders, SortOrder::OldestFirst, EVER, limit).await, expected);
        let expected: Vec<Fact> = backward.iter().filter(|fact| !is_order(fact)).cloned().collect();
        assert_eq!(all(&others, SortOrder::NewestFirst, EVER, limit).await, expected);
        let within = Span { start: moment("2025-03-01T03:00:00Z"), end: moment("2025-03-01T08:00:00Z") };
        let expected: Vec<Fact> = whole.iter().filter(|fact| within.contains(fact.occurred_at)).cloned().collect();
        assert_eq!(all(&Logs::events(), SortOrder::OldestFirst, within, limit).await, expected);
    }
}

#[tokio::test]
async fn a_member_since_the_run_that_found_it() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    shop.ingest(&workspace, &[order(r#""userId":"a""#, "2025-03-01T10:00:00Z"), order(r#""userId":"b""#, "2025-02-27T10:00:00Z")]).await;
    run(&workspace, "2025-03-02T00:00:00Z").await;
    assert_eq!(since(&workspace, "user_id", "a").await, Some(entered("2025-03-02T00:00:00Z", Reason::Definition)));
    // Out by time, in again by an order.
    run(&workspace, "2025-03-08T12:00:00Z").await;
    assert_eq!(since(&workspace, "user_id", "a").await, None);
    shop.ingest(&workspace, &[order(r#""userId":"a""#, "2025-03-09T10:00:00Z")]).await;
    for at in ["2025-03-09T12:00:00Z", "2025-03-10T00:00:00Z"] {
        run(&workspace, at).await;
    }
    assert_eq!(since(&workspace, "user_id", "a").await, Some(entered("2025-03-09T12:00:00Z", Reason::Data)));
    assert_eq!(since(&workspace, "user_id", "b").await, None);
    let told = |stays: Vec<engine::HeldStay>| {
        let at = |at: AsOf| at.moment().rfc3339();
        let told = stays.into_iter().map(|stay| (at(stay.entered.at), stay.exited.map(|exited| (at(exited.at), exited.reason))));
        told.collect::<Vec<_>>()
    };
    let stays = workspace.all_stays(&who(&workspace, "user_id", "a").await.numbers()).await.expect("stays");
    let over = Some(("2025-03-08T12:00:00Z".to_owned(), Some(Reason::Time)));
    assert_eq!(told(stays), [("2025-03-02T00:00:00Z".to_owned(), over), ("2025-03-09T12:00:00Z".to_owned(), None)]);
    let stays = workspace.all_stays(&who(&workspace, "user_id", "b").await.numbers()).await.expect("stays");
    assert_eq!(told(stays), [("2025-03-02T00:00:00Z".to_owned(), Some(("2025-03-08T12:00:00Z".to_owned(), Some(Reason::Time))))]);
}

#[tokio::test]
async fn a_merge_keeps_the_earlier_moment() {
    let shop = Shop::open().await;
    let workspace = shop.workspace().await;
    let (user, browser) = (r#""userId":"a""#, r#""anonymousId":"b-1""#);
    // The browser is known first, so it survives; the user is in first.
    shop.ingest(&workspace, &[r#"{"type":"identify","userId":"z","anonymousId":"b-1","timestamp":"2025-02-01T10:00:00Z"}"#.to_owned()])
        .await;
    shop.ingest(
        &workspace,
        &[r#"{"type":"identify","traits":{"email":"a@example.com"},"anonymousId":"b-2","timestamp":"2025-02-01T10:00:00Z"}"#.to_owned()],
    )
    .await;
    shop.ingest(&workspace, &[order(user, "2025-03-01T10:00:00Z")]).await;
    run(&workspace, "2025-03-02T00:00:00Z").await;
    shop.ingest(&workspace, &[order(browser, "2025-03-02T10:00:00Z")]).await;
    run(&workspace, "2025-03-03T00:00:00Z").await;
    assert_eq!(since(&workspace, "user_id", "z").await, Some(entered("2025-03-03T00:00:00Z", Reason::Data)));

    // The user turns out to be a mailbox that was out and is older.
    let line = r#"{"type":"identify","userId":"a","traits":{"email":"a@example.com"},"timestamp":"2025-03-03T01:00:00Z"}"#;
    shop.ingest(&workspace, &[line.to_owned()]).await;
    let merged = who(&workspace, "user_id", "a").await;
    assert_eq!(merged.numbers().len(), 2);
    for at in ["2025-03-03T02:00:00Z", "2025-03-04T00:00:00Z"] {
        let before = Some(entered("2025-03-02T00:00:00Z", Reason::Definition));
        assert_eq!(since(&workspace, "email", "a@example.com").await, before, "before the run as of {at}");
        run(&workspace, at).await;
        assert_eq!(since(&workspace, "user_id", "a").await, before, "after the run as of {at}");
    }
    let stays = workspace.all_stays(&merged.numbers()).await.expect("stays");
    assert_eq!(stays.len(), 1, "{stays:?}");
    assert_eq!(stays[0].exited, None);
}
