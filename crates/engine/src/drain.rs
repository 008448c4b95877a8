//! The drain: what the inbox holds becomes facts, by the same way as an import.
//!
//! A sealed file is expanded to one file of messages for each source, and each is imported: facts, identities and how far
//! the import has come become true in one transaction, and only then the sealed file goes. A crash before that
//! leaves the sealed file, whose import goes on where it was; one after it leaves a file that is known to be done.
//! Messages are known by source and `messageId`, so what was sent twice is taken once, whichever files it came in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ingest::inbox::{self, Inbox, InboxError};
use ingest::{Format, ImportOptions, IngestError, import_next};

use store::StoreError;

use crate::lease::{Lease, LeaseError, LeaseName};
use crate::{OpenError, Workspace, cpu};

/// The inbox could not be emptied. What was not taken is still there.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// Somebody else is writing.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// Its files.
    #[error("could not read the inbox")]
    Inbox(#[from] InboxError),
    /// A file of it could not be removed.
    #[error("could not remove `{}`, which is done with", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store.
    #[error("could not note what was drained")]
    Store(#[from] StoreError),
    /// The import.
    #[error("could not take in what `{source_name}` sent")]
    Ingest {
        /// Whose messages.
        source_name: String,
        /// Why.
        source: IngestError,
    },
    /// What a crash left behind could not be removed.
    #[error("could not tidy up the lake")]
    Sweep(#[source] Box<OpenError>),
}

/// What a drain came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DrainReport {
    /// Files of the inbox that are done with.
    pub files: u64,
    /// Messages that became facts.
    pub accepted: u64,
    /// Messages that were facts already.
    pub duplicates: u64,
    /// Messages that could not become facts, though they were accepted.
    pub rejected: u64,
}

impl Workspace {
    /// Where accepted messages lie until they are facts.
    pub fn inbox_folder(&self) -> PathBuf {
        self.data.join("inbox")
    }

    /// The same workspace while this process accepts messages: what is drained is sealed first.
    #[must_use]
    pub fn with_inbox(mut self, inbox: Arc<Inbox>) -> Self {
        self.inbox = Some(inbox);
        self
    }

    /// Makes facts of all that the inbox holds, and says what came of it.
    ///
    /// # Errors
    /// When another process is writing, or the disk, the lake or the store fails.
    pub async fn drain(&self) -> Result<DrainReport, DrainError> {
        let lease = Lease::take(LeaseName::Writer, self).await?;
        let drained = self.drain_as(&lease).await;
        lease.release().await;
        drained
    }

    /// The same, for whoever is the writer already.
    pub(crate) async fn drain_as(&self, _writer: &Lease) -> Result<DrainReport, DrainError> {
        let files = match &self.inbox {
            Some(inbox) => inbox.seal()?,
            None => inbox::sealed(&self.inbox_folder())?,
        };
        let mut report = DrainReport::default();
        for file in &files {
            self.drain_file(file, &mut report).await?;
            if let Some(inbox) = &self.inbox {
                inbox.measure()?;
            }
        }
        if report.files > 0 {
            tracing::info!(report.files, report.accepted, report.duplicates, report.rejected, "inbox drained");
        }
        Ok(report)
    }

    /// Empties the inbox as far as it can be done now; what cannot is told and tried again later.
    pub(crate) async fn drain_meanwhile(&self) {
        match self.drain().await {
            Ok(_) => {}
            Err(DrainError::Lease(LeaseError::Taken(_))) => tracing::debug!("somebody else is writing; the inbox waits"),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "the inbox was not emptied; trying again soon"),
        }
    }

    /// Removes what an import or a drain left behind when its process died, if nobody is writing.
    pub(crate) async fn tidy(&self) -> Result<(), DrainError> {
        let lease = Lease::take(LeaseName::Writer, self).await?;
        let swept = self.sweep(&lease).await;
        lease.release().await;
        swept.map_err(|error| DrainError::Sweep(Box::new(error)))
    }

    /// How messages are taken in here, whichever way they come.
    pub fn import_options(&self) -> ImportOptions {
        let settings = &self.catalog.settings;
        ImportOptions { list_events: settings.list_events.clone(), identity: Arc::clone(&settings.identity), ..ImportOptions::default() }
    }

    async fn drain_file(&self, file: &Path, report: &mut DrainReport) -> Result<(), DrainError> {
        let folder = self.data.join("cache").join("drain");
        let (sealed, into) = (file.to_owned(), folder.clone());
        let (expanded, damage) = cpu::run(move || inbox::expand(&sealed, &into)).await?;
        let mut done = Vec::new();
        for part in expanded {
            let source = part.source.clone();
            let options = ImportOptions { format: Format::Ndjson, source: Some(part.source), ..self.import_options() };
            let (lake, store, now) = (self.lake.clone(), Arc::clone(&self.store), self.clock.now());
            let keys = Arc::clone(&self.keys);
            let import = async move {
                let mut keys = keys.lock().await;
                import_next(&part.path, &options, &lake, &store, now, &mut |_| {}, &mut keys).await
            };
            let imported = cpu::drive(import).await.map_err(|error| DrainError::Ingest { source_name: source.clone(), source: error })?;
            report.accepted += imported.accepted;
            report.duplicates += imported.duplicates;
            report.rejected += imported.rejected;
            done.push(imported.content);
            let kept_out = imported.rejections.iter().filter(|(reason, _)| reason.is_about_somebody_kept_out());
            let kept_out: u64 = kept_out.map(|(_, rejections)| rejections.count).sum();
            if imported.rejected > kept_out {
                tracing::warn!(source, imported.rejected, "accepted messages could not become facts: was the clock set?");
            }
        }
        if let Some(damage) = damage {
            let aside = inbox::set_aside(file)?;
            tracing::error!(
                file = %aside.display(),
                bytes = damage.lost_bytes,
                "the disk lost a part of the inbox; what came before it was taken, and the file is kept"
            );
        } else {
            std::fs::remove_file(file).map_err(|source| DrainError::Remove { path: file.to_owned(), source })?;
            // Nobody reads it again, so nobody asks whether it was.
            self.store.forget_imports(&done).await?;
        }
        let _ = std::fs::remove_dir_all(&folder);
        report.files += 1;
        Ok(())
    }
}
