//! kill -9 at any moment: every change is written once, and nothing is there by halves.

use std::collections::BTreeSet;

use deliver::conformance::{people, person};
use model::{LedgerState, SyncState};

use crate::shelf::{Shelf, applied};
use crate::stage::Stage;

/// Kills the ledger after each number of changes in turn, and then goes on.
async fn killed_after(changes: usize, takes_files: bool) {
    let shelf = Shelf::new("csv", "");
    let stage = Stage::with(shelf.sink());
    stage.settle("vips", people(4)).await;
    let mut seen = Vec::new();
    let take = |seen: &mut Vec<_>| {
        if takes_files {
            seen.extend(shelf.changes("vips"));
            shelf.change_files("vips").iter().for_each(|path| std::fs::remove_file(path).unwrap());
        }
    };
    take(&mut seen);
    let mut next = vec![person(0, "new@example.com"), person(2, "person2@example.com"), person(9, "nine@example.com")];
    stage.changes_left(changes);
    let killed = stage.settle_job(&Stage::job("vips", next.clone())).await.is_err();
    assert_eq!(killed, changes < 3, "a step changes the ledger three times");
    take(&mut seen);
    stage.changes_left(usize::MAX);
    // Meanwhile somebody else changed their mind.
    next.pop();
    next.push(person(1, "person1@example.com"));
    let outcome = stage.settle("vips", next).await;
    assert_eq!(outcome.state, SyncState::Sent);
    take(&mut seen);
    if !takes_files {
        seen = shelf.changes("vips");
    }
    let held = BTreeSet::from(["p-0", "p-1", "p-2"].map(str::to_owned));
    assert_eq!(applied(&seen, "id"), held, "every change once");
    let addresses = ["new@example.com", "person1@example.com", "person2@example.com"];
    assert_eq!(applied(&seen, "email"), BTreeSet::from(addresses.map(str::to_owned)));
    let members: BTreeSet<String> = shelf.members("vips").into_iter().filter_map(|line| line["id"].clone()).collect();
    assert_eq!(members, held);
    assert!(stage.rows("vips").await.iter().all(|row| row.state == LedgerState::Added));
    assert!(shelf.files().iter().all(|path| path.extension().is_none_or(|ending| ending != "tmp")), "{:?}", shelf.files());
}

#[tokio::test]
async fn killed_between_any_two_changes_of_the_ledger() {
    for changes in 0..=3 {
        killed_after(changes, false).await;
    }
}

/// A consumer that takes change files away at once must not be told twice.
#[tokio::test]
async fn a_consumer_may_take_files_away_at_any_moment() {
    for changes in 0..=3 {
        killed_after(changes, true).await;
    }
}

/// The step happened, and the kill came before its changes had their name.
#[tokio::test]
async fn changes_that_were_staged_get_their_name() {
    let shelf = Shelf::new("csv", "");
    let stage = Stage::with(shelf.sink());
    shelf.stumble();
    assert_eq!(stage.settle("vips", people(2)).await.state, SyncState::Held);
    let written = shelf.change_files("vips").remove(0);
    let staged = written.with_file_name(format!(".{}.tmp", written.file_name().unwrap().to_str().unwrap()));
    std::fs::rename(&written, &staged).unwrap();
    stage.settle("vips", people(2)).await;
    assert_eq!(shelf.change_files("vips"), [written]);
    assert_eq!(shelf.members("vips").len(), 2);
}

/// The kill came before the step happened: what was staged is swept.
#[tokio::test]
async fn what_did_not_happen_is_undone() {
    let shelf = Shelf::new("csv", "");
    let stage = Stage::with(shelf.sink());
    stage.settle("vips", people(1)).await;
    let in_the_way = shelf.folder().join(".vips.changes.20260301T120000.000001Z.csv.tmp");
    std::fs::create_dir_all(in_the_way.join("in the way")).unwrap();
    assert_eq!(stage.settle("vips", people(2)).await.state, SyncState::Held);
    assert_eq!(stage.rows("vips").await.iter().filter(|row| row.state == LedgerState::PendingAdd).count(), 1);
    std::fs::remove_dir_all(&in_the_way).unwrap();
    std::fs::write(in_the_way, "half a fi").unwrap();
    let outcome = stage.settle("vips", people(3)).await;
    assert_eq!((outcome.rows_added, outcome.rows_removed), (2, 0));
    assert_eq!(shelf.change_files("vips").len(), 2);
    assert_eq!(applied(&shelf.changes("vips"), "id").len(), 3);
    assert!(shelf.files().iter().all(|path| path.extension().is_none_or(|ending| ending != "tmp")), "{:?}", shelf.files());
}

#[tokio::test]
async fn a_lost_memory_costs_details_of_exits_and_nothing_else() {
    let shelf = Shelf::new("csv", "");
    let stage = Stage::with(shelf.sink());
    stage.settle("vips", people(3)).await;
    std::fs::remove_file(shelf.folder().join(".vips.told")).unwrap();
    stage.wait(1);
    let outcome = stage.settle("vips", people(2)).await;
    assert!(outcome.message.unwrap().contains("1 exits carry only the id"));
    let changes = shelf.changes("vips");
    assert_eq!((changes.len(), changes[3]["id"].as_deref(), changes[3]["email"].as_deref()), (4, Some("p-2"), None));
    assert_eq!(shelf.members("vips").len(), 2);
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_mix_up_the_order_of_files() {
    let shelf = Shelf::new("csv", "");
    let stage = Stage::with(shelf.sink());
    for (seconds, count) in [(0, 1), (-3_600, 2), (0, 1), (-60, 3)] {
        stage.wait(seconds);
        stage.settle("vips", people(count)).await;
    }
    assert_eq!(shelf.change_files("vips").len(), 4);
    assert_eq!(applied(&shelf.changes("vips"), "id").len(), 3);
}
