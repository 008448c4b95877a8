//! Whatever goes wrong: nothing is dropped, nothing is sent where it must not go, and nothing is said that is a secret.

use deliver::conformance::people;
use model::{LedgerState, SyncState};
use serde_json::Value;

use crate::receiver::{Answer, Receiver, yaml};
use crate::stage::{SECRET, Stage};

#[tokio::test]
async fn calls_are_signed_and_carry_the_headers_asked_for() {
    let receiver = Receiver::new("headers:\n  authorization: {env: BEARER}\n  x-team: growth").await;
    Stage::with(receiver.sink()).settle("vips", people(2)).await;
    let (headers, body) = receiver.seen().calls[0].clone();
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!((header("authorization"), header("x-team")), ("Bearer invented-token".to_owned(), "growth".to_owned()));
    assert_eq!(header("content-type"), "application/json");
    let signature = header("x-muster-signature");
    let (moment, hex) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    assert_eq!(moment, "1772366400");
    assert_eq!(hex, hmac_sha256(format!("{moment}.").as_bytes(), &body));
    assert_eq!(header("x-signature").len(), 40);
    assert!(!format!("{:?}", receiver.seen().calls).contains(SECRET));
}

fn hmac_sha256(first: &[u8], second: &[u8]) -> String {
    use hmac::{KeyInit as _, Mac as _};
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(first);
    mac.update(second);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One sync under these answers: its state, its calls, and what is left pending.
async fn sync(answers: &[Answer]) -> (SyncState, u64, String) {
    let receiver = Receiver::new("").await;
    let stage = Stage::with(receiver.sink());
    receiver.answer(answers);
    let outcome = stage.settle("vips", people(2)).await;
    let pending = stage.rows("vips").await.iter().filter(|row| row.state == LedgerState::PendingAdd).count();
    assert_eq!(pending, if outcome.state == SyncState::Sent { 0 } else { 2 });
    let message = outcome.message.unwrap_or_default();
    assert!(!message.contains("127.0.0.1") && !message.contains("example.com") && !message.contains(SECRET), "{message}");
    (outcome.state, outcome.calls, message)
}

#[tokio::test]
async fn outages_pass_or_leave_everything_pending() {
    let refuse = |status| Answer::Refuse(status, None);
    assert_eq!(sync(&[refuse(500), refuse(503)]).await.0, SyncState::Sent);
    let (state, calls, message) = sync(&[refuse(500), refuse(502), refuse(504)]).await;
    assert_eq!((state, calls), (SyncState::Held, 3));
    assert!(message.contains("HTTP 504"), "{message}");
}

#[tokio::test]
async fn what_somebody_must_mend_is_not_tried_again() {
    for (status, words) in [(401, "let us in"), (403, "let us in"), (404, "this `url`"), (410, "this `url`"), (405, "this `url`")] {
        let (state, calls, message) = sync(&[Answer::Refuse(status, None)]).await;
        assert_eq!((state, calls), (SyncState::Failed, 1), "{status}");
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Receiver::new("").await;
    let (state, calls, message) = sync(&[Answer::Redirect(elsewhere.url.clone())]).await;
    assert_eq!((state, calls), (SyncState::Failed, 1), "{message}");
    assert!(elsewhere.seen().calls.is_empty());
}

#[tokio::test]
async fn a_limit_is_kept_even_by_the_next_process() {
    let receiver = Receiver::new("").await;
    let stage = Stage::with(receiver.sink());
    receiver.answer(&[Answer::Refuse(429, Some("90"))]);
    let outcome = stage.settle("vips", people(2)).await;
    assert_eq!((outcome.state, outcome.calls), (SyncState::Held, 1));
    assert!(outcome.message.unwrap().contains("nothing is sent until 2026-03-01 12:01:30 UTC"));
    let stage = stage.reconfigured(&yaml(&receiver.url, ""));
    stage.wait(89);
    assert_eq!(stage.settle("vips", people(2)).await.calls, 0);
    stage.wait(1);
    assert_eq!(stage.settle("vips", people(2)).await.state, SyncState::Sent);
}

#[tokio::test]
async fn a_short_limit_is_waited_for() {
    let (state, calls, _) = sync(&[Answer::Refuse(429, Some("0")), Answer::Refuse(503, Some("0"))]).await;
    assert_eq!((state, calls), (SyncState::Sent, 3));
}

#[tokio::test]
async fn calls_that_are_too_large_become_smaller() {
    let receiver = Receiver::new("").await;
    receiver.seen().messages_max = Some(3);
    let outcome = Stage::with(receiver.sink()).settle("vips", people(20)).await;
    assert_eq!((outcome.state, outcome.rows_added), (SyncState::Sent, 20));
    assert_eq!(receiver.told().len(), 20);
}

#[tokio::test]
async fn one_bad_message_is_found_and_the_rest_goes_on() {
    for more in ["", "batch: 1"] {
        let receiver = Receiver::new(more).await;
        let stage = Stage::with(receiver.sink());
        receiver.seen().poison = Some("person7@");
        let outcome = stage.settle("vips", people(20)).await;
        assert_eq!((outcome.state, outcome.rows_added), (SyncState::Sent, 19));
        assert_eq!(outcome.rejected, [("HTTP 422".to_owned(), 1)].into());
        let calls = receiver.seen().calls.len();
        assert_eq!(stage.settle("vips", people(20)).await.rejected.len(), 1);
        assert_eq!(receiver.seen().calls.len(), calls, "not sent again while it is the same");
        // It leaves without a word: the receiver never had it.
        stage.settle("vips", people(7)).await;
        assert!(!receiver.told().iter().any(|told| told == "p-7 Audience Exited"));
    }
}

#[tokio::test]
async fn when_all_is_refused_it_is_not_the_messages_that_are_wrong() {
    for more in ["", "batch: 1"] {
        let receiver = Receiver::new(more).await;
        let stage = Stage::with(receiver.sink());
        receiver.seen().poison = Some("vips");
        let outcome = stage.settle("vips", people(50)).await;
        assert_eq!((outcome.state, outcome.rows_added, outcome.rejected.len()), (SyncState::Failed, 0, 0));
        assert!(receiver.seen().calls.len() <= 35, "{}", receiver.seen().calls.len());
        assert!(!outcome.message.unwrap().contains("mary"), "what the receiver says is not repeated");
        receiver.seen().poison = None;
        assert_eq!(stage.settle("vips", people(50)).await.rows_added, 50, "nothing was given up");
    }
}

#[tokio::test]
async fn an_exit_that_is_refused_stays_to_be_told() {
    let receiver = Receiver::new("batch: 1").await;
    let stage = Stage::with(receiver.sink());
    stage.settle("vips", people(3)).await;
    receiver.seen().poison = Some("p-2\"");
    let outcome = stage.settle("vips", people(1)).await;
    assert_eq!((outcome.state, outcome.rows_removed), (SyncState::Held, 1));
    receiver.seen().poison = None;
    assert_eq!(stage.settle("vips", people(1)).await.rows_removed, 1);
    assert_eq!(receiver.held("vips").len(), 1);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let (state, calls, _) = sync(&[Answer::Flood]).await;
    assert_eq!((state, calls), (SyncState::Sent, 1));
}

#[tokio::test]
async fn a_kill_between_the_call_and_the_ledger_repeats_the_same_messages() {
    for changes in 0..=2 {
        let receiver = Receiver::new("").await;
        let stage = Stage::with(receiver.sink());
        stage.changes_left(changes);
        let killed = stage.settle_job(&Stage::job("vips", people(3))).await.is_err();
        assert_eq!(killed, changes < 2);
        stage.changes_left(usize::MAX);
        stage.wait(60);
        assert_eq!(stage.settle("vips", people(3)).await.state, SyncState::Sent);
        assert_eq!(receiver.told().len(), 3);
        let bodies: Vec<Value> = receiver.seen().calls.iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect();
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:#?}");
    }
}
