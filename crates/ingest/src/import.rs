//! Importing a file: batch by batch, so that it may be interrupted anywhere and goes on where it was.
//!
//! A batch is parsed, compared with what was taken before, resolved, written to the lake and made true in one
//! transaction of the store that also says how far the file is done. Before that transaction nothing has happened (files
//! that it would have named are swept later); after it, the batch is never read again.
//!
//! The heavy work between two awaits is done in place: an import is alone in its process and has nobody to keep waiting.

use std::collections::BTreeSet;
use std::hash::RandomState;
use std::path::Path;

use lake::{Lake, Member, RowForm, Told};
use model::{CsvMapping, Moment, ProfileId, SourceOrder};
use rayon::prelude::*;
use store::{Flush, ImportProgress, Store};
use tracing::{debug, info};

use crate::IngestError;
use crate::ahead::Ahead;
use crate::block::{Block, IdPlaces, Row};
use crate::csv_rows::separator;
use crate::identity::{Numbered, Resolver};
use crate::keys::{self, KeyMaker};
use crate::known::KnownKeys;
use crate::known_people::KnownPeople;
use crate::lines::{Content, Packing};
use crate::numbers::Number;
use crate::report::{ImportReport, Progress};
use crate::rows::{Batch, BatchMax, Rows, Understanding};

/// How the lines of a file are to be understood.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Format {
    /// By the file's name: newline-delimited JSON, except that a `.csv` is refused for want of a mapping.
    #[default]
    Auto,
    /// Newline-delimited JSON in the shape of the Segment spec.
    Ndjson,
    /// CSV, its columns meaning what the mapping says.
    Csv(CsvMapping),
}

/// What is to be done with a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportOptions {
    /// How its lines are understood.
    pub format: Format,
    /// What its messages' ids are unique within. Default: its name without folders and without `.gz` or `.zst`.
    pub source: Option<String>,
    /// Lines made true at once.
    pub batch_lines: usize,
    /// Whether anything becomes true at all.
    pub effect: Effect,
}

/// What an import leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effect {
    /// Facts.
    #[default]
    Import,
    /// Nothing but a report of what would have been. Memory then grows with the number of identifiers.
    DryRun,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { format: Format::Auto, source: None, batch_lines: 200_000, effect: Effect::Import }
    }
}

/// Columns of a Parquet file of messages that may hold JSON objects as text.
const NESTED_COLUMNS: &[&str] = &["properties", "traits", "context"];
/// A batch is over when its lines make up this much, however few they are.
const BATCH_BYTES_MAX: u64 = 64 << 20;
/// Progress is told once for so many lines.
const PROGRESS_LINES: u64 = 10_000;
/// Identifiers remembered (some 150 MB) before those of earlier batches are forgotten.
const IDENTIFIERS_HELD_MAX: usize = 1_000_000;
/// Identifiers or profiles asked of the store at once.
const ASKED_MAX: usize = 50_000;

/// Imports a file, `now` being when it is received where it does not say so itself. Must not run beside another writer.
///
/// The same content again changes nothing, whatever its name; a file that grew brings only what is new in it.
///
/// # Errors
/// When the file cannot be read or understood at all, or the lake or the store fails. What was done before stays; the
/// next call goes on from there.
pub async fn import_file(
    path: &Path,
    options: &ImportOptions,
    lake: &Lake,
    store: &dyn Store,
    now: Moment,
    progress: &mut (dyn FnMut(&Progress) + Send),
) -> Result<ImportReport, IngestError> {
    let content = Content::open(path)?;
    if options.format == Format::Auto && content.packing() != Packing::Parquet && is_csv(path) {
        return Err(IngestError::NoMapping { path: path.to_owned() });
    }
    let form = row_form(&options.format)?;
    let hasher = RandomState::new();
    let max = BatchMax { lines: options.batch_lines.max(1) as u64, bytes: BATCH_BYTES_MAX };
    let begin = |source: &str, lines_done: u64| {
        let understanding = Understanding { keys: KeyMaker::new(source), now, hasher: hasher.clone() };
        let rows = Rows::open(content.lines(path, form)?, &options.format, path, understanding, max)?;
        Ahead::new(rows, lines_done).map_err(|source| IngestError::Read { path: path.to_owned(), source })
    };
    // Most files are new, and those can be read while it is found out whether they are.
    let name = source(path, options);
    let mut batches = begin(&name, 0)?;
    let fingerprint = content.fingerprint(&meaning(&options.format), path)?;
    let before = match store.import(&fingerprint).await.map_err(IngestError::Store)? {
        Some(before) if before.finished_at.is_some() => {
            let dry_run = options.effect == Effect::DryRun;
            return Ok(ImportReport { source: before.source, already: true, dry_run, ..ImportReport::default() });
        }
        Some(before) => {
            batches = begin(&before.source, before.lines)?;
            before
        }
        None => ImportProgress { content: fingerprint, source: name, lines: 0, accepted: 0, duplicates: 0, rejected: 0, finished_at: None },
    };
    let next_profile = store.next_profile().await.map_err(IngestError::Store)?;
    let report = ImportReport {
        source: before.source.clone(),
        resumed_after: before.lines,
        dry_run: options.effect == Effect::DryRun,
        ..ImportReport::default()
    };
    let mut import = Import {
        path,
        lake,
        store,
        now,
        bytes_total: content.bytes,
        batches,
        lines_done: before.lines,
        bytes_done: 0,
        batch: keys::batch(&before.source),
        before,
        known: KnownKeys::default(),
        resolver: Resolver::new(next_profile, now, hasher.clone()),
        spoken_of: KnownPeople::before(next_profile),
        effect: options.effect,
        report,
        progress,
    };
    import.run().await?;
    let report = import.report;
    info!(report.lines, report.accepted, report.duplicates, report.rejected, "file imported");
    Ok(report)
}

/// A mapping decides what a CSV file says: with another one it is another file.
fn meaning(format: &Format) -> String {
    match format {
        Format::Auto | Format::Ndjson => String::new(),
        Format::Csv(mapping) => format!("{mapping:?}"),
    }
}

fn source(path: &Path, options: &ImportOptions) -> String {
    let name = || path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    options.source.clone().unwrap_or_else(|| {
        let name = name();
        unpacked(&name).to_owned()
    })
}

/// How rows of Parquet are written for whoever reads lines.
fn row_form(format: &Format) -> Result<RowForm, IngestError> {
    Ok(match format {
        Format::Auto | Format::Ndjson => RowForm::Json { nested: NESTED_COLUMNS },
        Format::Csv(mapping) => RowForm::Csv { delimiter: separator(mapping)? },
    })
}

/// A name without what compressing added to it.
fn unpacked(name: &str) -> &str {
    [".gz", ".zst"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

fn is_csv(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = unpacked(&name);
    [".csv", ".tsv"].iter().any(|ending| name.ends_with(ending))
}

struct Import<'a> {
    path: &'a Path,
    lake: &'a Lake,
    store: &'a dyn Store,
    now: Moment,
    /// What earlier calls did.
    before: ImportProgress,
    bytes_total: u64,
    batches: Ahead,
    /// Lines and bytes of the file that progress was told of.
    lines_done: u64,
    bytes_done: u64,
    /// Tells this file from others; a file that grew is the same batch.
    batch: u32,
    known: KnownKeys,
    resolver: Resolver,
    spoken_of: KnownPeople,
    effect: Effect,
    report: ImportReport,
    progress: &'a mut (dyn FnMut(&Progress) + Send),
}

impl Import<'_> {
    async fn run(&mut self) -> Result<(), IngestError> {
        self.tell();
        while let Some(batch) = self.batches.next().map_err(|source| IngestError::Read { path: self.path.to_owned(), source })? {
            self.count(&batch);
            let (over, truncated) = (batch.over, batch.truncation);
            if over {
                self.check_end(&batch)?;
            }
            self.settle(batch, over && truncated.is_none()).await?;
            self.tell();
            if over {
                self.report.truncated = truncated;
            }
        }
        Ok(())
    }

    /// Counts what was read, and what of it is no message.
    fn count(&mut self, batch: &Batch) {
        let mut told = self.lines_done;
        for block in &batch.blocks {
            for rejected in &block.rejected {
                self.report.reject(rejected.line, &rejected.rejection);
                for (kind, refusal) in &rejected.refused {
                    self.report.refuse(kind, *refusal);
                }
            }
            self.read_up_to(block.lines_done, block.bytes_done);
            if block.lines_done - told >= PROGRESS_LINES {
                told = block.lines_done;
                self.tell();
            }
        }
        self.read_up_to(batch.lines_done, batch.bytes_done);
    }

    fn read_up_to(&mut self, lines_done: u64, bytes_done: u64) {
        (self.lines_done, self.bytes_done) = (lines_done, bytes_done);
        self.report.lines = lines_done - self.report.resumed_after;
    }

    /// Makes a batch true: what is new in it, and how far the file is done.
    async fn settle(&mut self, batch: Batch, finished: bool) -> Result<(), IngestError> {
        let blocks = batch.blocks;
        self.known.load(&blocks, self.lake, self.store).await?;
        let new: Vec<Vec<bool>> = blocks.iter().map(|block| self.new_rows(block)).collect();
        let numbers: Vec<Vec<Number>> = blocks.iter().map(|block| self.number(block)).collect();
        self.learn(&blocks, &new, &numbers).await?;

        let members: Vec<Vec<Member<'_>>> = blocks.par_iter().map(Block::members).collect();
        let mut facts = Vec::with_capacity(blocks.iter().map(|block| block.rows.len()).sum());
        for (place, block) in blocks.iter().enumerate() {
            self.tell_facts(block, &new[place], &numbers[place], &members[place], &mut facts);
        }
        let changes = self.resolver.take_changes();
        self.report.new_profiles += changes.profiles.len() as u64;
        self.report.merges += changes.merges.len() as u64;
        self.report.known_profiles = self.spoken_of.count();
        if self.effect == Effect::DryRun {
            return Ok(());
        }
        let segments = self.lake.write_told(&facts).map_err(IngestError::Lake)?;
        debug!(facts = facts.len(), segments = segments.len(), profiles = changes.profiles.len(), "batch written");
        drop(facts);
        drop(members);
        drop(blocks);

        let flush = Flush {
            profiles: changes.profiles,
            identifiers: changes.identifiers,
            merges: changes.merges,
            links: changes.links,
            segments,
            import: Some(ImportProgress {
                content: self.before.content.clone(),
                source: self.before.source.clone(),
                lines: batch.lines_done,
                accepted: self.before.accepted + self.report.accepted,
                duplicates: self.before.duplicates + self.report.duplicates,
                rejected: self.before.rejected + self.report.rejected,
                finished_at: finished.then_some(self.now),
            }),
            model: None,
        };
        self.store.flush(&flush).await.map_err(IngestError::Store)?;
        if self.resolver.len() > IDENTIFIERS_HELD_MAX {
            self.resolver.forget();
        }
        Ok(())
    }

    /// Which rows were not taken before.
    fn new_rows(&mut self, block: &Block) -> Vec<bool> {
        let new: Vec<bool> = block.rows.iter().map(|row| self.known.take(block.event_of(row), row)).collect();
        self.report.duplicates += new.iter().filter(|new| !**new).count() as u64;
        new
    }

    /// The numbers of a block's identifiers.
    fn number(&mut self, block: &Block) -> Vec<Number> {
        block.ids().map(|id| self.resolver.number(id)).collect()
    }

    /// Asks the store about everybody in the batch who is not known here.
    async fn learn(&mut self, blocks: &[Block], new: &[Vec<bool>], numbers: &[Vec<Number>]) -> Result<(), IngestError> {
        let mut unknown = Vec::new();
        for ((block, new), numbers) in blocks.iter().zip(new).zip(numbers) {
            for row in block.rows.iter().zip(new).filter(|(_, new)| **new).map(|(row, _)| row) {
                for number in &numbers[row.all_ids()] {
                    unknown.extend(self.resolver.needs(*number).map(|identifier| (identifier, *number)));
                }
            }
        }
        let mut profiles = BTreeSet::new();
        for asked in unknown.chunks(ASKED_MAX) {
            let identifiers: Vec<_> = asked.iter().map(|(identifier, _)| identifier.clone()).collect();
            let found = self.store.find_profiles(&identifiers).await.map_err(IngestError::Store)?;
            for (identifier, number) in asked {
                if let Some(profile) = found.get(identifier) {
                    self.resolver.learn(*number, *profile);
                    profiles.insert(*profile);
                }
            }
        }
        let profiles: Vec<_> = profiles.into_iter().filter(|profile| self.resolver.needs_user_ids(*profile)).collect();
        for asked in profiles.chunks(ASKED_MAX) {
            for identity in self.store.identities(asked).await.map_err(IngestError::Store)? {
                self.resolver.learn_user_ids(identity.profile, &identity.identifiers);
            }
        }
        Ok(())
    }

    /// Settles whom each new row is about.
    fn tell_facts<'b>(&mut self, block: &'b Block, new: &[bool], numbers: &[Number], members: &'b [Member<'b>], facts: &mut Vec<Told<'b>>) {
        let mut carried = Numbered::default();
        for (row, _) in block.rows.iter().zip(new).filter(|(_, new)| **new) {
            let IdPlaces { user, account, previous } = row.id_places();
            carried.user.clear();
            carried.user.extend_from_slice(&numbers[user]);
            carried.account = account.map(|place| numbers[place]);
            carried.previous = previous.map(|(as_user, as_anonymous)| (numbers[as_user], numbers[as_anonymous]));
            let profile = self.resolver.resolve(row.kind, &mut carried, row.when).expect("what identifies nobody was rejected when read");
            self.spoken_of.note(profile);
            facts.push(self.fact(block, row, profile, &members[row.said()]));
        }
        for (_, kind, refusal) in block.refused.iter().filter(|(place, ..)| new[*place]) {
            self.report.refuse(kind, *refusal);
        }
    }

    fn fact<'b>(&mut self, block: &'b Block, row: &Row, profile: ProfileId, members: &'b [Member<'b>]) -> Told<'b> {
        let event = block.event_of(row);
        self.report.accepted += 1;
        self.report.zone_missing += u64::from(row.when.zone_missing);
        *self.report.messages.entry(row.kind).or_default() += 1;
        match event {
            Some(name) => {
                self.report.events += 1;
                self.report.count_event(name);
            }
            None => self.report.traits += 1,
        }
        let (occurred_at, received_at) = (row.when.occurred_at, row.when.received_at);
        let place = u32::try_from(row.line).unwrap_or(u32::MAX);
        let source_order = SourceOrder { batch: self.batch, place };
        Told { profile, occurred_at, received_at, message_key: row.key, source_order, event, members }
    }

    /// A file that got shorter since it was hashed is not what it was known by.
    fn check_end(&self, batch: &Batch) -> Result<(), IngestError> {
        if batch.truncation.is_none() && batch.bytes_done < self.bytes_total {
            return Err(IngestError::Changed { path: self.path.to_owned() });
        }
        Ok(())
    }

    fn tell(&mut self) {
        (self.progress)(&Progress {
            bytes_done: self.bytes_done,
            bytes_total: self.bytes_total,
            lines: self.lines_done,
            accepted: self.before.accepted + self.report.accepted,
            duplicates: self.before.duplicates + self.report.duplicates,
            rejected: self.before.rejected + self.report.rejected,
        });
    }
}
