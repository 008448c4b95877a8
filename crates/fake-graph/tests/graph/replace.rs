//! Replacing everybody.

use fake_graph::Options;
use serde_json::{Value, json};

use crate::client::{EMAILS, Rig, batch, emails, hash, upload};

async fn status(rig: &Rig, id: &str) -> Value {
    rig.get(&format!("/{id}?fields=operation_status")).await.json["operation_status"]["code"].clone()
}

#[tokio::test]
async fn the_last_batch_swaps_the_new_set_in() {
    let rig = Rig::quiet().await;
    let id = rig.filled("a", 0..5).await;
    let replace = format!("/{id}/usersreplace");
    assert_eq!(rig.post(&replace, batch(7, 1, false, 10..12)).await.json["account_id"], "1234567890");
    assert_eq!(status(&rig, &id).await, 414);
    assert_eq!(rig.rows(), 5, "nothing is replaced yet");
    assert_eq!(rig.post(&format!("/{id}/users"), upload(&[EMAILS], emails(0..1))).await.refusal(), (400, 2650, 1_870_145));
    assert_eq!(rig.post(&replace, batch(8, 1, true, 0..1)).await.refusal(), (400, 2650, 1_870_145), "a second replace");
    assert_eq!(rig.post(&replace, batch(7, 3, true, 14..15)).await.refusal(), (400, 2650, 1_870_148), "batch 2 is missing");
    assert_eq!(rig.post(&replace, batch(7, 2, false, 12..14)).await.json["num_received"], 4);
    assert_eq!(rig.post(&replace, batch(7, 3, true, 14..15)).await.json["num_received"], 5);
    assert_eq!(status(&rig, &id).await, 200);
    let held: Vec<String> = rig.fake.state().audiences[0].rows.iter().map(|row| row["EMAIL"].clone()).collect();
    assert_eq!(held, (10..15).map(hash).collect::<Vec<String>>());
    assert_eq!(rig.post(&replace, batch(7, 4, true, 0..1)).await.refusal(), (400, 2650, 1_870_159), "the session is over");
}

#[tokio::test]
async fn a_replace_takes_its_time() {
    let rig = Rig::start(Options { replace_delay_s: 600, ..Options::default() }).await;
    let id = rig.filled("a", 0..5).await;
    rig.post(&format!("/{id}/usersreplace"), batch(7, 1, true, 5..6)).await;
    assert_eq!((status(&rig, &id).await, rig.rows()), (json!(414), 5));
    rig.fake.advance_clock(600);
    assert_eq!((status(&rig, &id).await, rig.rows()), (json!(200), 1));
}

#[tokio::test]
async fn ninety_minutes_cut_it_off() {
    let rig = Rig::quiet().await;
    let id = rig.filled("a", 0..5).await;
    let replace = format!("/{id}/usersreplace");
    rig.post(&replace, batch(7, 1, false, 5..7)).await;
    rig.fake.advance_clock(5_400);
    assert_eq!(rig.post(&replace, batch(7, 2, true, 7..8)).await.refusal(), (400, 2650, 1_870_158));
    assert_eq!((status(&rig, &id).await, rig.rows()), (json!(415), 2), "what came in counts");
    assert_eq!(rig.post(&replace, batch(8, 1, true, 5..8)).await.status, 200, "and it may be replaced again");
    assert_eq!((status(&rig, &id).await, rig.rows()), (json!(200), 3));
}

#[tokio::test]
async fn what_a_replace_needs() {
    let rig = Rig::quiet().await;
    let id = rig.filled("a", 0..5).await;
    let replace = format!("/{id}/usersreplace");
    assert_eq!(rig.post(&replace, upload(&[EMAILS], emails(0..1))).await.refusal(), (400, 100, 0), "a session");
    assert_eq!(rig.post(&replace, batch(7, 2, false, 0..1)).await.refusal(), (400, 2650, 1_870_147), "a first batch");
    assert_eq!(rig.post(&replace, batch(7, 1, true, 0..0)).await.refusal(), (400, 100, 0), "somebody to put in");
    let fresh = rig.create("fresh").await;
    assert_eq!(rig.post(&format!("/{fresh}/usersreplace"), batch(9, 1, true, 0..1)).await.refusal(), (400, 2650, 0), "a filled audience");
    assert_eq!(rig.rows(), 5);
}

#[tokio::test]
async fn an_unfilled_audience_may_be_allowed() {
    let rig = Rig::start(Options { replace_unfilled: true, ..Options::default() }).await;
    let id = rig.create("fresh").await;
    assert_eq!(rig.post(&format!("/{id}/usersreplace"), batch(9, 1, true, 0..3)).await.status, 200);
    assert_eq!(rig.rows(), 3);
}
