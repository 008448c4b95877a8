//! The contract on SQLite, in memory and in a file, and what a file may suffer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::{Collection, Identifier, IdentifierKind, LogName, Moment, ProfileId, Segment};
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use store::{AttachedIdentifier, Flush, NewProfile, Store, StoreError, StoreUrl};

async fn open(file: &Path) -> Result<Arc<dyn Store>, StoreError> {
    store::open(&StoreUrl::SqliteFile(file.to_owned())).await
}

async fn refused(file: &Path) -> StoreError {
    match open(file).await {
        Err(error) => error,
        Ok(_) => panic!("`{}` opened", file.display()),
    }
}

/// A connection beside the store's own, as another process would have it.
async fn beside(file: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.expect("a second connection")
}

fn batch(count: u32) -> Flush {
    let at = Moment::parse("2025-03-01").expect("a date");
    let profile = |number| NewProfile { profile: ProfileId(number), collection: Collection::Users, created_at: at };
    let identifier = |number| AttachedIdentifier {
        identifier: Identifier { kind: IdentifierKind::new("user_id"), value: format!("u{number}") },
        profile: ProfileId(number),
        first_seen_at: at,
        attached_at: at,
    };
    let path = "traits/2025-03-01/a.parquet".to_owned();
    let segment = Segment { path, log: LogName::Traits, day: at.day(), rows: 1, first_at: at, last_at: at, bytes: 1, columns: Vec::new() };
    Flush {
        profiles: (0..count).map(profile).collect(),
        identifiers: (0..count).map(identifier).collect(),
        segments: vec![segment],
        ..Flush::default()
    }
}

#[tokio::test]
async fn sqlite_in_memory_keeps_the_contract() {
    store::conformance::all(async || store::open(&StoreUrl::SqliteMemory).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    store::conformance::all(async || -> Arc<dyn Store> {
        number.set(number.get() + 1);
        // A name that a URL would read differently.
        open(&folder.path().join(format!("store #{}?a%20b.db", number.get()))).await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn a_file_opened_again_holds_everything() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("muster.db");
    let store = open(&file).await.unwrap();
    store.flush(&batch(10)).await.unwrap();
    let (people, segments) = (store.people().await.unwrap(), store.segments().await.unwrap());
    let identities = store.identities(&[ProfileId(3)]).await.unwrap();
    drop(store);
    let again = open(&file).await.unwrap();
    assert_eq!(again.next_profile().await.unwrap(), ProfileId(10));
    assert_eq!(again.people().await.unwrap(), people);
    assert_eq!(again.segments().await.unwrap(), segments);
    assert_eq!(again.identities(&[ProfileId(3)]).await.unwrap(), identities);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_cut_short_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("muster.db");
    let store = open(&file).await.unwrap();
    let flush = batch(30_000);
    let mut cut_short = 0;
    for wait_ms in [1, 5, 20, 50] {
        if tokio::time::timeout(Duration::from_millis(wait_ms), store.flush(&flush)).await.is_ok() {
            break;
        }
        cut_short += 1;
        for store in [Arc::clone(&store), open(&file).await.unwrap()] {
            assert_eq!(store.next_profile().await.unwrap(), ProfileId(0), "after {wait_ms} ms");
            assert!(store.people().await.unwrap().sightings.is_empty(), "after {wait_ms} ms");
            assert_eq!(store.segments().await.unwrap(), [], "after {wait_ms} ms");
        }
    }
    assert!(cut_short > 0, "30,000 profiles took no time");
    store.flush(&flush).await.unwrap();
    assert_eq!(store.next_profile().await.unwrap(), ProfileId(30_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_may_make_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("muster.db");
    let openings: Vec<_> = (0..4).map(|_| file.clone()).map(|file| tokio::spawn(async move { open(&file).await.map(drop) })).collect();
    for opening in openings {
        opening.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn looking_for_a_store_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("muster.db");
    let url = StoreUrl::SqliteFile(file.clone());
    assert!(store::open_existing(&url).await.unwrap().is_none());
    assert!(store::open_existing(&StoreUrl::SqliteFile(folder.path().join("no/such/folder/muster.db"))).await.unwrap().is_none());
    assert!(!file.exists());

    std::fs::write(&file, "").unwrap();
    assert!(store::open_existing(&url).await.unwrap().is_none(), "a file without tables is no store");
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);

    std::fs::write(&file, "nothing that SQLite would write. ".repeat(100)).unwrap();
    let damaged = store::open_existing(&url).await.err();
    assert!(matches!(damaged, Some(StoreError::Corrupt { .. })), "what cannot be read is not nothing: {damaged:?}");
    std::fs::remove_file(&file).unwrap();

    let written = open(&file).await.unwrap();
    written.flush(&batch(10)).await.unwrap();
    let found = store::open_existing(&url).await.unwrap().expect("a store");
    assert_eq!(found.segments().await.unwrap(), written.segments().await.unwrap());
}

#[tokio::test]
async fn a_store_from_the_future_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("muster.db");
    drop(open(&file).await.unwrap());
    let future = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (1000, '', TRUE, x'', 0)";
    beside(&file).await.execute(future).await.unwrap();
    let error = refused(&file).await;
    assert!(matches!(error, StoreError::NewerThanBinary { found: 1000, .. }), "{error:?}");
    assert!(error.to_string().ends_with("this binary knows up to 20: upgrade muster"), "{error}");
}

#[tokio::test]
async fn looking_in_makes_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("muster.db");
    let url = StoreUrl::SqliteFile(file.clone());
    assert!(store::open_existing(&url).await.unwrap().is_none());
    assert!(!file.exists());
    fs::write(&file, "").unwrap();
    assert!(store::open_existing(&url).await.unwrap().is_none(), "no tables");
    drop(open(&file).await.unwrap());
    let found = store::open_existing(&url).await.unwrap().expect("up to date");
    assert!(found.known_audiences().await.unwrap().is_empty());
    beside(&file).await.execute("DELETE FROM _sqlx_migrations WHERE version = 19").await.unwrap();
    assert!(store::open_existing(&url).await.unwrap().is_none(), "older");
}

#[tokio::test]
async fn a_locked_store_says_so_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("muster.db");
    let store = open(&file).await.unwrap();
    let mut other = beside(&file).await;
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    let error = store.flush(&batch(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    let expected = format!("could not flush a batch: the store `{}` is locked by another process, try again", file.display());
    assert_eq!(error.to_string(), expected);
    assert_eq!(open(&file).await.unwrap().next_profile().await.unwrap(), ProfileId(0), "readers do not wait");
    other.execute("ROLLBACK").await.unwrap();
    store.flush(&batch(1)).await.unwrap();
}

#[tokio::test]
async fn a_store_needs_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing").join("muster.db");
    let error = refused(&file).await;
    assert!(matches!(&error, StoreError::NoFolder { folder, .. } if folder.ends_with("missing")), "{error:?}");
}

/// A folder in which we cannot make a file. Root may write anywhere but in the kernel's own folders.
fn unwritable(folder: &Path) -> PathBuf {
    let mut permissions = fs::metadata(folder).expect("a folder").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder, permissions).expect("our own folder");
    if fs::File::create(folder.join("probe")).is_ok() { PathBuf::from("/proc") } else { folder.to_owned() }
}

#[tokio::test]
async fn a_store_needs_a_writable_folder() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(&unwritable(folder.path()).join("muster.db")).await;
    assert!(matches!(error, StoreError::NotWritable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_that_is_no_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("muster.db");
    let text = "dear diary, ".repeat(1_000);
    fs::write(&file, &text).unwrap();
    let error = refused(&file).await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}
