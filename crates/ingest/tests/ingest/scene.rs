//! A lake, a store and files in a temporary folder.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use ingest::{Format, ImportOptions, ImportReport, IngestError, import_file};
use lake::Lake;
use model::{Fact, Identifier, IdentifierKind, Moment, People};
use store::{Store, StoreUrl};
use tempfile::TempDir;

/// Where an import happens.
pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) lake: Lake,
    pub(crate) store: Arc<dyn Store>,
}

/// Everything that an import makes true.
#[derive(Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) facts: Vec<Fact>,
    pub(crate) people: People,
}

pub(crate) fn now() -> Moment {
    Moment::parse("2025-03-08T12:00:00Z").unwrap()
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (lake, store) = open(folder.path()).await;
        Self { folder, lake, store }
    }

    /// As after the death of the process.
    pub(crate) async fn reopened(self) -> Self {
        let Self { folder, store, .. } = self;
        drop(store);
        let (lake, store) = open(folder.path()).await;
        // In this process the dead one's last transaction may still be on its way; whoever writes waits for its end, as
        // an import does by taking the writer's lease first.
        assert!(store.lease("writer", "somebody", now(), now()).await.unwrap());
        Self { folder, lake, store }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) async fn import(&self, path: &Path) -> ImportReport {
        self.try_import(path, &small_batches(), now()).await.unwrap()
    }

    pub(crate) async fn try_import(&self, path: &Path, options: &ImportOptions, now: Moment) -> Result<ImportReport, IngestError> {
        import_file(path, options, &self.lake, &self.store, now, &mut |_| {}).await
    }

    pub(crate) async fn state(&self) -> State {
        let mut facts = Vec::new();
        for (_, segment) in self.store.segments().await.unwrap() {
            facts.extend(self.lake.facts(&segment).unwrap());
        }
        facts.sort_by_key(|fact| fact.message_key);
        let mut people = self.store.people().await.unwrap();
        // Under which of its numbers a merged profile's identifier is kept depends on where a batch ended.
        for sightings in people.sightings.values_mut() {
            for sighting in sightings.iter_mut() {
                sighting.profile = people.canonical[sighting.profile.index()];
            }
            sightings.sort_by_key(|sighting| (sighting.profile, sighting.first_seen_at));
        }
        State { facts, people }
    }

    /// The profile of an identifier such as `user_id:u1`.
    pub(crate) async fn profile(&self, identifier: &str) -> Option<u32> {
        let (kind, value) = identifier.split_once(':').unwrap();
        let identifier = Identifier { kind: IdentifierKind::new(kind), value: value.to_owned() };
        let found = self.store.find_profiles(std::slice::from_ref(&identifier)).await.unwrap();
        found.get(&identifier).map(|profile| profile.0)
    }
}

async fn open(folder: &Path) -> (Lake, Arc<dyn Store>) {
    let lake = Lake::open(&folder.join("lake")).unwrap();
    let store = store::open(&StoreUrl::SqliteFile(folder.join("muster.db"))).await.unwrap();
    (lake, store)
}

/// Several batches even for a few lines.
pub(crate) fn small_batches() -> ImportOptions {
    ImportOptions { batch_lines: 7, ..ImportOptions::default() }
}

pub(crate) fn csv(mapping: model::CsvMapping) -> ImportOptions {
    ImportOptions { format: Format::Csv(mapping), batch_lines: 3, ..ImportOptions::default() }
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Messages of all kinds about a few people, some of whom turn out to be one; every fifth has no id of its own.
pub(crate) fn messages(count: usize) -> String {
    let mut text = String::new();
    for n in 0..count {
        let (user, browser, day) = (n % 7, n * 5 % 11, n % 4 + 1);
        let id = if n % 5 == 0 { String::new() } else { format!(r#""messageId":"m{n}","#) };
        let at = format!(r#"{id}"timestamp":"2025-03-0{day}T{:02}:30:00Z""#, n % 24);
        let line = match n % 6 {
            0 => format!(r#"{{"type":"track","anonymousId":"b{browser}","event":"Product Viewed","properties":{{"n":{n}}},{at}}}"#),
            1 => format!(r#"{{"type":"track","userId":"u{user}","event":"Order Completed","properties":{{"total":{n}.5}},{at}}}"#),
            2 => format!(r#"{{"type":"identify","userId":"u{user}","traits":{{"email":"p{user}@example.com","n":{n}}},{at}}}"#),
            3 => format!(r#"{{"type":"page","userId":"u{user}","anonymousId":"b{browser}","name":"Home",{at}}}"#),
            4 => format!(r#"{{"type":"group","userId":"u{user}","groupId":"g{}","traits":{{"n":{n}}},{at}}}"#, n / 6 % 3),
            _ => format!(r#"{{"type":"alias","userId":"u{user}","previousId":"b{browser}",{at}}}"#),
        };
        writeln!(text, "{line}").unwrap();
    }
    text
}
