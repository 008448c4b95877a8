//! Models at work: their rows fetched, compared and made true; by hand, or before a scheduled run when they are due.

use std::path::PathBuf;
use std::sync::Arc;

use ingest::{Effect, IngestError, ModelOptions, ModelReport, ModelRows};
use model::{ModelKey, Moment, RowModel, RowSource, SecretPlace};
use store::{ModelState, QueryRows, SourceError, StoreError};

use crate::lease::{Lease, LeaseError, LeaseName};
use crate::readers::Reading;
use crate::{OpenError, Workspace};

/// A model could not be synced, or not to the end; what was done stays, and nobody is gone who may be there.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Somebody else is writing.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// What a crash left behind could not be removed.
    #[error(transparent)]
    Sweep(#[from] OpenError),
    /// Nobody said where secrets come from, or the variable is not set.
    #[error("the database's URL is to be in the environment variable `{0}`, which is not set")]
    NoVariable(String),
    /// The file with the URL cannot be read.
    #[error("could not read the database's URL from `{}`", path.display())]
    NoFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database cannot be asked.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The rows could not be read or made true.
    #[error(transparent)]
    Rows(#[from] IngestError),
    /// The store did not answer.
    #[error("could not look the model up")]
    Store(#[from] StoreError),
}

impl Workspace {
    /// Syncs a model as of a moment. `progress` hears how many rows were read.
    ///
    /// # Errors
    /// When another process is writing, or the rows cannot be read to their end or made true.
    pub async fn sync_model(
        &self,
        model: &RowModel,
        options: ModelOptions,
        now: Moment,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<ModelReport, ModelError> {
        match options.effect {
            Effect::DryRun => {
                let _reading = Reading::begin(self).await?;
                self.sync_rows(model, options, now, progress).await
            }
            Effect::Import => {
                let lease = Lease::take(LeaseName::Writer, self).await?;
                let synced = async {
                    self.sweep(&lease).await?;
                    self.sync_rows(model, options, now, progress).await
                }
                .await;
                lease.release().await;
                synced
            }
        }
    }

    /// How the models stand that were ever synced, whether they are still defined or not.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn model_states(&self) -> Result<Vec<ModelState>, StoreError> {
        self.store.models().await
    }

    /// Forgets what a model's rows said: the next sync says all of it again.
    ///
    /// # Errors
    /// When another process is writing, or the store does not answer.
    pub async fn reset_model(&self, model: &ModelKey) -> Result<(), ModelError> {
        let lease = Lease::take(LeaseName::Writer, self).await?;
        let forgotten = self.store.forget_model_checksums(model).await;
        lease.release().await;
        Ok(forgotten?)
    }

    /// Before a scheduled run: syncs the models that are due as of its tick, so that the run sees what they say. A failure
    /// is logged and stops neither the others nor the run: the next tick tries again.
    pub(crate) async fn sync_due_models(&self, tick: Moment) {
        let states = match self.store.models().await {
            Ok(states) => states,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "models not looked up; the next tick tries again");
                return;
            }
        };
        for model in self.catalog.models.values() {
            let synced_at = states.iter().find(|state| state.model == model.key).and_then(|state| state.synced_at);
            if !is_due(model, synced_at, tick) {
                continue;
            }
            match self.sync_model(model, ModelOptions::default(), tick, &mut |_| {}).await {
                Ok(report) => {
                    tracing::info!(model = %model.key, report.new, report.updated, report.deleted, report.rejected, "model synced");
                }
                Err(error) => {
                    tracing::error!(model = %model.key, error = &error as &dyn std::error::Error, "model not synced; the next tick tries again");
                }
            }
        }
    }

    async fn sync_rows(
        &self,
        model: &RowModel,
        options: ModelOptions,
        now: Moment,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<ModelReport, ModelError> {
        let options = ModelOptions { identity: Arc::clone(&self.catalog.settings.identity), ..options };
        let rows = match &model.from {
            RowSource::File(path) => ModelRows::file(&self.folder.join(path), model)?,
            RowSource::Query { sql, database } => ModelRows::query(QueryRows::ask(&self.database_url(database)?, sql)?),
        };
        Ok(ingest::sync_model(model, rows, options, &self.lake, &self.store, now, progress).await?)
    }

    fn database_url(&self, place: &SecretPlace) -> Result<String, ModelError> {
        match place {
            SecretPlace::Env(variable) => {
                self.secrets.as_ref().and_then(|secrets| secrets.env(variable)).ok_or_else(|| ModelError::NoVariable(variable.clone()))
            }
            SecretPlace::File(path) => {
                let path = self.folder.join(path);
                let read = |path: &PathBuf| match (&self.secrets, path.to_str()) {
                    (Some(secrets), Some(text)) => secrets.file(text),
                    _ => Err(std::io::Error::from(std::io::ErrorKind::Unsupported)),
                };
                let text = read(&path).map_err(|source| ModelError::NoFile { path, source })?;
                Ok(text.trim().to_owned())
            }
        }
    }
}

/// Whether so long has passed since the last sync.
fn is_due(model: &RowModel, synced_at: Option<Moment>, tick: Moment) -> bool {
    let Some(every) = model.every.and_then(model::Lookback::micros) else { return false };
    synced_at.is_none_or(|synced_at| synced_at.plus_micros(every) <= tick)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::{Lookback, RowTraits};

    use super::*;

    #[track_caller]
    fn check(every: Option<&str>, synced_at: Option<&str>, expected: bool) {
        let moment = |text: &str| Moment::parse(text).unwrap();
        let model = RowModel {
            key: ModelKey::parse("members").unwrap(),
            description: String::new(),
            from: RowSource::File("members.csv".to_owned()),
            primary_key: "id".to_owned(),
            user_id: Some("id".to_owned()),
            anonymous_id: None,
            email: None,
            traits: RowTraits::Of(BTreeMap::new()),
            every: every.map(|every| Lookback::parse(every).unwrap()),
        };
        assert_eq!(is_due(&model, synced_at.map(moment), moment("2025-03-01T12:00:00Z")), expected);
    }

    #[test]
    fn a_model_is_due_when_its_time_has_passed() {
        check(None, None, false);
        check(Some("1 hour"), None, true);
        check(Some("1 hour"), Some("2025-03-01T11:00:00Z"), true);
        check(Some("1 hour"), Some("2025-03-01T11:00:01Z"), false);
        check(Some("1 hour"), Some("2025-03-01T13:00:00Z"), false);
    }
}
