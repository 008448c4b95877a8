//! What a receiver is told.

use definitions::OnExit;
use deliver::conformance::{self, people, person};
use model::{SyncState, Value as TraitValue};
use serde_json::json;

use crate::receiver::{Answer, Receiver, yaml};
use crate::stage::{Stage, known_by};

#[tokio::test]
async fn track_keeps_the_contract() {
    conformance::all(async || Receiver::new("minimum_size: 3\nbatch: 4").await).await;
}

#[tokio::test]
async fn identify_keeps_the_contract() {
    conformance::all(async || Receiver::new("minimum_size: 3\ncall: identify").await).await;
}

#[tokio::test]
async fn one_message_a_call_keeps_the_contract() {
    conformance::all(async || Receiver::new("minimum_size: 3\nbatch: 1").await).await;
}

fn personas() -> serde_json::Value {
    json!({
        "computation_class": "audience", "computation_id": "vips", "computation_key": "vips", "namespace": "muster",
        "space_id": "muster", "external_audience_id": "vips", "audience_settings": {},
    })
}

/// The shape of Segment's calls, word for word.
#[tokio::test]
async fn calls_have_the_shape_of_segments_audiences() {
    let receiver = Receiver::new("batch: 1").await;
    let stage = Stage::with(receiver.sink());
    let ben = known_by(1, &[("user_id", "u-1"), ("anonymous_id", "a-1"), ("email", "ben@example.com")]);
    stage.settle("vips", vec![ben]).await;
    stage.wait(60);
    stage.settle("vips", vec![]).await;
    let external_ids = json!([{ "id": "p-1", "type": "muster_id", "collection": "users", "encoding": "none" }]);
    let messages = receiver.seen().messages.clone();
    let ids: Vec<_> = messages.iter().map(|message| message["messageId"].as_str().unwrap()).collect();
    assert!(ids.iter().all(|id| id.len() == 32) && ids[0] != ids[1], "{ids:?}");
    let entered = json!({
        "type": "track", "event": "Audience Entered", "userId": "u-1", "messageId": ids[0], "timestamp": "2026-03-01T12:00:00.000Z",
        "context": { "personas": personas(), "externalIds": external_ids, "traits": { "email": "ben@example.com" } },
        "properties": { "audience_key": "vips", "vips": true },
    });
    let exited = json!({
        "type": "track", "event": "Audience Exited", "userId": "u-1", "messageId": ids[1], "timestamp": "2026-03-01T12:01:00.000Z",
        "context": { "personas": personas(), "externalIds": external_ids, "traits": {} },
        "properties": { "audience_key": "vips", "vips": false },
    });
    assert_eq!(messages, [entered, exited]);
}

#[tokio::test]
async fn identify_sets_a_trait_and_the_value_of_the_sync() {
    let receiver = Receiver::new("call: identify").await;
    let stage = Stage::with(receiver.sink());
    let mut ben = known_by(1, &[("anonymous_id", "a-1"), ("email", "ben@example.com")]);
    ben.traits.insert("orders".to_owned(), TraitValue::from(3.0));
    let mut job = Stage::job("vips", vec![ben]);
    job.value = Some("orders".to_owned());
    stage.settle_job(&job).await.unwrap();
    stage.settle("vips", vec![]).await;
    let body: serde_json::Value = serde_json::from_slice(&receiver.seen().calls[0].1).unwrap();
    assert_eq!(body["batch"][0]["traits"], json!({ "email": "ben@example.com", "orders": 3, "vips": true }));
    assert_eq!(receiver.told()[1], "a-1 {\"vips\":false}");
}

#[tokio::test]
async fn the_value_may_lie_inside_an_object() {
    let receiver = Receiver::new("call: identify").await;
    let stage = Stage::with(receiver.sink());
    let mut ben = known_by(1, &[("user_id", "u-1")]);
    ben.traits.insert("shop".to_owned(), TraitValue::Object([("orders".to_owned(), TraitValue::from(3.0))].into()));
    let mut job = Stage::job("vips", vec![ben]);
    job.value = Some("shop.orders".to_owned());
    stage.settle_job(&job).await.unwrap();
    assert_eq!(receiver.told(), ["u-1 {\"shop.orders\":3,\"vips\":true}"]);
}

#[tokio::test]
async fn who_is_known_by_nothing_is_told_by_our_own_id_and_accounts_by_theirs() {
    let receiver = Receiver::new("").await;
    let stage = Stage::with(receiver.sink());
    stage.settle("vips", vec![person(1, "a@example.com"), known_by(2, &[("group_id", "g-2")])]).await;
    assert_eq!(receiver.told(), ["p-1 Audience Entered", "p-2 Audience Entered"]);
    assert_eq!(receiver.seen().messages[1]["context"]["groupId"], "g-2");
}

#[tokio::test]
async fn a_change_of_details_is_no_second_entry() {
    let receiver = Receiver::new("").await;
    let stage = Stage::with(receiver.sink());
    stage.settle("vips", vec![person(1, "a@example.com")]).await;
    let outcome = stage.settle("vips", vec![person(1, "b@example.com")]).await;
    assert_eq!((outcome.rows_added, outcome.rows_removed), (1, 1));
    assert_eq!(receiver.told(), ["p-1 Audience Entered", "p-1 {\"email\":\"b@example.com\",\"vips\":true}"]);
}

#[tokio::test]
async fn who_gets_another_id_exits_under_the_old_one() {
    let receiver = Receiver::new("").await;
    let stage = Stage::with(receiver.sink());
    stage.settle("vips", vec![known_by(1, &[("anonymous_id", "a-1")])]).await;
    stage.settle("vips", vec![known_by(1, &[("anonymous_id", "a-1"), ("user_id", "u-1")])]).await;
    assert_eq!(receiver.told(), ["a-1 Audience Entered", "a-1 Audience Exited", "u-1 Audience Entered"]);
}

#[tokio::test]
async fn a_merge_does_not_send_away_who_stays() {
    let receiver = Receiver::new("").await;
    let stage = Stage::with(receiver.sink());
    stage.settle("vips", vec![known_by(1, &[]), known_by(2, &[("user_id", "u-2")])]).await;
    stage.settle("vips", vec![known_by(1, &[("user_id", "u-2")])]).await;
    let told = receiver.told();
    assert_eq!(told[2..], ["p-1 Audience Exited", "u-2 {\"vips\":true}"]);
}

/// The messages of one person come in order, whatever is lost on the way, and the same transition has the same id.
#[tokio::test]
async fn out_and_in_again_is_never_reordered() {
    let receiver = Receiver::new("batch: 1").await;
    let stage = Stage::with(receiver.sink());
    let lose_all = || receiver.answer(&vec![Answer::Lose; 3]);
    lose_all();
    assert_eq!(stage.settle("vips", people(1)).await.state, SyncState::Held);
    stage.settle("vips", people(1)).await;
    stage.wait(60);
    lose_all();
    assert_eq!(stage.settle("vips", vec![]).await.state, SyncState::Held);
    stage.wait(60);
    stage.settle("vips", people(1)).await;
    assert_eq!(
        receiver.told(),
        ["p-0 Audience Entered", "p-0 Audience Exited", "p-0 Audience Entered"],
        "repeats have the id of the first"
    );
    assert_eq!(receiver.seen().calls.len(), 9, "three lost and one taken, twice, and the second entry");
    let at = |index: usize| receiver.seen().messages[index]["timestamp"].as_str().unwrap().to_owned();
    assert!(at(0) < at(1) && at(1) < at(2));
}

#[tokio::test]
async fn an_exit_is_later_than_its_entry_whatever_the_clock_says() {
    let receiver = Receiver::new("").await;
    let stage = Stage::with(receiver.sink());
    stage.settle("vips", people(1)).await;
    stage.wait(-3_600);
    stage.settle("vips", vec![]).await;
    let messages = receiver.seen().messages.clone();
    assert_eq!(
        (&messages[0]["timestamp"], &messages[1]["timestamp"]),
        (&json!("2026-03-01T12:00:00.000Z"), &json!("2026-03-01T12:00:00.001Z"))
    );
}

#[tokio::test]
async fn what_was_sent_is_told_as_exited_by_another_configuration_too() {
    let receiver = Receiver::new("").await;
    let stage = Stage::with(receiver.sink());
    stage.settle("vips", people(2)).await;
    let stage = stage.reconfigured(&yaml(&receiver.url, "call: identify"));
    let job = deliver::SyncJob { on_exit: OnExit::Keep, ..Stage::job("vips", people(1)) };
    stage.settle_job(&job).await.unwrap();
    assert_eq!(receiver.held("vips").len(), 2, "kept");
    stage.settle("vips", people(1)).await;
    assert_eq!(receiver.told()[2..], ["p-1 {\"vips\":false}"]);
}
