//! Rows out: batches, sessions, schemas, shared cells, refused rows, the minimum.

use deliver::SyncJob;
use deliver::conformance::{people, person};
use fake_graph::{Options, Samples};
use model::{LedgerState, Person, SyncState, Value as ModelValue};
use serde_json::{Value, json};

use crate::stage::{Stage, ids};

#[tokio::test]
async fn batches_are_full_and_numbered_in_one_session() {
    let stage = Stage::new("max_rows_per_request: 40").await;
    let outcome = stage.settle("big", people(100)).await;
    assert_eq!((outcome.state, outcome.rows_added), (SyncState::Sent, 100));
    let uploads = stage.calls("POST", "/users");
    let sessions: Vec<&Value> = uploads.iter().map(|request| &request.params["session"]).collect();
    let of = |field: &str| sessions.iter().map(|session| session[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("batch_seq"), [1, 2, 3]);
    assert_eq!(of("last_batch_flag"), [false, false, true]);
    assert!(of("session_id").iter().all(|id| *id == sessions[0]["session_id"]));
    let payload = &uploads[0].params["payload"];
    assert_eq!(payload["schema"], json!(["EXTERN_ID", "EMAIL", "FN"]));
    assert_eq!(payload["is_raw"], true);
    assert_eq!(payload["data"].as_array().unwrap().len(), 40);
    assert!(stage.fake.state().sessions.iter().all(|session| session.closed));
    stage.check_manners();
}

#[tokio::test]
async fn removals_are_over_before_adds_begin() {
    let stage = Stage::new("max_rows_per_request: 30\nstrategy: diff").await;
    stage.settle("big", people(150)).await;
    let before = stage.fake.state().requests.len();
    let outcome = stage.settle("big", (70..230).map(|number| person(number, &format!("person{number}@example.com"))).collect()).await;
    assert_eq!((outcome.rows_removed, outcome.rows_added), (70, 80));
    let requests = stage.fake.state().requests;
    let methods: Vec<&str> =
        requests[before..].iter().filter(|request| request.path.ends_with("/users")).map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["DELETE", "DELETE", "DELETE", "POST", "POST", "POST"]);
    assert_eq!(stage.held("big"), ids(70..230));
}

#[tokio::test]
async fn removals_can_travel_as_posts() {
    let stage = Stage::new("remove_transport: post_method_delete").await;
    stage.settle("big", people(105)).await;
    stage.settle("big", people(100)).await;
    assert_eq!(stage.held("big"), ids(0..100));
    assert_eq!(stage.calls("DELETE", "/users")[0].params["method"], "DELETE");
}

#[tokio::test]
async fn a_family_address_stays_while_one_of_them_stays() {
    let stage = Stage::new("").await;
    let mut family = people(100);
    family.push(person(100, "family@example.com"));
    family.push(person(101, "family@example.com"));
    stage.settle("big", family.clone()).await;
    family.pop();
    assert_eq!(stage.settle("big", family).await.state, SyncState::Sent);
    assert_eq!(stage.held("big"), ids(0..101));
}

#[tokio::test]
async fn whoever_changes_one_of_two_addresses_keeps_the_other() {
    let stage = Stage::new("").await;
    let with = |emails: [&str; 2]| -> Vec<Person> {
        let mut people = people(100);
        people[0] = person(0, emails[0]);
        people[0].identifiers.extend(person(0, emails[1]).identifiers);
        people
    };
    stage.settle("big", with(["a@example.com", "b@example.com"])).await;
    assert_eq!(stage.audience("big").unwrap().rows.len(), 101);
    let outcome = stage.settle("big", with(["c@example.com", "b@example.com"])).await;
    assert_eq!((outcome.state, outcome.rows_removed), (SyncState::Sent, 1));
    assert_eq!(stage.audience("big").unwrap().rows.len(), 101);
    assert_eq!(stage.rows_in("big", LedgerState::Added).await, 101);
    let writes = stage.calls("POST", "").len();
    stage.settle("big", with(["c@example.com", "b@example.com"])).await;
    assert_eq!(stage.calls("POST", "").len(), writes);
}

#[tokio::test]
async fn match_on_decides_what_leaves_the_house() {
    let stage = Stage::new("").await;
    let job =
        |words: &[&str]| SyncJob { match_on: words.iter().map(|word| (*word).to_owned()).collect(), ..Stage::job("big", people(100)) };
    assert_eq!(stage.settle_job(&job(&["email"])).await.state, SyncState::Sent);
    assert_eq!(stage.calls("POST", "/users")[0].params["payload"]["schema"], json!(["EMAIL"]));
    assert_eq!(stage.settle_job(&job(&["external_id"])).await.state, SyncState::Sent);
    assert_eq!(stage.held("big"), ids(0..100));
    assert_eq!(stage.audience("big").unwrap().rows.len(), 100);
    let outcome = stage.settle_job(&job(&["city"])).await;
    assert_eq!((outcome.state, outcome.sendable), (SyncState::SentBelowMinimum, 0));
    assert_eq!(outcome.rejected["insufficient_identifiers"], 100);
    assert_eq!(stage.settle_job(&job(&["emial"])).await.state, SyncState::Failed);
}

#[tokio::test]
async fn people_without_enough_to_go_by_are_counted_and_not_sent() {
    let stage = Stage::new("").await;
    let mut everybody = people(103);
    for nameless in &mut everybody[100..] {
        nameless.identifiers.clear();
    }
    everybody[0].traits.insert("phone".to_owned(), ModelValue::from("12"));
    everybody[1].traits.insert("phone".to_owned(), ModelValue::from(true));
    let outcome = stage.settle("big", everybody).await;
    assert_eq!((outcome.state, outcome.sendable), (SyncState::Sent, 100));
    assert_eq!(outcome.rejected, [("insufficient_identifiers".to_owned(), 3)].into());
    let count = |reason: &str| outcome.emptied[&("PHONE".to_owned(), reason.to_owned())];
    assert_eq!((count("invalid"), count("not_text")), (1, 1));
    assert_eq!(stage.held("big"), ids(0..100));
}

#[tokio::test]
async fn rows_that_facebook_calls_invalid_are_remembered_and_not_sent_again() {
    for samples in [Samples::Map, Samples::List] {
        let stage = Stage::with(Options { samples, ..Options::default() }, "").await;
        stage.fault(
            json!({ "match": { "path": "*/users", "times": 1 }, "action": { "kind": "invalid_rows", "count": 7, "reason": "bad row" } }),
        );
        let outcome = stage.settle("big", people(105)).await;
        assert_eq!((outcome.state, outcome.rows_added), (SyncState::Sent, 98));
        assert_eq!(outcome.rejected.values().sum::<u64>(), 7);
        assert!(outcome.message.unwrap().contains("7 of 105"));
        assert_eq!(stage.rows_in("big", LedgerState::Rejected).await, 7);
        let again = stage.settle("big", people(105)).await;
        assert_eq!((again.rows_added, again.rejected.values().sum::<u64>()), (0, 7));
        assert_eq!(stage.calls("POST", "/users").len(), 1);
        // Who leaves is forgotten without a call; who changes is sent again.
        let mut fewer = people(105);
        fewer[1] = person(1, "changed@example.com");
        fewer.remove(0);
        let outcome = stage.settle("big", fewer).await;
        assert_eq!(outcome.rows_added, 1);
        assert_eq!(stage.rows_in("big", LedgerState::Rejected).await, 5);
    }
}

#[tokio::test]
async fn invalid_rows_beyond_the_samples_are_counted_apart() {
    let stage = Stage::new("").await;
    stage.fault(
        json!({ "match": { "path": "*/users", "times": 1 }, "action": { "kind": "invalid_rows", "count": 130, "reason": "bad row" } }),
    );
    let outcome = stage.settle("big", people(300)).await;
    assert_eq!(outcome.rejected, [("bad row".to_owned(), 100), ("invalid, not said which".to_owned(), 30)].into());
}

#[tokio::test]
async fn a_removal_called_invalid_stays_pending() {
    let stage = Stage::new("").await;
    stage.settle("big", people(105)).await;
    stage.fault(json!({ "match": { "method": "DELETE", "times": 1 }, "action": { "kind": "invalid_rows", "count": 2 } }));
    let outcome = stage.settle("big", people(100)).await;
    assert_eq!((outcome.state, outcome.rows_removed), (SyncState::Held, 3));
    assert_eq!(stage.rows_in("big", LedgerState::PendingRemove).await, 2);
    assert_eq!(stage.settle("big", people(100)).await.state, SyncState::Sent);
    assert_eq!(stage.held("big"), ids(0..100));
}

#[tokio::test]
async fn a_short_count_is_sent_once_more_and_then_told() {
    let stage = Stage::new("").await;
    stage.fault(json!({ "match": { "path": "*/users", "times": 1 }, "action": { "kind": "short_num_received", "by": 5 } }));
    let outcome = stage.settle("big", people(100)).await;
    assert_eq!((outcome.state, outcome.message), (SyncState::Sent, None));
    stage.fault(json!({ "match": { "path": "*/users" }, "action": { "kind": "short_num_received", "by": 5 } }));
    let outcome = stage.settle("big", people(110)).await;
    assert_eq!(outcome.state, SyncState::Sent);
    assert!(outcome.message.unwrap().contains("fewer rows"));
    assert_eq!(stage.held("big"), ids(0..110));
}

/// Facebook counts over the session, so a later batch can only be short of the whole.
#[tokio::test]
async fn rows_of_a_later_batch_that_got_lost_are_sent_once_more_and_then_told() {
    let stage = Stage::new("max_rows_per_request: 40").await;
    let lost =
        |times: u32| json!({ "match": { "path": "*/users", "nth": 2, "times": times }, "action": { "kind": "lost_rows", "count": 5 } });
    stage.fault(lost(1));
    let outcome = stage.settle("big", people(130)).await;
    assert_eq!((outcome.state, outcome.rows_added, outcome.message), (SyncState::Sent, 130, None));
    assert_eq!(stage.held("big"), ids(0..130));
    assert_eq!(stage.calls("POST", "/users").len(), 5);

    stage.fake.clear_faults();
    stage.fault(lost(2));
    let outcome = stage.settle("other", people(130)).await;
    assert!(outcome.message.unwrap().contains("fewer rows"));
    assert_eq!(stage.held("other").len(), 125);
    assert_eq!(stage.calls("POST", "/users").len(), 10, "the batches after it lack nothing");
}

#[tokio::test]
async fn the_minimum_can_be_other_or_off() {
    let stage = Stage::new("minimum_size: 5").await;
    let outcome = stage.settle("small", people(4)).await;
    assert_eq!(outcome.state, SyncState::BelowMinimum);
    assert!(outcome.message.unwrap().contains("4 of 5"));
    assert_eq!((outcome.calls, stage.fake.state().requests.len()), (0, 0));
    assert_eq!(stage.settle("small", people(5)).await.state, SyncState::Sent);

    let stage = Stage::new("below_minimum: send").await;
    assert_eq!(stage.settle("small", Vec::new()).await.state, SyncState::BelowMinimum);
    let outcome = stage.settle("small", people(1)).await;
    assert_eq!(outcome.state, SyncState::SentBelowMinimum);
    assert!(outcome.message.unwrap().contains("1 of 100"));
    assert_eq!(stage.held("small"), ids(0..1));
}

#[tokio::test]
async fn a_changed_row_of_another_shape_does_not_resend_the_rest() {
    let stage = Stage::new("").await;
    stage.settle("big", people(100)).await;
    let mut everybody = people(100);
    everybody[7].traits.insert("city".to_owned(), ModelValue::from("Menlo Park"));
    let outcome = stage.settle("big", everybody).await;
    assert_eq!((outcome.rows_removed, outcome.rows_added), (1, 1));
    assert_eq!(stage.held("big"), ids(0..100));
}
