//! Files: who entered and who exited, and who is in, as CSV, NDJSON or Parquet in a folder.
//!
//! Read in this order: `settle` (one sync), `step` (recorded, staged, done, shown), `record` (what stands in a line),
//! `format` (how it is written), `memory` (what was told, for exits and after a crash), `folder` (files that are there
//! wholly or not at all).
//! **It never** leaves half a file under its name, writes a change twice, or touches a file it did not make.

mod examine;
mod settle;
mod step;

mod format;
mod record;

mod folder;
mod memory;

mod options;

use std::sync::Arc;

use async_trait::async_trait;
use definitions::{Audience, Destination, Diagnostic};
use model::ProfileId;

use crate::options::no_match_on;
use crate::registry::{Configured, Tools};
use crate::roster::erased_by_exits;
use crate::{Context, Erasure, LedgerError, Parquet, Sink, Step, SyncJob, SyncOutcome, Trial};
use options::{Format, Options};
use settle::Settling;

/// The word that chooses this sink.
pub(crate) const KIND: &str = "file";

/// One folder.
struct Files {
    options: Options,
    parquet: Option<Arc<dyn Parquet>>,
    /// One writer per folder.
    turn: tokio::sync::Mutex<()>,
}

#[async_trait]
impl Sink for Files {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn settle(&self, job: &SyncJob, context: &Context<'_>) -> Result<SyncOutcome, LedgerError> {
        let _turn = self.turn.lock().await;
        Settling::new(&self.options, self.parquet.as_deref(), job, context).run().await
    }

    async fn erase(&self, profiles: &[ProfileId], context: &Context<'_>) -> Result<Erasure, LedgerError> {
        erased_by_exits(profiles, context).await
    }

    async fn examine(&self, trial: Option<&Trial>, _: &Context<'_>) -> Vec<Step> {
        let _turn = self.turn.lock().await;
        examine::walk(&self.options, trial).await
    }
}

/// Builds the sink, or says everything that is wrong with its options.
pub(crate) fn configure(destination: &Destination, tools: &Tools<'_>) -> Configured {
    let (options, mut problems) = Options::read(destination);
    let Some(options) = options else { return (None, problems) };
    if options.format == Format::Parquet && tools.parquet.is_none() {
        problems.push(Diagnostic::error("invalid-option", "parquet cannot be written here").at(&destination.options.place));
        return (None, problems);
    }
    (Some(Arc::new(Files { options, parquet: tools.parquet.clone(), turn: tokio::sync::Mutex::new(()) })), problems)
}

/// Judges the options, and the audiences that are sent here.
pub(crate) fn check(destination: &Destination, audiences: &[&Audience]) -> Vec<Diagnostic> {
    let (_, mut problems) = Options::read(destination);
    let help = format!("take `match_on` out; what stands in the files is chosen by `fields` in `destinations/{}.yaml`", destination.key);
    problems.extend(no_match_on(destination, audiences, &help));
    problems
}
