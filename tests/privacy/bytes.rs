//! Whoever is erased is in no file afterwards, and everybody else is where they were.

use serde_json::json;

use crate::scene::{Scene, Somebody, post};

const ANN: Somebody = Somebody { name: "annplanted" };
const BOB: Somebody = Somebody { name: "bobplanted" };

/// The name that the outside world knows somebody by, from the members' file they stand in.
fn public_id(scene: &Scene, somebody: &Somebody) -> String {
    let file = scene.path("members-now.csv");
    scene.expect(0, &["members", "buyers", "--output", "members-now.csv"]);
    let text = std::fs::read_to_string(file).expect("members");
    let line = text.lines().find(|line| line.contains(&format!("u-{}", somebody.name))).unwrap_or_else(|| panic!("{text}"));
    line.split(',').find(|cell| cell.len() == 36 && cell.matches('-').count() == 4).unwrap_or_else(|| panic!("{line}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_an_erased_person_is_left() {
    let scene = Scene::open(&[ANN, BOB]).await;
    // What was accepted over HTTP, and is no fact yet.
    let (serve, address, key) = scene.serve().await;
    post(address, &key, &[ANN.posted(), BOB.posted()]).await;
    drop(serve);

    let (ann_id, bob_id) = (public_id(&scene, &ANN), public_id(&scene, &BOB));
    let needles = |somebody: &Somebody, id: &str| [somebody.needles(), vec![id.as_bytes().to_vec()]].concat();
    let (anns, bobs) = (needles(&ANN, &ann_id), needles(&BOB, &bob_id));
    // The search finds what is there: raw values in the store, the lake, decoded columns and the inbox, hashes in the ledger.
    let before = scene.places(&anns).await;
    for place in ["muster.db", "lake", "cache/columns", "inbox", "events/event=Order Completed", "traits/"] {
        let place = place.replace("event=Order Completed", "event=Order%20Completed");
        assert!(before.iter().any(|found| found.contains(&place)), "nothing of Ann in {place}: {before:#?}");
    }
    for value in ANN.values() {
        assert!(before.iter().any(|found| found.to_lowercase().contains(&value.to_lowercase())), "{value} is nowhere: {before:#?}");
    }
    let bobs_before = scene.places(&bobs).await;
    let rows = scene.rows_at_facebook();
    assert!(rows >= 2 && file(&scene).contains(&ann_id), "{rows}");

    // A destination that is closed keeps everything where it is: nothing is erased here first.
    let closed = json!({ "match": { "path": "*/usersofanyaudience" }, "action": { "kind": "error", "code": 190, "subcode": 463 } });
    scene.graph.add_fault(serde_json::from_value(closed).expect("a fault"));
    let would = scene.expect(0, &["delete", "user_id:u-annplanted", "--dry-run"]);
    assert!(would.contains("facebook_main: ") && would.contains("audiences: buyers"), "{would}");
    let unasked = scene.expect(2, &["delete", "user_id:u-annplanted"]);
    assert!(unasked.contains("--yes"), "{unasked}");
    let told = scene.expect(1, &["delete", "email:ANNPLANTED@example.com", "--yes", "--by", "ticket 7"]);
    assert!(told.contains("facebook_main: not yet: ") && told.contains("here: not yet"), "{told}");
    assert!(!file(&scene).contains(&ann_id), "the file's consumer was told an exit");
    assert!(exits(&scene).contains(&ann_id), "{}", exits(&scene));
    assert!(scene.places(&anns).await.len() >= before.len() / 2, "nothing was erased yet");

    scene.graph.clear_faults();
    let told = scene.expect(0, &["delete", "--resume"]);
    assert!(told.contains(": finished") && told.contains("asked for ") && told.contains("ticket 7"), "{told}");
    assert_eq!(scene.rows_at_facebook(), rows / 2);
    assert_eq!(scene.places(&anns).await, Vec::<String>::new());
    let missing = missing(&bobs_before, &scene.places(&bobs).await);
    assert!(missing.is_empty(), "of Bob, these are gone: {missing:?}");
    let receipts = scene.json(&["erasures"]);
    assert_eq!((&receipts[0]["status"], &receipts[0]["requested_by"]), (&json!("finished"), &json!("ticket 7")), "{receipts}");
    assert!(receipts[0]["here"]["events"].as_u64().expect("a count") >= 6, "{receipts}");

    // Old files bring nobody back; a run and a compaction later there is nothing either.
    // An empty line more: the same file is not even read again.
    let old = std::fs::read_to_string(scene.folder.path().join("day-1.ndjson")).expect("the old file");
    std::fs::write(scene.folder.path().join("old.ndjson"), old + "\n").expect("written");
    let replayed = scene.expect(1, &["ingest", "old.ndjson", "--source", "again"]);
    std::fs::remove_file(scene.folder.path().join("old.ndjson")).expect("removed");
    assert!(replayed.contains("rejected: erased"), "{replayed}");
    scene.expect(0, &["run"]);
    scene.expect(0, &["compact"]);
    assert_eq!(scene.places(&anns).await, Vec::<String>::new());
    assert_eq!(scene.rows_at_facebook(), rows / 2 + 1, "Bob's address from the inbox is sent by now");
    // The table of the model still names her: she comes back with what it says now, and is somebody new. What a sync says is
    // as of its whole second, which has to be after the erasure.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    scene.expect(0, &["model", "sync"]);
    assert!(!scene.places(&ANN.needles()).await.is_empty());
    assert!(!scene.places(&[ann_id.into_bytes()]).await.iter().any(|found| found.contains("muster.db")));
    let suppressed = scene.expect(0, &["delete", "user_id:u-annplanted", "--yes", "--suppress"]);
    assert!(suppressed.contains("what is said later is refused as well"), "{suppressed}");
    let synced = scene.expect(1, &["model", "sync"]);
    assert!(synced.contains("rejected: suppressed"), "{synced}");
    assert_eq!(scene.places(&anns).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_can_be_verified() {
    let scene = Scene::open(&[BOB]).await;
    let told = scene.json(&["delete", "anonymous_id:a-bobplanted", "--yes"]);
    let erasure = told["erasure"].as_str().expect("a name").to_owned();
    assert_eq!(told["requested_by"], "keeper");
    let receipt = scene.json(&["erasures", &erasure]);
    scene.write("receipt.json", &receipt.to_string());
    assert!(scene.expect(0, &["erasures", "--verify", "receipt.json"]).contains("word for word"));
    scene.write("receipt.json", &receipt.to_string().replace("finished", "waiting"));
    scene.expect(1, &["erasures", "--verify", "receipt.json"]);
    assert!(scene.expect(2, &["erasures", "nothing"]).contains("no erasure"));
    assert!(scene.expect(0, &["delete", "--resume"]).contains("every erasure is finished"));
}

fn file(scene: &Scene) -> String {
    std::fs::read_to_string(scene.path("out/buyers.members.csv")).expect("a members' file")
}

/// All that the consumer of files was told of changes.
fn exits(scene: &Scene) -> String {
    let mut files: Vec<_> = std::fs::read_dir(scene.path("out")).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let changes = files.iter().filter(|path| path.is_file() && !path.to_string_lossy().contains("members"));
    changes.map(|path| std::fs::read_to_string(path).unwrap_or_default()).filter(|text| text.contains("exited")).collect()
}

/// What was found before and is nowhere any more. Segments are written anew under other names, so only what was found counts.
fn missing(before: &[String], after: &[String]) -> Vec<String> {
    let needle = |found: &String| found.rsplit_once(": ").map_or(String::new(), |(_, needle)| needle.to_owned());
    let after: std::collections::BTreeSet<String> = after.iter().map(needle).collect();
    let mut missing: Vec<String> = before.iter().map(needle).filter(|needle| !after.contains(needle)).collect();
    missing.dedup();
    missing
}
