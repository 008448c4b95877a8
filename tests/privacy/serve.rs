//! While `muster serve` takes messages: whoever is kept out is refused at the door, and an erasure goes on there.

use std::time::Duration;

use serde_json::json;

use crate::scene::{Scene, Somebody, post};

const ANN: Somebody = Somebody { name: "annplanted" };
const BOB: Somebody = Somebody { name: "bobplanted" };

#[tokio::test(flavor = "multi_thread")]
async fn who_is_kept_out_is_refused_at_the_door() {
    let scene = Scene::open(&[ANN, BOB]).await;
    let (serve, address, key) = scene.serve().await;
    scene.expect(0, &["suppress", "email:annplanted@example.com"]);
    assert!(scene.expect(0, &["suppressions"]).contains("identifiers suppressed"));
    // Known to the running process within seconds.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let by_another = json!({ "type": "track", "anonymousId": "a-annplanted", "event": "Page Viewed" });
    let answer = post(address, &key, &[ANN.posted(), by_another, BOB.posted()]).await;
    assert_eq!((&answer["success"], &answer["accepted"]), (&json!(true), &json!(1)), "{answer}");
    let rejected = answer["rejected"].as_array().expect("a list");
    assert_eq!(rejected.len(), 2, "{answer}");
    assert!(rejected.iter().all(|rejected| rejected["code"] == "suppressed"), "{answer}");
    let needle = b"annplanted.inbox@example.com".to_vec();
    assert_eq!(scene.places(&[needle]).await, Vec::<String>::new(), "nothing of it was written");

    // The process that takes messages goes on with an erasure, since only it can empty its inbox.
    post(address, &key, &[BOB.posted()]).await;
    let told = scene.expect(0, &["delete", "user_id:u-bobplanted", "--yes"]);
    assert!(told.contains(": finished"), "{told}");
    assert_eq!(scene.places(&BOB.needles()).await, Vec::<String>::new());
    tokio::time::sleep(Duration::from_secs(4)).await;
    let old = json!({ "type": "track", "userId": "u-bobplanted", "event": "Page Viewed", "timestamp": "2025-03-01T00:00:00Z" });
    let new = json!({ "type": "track", "userId": "u-bobplanted", "event": "Page Viewed" });
    let answer = post(address, &key, &[old, new]).await;
    assert_eq!((&answer["accepted"], &answer["rejected"][0]["code"]), (&json!(1), &json!("erased")), "{answer}");
    drop(serve);
    scene.expect(0, &["run"]);
}
