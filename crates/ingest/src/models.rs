//! Models: rows compared with what they said last time, and what that means for people.
//!
//! A row is new, says something new, says what it said, or is gone. The first two become traits and the mark that their
//! person has a row; a row that is gone takes the mark away, with the identifiers kept from when it was there. What a row
//! said is remembered in the transaction that makes its facts true, so a sync killed anywhere goes on with the next one.
//! **Invariant:** nobody is taken for gone unless the rows were read to their end.

mod report;
mod row;
mod source;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::RandomState;
use std::sync::Arc;

use lake::Lake;
use model::{Identifier, IdentityRules, Moment, RowModel};
use store::{Flush, ModelBatch, ModelRow, Store};
use xxhash_rust::xxh3::xxh3_128;

use crate::block::Block;
use crate::identifiers::{self, Carried, Id};
use crate::keys::KeyMaker;
use crate::kinds::Kinds;
use crate::message::Message;
use crate::rejection::{Rejection, RejectionReason};
use crate::settle::{Repeats, Settler};
use crate::table::TableRow;
use crate::{Effect, IngestError};

pub use report::ModelReport;
pub use source::ModelRows;

/// How a model is synced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelOptions {
    /// Whether anything becomes true at all. A dry run remembers 16 bytes a row.
    pub effect: Effect,
    /// What no rows at all mean.
    pub if_empty: IfEmpty,
    /// Rows compared, and made true, at once.
    pub chunk_rows: usize,
    /// What finds a profile, and how much one may have.
    pub identity: Arc<IdentityRules>,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self { effect: Effect::Import, if_empty: IfEmpty::Refuse, chunk_rows: 20_000, identity: Arc::default() }
    }
}

/// What it means that there are no rows where there were some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IfEmpty {
    /// Something is wrong: nothing is deleted.
    #[default]
    Refuse,
    /// They are all gone.
    DeleteAll,
}

/// Syncs a model as of `now`. Must not run beside another writer. `progress` hears how many rows were read.
///
/// # Errors
/// When the rows cannot be read to their end, there are none any more, or the lake or the store fails. What was done before
/// stays; the next sync goes on from there.
pub async fn sync_model(
    model: &RowModel,
    mut rows: ModelRows,
    options: ModelOptions,
    lake: &Lake,
    store: &Arc<dyn Store>,
    now: Moment,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<ModelReport, IngestError> {
    // A chunk of no rows would look like the end of them.
    let (chunk_rows, if_empty) = (options.chunk_rows.max(1), options.if_empty);
    let options = ModelOptions { chunk_rows, ..options };
    let known = store.models().await.map_err(IngestError::Store)?;
    let known_rows = known.iter().find(|state| state.model == model.key).map_or(0, |state| state.rows);
    let sync = match options.effect {
        Effect::Import => store.begin_model_sync(&model.key).await.map_err(IngestError::Store)?,
        Effect::DryRun => 0,
    };
    let source = format!("models/{}", model.key);
    let hasher = RandomState::new();
    let kinds = Kinds::new(Arc::clone(&options.identity));
    let settler = Settler::new(lake, store, now, &source, options.effect, (hasher.clone(), kinds.clone())).await?;
    let report = ModelReport { model: model.key.to_string(), dry_run: options.effect == Effect::DryRun, ..ModelReport::default() };
    let mut syncing = Syncing {
        model,
        store,
        now,
        sync,
        options,
        settler,
        kinds,
        hasher,
        keys: KeyMaker::new(&source),
        said: 0,
        met: HashSet::new(),
        met_known: 0,
        met_any: false,
        report,
    };
    loop {
        let chunk = rows.chunk(model, chunk_rows).await?;
        if chunk.is_empty() {
            break;
        }
        syncing.compare(chunk).await?;
        progress(syncing.report.rows);
    }
    if !syncing.met_any && known_rows > 0 && if_empty == IfEmpty::Refuse {
        return Err(IngestError::NoRows { model: model.key.to_string(), known: known_rows });
    }
    syncing.delete_unmet(known_rows).await?;
    Ok(syncing.finished())
}

struct Syncing<'a> {
    model: &'a RowModel,
    store: &'a Arc<dyn Store>,
    now: Moment,
    /// The number of this sync; in a dry run none.
    sync: u64,
    options: ModelOptions,
    settler: Settler<'a>,
    kinds: Kinds,
    hasher: RandomState,
    keys: KeyMaker,
    /// How many messages were made, which gives each a key and a place of its own.
    said: u64,
    /// In a dry run, hashes of the keys met: the store is not told of them.
    met: HashSet<u128>,
    /// In a dry run, how many of them were known.
    met_known: u64,
    /// A row had a key at all.
    met_any: bool,
    report: ModelReport,
}

impl Syncing<'_> {
    /// Compares rows with what was said of them, and makes true what is new.
    async fn compare(&mut self, chunk: Vec<TableRow>) -> Result<(), IngestError> {
        let mut keyed = Vec::with_capacity(chunk.len());
        for (line, cells) in chunk {
            self.report.rows += 1;
            match cells.and_then(|cells| Ok((row::key(self.model, &cells)?, cells))) {
                Ok((key, cells)) => keyed.push((line, key, cells)),
                Err(rejection) => self.reject(line, &rejection),
            }
        }
        self.met_any |= !keyed.is_empty();
        let asked: Vec<String> = keyed.iter().map(|(_, key, _)| key.clone()).collect();
        let before = self.store.model_rows(&self.model.key, &asked).await.map_err(IngestError::Store)?;
        let before: HashMap<&str, &ModelRow> = before.iter().map(|row| (row.key.as_str(), row)).collect();

        let (mut block, mut saved, mut seen) = (Block::default(), Vec::new(), Vec::new());
        let mut here = HashSet::new();
        for (line, key, cells) in &keyed {
            let before = before.get(key.as_str()).copied();
            if !here.insert(key.as_str()) || self.was_met(key, before) {
                let message = "another row has the same primary key; the first one counts";
                self.reject(*line, &RejectionReason::DuplicateKey.because(message));
                continue;
            }
            self.met_known += u64::from(before.is_some());
            let understood = row::understood(self.model, cells, self.now);
            let (message, checksum) = match understood {
                Ok(understood) => understood,
                Err(rejection) => {
                    self.reject(*line, &rejection);
                    // It is there, so it is not gone: what was said of it stays.
                    seen.extend(before.map(|row| row.key.clone()));
                    continue;
                }
            };
            if before.is_some_and(|row| row.checksum == checksum) {
                self.report.unchanged += 1;
                seen.push(key.clone());
                continue;
            }
            let identifiers = match self.identified(&message) {
                Ok(identifiers) => identifiers,
                Err(rejection) => {
                    self.reject(*line, &rejection);
                    seen.extend(before.map(|row| row.key.clone()));
                    continue;
                }
            };
            if let Some(rejection) = self.refused(&message) {
                self.reject(*line, &rejection);
                seen.extend(before.map(|row| row.key.clone()));
                continue;
            }
            match before {
                Some(row) if !row.checksum.is_empty() => self.report.updated += 1,
                Some(_) | None => self.report.new += 1,
            }
            // Perhaps the row is somebody else's now: whoever had it has it no more. If it is not, what follows says so.
            if let Some(row) = before.filter(|row| row.identifiers.iter().any(|identifier| !identifiers.contains(identifier))) {
                self.say_gone(&mut block, row);
            }
            self.say(&mut block, &message);
            saved.push(ModelRow { key: key.clone(), checksum, identifiers, seen: self.sync });
        }
        self.settle(block, |batch| ModelBatch { saved, seen, ..batch }).await
    }

    /// Takes the mark from those whose rows are gone, and ends the sync.
    async fn delete_unmet(&mut self, known_rows: u64) -> Result<(), IngestError> {
        if self.options.effect == Effect::DryRun {
            self.report.deleted = known_rows - self.met_known;
            return Ok(());
        }
        loop {
            let chunk_rows = self.options.chunk_rows;
            let limit = u32::try_from(chunk_rows).unwrap_or(u32::MAX);
            let gone = self.store.unseen_model_rows(&self.model.key, self.sync, limit).await.map_err(IngestError::Store)?;
            let over = gone.len() < chunk_rows;
            let mut block = Block::default();
            for row in &gone {
                self.say_gone(&mut block, row);
            }
            self.report.deleted += gone.len() as u64;
            let (deleted, finished_at) = (gone.into_iter().map(|row| row.key).collect(), over.then_some(self.now));
            self.settle(block, |batch| ModelBatch { deleted, finished_at, ..batch }).await?;
            if over {
                return Ok(());
            }
        }
    }

    /// Whether this sync met a row with this key before.
    fn was_met(&mut self, key: &str, before: Option<&ModelRow>) -> bool {
        match self.options.effect {
            Effect::Import => before.is_some_and(|row| row.seen == self.sync),
            Effect::DryRun => !self.met.insert(xxh3_128(key.as_bytes())),
        }
    }

    fn identified(&mut self, message: &Message<'_>) -> Result<Vec<Identifier>, Rejection> {
        let settler = &mut self.settler;
        let carried = identifiers::of(message, &self.kinds, &mut |kind, refusal| settler.refuse(&kind, refusal));
        if carried.user.is_empty() {
            return Err(RejectionReason::Nobody.because("none of the columns under `identify` identifies anybody"));
        }
        let named = |id: &Id<'_>| Identifier { kind: self.kinds.rule(id.kind).kind.clone(), value: id.value.to_string() };
        Ok(carried.user.iter().map(named).collect())
    }

    /// Why a row is refused because of whom it is about. Nothing of it is remembered, so it is looked at again each time.
    fn refused(&self, message: &Message<'_>) -> Option<Rejection> {
        let carried = identifiers::of(message, &self.kinds, &mut |_, _| {});
        self.settler.verdicts.barred.refuses(&carried, &self.kinds, message.when.occurred_at)
    }

    fn say(&mut self, block: &mut Block, message: &Message<'_>) {
        let carried = identifiers::of(message, &self.kinds, &mut |_, _| {});
        self.say_of(block, message, &carried);
    }

    /// Takes the mark from whoever had a row. Its identifiers found them when it was there; that one of them may find nobody
    /// new, because it was blocked since, does not keep the mark.
    fn say_gone(&mut self, block: &mut Block, row: &ModelRow) {
        let id = |identifier: &Identifier| {
            let kind = self.kinds.named(identifier.kind.as_str())?;
            Some(Id { kind, value: Cow::Owned(identifier.value.clone()) })
        };
        let mut user: Vec<_> = row.identifiers.iter().filter_map(id).collect();
        user.sort_by_key(|id| id.kind);
        // Of kinds that the settings do not name any more nobody is found.
        if !user.is_empty() {
            self.say_of(block, &row::gone(self.model, self.now), &Carried { user, ..Carried::default() });
        }
    }

    fn say_of(&mut self, block: &mut Block, message: &Message<'_>, carried: &Carried<'_>) {
        if self.settler.verdicts.barred.refuses(carried, &self.kinds, message.when.occurred_at).is_some() {
            // That somebody who is kept out has a row no more needs no saying.
            return;
        }
        self.said += 1;
        let key = self.keys.of_id(&format!("{}/{}", self.sync, self.said));
        block.take(self.said, message, key, carried, Vec::new(), &self.hasher);
    }

    async fn settle(&mut self, block: Block, fill: impl FnOnce(ModelBatch) -> ModelBatch + Send) -> Result<(), IngestError> {
        let (model, sync) = (self.model.key.clone(), self.sync);
        let batch = ModelBatch { model, sync, saved: Vec::new(), seen: Vec::new(), deleted: Vec::new(), finished_at: None };
        self.settler.settle(vec![block], Repeats::Impossible, |_| Flush { model: Some(fill(batch)), ..Flush::default() }).await?;
        // The next rows are compared with what the store knows.
        self.settler.finish().await
    }

    fn reject(&mut self, line: u64, rejection: &Rejection) {
        self.settler.reject(line, rejection);
    }

    fn finished(self) -> ModelReport {
        let facts = self.settler.report;
        ModelReport {
            rejected: facts.rejected,
            rejections: facts.rejections,
            refusals: facts.refusals,
            set_aside: facts.set_aside,
            new_profiles: facts.new_profiles,
            known_profiles: facts.known_profiles,
            merges: facts.merges,
            ..self.report
        }
    }
}
