//! An opened workspace: checked definitions, the lake, the store, the sinks and a clock, together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use definitions::{Catalog, StoreSetting};
use deliver::{Secrets, Sink};
use evaluate::{Evaluator, Snapshot};
use ingest::KnownKeys;
use ingest::inbox::Inbox;
use lake::{Lake, LakeError, Reader};
use model::DestinationKey;
use store::{Store, StoreError, StoreUrl};
use tokio::sync::Mutex;

use crate::known::Known;
use crate::lease::LeaseError;
use crate::readers::{Alone, Reading};
use crate::{BatchLimits, Clock, Lease, cpu};

/// Memory for decoded columns kept between the ticks of a backfill.
const COLUMN_BUDGET_BYTES: usize = 1 << 30;

/// Memory for the columns in which profiles are looked up: whose row, and when. Some 20 million rows.
const LOOKUP_BUDGET_BYTES: usize = 256 << 20;

/// The workspace could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The setting names a variable that is not set.
    #[error("`muster.yaml` keeps the store's URL in the environment variable `{0}`, which is not set")]
    StoreUrlMissing(String),
    /// The setting's URL is of an unknown sort.
    #[error("the store's URL in `{0}` begins with neither `postgres://` nor `postgresql://`")]
    StoreUrlUnknown(String),
    /// The data folder cannot be made.
    #[error("could not create the data folder `{}`", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The lake.
    #[error("could not open the lake")]
    Lake(#[from] LakeError),
    /// The store.
    #[error("could not open the store")]
    Store(#[from] StoreError),
    /// A lock file.
    #[error(transparent)]
    Lock(#[from] LeaseError),
}

/// The sinks of the destinations, or why one cannot be used: what is pending for it waits.
pub type Connections = BTreeMap<DestinationKey, Result<Arc<dyn Sink>, String>>;

/// Everything a run needs. Cheap to clone; clones share one store, one lake and one set of cached columns.
#[derive(Clone)]
pub struct Workspace {
    /// The checked definitions.
    pub catalog: Arc<Catalog>,
    /// Events and traits.
    pub lake: Lake,
    /// Identities, runs, memberships, syncs.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The definitions' folder.
    pub(crate) folder: PathBuf,
    /// Where URLs of models' databases come from.
    pub(crate) secrets: Option<Arc<dyn Secrets>>,
    /// The folder of the lake, the embedded store and the lock files.
    pub(crate) data: PathBuf,
    pub(crate) evaluator: Arc<Evaluator>,
    pub(crate) sinks: Connections,
    pub(crate) batch: BatchLimits,
    /// Finds the rows of a few profiles, apart from the columns that evaluation keeps.
    pub(crate) lookups: Arc<Reader>,
    known: Arc<Known>,
    /// The messages taken from the inbox lately.
    pub(crate) keys: Arc<Mutex<KnownKeys>>,
    pub(crate) inbox: Option<Arc<Inbox>>,
}

/// Makes the data folder for its owner alone: it holds what is known of people. One that is there stays as it is.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

impl Workspace {
    /// Opens the lake and the store that the settings name, creating them the first time. `folder` is the definitions'
    /// folder, which the settings' paths are relative to.
    ///
    /// # Errors
    /// When the data folder, the lake or the store cannot be opened.
    pub async fn open(folder: &Path, catalog: Catalog, secrets: &dyn Secrets, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let data = folder.join(&catalog.settings.data);
        make_private(&data).map_err(|source| OpenError::Folder { folder: data.clone(), source })?;
        let url = store_url(&catalog.settings.store, &data, secrets)?;
        let lake = Lake::open(&data.join("lake"))?;
        let store = store::open(&url).await?;
        let columns = data.join("cache").join("columns");
        let lookups = Arc::new(Reader::new(lake.clone(), LOOKUP_BUDGET_BYTES));
        let evaluator = Arc::new(Evaluator::new(Reader::new(lake.clone(), COLUMN_BUDGET_BYTES).with_hot_columns(&columns)));
        Ok(Self {
            catalog: Arc::new(catalog),
            lake,
            store,
            clock,
            folder: folder.to_owned(),
            secrets: None,
            data,
            evaluator,
            sinks: BTreeMap::new(),
            batch: BatchLimits::default(),
            lookups,
            known: Arc::default(),
            keys: Arc::default(),
            inbox: None,
        })
    }

    /// Connects the destinations' sinks. Until then nothing can be delivered, and nothing else is missing.
    #[must_use]
    pub fn with_sinks(mut self, sinks: Connections) -> Self {
        self.sinks = sinks;
        self
    }

    /// Where the URLs of models' databases come from. Until then only models of files can be synced.
    #[must_use]
    pub fn with_secrets(mut self, secrets: Arc<dyn Secrets>) -> Self {
        self.secrets = Some(secrets);
        self
    }

    /// How much a backfill records at once.
    #[must_use]
    pub fn with_batches(mut self, batch: BatchLimits) -> Self {
        self.batch = batch;
        self
    }

    /// The same workspace under edited definitions.
    #[must_use]
    pub fn with_catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = Arc::new(catalog);
        self
    }

    /// Removes files of the lake that are not named: left behind by a crash, or merged into others while somebody read them.
    /// Only the writer may: the lease is its proof. While somebody reads, they stay until the next time.
    ///
    /// # Errors
    /// When the store or the lake does not answer.
    pub async fn sweep(&self, _writer: &Lease) -> Result<(), OpenError> {
        let Some(_alone) = Alone::try_begin(&self.data)? else { return Ok(()) };
        let named = self.store.segments().await?.into_iter().map(|(_, segment)| segment.path).collect();
        let lake = self.lake.clone();
        let swept = cpu::run(move || lake.sweep(&named)).await?;
        if !swept.is_empty() {
            tracing::info!(files = swept.len(), "files that no segment is named after were removed");
        }
        Ok(())
    }

    /// Saves the columns that were decoded for the next process. What cannot be saved costs time, and nothing else.
    pub(crate) async fn save_columns(&self) {
        // While it lives no file goes away, and none of a segment that is gone is written anew.
        let Ok(_reading) = Reading::begin(self).await else { return };
        let Ok(snapshot) = self.snapshot().await else { return };
        let evaluator = Arc::clone(&self.evaluator);
        if let Err(error) = cpu::run(move || evaluator.save_columns(&snapshot)).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "decoded columns could not be saved; the next process decodes them again"
            );
        }
    }

    /// What is known now: the lake's segments and everybody's identity. A process that asked before is told only what is new.
    pub(crate) async fn snapshot(&self) -> Result<Arc<Snapshot>, StoreError> {
        self.known.now(self.store.as_ref()).await
    }
}

pub(crate) fn store_url(setting: &StoreSetting, data: &Path, secrets: &dyn Secrets) -> Result<StoreUrl, OpenError> {
    let variable = match setting {
        StoreSetting::Sqlite => return Ok(StoreUrl::SqliteFile(data.join("muster.db"))),
        StoreSetting::UrlFromEnv(variable) => variable,
    };
    let url = secrets.env(variable).ok_or_else(|| OpenError::StoreUrlMissing(variable.clone()))?;
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(OpenError::StoreUrlUnknown(variable.clone()));
    }
    Ok(StoreUrl::Postgres(url))
}
