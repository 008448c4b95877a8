//! Value-based audiences: made as such, a value in every row, a changed one sent over the old one.

use deliver::SyncJob;
use deliver::conformance::people;
use model::{LedgerState, Person, SyncState, Value as ModelValue};
use serde_json::json;

use crate::stage::{Stage, ids};

/// Everybody is worth a hundred, but for the first few: nothing known, below zero, no number, a number as text.
fn valued() -> Vec<Person> {
    let mut people = people(104);
    let worth: [Option<ModelValue>; 4] = [None, Some((-5.0).into()), Some("plenty".into()), Some("12.5".into())];
    for (number, person) in people.iter_mut().enumerate() {
        let worth = worth.get(number).cloned().unwrap_or(Some(100.0.into()));
        person.traits.extend(worth.map(|worth| ("lifetime_revenue".to_owned(), worth)));
    }
    people
}

fn job(people: Vec<Person>) -> SyncJob {
    SyncJob { value: Some("lifetime_revenue".to_owned()), ..Stage::job("big", people) }
}

/// What each of these is worth there.
fn worth(stage: &Stage, numbers: std::ops::Range<u32>) -> Vec<String> {
    let rows = stage.audience("big").unwrap().rows;
    let of = |number: u32| rows.iter().find(|row| row["EXTERN_ID"] == format!("p-{number}")).unwrap()["LOOKALIKE_VALUE"].clone();
    numbers.map(of).collect()
}

#[tokio::test]
async fn every_row_carries_a_value() {
    let stage = Stage::new("").await;
    let outcome = stage.settle_job(&job(valued())).await;
    assert_eq!((outcome.state, outcome.rows_added), (SyncState::Sent, 104), "{outcome:?}");
    assert_eq!(stage.calls("POST", "/customaudiences")[0].params["is_value_based"], json!(true));
    let payload = &stage.calls("POST", "/users")[0].params["payload"];
    assert_eq!(payload["schema"], json!(["EXTERN_ID", "EMAIL", "FN", "LOOKALIKE_VALUE"]));
    assert_eq!(payload["data"][4][3], json!(100));
    assert_eq!(worth(&stage, 0..5), ["0", "0", "0", "12.5", "100"]);
    assert_eq!(outcome.emptied[&("LOOKALIKE_VALUE".to_owned(), "invalid".to_owned())], 2);
    stage.check_manners();
}

#[tokio::test]
async fn another_value_is_sent_and_nobody_is_removed_for_it() {
    let stage = Stage::new("").await;
    stage.settle_job(&job(valued())).await;
    let mut people = valued();
    people[5].traits.insert("lifetime_revenue".to_owned(), 250.0.into());
    let outcome = stage.settle_job(&job(people.clone())).await;
    assert_eq!((outcome.state, outcome.rows_added, outcome.rows_removed), (SyncState::Sent, 1, 0));
    assert_eq!(worth(&stage, 4..7), ["100", "250", "100"]);
    assert!(stage.calls("DELETE", "/users").is_empty());
    assert_eq!(stage.rows_in("big", LedgerState::Added).await, 104, "one row each");
    let writes = stage.calls("POST", "/users").len();
    stage.settle_job(&job(people.clone())).await;
    assert_eq!(stage.calls("POST", "/users").len(), writes);

    // Removals carry one too, and so does the end, which knows of no value any more.
    people.truncate(102);
    assert_eq!(stage.settle_job(&job(people)).await.rows_removed, 2);
    assert_eq!(stage.held("big"), ids(0..102));
    let outcome = stage.settle("big", Vec::new()).await;
    assert_eq!((outcome.state, outcome.rows_removed), (SyncState::SentBelowMinimum, 102), "{outcome:?}");
}

#[tokio::test]
async fn another_value_survives_a_lost_connection() {
    let stage = Stage::new("").await;
    stage.settle_job(&job(valued())).await;
    let mut people = valued();
    people[5].traits.insert("lifetime_revenue".to_owned(), 250.0.into());
    stage.fault(json!({ "match": { "method": "POST", "path": "*/users" }, "action": { "kind": "close" }, "applied": false }));
    assert_eq!(stage.settle_job(&job(people.clone())).await.state, SyncState::Held);
    assert_eq!(stage.rows("big").await.len(), 104, "whoever is there is known to be there");
    stage.fake.clear_faults();
    assert_eq!(stage.settle_job(&job(people)).await.state, SyncState::Sent);
    assert_eq!(worth(&stage, 5..6), ["250"]);
}

#[tokio::test]
async fn with_and_without_values_cannot_be_swapped() {
    let stage = Stage::new("").await;
    stage.settle("big", people(100)).await;
    let outcome = stage.settle_job(&job(valued())).await;
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(outcome.message.unwrap().contains("take `value: lifetime_revenue` out"));

    let stage = Stage::new("").await;
    stage.settle_job(&job(valued())).await;
    let outcome = stage.settle("big", people(104)).await;
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(outcome.message.unwrap().contains("put `value` back"));
    assert_eq!(stage.held("big"), ids(0..104));
}

#[tokio::test]
async fn an_adopted_audience_must_carry_values_too() {
    let stage = Stage::new("adopt_by_name: true").await;
    stage.somebody(json!({ "change": "created", "account": "1234567890", "name": "Title of big" }));
    let outcome = stage.settle_job(&job(valued())).await;
    assert_eq!((outcome.state, outcome.rows_added), (SyncState::Failed, 0));
}
