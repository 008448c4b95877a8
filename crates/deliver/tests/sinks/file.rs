//! What stands in the files.

use std::collections::BTreeSet;

use definitions::OnExit;
use deliver::conformance::{self, people, person};
use model::{SyncState, Value};

use crate::shelf::{Line, Shelf, applied, yaml};
use crate::stage::{Stage, known_by};

#[tokio::test]
async fn csv_keeps_the_contract() {
    conformance::all(async || Shelf::new("csv", "minimum_size: 3")).await;
}

#[tokio::test]
async fn ndjson_keeps_the_contract() {
    conformance::all(async || Shelf::new("ndjson", "minimum_size: 3\nhash: sha256")).await;
}

#[tokio::test]
async fn parquet_keeps_the_contract() {
    conformance::all(async || Shelf::new("parquet", "minimum_size: 3")).await;
}

fn cell<'l>(line: &'l Line, column: &str) -> &'l str {
    line[column].as_deref().unwrap_or("")
}

/// `change id email`, line by line.
fn told(shelf: &Shelf, audience: &str) -> Vec<String> {
    let lines = shelf.changes(audience);
    lines.iter().map(|line| format!("{} {} {}", cell(line, "change"), cell(line, "id"), cell(line, "email"))).collect()
}

#[tokio::test]
async fn exits_carry_what_was_known_at_entry() {
    let shelf = Shelf::new("csv", "");
    let stage = Stage::with(shelf.sink());
    stage.settle("vips", vec![person(1, "a@example.com"), person(2, "b@example.com")]).await;
    stage.wait(60);
    stage.settle("vips", vec![person(1, "new@example.com")]).await;
    stage.wait(60);
    stage.settle("vips", vec![]).await;
    let expected = [
        "entered p-1 a@example.com",
        "entered p-2 b@example.com",
        "exited p-2 b@example.com",
        "changed_from p-1 a@example.com",
        "changed_to p-1 new@example.com",
        "exited p-1 new@example.com",
    ];
    assert_eq!(told(&shelf, "vips"), expected);
    assert_eq!(applied(&shelf.changes("vips"), "email"), BTreeSet::new(), "in step by any column");
    let files: Vec<String> = shelf.files().iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let expected = [
        ".vips.told",
        "vips.changes.20260301T120000.000000Z.csv",
        "vips.changes.20260301T120100.000000Z.csv",
        "vips.changes.20260301T120200.000000Z.csv",
        "vips.members.csv",
    ];
    assert_eq!(files, expected);
    assert_eq!(cell(&shelf.changes("vips")[5], "at"), "2026-03-01T12:02:00.000000Z");
}

#[tokio::test]
async fn files_are_for_their_owner_only_and_the_folder_too() {
    use std::os::unix::fs::PermissionsExt as _;

    let shelf = Shelf::new("csv", "");
    std::fs::remove_dir(shelf.folder()).unwrap();
    Stage::with(shelf.sink()).settle("vips", people(1)).await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&shelf.folder()), 0o700);
    assert_eq!(shelf.files().len(), 3);
    for path in shelf.files() {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn the_fields_are_those_asked_for_and_the_value_of_the_sync() {
    let shelf = Shelf::new("ndjson", "fields: [user_id, traits.first_name, traits.tags]\nwrite: members");
    let stage = Stage::with(shelf.sink());
    let mut ben = known_by(1, &[("user_id", "u-1"), ("user_id", "u-2"), ("email", "ben@example.com")]);
    ben.traits.insert("first_name".to_owned(), Value::from("Ben"));
    ben.traits.insert("orders".to_owned(), Value::from(3.0));
    let mut job = Stage::job("vips", vec![ben]);
    job.value = Some("orders".to_owned());
    stage.settle_job(&job).await.unwrap();
    let text = std::fs::read_to_string(shelf.folder().join("vips.members.ndjson")).unwrap();
    assert_eq!(text, "{\"user_id\":\"u-1\",\"traits.first_name\":\"Ben\",\"traits.tags\":null,\"traits.orders\":3}\n");
    assert_eq!(shelf.change_files("vips").len(), 0);
}

#[tokio::test]
async fn hashed_identifiers_leave_no_address_in_the_folder() {
    let shelf = Shelf::new("ndjson", "hash: sha256");
    let stage = Stage::with(shelf.sink());
    stage.settle("vips", people(3)).await;
    stage.settle("vips", people(1)).await;
    assert_eq!(shelf.files().len(), 4);
    for path in shelf.files() {
        assert!(!std::fs::read_to_string(&path).unwrap().contains("example.com"), "{}", path.display());
    }
}

#[tokio::test]
async fn nobody_is_an_empty_file_and_not_none() {
    let shelf = Shelf::new("csv", "");
    let outcome = Stage::with(shelf.sink()).settle("vips", vec![]).await;
    assert_eq!((outcome.state, outcome.rows_added), (SyncState::Sent, 0));
    assert_eq!(std::fs::read_to_string(shelf.folder().join("vips.members.csv")).unwrap(), "id,user_id,email\n");
    assert_eq!(shelf.change_files("vips").len(), 0, "nothing changed");
}

#[tokio::test]
async fn kept_exits_stay_with_what_was_told_of_them() {
    let shelf = Shelf::new("csv", "");
    let stage = Stage::with(shelf.sink());
    let settle = async |count| {
        let job = deliver::SyncJob { on_exit: OnExit::Keep, ..Stage::job("vips", people(count)) };
        stage.settle_job(&job).await.unwrap()
    };
    settle(3).await;
    settle(1).await;
    std::fs::remove_file(shelf.folder().join("vips.members.csv")).unwrap();
    settle(1).await;
    let addresses: BTreeSet<String> = shelf.members("vips").into_iter().filter_map(|line| line["email"].clone()).collect();
    assert_eq!(addresses, BTreeSet::from([0, 1, 2].map(|number| format!("person{number}@example.com"))));
    assert_eq!(shelf.change_files("vips").len(), 1);
    // Without the memory they are still there, by their ids.
    std::fs::remove_file(shelf.folder().join(".vips.told")).unwrap();
    settle(1).await;
    let ids: BTreeSet<String> = shelf.members("vips").into_iter().filter_map(|line| line["id"].clone()).collect();
    assert_eq!(ids, BTreeSet::from(["p-0", "p-1", "p-2"].map(str::to_owned)));
}

#[tokio::test]
async fn another_format_leaves_no_stale_members_behind() {
    let shelf = Shelf::new("csv", "");
    let stage = Stage::with(shelf.sink());
    stage.settle("vips", people(2)).await;
    let stage = stage.reconfigured(&yaml(&shelf.folder(), "ndjson", ""));
    stage.settle("vips", people(2)).await;
    assert!(!shelf.folder().join("vips.members.csv").exists());
    assert!(shelf.folder().join("vips.members.ndjson").exists());
    let stage = stage.reconfigured(&yaml(&shelf.folder(), "ndjson", "write: changes"));
    stage.settle("vips", people(2)).await;
    assert!(!shelf.folder().join("vips.members.ndjson").exists());
    assert_eq!(shelf.change_files("vips").len(), 1, "nobody changed");
}

#[tokio::test]
async fn more_fields_are_a_change_of_everybody() {
    let shelf = Shelf::new("csv", "");
    let stage = Stage::with(shelf.sink());
    stage.settle("vips", people(1)).await;
    let stage = stage.reconfigured(&yaml(&shelf.folder(), "csv", "fields: [id, email, traits.first_name]"));
    stage.wait(1);
    stage.settle("vips", people(1)).await;
    let lines = shelf.changes("vips");
    let names: Vec<_> =
        lines[1..].iter().map(|line| (cell(line, "change"), cell(line, "email"), cell(line, "traits.first_name"))).collect();
    assert_eq!(names, [("changed_from", "person0@example.com", ""), ("changed_to", "person0@example.com", "Name0")]);
}

#[tokio::test]
async fn two_destinations_do_not_share_the_files_of_an_audience() {
    let shelf = Shelf::new("csv", "");
    Stage::with(shelf.sink()).settle("vips", people(2)).await;
    let mut other = Stage::with(shelf.sink());
    other.destination = model::DestinationKey::parse("another").unwrap();
    let outcome = other.settle("vips", people(1)).await;
    assert_eq!(outcome.state, SyncState::Failed);
    assert!(outcome.message.unwrap().contains("those of destination `far_side`"));
    assert_eq!(shelf.members("vips").len(), 2);
}
