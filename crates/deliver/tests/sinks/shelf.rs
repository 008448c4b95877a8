//! The shelf: a real folder that a file destination writes to, read as a consumer reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use deliver::conformance::Rehearsal;
use deliver::{Context, Erasure, LedgerError, Sink, Step, SyncJob, SyncOutcome, Trial};
use model::{AudienceKey, ProfileId, PublicId};
use tempfile::TempDir;

use crate::stage::configure;

/// One line, by column.
pub(crate) type Line = BTreeMap<String, Option<String>>;

/// A folder and the sink that writes to it.
pub(crate) struct Shelf {
    around: TempDir,
    sink: Arc<Stumbling>,
    format: &'static str,
}

/// A sink that may be unable to end a sync: something stands where the members' file should be.
struct Stumbling {
    inner: Arc<dyn Sink>,
    folder: PathBuf,
    format: &'static str,
    stumbles: AtomicBool,
}

#[async_trait]
impl Sink for Stumbling {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    async fn settle(&self, job: &SyncJob, context: &Context<'_>) -> Result<SyncOutcome, LedgerError> {
        if !self.stumbles.swap(false, Ordering::Relaxed) {
            return self.inner.settle(job, context).await;
        }
        let members = self.folder.join(format!("{}.members.{}", job.audience, self.format));
        let aside = self.folder.join("aside");
        let had_members = std::fs::rename(&members, &aside).is_ok();
        std::fs::create_dir_all(members.join("in the way")).unwrap();
        let outcome = self.inner.settle(job, context).await;
        std::fs::remove_dir_all(&members).unwrap();
        if had_members {
            std::fs::rename(&aside, &members).unwrap();
        }
        outcome
    }

    async fn erase(&self, profiles: &[ProfileId], context: &Context<'_>) -> Result<Erasure, LedgerError> {
        self.inner.erase(profiles, context).await
    }

    async fn examine(&self, trial: Option<&Trial>, context: &Context<'_>) -> Vec<Step> {
        self.inner.examine(trial, context).await
    }
}

impl Shelf {
    /// An empty folder, and a sink for it with further lines of YAML.
    pub(crate) fn new(format: &'static str, more: &str) -> Self {
        let around = tempfile::tempdir().unwrap();
        let folder = around.path().join("shelf");
        let (inner, problems) = configure(&yaml(&folder, format, more));
        let inner = inner.unwrap_or_else(|| panic!("{problems:?}"));
        std::fs::create_dir(&folder).unwrap();
        let sink = Arc::new(Stumbling { inner, folder, format, stumbles: AtomicBool::new(false) });
        Self { around, sink, format }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.around.path().join("shelf")
    }

    pub(crate) fn sink(&self) -> Arc<dyn Sink> {
        Arc::clone(&self.sink) as Arc<dyn Sink>
    }

    pub(crate) fn stumble(&self) {
        self.sink.stumbles.store(true, Ordering::Relaxed);
    }

    /// Who is in, as the members' file has it.
    pub(crate) fn members(&self, audience: &str) -> Vec<Line> {
        let path = self.folder().join(format!("{audience}.members.{}", self.format));
        if path.exists() { lines(&path) } else { Vec::new() }
    }

    /// All lines of all changes, file after file.
    pub(crate) fn changes(&self, audience: &str) -> Vec<Line> {
        self.change_files(audience).iter().flat_map(|path| lines(path)).collect()
    }

    pub(crate) fn change_files(&self, audience: &str) -> Vec<PathBuf> {
        let start = format!("{audience}.changes.");
        self.files().into_iter().filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&start)).collect()
    }

    /// All files, by name.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder()).map(|entries| entries.map(|entry| entry.unwrap().path()).collect());
        let mut files: Vec<PathBuf> = entries.unwrap_or_default();
        files.sort();
        files
    }
}

/// The text of a destination file for a folder.
pub(crate) fn yaml(folder: &Path, format: &str, more: &str) -> String {
    format!("type: file\npath: {}\nformat: {format}\n{more}\n", folder.display())
}

/// Whoever applies changes in order.
pub(crate) fn applied(changes: &[Line], column: &str) -> BTreeSet<String> {
    let mut held = BTreeSet::new();
    for line in changes {
        let Some(value) = line[column].clone() else { continue };
        match line["change"].as_deref().unwrap() {
            "entered" | "changed_to" => assert!(held.insert(value.clone()), "{value} is there already"),
            "exited" | "changed_from" => assert!(held.remove(&value), "{value} was not there"),
            other => panic!("{other}"),
        }
    }
    held
}

fn lines(path: &Path) -> Vec<Line> {
    match path.extension().unwrap().to_str().unwrap() {
        "csv" => {
            let mut reader = csv::Reader::from_path(path).unwrap();
            let cell = |text: String| Some(text).filter(|text| !text.is_empty());
            let rows = reader.deserialize::<BTreeMap<String, String>>();
            rows.map(|row| row.unwrap().into_iter().map(|(name, text)| (name, cell(text))).collect()).collect()
        }
        "ndjson" => std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        _ => {
            let columns: Vec<(String, Vec<Option<String>>)> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            let rows = columns.first().map_or(0, |(_, cells)| cells.len());
            (0..rows).map(|row| columns.iter().map(|(name, cells)| (name.clone(), cells[row].clone())).collect()).collect()
        }
    }
}

#[async_trait]
impl Rehearsal for Shelf {
    fn sink(&self) -> Arc<dyn Sink> {
        Shelf::sink(self)
    }

    fn minimum(&self) -> u32 {
        3
    }

    /// Both ways of reading the folder must agree, except while exits are kept: those are changes that never come.
    async fn held(&self, audience: &AudienceKey) -> BTreeSet<PublicId> {
        let members = self.members(audience.as_str());
        let held: BTreeSet<String> = members.into_iter().filter_map(|line| line["id"].clone()).collect();
        assert_eq!(applied(&self.changes(audience.as_str()), "id"), held, "changes and members");
        held.into_iter().map(PublicId).collect()
    }

    async fn writes(&self) -> u64 {
        self.files().iter().filter(|path| path.to_str().unwrap().contains(".changes.")).count() as u64
    }

    async fn lose_next_answer(&self) {
        self.stumble();
    }

    /// The disk is gone, and a file stands in its place.
    async fn set_down(&self, down: bool) {
        let (folder, aside) = (self.folder(), self.around.path().join("aside"));
        if down {
            std::fs::rename(&folder, aside).unwrap();
            std::fs::write(folder, "").unwrap();
        } else {
            std::fs::remove_file(&folder).unwrap();
            std::fs::rename(aside, folder).unwrap();
        }
    }
}
