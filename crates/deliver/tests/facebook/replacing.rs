//! Replaces: when everybody is sent at once, what that heals, and what happens when Facebook is slow or cuts it off.

use deliver::Ledger as _;
use deliver::conformance::{people, person};
use fake_graph::Options;
use model::{AudienceKey, LedgerState, Person, SyncState};
use serde_json::{Value, json};

use crate::stage::{Stage, ids};

fn numbered(numbers: std::ops::Range<u32>) -> Vec<Person> {
    numbers.map(|number| person(number, &format!("person{number}@example.com"))).collect()
}

/// A stranger's row, as somebody may have put it there by hand.
fn stranger() -> Value {
    json!({ "EXTERN_ID": "stranger", "EMAIL": "ab".repeat(32) })
}

async fn filled(yaml: &str, options: Options) -> Stage {
    let stage = Stage::with(options, yaml).await;
    assert_eq!(stage.settle("big", people(150)).await.state, SyncState::Sent);
    stage
}

fn replaces(stage: &Stage) -> usize {
    stage.calls("POST", "/usersreplace").len()
}

#[tokio::test]
async fn much_change_is_sent_as_a_whole() {
    let stage = filled("max_rows_per_request: 40", Options::default()).await;
    assert_eq!(replaces(&stage), 0, "the first fill is an upload");
    let outcome = stage.settle("big", numbered(70..230)).await;
    assert_eq!((outcome.state, outcome.rows_added, outcome.rows_removed), (SyncState::Sent, 80, 70), "{outcome:?}");
    assert_eq!((replaces(&stage), stage.calls("DELETE", "/users").len()), (4, 0));
    assert_eq!(stage.held("big"), ids(70..230));
    assert_eq!(stage.rows_in("big", LedgerState::Added).await, 160);
    let outcome = stage.settle("big", numbered(70..225)).await;
    assert_eq!((outcome.rows_removed, replaces(&stage)), (5, 4), "little change is a difference again");
    stage.check_manners();
}

#[tokio::test]
async fn always_replacing_never_resets_the_learning_phase() {
    let stage = filled("strategy: replace\nreplace_every: 1 day", Options::default()).await;
    let uploads = stage.calls("POST", "/users").len();
    let waiting = stage.settle("big", people(151)).await;
    assert_eq!(waiting.state, SyncState::Pending);
    assert!(waiting.message.unwrap().contains("next after 2026-03-02"));
    stage.advance(86_400);
    let outcome = stage.settle("big", people(149)).await;
    assert_eq!((outcome.state, outcome.rows_added, outcome.rows_removed), (SyncState::Sent, 0, 1));
    assert_eq!((replaces(&stage), stage.calls("POST", "/users").len(), stage.calls("DELETE", "/users").len()), (1, uploads, 0));
    assert_eq!(stage.held("big"), ids(0..149));
    // Nothing changed: nothing is sent.
    stage.advance(86_400);
    stage.settle("big", people(149)).await;
    assert_eq!(replaces(&stage), 1);
}

#[tokio::test]
async fn a_slow_replace_is_looked_at_again_and_not_begun_anew() {
    let stage = filled("", Options { replace_delay_s: 600, ..Options::default() }).await;
    let outcome = stage.settle("big", numbered(100..260)).await;
    assert_eq!(outcome.state, SyncState::Held);
    assert!(outcome.message.unwrap().contains("still putting them in place"));
    assert_eq!(outcome.remote["operation"], "replace in progress (414)");
    let outcome = stage.settle("big", numbered(100..260)).await;
    assert_eq!(outcome.state, SyncState::Held, "414 takes nothing");
    stage.advance(600);
    let outcome = stage.settle("big", numbered(100..261)).await;
    assert_eq!((outcome.state, outcome.rows_added, replaces(&stage)), (SyncState::Sent, 1, 1));
    assert_eq!(stage.held("big"), ids(100..261));
    assert_eq!(stage.rows_in("big", LedgerState::Added).await, 161);
}

#[tokio::test]
async fn our_own_slow_replace_is_nobody_elses_change() {
    let stage = filled("on_drift: replace", Options { replace_delay_s: 20 * 60, ..Options::default() }).await;
    assert_eq!(stage.settle("big", numbered(100..260)).await.state, SyncState::Held);
    for _ in 0..3 {
        stage.advance(3_600);
        let outcome = stage.settle("big", numbered(100..260)).await;
        assert_eq!((outcome.state, outcome.message, replaces(&stage)), (SyncState::Sent, None, 1));
    }
    let id = stage.audience("big").unwrap().id;
    stage.somebody(json!({ "change": "edited", "id": id, "rows": [stranger()] }));
    stage.settle("big", numbered(100..260)).await;
    assert_eq!(replaces(&stage), 2, "somebody else's is seen as before");
}

#[tokio::test]
async fn the_look_at_a_slow_replace_does_not_postpone_the_next() {
    let stage = filled("strategy: replace\nreplace_every: 1 day", Options { replace_delay_s: 20 * 60, ..Options::default() }).await;
    stage.advance(86_400);
    assert_eq!(stage.settle("big", people(151)).await.state, SyncState::Held);
    stage.advance(3_600);
    assert_eq!(stage.settle("big", people(151)).await.state, SyncState::Sent);
    stage.advance(82_800);
    stage.settle("big", people(152)).await;
    assert_eq!(replaces(&stage), 2);
}

#[tokio::test]
async fn an_upload_that_was_killed_late_is_nobody_elses_change() {
    for killed in [(24, false), (24, true), (25, false), (25, true)] {
        let mut stage = Stage::new("max_rows_per_request: 5").await;
        stage.pace_s = 60;
        stage.settle_until_killed("big", people(150), killed).await;
        assert!((30..80).contains(&stage.held("big").len()), "in the middle of it");
        stage.pace_s = 0;
        stage.advance(3_600);
        let outcome = stage.settle("big", people(150)).await;
        assert_eq!((outcome.state, outcome.message), (SyncState::Sent, None), "{killed:?}");
        assert_eq!(stage.held("big"), ids(0..150));
    }
}

#[tokio::test]
async fn a_replace_that_is_cut_off_is_healed_by_a_difference() {
    let stage = filled("max_rows_per_request: 60\non_drift: replace", Options::default()).await;
    let broken = json!({ "match": { "path": "*/usersreplace", "nth": 2 }, "action": { "kind": "error", "code": 190, "subcode": 463 } });
    stage.fault(broken);
    let outcome = stage.settle("big", numbered(100..260)).await;
    assert_eq!(outcome.state, SyncState::Failed);
    assert_eq!(stage.settle("big", numbered(100..260)).await.state, SyncState::Held);
    stage.advance(90 * 60);
    assert_eq!(stage.held("big").len(), 60, "what came in counts");
    let outcome = stage.settle("big", numbered(100..260)).await;
    assert_eq!((outcome.state, replaces(&stage)), (SyncState::Sent, 2), "{outcome:?}");
    assert!(outcome.message.unwrap().contains("cut off"));
    assert_eq!(stage.held("big"), ids(100..260));
    stage.advance(3_600);
    stage.settle("big", numbered(100..260)).await;
    assert_eq!(replaces(&stage), 2, "nobody else changed anything");
    stage.check_manners();
}

#[tokio::test]
async fn bad_rows_do_not_spoil_a_replace() {
    let stage = filled("max_rows_per_request: 64", Options::default()).await;
    let bad = stage.rows("big").await[149].cells.clone();
    let bad: Vec<String> = serde_json::from_str(&bad).unwrap();
    // Whatever request carries this row is refused as a whole.
    stage.fault(json!({ "match": { "path": "*/usersreplace", "contains": bad[1] }, "action": { "kind": "error", "code": 100 } }));
    let outcome = stage.settle("big", numbered(110..270)).await;
    assert_eq!((outcome.state, outcome.rejected.values().sum::<u64>()), (SyncState::Sent, 1), "{outcome:?}");
    assert_eq!(stage.held("big").len(), 159);
    assert_eq!((stage.rows_in("big", LedgerState::Added).await, stage.rows_in("big", LedgerState::Rejected).await), (159, 1));
}

#[tokio::test]
async fn rows_of_a_replace_that_got_lost_are_told() {
    let stage = filled("max_rows_per_request: 64", Options::default()).await;
    stage.fault(json!({ "match": { "path": "*/usersreplace", "nth": 2 }, "action": { "kind": "lost_rows", "count": 5 } }));
    let outcome = stage.settle("big", numbered(110..270)).await;
    assert_eq!(outcome.state, SyncState::Sent);
    assert_eq!(outcome.message.as_deref(), Some("facebook counted fewer rows than were sent"), "once, though there were three batches");
    assert_eq!(stage.held("big").len(), 155);
}

#[tokio::test]
async fn whoever_is_in_an_adopted_audience_goes_or_stays_as_configured() {
    for (yaml, stays) in [("", false), ("keep_others: true", true), ("strategy: diff", true)] {
        let stage = Stage::new(&format!("adopt_by_name: true\n{yaml}")).await;
        let id = stage.somebody(json!({ "change": "created", "account": "1234567890", "name": "Title of big", "description": "by hand" }));
        stage.somebody(json!({ "change": "edited", "id": id, "rows": [stranger()] }));
        let outcome = stage.settle("big", people(150)).await;
        assert_eq!(outcome.state, SyncState::Sent, "{outcome:?}");
        let rows = stage.fake.state().audiences.pop().unwrap().rows;
        let has_stranger = rows.iter().any(|row| row["EXTERN_ID"] == "stranger");
        assert_eq!((has_stranger, rows.len()), (stays, 150 + usize::from(stays)), "{yaml}");
    }
}

#[tokio::test]
async fn a_named_audience_is_used_and_another_one_is_refused_later() {
    let stage = Stage::new("").await;
    let id = stage.somebody(json!({ "change": "created", "account": "1234567890", "name": "Chosen by hand", "description": "" }));
    let job = |id: &str| deliver::SyncJob { remote_id: Some(id.to_owned()), ..Stage::job("big", people(120)) };
    let outcome = stage.settle_job(&job(&id)).await;
    assert_eq!((outcome.state, stage.fake.state().audiences.len()), (SyncState::Sent, 1), "{outcome:?}");
    let outcome = stage.settle_job(&job("999")).await;
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(outcome.message.unwrap().contains(&format!("people were sent to audience {id}")));
    let lookalike =
        stage.somebody(json!({ "change": "created", "account": "1234567890", "name": "L", "description": "", "subtype": "LOOKALIKE" }));
    let other = deliver::SyncJob { remote_id: Some(lookalike), ..Stage::job("other", people(120)) };
    assert!(stage.settle_job(&other).await.message.unwrap().contains("no customer list"));
}

#[tokio::test]
async fn somebody_elses_change_is_told_until_everybody_was_sent_anew() {
    let stage = filled("", Options::default()).await;
    let id = stage.audience("big").unwrap().id;
    stage.advance(3_600);
    stage.somebody(json!({ "change": "edited", "id": id, "rows": [stranger()] }));
    for members in [150, 151] {
        let outcome = stage.settle("big", people(members)).await;
        assert_eq!(outcome.state, SyncState::Sent);
        assert!(outcome.message.unwrap().contains("`muster resync big`"), "also after our own next write");
        stage.advance(3_600);
    }
    // What `muster resync` does.
    let key = AudienceKey::parse("big").unwrap();
    let mut remote = stage.ledger.remote_audience(&key, &stage.destination).await.unwrap().unwrap();
    remote.doubt = Some("asked for".to_owned());
    stage.ledger.save_remote_audience(&key, &stage.destination, &remote).await.unwrap();
    let outcome = stage.settle("big", people(151)).await;
    assert_eq!((outcome.state, outcome.message, replaces(&stage)), (SyncState::Sent, None, 1));
    assert_eq!(stage.held("big"), ids(0..151));
    assert_eq!(stage.settle("big", people(151)).await.message, None);
    assert_eq!(replaces(&stage), 1, "once is enough");
}

#[tokio::test]
async fn drift_is_put_right_where_that_is_asked_for() {
    let stage = filled("on_drift: replace", Options::default()).await;
    let id = stage.audience("big").unwrap().id;
    stage.advance(3_600);
    stage.somebody(json!({ "change": "edited", "id": id, "rows": [stranger()] }));
    let outcome = stage.settle("big", people(150)).await;
    assert_eq!((outcome.state, replaces(&stage)), (SyncState::Sent, 1));
    assert_eq!(stage.held("big"), ids(0..150));
}

#[tokio::test]
async fn a_lost_ledger_is_made_good() {
    let mut stage = filled("", Options::default()).await;
    stage.ledger = deliver::conformance::MemoryLedger::default();
    let outcome = stage.settle("big", numbered(20..160)).await;
    assert_eq!((outcome.state, replaces(&stage)), (SyncState::Sent, 1), "{outcome:?}");
    assert_eq!(stage.held("big"), ids(20..160), "found by its marker, and nobody is left over");
}

#[tokio::test]
async fn what_facebook_says_is_shown() {
    let stage = filled("", Options { match_share: 1.0, ..Options::default() }).await;
    let remote = stage.settle("big", people(150)).await.remote;
    assert_eq!((remote["operation"].as_str(), remote["delivery"].as_str()), ("normal (200)", "ready (200)"));
    assert_eq!(remote["matched people"], "100 to 200");
}
