//! What a benchmark process holds from turn to turn: the data, the definitions, and an evaluator with its columns.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use definitions::{Catalog, Severity};
use evaluate::{Evaluation, Evaluator, Recorded, Snapshot};
use lake::{Lake, Reader};
use model::{AsOf, Moment};
use store::{Flush, Store};

use crate::generate::{self, Size};
use crate::tell::seconds;

pub(crate) struct Session {
    lake: Lake,
    store: Arc<dyn Store>,
    size: Size,
    columns: Columns,
    snapshot: Snapshot,
    evaluator: Evaluator,
    catalog: Option<Catalog>,
    /// Events that arrived after the generated ones.
    arrived: u64,
    /// How long it took to read the manifest and everybody's identity.
    pub(crate) loading_s: f64,
}

/// Where decoded columns are kept.
pub(crate) struct Columns {
    /// How much of them in memory.
    pub(crate) bytes: usize,
    /// The folder they are saved in and mapped from.
    pub(crate) folder: PathBuf,
}

impl Columns {
    fn reader(&self, lake: &Lake) -> Reader {
        Reader::new(lake.clone(), self.bytes).with_hot_columns(&self.folder)
    }
}

/// An evaluation and how long it took.
pub(crate) struct Timed {
    pub(crate) seconds: f64,
    pub(crate) evaluation: Evaluation,
}

impl Session {
    pub(crate) async fn open(lake: Lake, store: Arc<dyn Store>, size: Size, columns: Columns) -> anyhow::Result<Self> {
        let evaluator = Evaluator::new(columns.reader(&lake));
        let started = Instant::now();
        let snapshot = read(store.as_ref()).await?;
        let loading_s = seconds(started.elapsed());
        Ok(Self { lake, store, size, columns, snapshot, evaluator, catalog: None, arrived: 0, loading_s })
    }

    /// Takes up definitions; answers how many audiences they have.
    pub(crate) fn load(&mut self, folder: &Path) -> anyhow::Result<usize> {
        let catalog = catalog(folder)?;
        let audiences = catalog.audiences.len();
        self.catalog = Some(catalog);
        Ok(audiences)
    }

    /// Forgets everything but what is saved, as if the process had just begun.
    pub(crate) fn restart(&mut self) {
        self.evaluator = Evaluator::new(self.columns.reader(&self.lake));
    }

    /// Forgets what is saved, too.
    pub(crate) fn restart_cold(&mut self) -> anyhow::Result<()> {
        match std::fs::remove_dir_all(&self.columns.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).context("remove the saved columns"),
            Ok(()) | Err(_) => self.restart(),
        }
        Ok(())
    }

    /// Saves the decoded columns; from then on they are mapped. Answers the seconds that takes.
    pub(crate) fn save(&self) -> anyhow::Result<f64> {
        let started = Instant::now();
        self.evaluator.save_columns(&self.snapshot)?;
        Ok(seconds(started.elapsed()))
    }

    /// All members as of a moment.
    pub(crate) fn evaluate(&self, as_of: Moment) -> anyhow::Result<Timed> {
        let catalog = self.catalog.as_ref().context("no definitions are loaded")?;
        timed(|| Ok(self.evaluator.evaluate(catalog, &self.snapshot, &Recorded::default(), AsOf(as_of))?))
    }

    /// The next tick, with whatever the evaluator keeps from the one before.
    pub(crate) fn advance(&self, as_of: Moment) -> anyhow::Result<Timed> {
        let catalog = self.catalog.as_ref().context("no definitions are loaded")?;
        timed(|| Ok(self.evaluator.advance(catalog, &self.snapshot, &Recorded::default(), AsOf(as_of))?))
    }

    /// Each audience of a folder on its own, as somebody asks who writes it; by audience, in order of keys.
    pub(crate) fn preview(&self, folder: &Path, as_of: Moment) -> anyhow::Result<Vec<(String, Timed)>> {
        let all = catalog(folder)?;
        let mut found = Vec::new();
        for (key, audience) in &all.audiences {
            let mut alone = all.clone();
            alone.audiences = [(key.clone(), audience.clone())].into();
            alone.order = vec![key.clone()];
            let timed = timed(|| Ok(self.evaluator.evaluate(&alone, &self.snapshot, &Recorded::default(), AsOf(as_of))?))?;
            found.push((key.to_string(), timed));
        }
        Ok(found)
    }

    /// Writes so many new events into the lake, all of the hour before a moment, and reads the manifest anew.
    pub(crate) async fn arrive(&mut self, events: u64, as_of: Moment) -> anyhow::Result<()> {
        const HOUR_MICROS: i64 = 3_600_000_000;
        let first = self.size.events + self.arrived;
        let facts =
            generate::events(self.size.profiles, first..first + events, as_of.plus_micros(-HOUR_MICROS), HOUR_MICROS.unsigned_abs());
        self.arrived += events;
        self.store.flush(&Flush { segments: self.lake.write(&facts)?, ..Flush::default() }).await?;
        self.snapshot = read(self.store.as_ref()).await?;
        Ok(())
    }
}

async fn read(store: &dyn Store) -> anyhow::Result<Snapshot> {
    Ok(Snapshot { segments: store.segments().await?, people: store.people().await?.into() })
}

fn catalog(folder: &Path) -> anyhow::Result<Catalog> {
    let loaded = definitions::load(folder);
    let errors = loaded.diagnostics.iter().filter(|finding| finding.severity == Severity::Error);
    let said = errors.map(|finding| format!("{}: {:?}", finding.message, finding.place)).next().unwrap_or_default();
    loaded.catalog.with_context(|| format!("load the definitions in `{}`: {said}", folder.display()))
}

fn timed(work: impl FnOnce() -> anyhow::Result<Evaluation>) -> anyhow::Result<Timed> {
    let started = Instant::now();
    let evaluation = work()?;
    Ok(Timed { seconds: seconds(started.elapsed()), evaluation })
}
