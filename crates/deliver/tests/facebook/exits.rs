//! Exits that are kept, people who turned out to be somebody else, and audiences that are emptied for good.

use definitions::OnExit;
use deliver::SyncJob;
use deliver::conformance::{people, person};
use model::{LedgerState, Person, ProfileId, SyncState};
use serde_json::json;

use crate::stage::{Stage, ids};

fn keeping(people: Vec<Person>) -> SyncJob {
    SyncJob { on_exit: OnExit::Keep, ..Stage::job("big", people) }
}

#[tokio::test]
async fn who_exits_stays_until_the_audience_is_emptied() {
    let stage = Stage::new("").await;
    stage.settle_job(&keeping(people(105))).await;
    // Five exit, one who stays changes the address, one enters.
    let mut members = people(101);
    members[0] = person(0, "renamed@example.com");
    members.push(person(200, "new@example.com"));
    let outcome = stage.settle_job(&keeping(members.clone())).await;
    assert_eq!((outcome.state, outcome.rows_added, outcome.rows_removed), (SyncState::Sent, 2, 1));
    let mut expected = ids(0..105);
    expected.insert("p-200".to_owned());
    assert_eq!(stage.held("big"), expected);
    assert_eq!(outcome.sendable, 102);

    let writes = stage.calls("POST", "/users").len();
    stage.settle_job(&keeping(members)).await;
    assert_eq!(stage.calls("POST", "/users").len(), writes, "the same again changes nothing");

    assert_eq!(stage.settle("big", Vec::new()).await.rows_removed, 106);
    assert_eq!(stage.held("big"), ids(0..0));
    assert_eq!(stage.rows("big").await.len(), 0);
    stage.check_manners();
}

#[tokio::test]
async fn rows_of_somebody_who_turned_out_to_be_a_member_are_no_exits() {
    let stage = Stage::new("").await;
    stage.settle_job(&keeping(people(105))).await;
    let merged = SyncJob { former: vec![ProfileId(104)], ..keeping(people(103)) };
    let outcome = stage.settle_job(&merged).await;
    assert_eq!((outcome.state, outcome.rows_removed), (SyncState::Sent, 1));
    assert_eq!(stage.held("big"), ids(0..104));
}

#[tokio::test]
async fn an_emptied_audience_keeps_its_name() {
    let stage = Stage::new("").await;
    stage.settle("big", people(100)).await;
    let nobody = SyncJob { title: "Something else".to_owned(), ..Stage::job("big", Vec::new()) };
    assert_eq!(stage.settle_job(&nobody).await.rows_removed, 100);
    assert_eq!(stage.audience("big").unwrap().name, "Title of big");
}

#[tokio::test]
async fn an_audience_that_somebody_deleted_needs_no_emptying() {
    let stage = Stage::new("recreate_missing: true").await;
    stage.settle("big", people(100)).await;
    let id = stage.audience("big").unwrap().id;
    stage.somebody(json!({ "change": "deleted", "id": id }));
    assert_eq!(stage.settle("big", Vec::new()).await.state, SyncState::Sent);
    assert_eq!(stage.rows("big").await.len(), 0);
    assert_eq!(stage.fake.state().audiences.len(), 0, "nothing is made to be emptied");
}

#[tokio::test]
async fn an_audience_that_is_hidden_is_not_taken_for_deleted() {
    let stage = Stage::new("").await;
    stage.settle("big", people(100)).await;
    let id = stage.audience("big").unwrap().id;
    stage.fault(
        json!({ "match": { "method": "GET", "path": format!("*/{id}") }, "action": { "kind": "error", "code": 100, "subcode": 33 } }),
    );
    stage.fault(json!({ "match": { "method": "GET", "path": "*/act_1234567890" }, "action": { "kind": "error", "code": 200 } }));
    assert_eq!(stage.settle("big", Vec::new()).await.state, SyncState::Failed);
    assert_eq!(stage.rows_in("big", LedgerState::Added).await, 100);
}
