//! Which audience: finding, creating, adopting, renaming, and what its state forbids.

use deliver::SyncJob;
use deliver::conformance::people;
use fake_graph::Options;
use model::SyncState;
use serde_json::json;

use crate::stage::{Stage, ids};

#[tokio::test]
async fn it_is_made_once_with_a_marker() {
    let stage = Stage::new("name: 'CA_{name}'\ncustomer_file_source: BOTH_USER_AND_PARTNER_PROVIDED").await;
    stage.settle("big", people(100)).await;
    stage.settle("big", people(101)).await;
    let audience = stage.audience("big").unwrap();
    assert_eq!((audience.name.as_str(), audience.subtype.as_str()), ("CA_Title of big", "CUSTOM"));
    assert_eq!(audience.description, "For tests [aud:0123456789ab/big]");
    let created = stage.calls("POST", "/customaudiences");
    assert_eq!(created.len(), 1);
    assert_eq!(created[0].params["customer_file_source"], "BOTH_USER_AND_PARTNER_PROVIDED");
    stage.check_manners();
}

#[tokio::test]
async fn the_lost_answer_of_a_create_makes_no_second_one() {
    for applied in [true, false] {
        let stage = Stage::new("").await;
        stage.fault(json!({ "match": { "method": "POST", "path": "*/customaudiences", "times": 1 }, "action": { "kind": "close" }, "applied": applied }));
        assert_eq!(stage.settle("big", people(100)).await.state, SyncState::Sent);
        assert_eq!(stage.held("big"), ids(0..100));
        assert_eq!(stage.fake.state().audiences.len(), 1);
    }
}

#[tokio::test]
async fn our_own_is_found_again_on_the_last_page() {
    let stage = Stage::new("").await;
    stage.somebody(
        json!({ "change": "created", "account": "1234567890", "name": "Title of big", "description": "ours [aud:0123456789ab/big]" }),
    );
    for number in 0..3 {
        let name = json!("Title of big");
        stage
            .somebody(json!({ "change": "created", "account": "1234567890", "name": name, "description": format!("[aud:other{number}]") }));
    }
    stage.fault(json!({ "match": { "method": "GET", "path": "*/customaudiences" }, "action": { "kind": "pages_of", "size": 1 } }));
    assert_eq!(stage.settle("big", people(100)).await.state, SyncState::Sent);
    assert_eq!(stage.held("big"), ids(0..100));
    assert_eq!(stage.fake.state().audiences.len(), 4);
}

#[tokio::test]
async fn a_refused_filter_and_too_much_data_are_worked_around() {
    let stage = Stage::new("").await;
    stage.somebody(
        json!({ "change": "created", "account": "1234567890", "name": "Title of big", "description": "ours [aud:0123456789ab/big]" }),
    );
    stage.fault(json!({ "match": { "param": "filtering" }, "action": { "kind": "error", "code": 100 } }));
    stage.fault(json!({ "match": { "method": "GET", "path": "*/customaudiences", "nth": 2 }, "action": { "kind": "error", "code": 1, "status": 500 } }));
    assert_eq!(stage.settle("big", people(100)).await.state, SyncState::Sent);
    assert_eq!(stage.fake.state().audiences.len(), 1);
    let limits: Vec<_> = stage.calls("GET", "/customaudiences").iter().map(|request| request.params["limit"].clone()).collect();
    assert_eq!(limits.last().unwrap(), "12");
}

#[tokio::test]
async fn a_stranger_of_the_same_name_is_adopted_only_when_allowed() {
    let stranger = json!({ "change": "created", "account": "1234567890", "name": "Title of big" });
    let stage = Stage::new("").await;
    stage.somebody(stranger.clone());
    stage.settle("big", people(100)).await;
    assert_eq!(stage.fake.state().audiences.len(), 2);

    let stage = Stage::new("adopt_by_name: true").await;
    let id = stage.somebody(stranger);
    assert_eq!(stage.settle("big", people(100)).await.state, SyncState::Sent);
    let audiences = stage.fake.state().audiences;
    assert_eq!((audiences.len(), &audiences[0].id, audiences[0].rows.len()), (1, &id, 100));
}

#[tokio::test]
async fn several_of_the_same_name_are_refused_with_their_ids() {
    let stage = Stage::new("adopt_by_name: true").await;
    let stranger = json!({ "change": "created", "account": "1234567890", "name": "Title of big" });
    let (first, second) = (stage.somebody(stranger.clone()), stage.somebody(stranger));
    let outcome = stage.settle("big", people(100)).await;
    let message = outcome.message.unwrap();
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(message.contains(&first) && message.contains(&second), "{message}");
    assert!(stage.calls("POST", "").is_empty());
}

#[tokio::test]
async fn a_new_title_is_carried_over_once() {
    let stage = Stage::new("").await;
    stage.settle("big", people(100)).await;
    let renamed = SyncJob { title: "Better title".to_owned(), ..Stage::job("big", people(100)) };
    let writes = stage.calls("POST", "").len();
    stage.settle_job(&renamed).await;
    stage.settle_job(&renamed).await;
    assert_eq!(stage.audience("big").unwrap().name, "Better title");
    assert_eq!(stage.calls("POST", "").len(), writes + 1);
}

#[tokio::test]
async fn a_new_title_stays_here_when_asked_to() {
    let stage = Stage::new("rename: false").await;
    stage.settle("big", people(100)).await;
    stage.settle_job(&SyncJob { title: "Better title".to_owned(), ..Stage::job("big", people(100)) }).await;
    assert_eq!(stage.audience("big").unwrap().name, "Title of big");
}

#[tokio::test]
async fn a_deleted_audience_is_missed_not_silently_made_again() {
    let stage = Stage::new("").await;
    stage.settle("big", people(100)).await;
    let id = stage.audience("big").unwrap().id;
    stage.somebody(json!({ "change": "deleted", "id": id }));
    let outcome = stage.settle("big", people(100)).await;
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(outcome.message.unwrap().starts_with("missing:"));
    assert_eq!(stage.fake.state().audiences.len(), 0);
    assert_eq!(stage.rows("big").await.len(), 100);
}

#[tokio::test]
async fn a_deleted_audience_is_made_again_and_filled_when_asked_to() {
    let stage = Stage::new("recreate_missing: true").await;
    stage.settle("big", people(100)).await;
    let id = stage.audience("big").unwrap().id;
    stage.somebody(json!({ "change": "deleted", "id": id }));
    let outcome = stage.settle("big", people(101)).await;
    assert_eq!((outcome.state, outcome.rows_added), (SyncState::Sent, 101));
    assert_eq!(stage.held("big"), ids(0..101));
    assert_ne!(stage.audience("big").unwrap().id, id);
}

/// One that is made again is one that is not there yet.
#[tokio::test]
async fn a_deleted_audience_is_not_made_again_below_the_minimum() {
    for (yaml, left) in [("recreate_missing: true", 100), ("", 0)] {
        let stage = Stage::new(yaml).await;
        stage.settle("big", people(100)).await;
        stage.settle("big", people(left)).await;
        let id = stage.audience("big").unwrap().id;
        stage.somebody(json!({ "change": "deleted", "id": id }));
        let outcome = stage.settle("big", people(5)).await;
        assert_eq!(outcome.state, SyncState::BelowMinimum, "{yaml}: {outcome:?}");
        assert!(outcome.message.unwrap().contains("5 of 100"));
        assert!(stage.fake.state().audiences.is_empty());
        let outcome = stage.settle("big", people(101)).await;
        assert_eq!((outcome.state, outcome.rows_added), (SyncState::Sent, 101));
        assert_eq!(stage.held("big"), ids(0..101));
    }
}

/// Rows that are pending may have arrived, so somebody has to look.
#[tokio::test]
async fn a_deleted_audience_that_may_have_had_members_is_missed_too() {
    let stage = Stage::new("").await;
    stage.fault(json!({ "match": { "path": "*/users" }, "action": { "kind": "close" } }));
    assert_eq!(stage.settle("big", people(100)).await.state, SyncState::Held);
    stage.fake.clear_faults();
    let id = stage.audience("big").unwrap().id;
    stage.somebody(json!({ "change": "deleted", "id": id }));
    assert_eq!(stage.settle("big", people(100)).await.state, SyncState::Failed);
}

#[tokio::test]
async fn terms_that_nobody_accepted_stop_before_anything_is_made() {
    let stage = Stage::with(Options { terms_accepted: false, ..Options::default() }, "").await;
    let outcome = stage.settle("big", people(100)).await;
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(outcome.message.unwrap().contains("customaudiences/tos/?act=1234567890"));
    assert!(stage.calls("POST", "").is_empty());
}

#[tokio::test]
async fn terms_revoked_later_stop_uploads_with_the_same_link() {
    let stage = Stage::new("").await;
    stage.settle("big", people(100)).await;
    stage.fault(json!({ "match": { "path": "*/users" }, "action": { "kind": "revoke_terms" } }));
    let outcome = stage.settle("big", people(105)).await;
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(outcome.message.unwrap().contains("customaudiences/tos/"));
    stage.fake.clear_faults();
    assert_eq!(stage.settle("big", people(105)).await.state, SyncState::Sent);
}

#[tokio::test]
async fn what_the_state_of_the_audience_forbids_is_not_tried() {
    let stage = Stage::new("").await;
    stage.settle("big", people(100)).await;
    let id = stage.audience("big").unwrap().id;
    let uploads = stage.calls("POST", "/users").len();
    let cases = [
        (json!({ "change": "status", "id": id, "operation_status": 470 }), SyncState::Failed, "not active"),
        (json!({ "change": "status", "id": id, "operation_status": 414 }), SyncState::Held, "replacing"),
        (json!({ "change": "flagged", "id": id }), SyncState::Failed, "flagged"),
    ];
    for (change, state, words) in cases {
        stage.somebody(change);
        let outcome = stage.settle("big", people(110)).await;
        assert_eq!(outcome.state, state);
        assert!(outcome.message.unwrap().contains(words));
        stage.somebody(json!({ "change": "status", "id": id }));
        stage.somebody(json!({ "change": "unflagged", "id": id }));
    }
    stage.somebody(json!({ "change": "locked", "id": id }));
    let outcome = stage.settle("big", people(110)).await;
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(outcome.message.unwrap().contains("may not edit"));
    assert_eq!(stage.calls("POST", "/users").len(), uploads);
    stage.somebody(json!({ "change": "unlocked", "id": id }));
    stage.somebody(json!({ "change": "status", "id": id, "operation_status": 411 }));
    let outcome = stage.settle("big", people(110)).await;
    assert_eq!(outcome.state, SyncState::Sent);
    assert!(outcome.message.unwrap().contains("few of these people"));
}
