//! What goes wrong: the six verdicts, seen from outside.

use deliver::Ledger as _;
use deliver::conformance::{people, person};
use fake_graph::{Options, Proof};
use model::{LedgerState, SyncState};
use serde_json::json;

use crate::stage::{Stage, ids};

/// Any passing trouble at any place is waited out.
#[tokio::test]
async fn trouble_that_passes_is_waited_out() {
    let troubles = [
        json!({ "kind": "html500" }),
        json!({ "kind": "empty_body" }),
        json!({ "kind": "service_unavailable" }),
        json!({ "kind": "success_false" }),
        json!({ "kind": "malformed_json" }),
        json!({ "kind": "truncated_body" }),
        json!({ "kind": "close" }),
        json!({ "kind": "slow", "ms": 2_500 }),
        json!({ "kind": "error", "code": 2, "transient": true, "status": 500 }),
        json!({ "kind": "error", "code": 1, "status": 200 }),
        json!({ "kind": "error", "code": 99_999, "transient": true }),
    ];
    for trouble in troubles {
        let stage = Stage::new("").await;
        for path in ["/act_1234567890", "/act_1234567890/customaudiences", "*/users"] {
            stage.fault(json!({ "match": { "path": path, "times": 1 }, "action": trouble }));
        }
        let outcome = stage.settle("big", people(100)).await;
        assert_eq!((outcome.state, outcome.rows_added), (SyncState::Sent, 100), "{trouble}: {:?}", outcome.message);
        assert_eq!(stage.held("big"), ids(0..100), "{trouble}");
    }
}

#[tokio::test]
async fn trouble_that_stays_leaves_everything_pending() {
    let stage = Stage::new("").await;
    stage.settle("big", people(110)).await;
    stage.fault(json!({ "match": { "path": "*/users" }, "action": { "kind": "close" }, "applied": true }));
    let outcome = stage.settle("big", people(100)).await;
    assert_eq!((outcome.state, outcome.rows_removed), (SyncState::Held, 0));
    assert_eq!(stage.rows_in("big", LedgerState::PendingRemove).await, 10);
    assert_eq!(stage.calls("DELETE", "/users").len(), 4, "few tries");
    let seqs: Vec<_> = stage.calls("DELETE", "/users").iter().map(|request| request.params["session"].clone()).collect();
    assert!(seqs.iter().all(|session| *session == seqs[0]), "a repeat is the same batch of the same session");
    stage.fake.clear_faults();
    assert_eq!(stage.settle("big", people(100)).await.state, SyncState::Sent);
    assert_eq!(stage.rows_in("big", LedgerState::Added).await, 100);
}

#[tokio::test]
async fn a_throttle_is_remembered_and_obeyed() {
    let stage = Stage::new("").await;
    stage.settle("big", people(100)).await;
    stage.fault(json!({ "match": { "path": "*/users", "times": 1 }, "action": { "kind": "throttle_until", "minutes": 10 } }));
    let outcome = stage.settle("big", people(120)).await;
    assert_eq!(outcome.state, SyncState::Held);
    let until = stage.ledger.not_before("facebook act_1234567890").await.unwrap().unwrap();
    assert!(until >= stage.now().plus_micros(600 * 1_000_000), "{until}");
    let calls = stage.fake.state().requests.len();
    let held = stage.settle("big", people(120)).await;
    assert_eq!((held.state, held.calls, held.sendable), (SyncState::Held, 0, 120));
    assert_eq!(stage.settle("other", people(120)).await.state, SyncState::Held);
    assert_eq!(stage.fake.state().requests.len(), calls);
    stage.advance(700);
    assert_eq!(stage.settle("big", people(120)).await.state, SyncState::Sent);
    assert_eq!(stage.ledger.not_before("facebook act_1234567890").await.unwrap(), None);
    stage.check_manners();
}

#[tokio::test]
async fn the_longest_wait_that_is_asked_for_wins() {
    let stage = Stage::new("").await;
    let headers = json!({ "retry-after": "7200" });
    stage.fault(json!({ "match": { "times": 1 }, "action": { "kind": "error", "code": 17, "headers": headers } }));
    assert_eq!(stage.settle("big", people(100)).await.state, SyncState::Held);
    let until = stage.ledger.not_before("facebook act_1234567890").await.unwrap().unwrap();
    assert!(until >= stage.now().plus_micros(7_200 * 1_000_000) && until <= stage.now().plus_micros(8_000 * 1_000_000));
}

#[tokio::test]
async fn a_policy_block_lasts_an_hour_at_least() {
    let stage = Stage::new("").await;
    stage.fault(json!({ "match": { "times": 1 }, "action": { "kind": "error", "code": 368 } }));
    let outcome = stage.settle("big", people(100)).await;
    assert_eq!(outcome.state, SyncState::Held);
    assert!(outcome.message.unwrap().contains("blocked"));
    let until = stage.ledger.not_before("facebook act_1234567890").await.unwrap().unwrap();
    assert!(until >= stage.now().plus_micros(3_600 * 1_000_000));
}

#[tokio::test]
async fn nearly_full_limits_end_a_sync_after_a_write() {
    let stage = Stage::new("max_rows_per_request: 50").await;
    let full = json!({ "1234567890": [{ "type": "custom_audience", "call_count": 97, "total_cputime": 1, "total_time": 1, "estimated_time_to_regain_access": 0 }] });
    let headers = json!({ "x-business-use-case-usage": full.to_string() });
    // A throttle header can only be forged on an error; a data error goes on to smaller parts, each of them a write.
    stage.fault(json!({ "match": { "path": "*/users", "times": 1 }, "action": { "kind": "error", "status": 413, "code": 105, "headers": headers } }));
    let outcome = stage.settle("big", people(100)).await;
    assert_eq!(outcome.state, SyncState::Held);
    assert!(outcome.message.unwrap().contains("limits"));
    assert!(stage.ledger.not_before("facebook act_1234567890").await.unwrap().is_some());
    stage.advance(120);
    assert_eq!(stage.settle("big", people(100)).await.state, SyncState::Sent);
}

#[tokio::test]
async fn an_expired_token_stops_and_says_what_to_do() {
    let stage = Stage::new("").await;
    stage.settle("big", people(110)).await;
    stage.fault(json!({ "match": { "path": "*/users", "times": 1 }, "action": { "kind": "expire_token" } }));
    let outcome = stage.settle("big", people(100)).await;
    let message = outcome.message.unwrap();
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(message.contains("token") && message.contains("190/463"), "{message}");
    assert_eq!(stage.calls("DELETE", "/users").len(), 1, "no loop");
    assert_eq!(stage.settle("big", people(100)).await.calls, 1, "one probe per run");
    stage.fake.clear_faults();
    assert_eq!(stage.settle("big", people(100)).await.state, SyncState::Sent);
    assert_eq!(stage.held("big"), ids(0..100));
}

#[tokio::test]
async fn one_bad_row_does_not_stop_the_others() {
    let stage = Stage::new("").await;
    // The fake knows no row that spoils a request: the whole and then seven first halves fail, as the first row would make them.
    stage.fault(json!({ "match": { "path": "*/users", "times": 8 }, "action": { "kind": "error", "code": 100, "message": "Data is missing or does not match schema" } }));
    let outcome = stage.settle("big", people(128)).await;
    assert_eq!((outcome.state, outcome.rows_added), (SyncState::Sent, 127), "{:?}", outcome.message);
    assert_eq!(outcome.rejected.values().sum::<u64>(), 1);
    assert_eq!(stage.rows_in("big", LedgerState::Rejected).await, 1);
    assert_eq!(stage.held("big").len(), 127);
    assert_eq!(stage.settle("big", people(128)).await.rows_added, 0);
    assert!(stage.calls("POST", "/users").len() <= 31);
}

#[tokio::test]
async fn when_every_row_is_refused_the_rows_are_not_to_blame() {
    let stage = Stage::new("").await;
    stage.fault(json!({ "match": { "path": "*/users" }, "action": { "kind": "error", "code": 100, "message": "Data is missing or does not match schema" } }));
    let outcome = stage.settle("big", people(128)).await;
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(stage.calls("POST", "/users").len() <= 31);
    assert_eq!(stage.rows_in("big", LedgerState::Rejected).await, 0);
    stage.fake.clear_faults();
    assert_eq!(stage.settle("big", people(128)).await.rows_added, 128);
}

#[tokio::test]
async fn requests_shrink_until_they_fit() {
    let stage = Stage::with(Options { body_bytes_max: 6_000, ..Options::default() }, "").await;
    let outcome = stage.settle("big", people(200)).await;
    assert_eq!((outcome.state, outcome.rows_added), (SyncState::Sent, 200), "{:?}", outcome.message);
    assert!(outcome.rejected.is_empty());
    assert_eq!(stage.held("big"), ids(0..200));
}

#[tokio::test]
async fn removals_that_facebook_defers_stay_pending_while_adds_go_on() {
    let stage = Stage::with(Options { removal_minimum: Some(100), match_share: 1.0, ..Options::default() }, "strategy: diff").await;
    stage.settle("big", people(110)).await;
    let everybody = || (50..115).map(|number| person(number, &format!("person{number}@example.com"))).collect::<Vec<_>>();
    let outcome = stage.settle("big", everybody()).await;
    assert_eq!((outcome.state, outcome.rows_added, outcome.rows_removed), (SyncState::Held, 5, 0));
    assert!(outcome.message.unwrap().contains("50 rows are still in the audience"));
    assert_eq!(stage.rows_in("big", LedgerState::PendingRemove).await, 50);
    // Enough others have come: now it may.
    let more = || (50..300).map(|number| person(number, &format!("person{number}@example.com"))).collect::<Vec<_>>();
    stage.settle("big", more()).await;
    assert_eq!(stage.settle("big", more()).await.state, SyncState::Sent);
    assert_eq!(stage.held("big"), ids(50..300));
}

/// A part of a batch may be refused for another reason than the batch was.
#[tokio::test]
async fn removals_deferred_while_a_bad_row_is_looked_for_do_not_stop_adds() {
    let stage = Stage::with(Options { removal_minimum: Some(100), match_share: 1.0, ..Options::default() }, "strategy: diff").await;
    stage.settle("big", people(110)).await;
    let bad: Vec<String> = serde_json::from_str(&stage.rows("big").await[0].cells).unwrap();
    stage.fault(json!({ "match": { "method": "DELETE", "contains": bad[1] }, "action": { "kind": "error", "code": 100 } }));
    let everybody = (50..115).map(|number| person(number, &format!("person{number}@example.com"))).collect();
    let outcome = stage.settle("big", everybody).await;
    // 25, 12, 6, 3 and 1 are refused for the first row; 2 and 3 are taken; without the next 6 it would be fewer than 100.
    assert_eq!((outcome.state, outcome.rows_added, outcome.rows_removed), (SyncState::Held, 5, 5), "{outcome:?}");
    assert_eq!(outcome.rejected.values().sum::<u64>(), 1);
    assert!(outcome.message.unwrap().contains("44 rows are still in the audience"));
    assert_eq!(stage.rows_in("big", LedgerState::PendingRemove).await, 45);
}

/// Facebook removes people, not rows: who shares an address with somebody removed is gone too, although the removal of
/// their own row was never tried.
#[tokio::test]
async fn whoever_was_taken_along_by_half_a_removal_is_sent_again_on_return() {
    let stage = Stage::new("max_rows_per_request: 60").await;
    let mut everybody = people(110);
    everybody[109] = person(109, "person0@example.com");
    stage.settle("big", everybody.clone()).await;
    stage.fault(json!({ "match": { "method": "DELETE", "nth": 2 }, "action": { "kind": "error", "code": 17 } }));
    assert_eq!(stage.settle("big", Vec::new()).await.state, SyncState::Held);
    stage.advance(5_000);
    assert_eq!(stage.settle("big", everybody).await.state, SyncState::Sent);
    assert_eq!(stage.held("big"), ids(0..110));
}

#[tokio::test]
async fn the_proof_goes_along_when_there_is_a_secret() {
    let app_secret = Some("invented-app-secret".to_owned());
    let options = Options { app_secret: app_secret.clone(), proof: Proof::Required, ..Options::default() };
    let stage = Stage::with(options, "app_secret: {env: APP_SECRET}").await;
    stage.settle("big", people(110)).await;
    assert_eq!(stage.settle("big", people(100)).await.state, SyncState::Sent);
    assert!(stage.fake.state().requests.iter().all(|request| request.proof_sent));
    stage.check_manners();

    let stage =
        Stage::with(Options { app_secret: Some("another".to_owned()), ..Options::default() }, "app_secret: {env: APP_SECRET}").await;
    let outcome = stage.settle("big", people(100)).await;
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(outcome.message.unwrap().contains("`app_secret`"));
}

#[tokio::test]
async fn an_old_version_is_named() {
    let options = Options { refused_versions: vec!["v18.0".to_owned()], ..Options::default() };
    let stage = Stage::with(options, "api_version: v18.0").await;
    let outcome = stage.settle("big", people(100)).await;
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(outcome.message.unwrap().contains("`api_version`"));
}

/// What Facebook says may hold what we sent; it is not passed on.
#[tokio::test]
async fn messages_show_no_personal_data_and_no_secrets() {
    let stage = Stage::new("").await;
    let message = format!("bad value mary@example.com {} {}", "ab".repeat(32), crate::stage::TOKEN);
    stage.fault(json!({ "action": { "kind": "error", "code": 2500, "message": message } }));
    let outcome = stage.settle("big", people(100)).await;
    let shown = format!("{outcome:?}");
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(!shown.contains("mary@") && !shown.contains("abab") && !shown.contains(crate::stage::TOKEN), "{shown}");
}
