//! kill -9 at any moment of an erasure: gone on with, it ends as if nothing had happened.
//!
//! `MUSTER_KILLS` sets how many erasures are killed (6 by default; hundreds in the long mode). Each is of somebody else, killed
//! a little later than the one before, and its going on is killed as well.
#![expect(clippy::disallowed_methods, reason = "the test reads its own setting, and waits before it kills")]

use std::process::Stdio;
use std::time::Duration;

use crate::scene::{Scene, Somebody};

const STAYS: Somebody = Somebody { name: "stayplanted" };

fn kills() -> u64 {
    std::env::var("MUSTER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

/// Starts a command and kills it after a while; whether it was still running.
fn strike(scene: &Scene, arguments: &[&str], after: Duration) -> bool {
    let mut command = scene.command(arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("muster starts");
    std::thread::sleep(after);
    let struck = child.try_wait().expect("a status").is_none();
    if struck {
        child.kill().expect("killed");
    }
    child.wait().expect("gone");
    struck
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_is_killed_goes_on() {
    // A few people are erased again and again: each time they come back as somebody new.
    const NAMES: [&str; 6] = ["oneplanted", "twoplanted", "threeplanted", "fourplanted", "fiveplanted", "sixplanted"];
    let everybody: Vec<Somebody> = NAMES.iter().map(|name| Somebody { name }).chain([STAYS]).collect();
    let scene = Scene::open(&everybody).await;
    let rows = scene.rows_at_facebook() / everybody.len();
    let stays_before = scene.places(&STAYS.needles()).await.len();
    assert!(stays_before > 0);
    let mut struck = 0;
    for round in 0..kills() {
        let somebody = &everybody[usize::try_from(round).expect("few") % NAMES.len()];
        let identifier = format!("user_id:u-{}", somebody.name);
        let delete = ["delete", identifier.as_str(), "--yes"];
        let late = Duration::from_millis(10 + round * 900 / kills());
        struck += u64::from(strike(&scene, &delete, late));
        struck += u64::from(strike(&scene, &["delete", "--resume"], Duration::from_millis(10 + (round * 370) % 600)));
        scene.expect(0, &["delete", "--resume"]);
        // Killed before it was recorded, it was never asked for; else there is nobody left to erase.
        scene.expect(0, &delete);
        assert_eq!(scene.places(&somebody.needles()).await, Vec::<String>::new(), "round {round}");
        if kills() > NAMES.len() as u64 {
            let day = 4 + u32::try_from(round % 20).expect("few");
            // Without a timestamp they happen as they are taken in: later than any erasure.
            scene.write("again.ndjson", &somebody.messages(day).replace("\"timestamp\"", "\"forgotten\""));
            scene.expect(0, &["ingest", "again.ndjson", "--source", &format!("round-{round}")]);
            scene.expect(0, &["run"]);
        }
    }
    assert!(struck > 0, "no kill found anything running");
    assert!(scene.places(&STAYS.needles()).await.len() >= stays_before.min(20), "somebody else is still there");
    let receipts = scene.json(&["erasures", "--limit", "10000"]);
    assert!(receipts.as_array().expect("receipts").iter().all(|receipt| receipt["status"] == "finished"), "{receipts}");
    if kills() <= NAMES.len() as u64 {
        assert_eq!(scene.rows_at_facebook(), rows * (everybody.len() - usize::try_from(kills()).expect("few")));
    }
    // What is on the disk is what the store names, and counts.
    scene.expect(0, &["run"]);
    scene.expect(0, &["compact"]);
}
