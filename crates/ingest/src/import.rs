//! Importing a file: batch by batch, so that it may be interrupted anywhere and goes on where it was.
//!
//! A batch is parsed, compared with what was taken before, resolved, written to the lake and made true in one
//! transaction of the store that also says how far the file is done. Before that transaction nothing has happened (files
//! that it would have named are swept later); after it, the batch is never read again.
//!
//! The heavy work between two awaits is done in place: an import is alone in its process and has nobody to keep waiting.

use std::collections::BTreeMap;
use std::hash::RandomState;
use std::path::Path;
use std::sync::Arc;

use lake::{Lake, RowForm};
use model::{CsvMapping, EventName, IdentityRules, ListKey, Moment};
use store::{Flush, ImportProgress, Store};
use tracing::info;

use crate::ahead::Ahead;
use crate::csv_rows::separator;
use crate::keys::KeyMaker;
use crate::kinds::Kinds;
use crate::known::KnownKeys;
use crate::lines::{Content, Packing};
use crate::report::{ImportReport, Progress};
use crate::rows::{Batch, BatchMax, Rows, Understanding};
use crate::settle::{Repeats, Settler};
use crate::{IngestError, warehouse};

/// How the lines of a file are to be understood.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Format {
    /// By the file itself: a table of a warehouse if its first row is one, else newline-delimited JSON, except that a `.csv` is
    /// refused for want of a mapping.
    #[default]
    Auto,
    /// Newline-delimited JSON in the shape of the Segment spec.
    Ndjson,
    /// CSV, its columns meaning what the mapping says.
    Csv(CsvMapping),
    /// A table of a warehouse that Segment filled, in CSV, JSON or Parquet; the file's name says which.
    Warehouse,
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
    /// Events that say who is on a list and who no longer, and which list.
    pub list_events: BTreeMap<EventName, ListKey>,
    /// What finds a profile, and how much one may have.
    pub identity: Arc<IdentityRules>,
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
        Self {
            format: Format::Auto,
            source: None,
            batch_lines: 200_000,
            effect: Effect::Import,
            list_events: BTreeMap::new(),
            identity: Arc::default(),
        }
    }
}

/// Columns of a Parquet file of messages that may hold JSON objects as text.
const NESTED_COLUMNS: &[&str] = &["properties", "traits", "context"];
/// A batch is over when its lines make up this much, however few they are.
const BATCH_BYTES_MAX: u64 = 64 << 20;
/// Progress is told once for so many lines.
const PROGRESS_LINES: u64 = 10_000;

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
    store: &Arc<dyn Store>,
    now: Moment,
    progress: &mut (dyn FnMut(&Progress) + Send),
) -> Result<ImportReport, IngestError> {
    import_next(path, options, lake, store, now, progress, &mut KnownKeys::default()).await
}

/// Imports one file of many, as [`import_file`] does. `known` goes from one to the next, so that keys of messages are not read
/// again for each.
///
/// # Errors
/// As [`import_file`].
pub async fn import_next(
    path: &Path,
    options: &ImportOptions,
    lake: &Lake,
    store: &Arc<dyn Store>,
    now: Moment,
    progress: &mut (dyn FnMut(&Progress) + Send),
    known: &mut KnownKeys,
) -> Result<ImportReport, IngestError> {
    // What was noted as taken by an import that fails, or that only tries, is not true.
    let mut keys = std::mem::take(known);
    keys.begin();
    let recognised = ImportOptions { format: Format::Warehouse, ..options.clone() };
    let options = if options.format == Format::Auto && warehouse::has_table(path)? { &recognised } else { options };
    let content = Content::open(path)?;
    if options.format == Format::Auto && content.packing() != Packing::Parquet && is_csv(path) {
        return Err(IngestError::NoMapping { path: path.to_owned() });
    }
    let form = row_form(&options.format)?;
    let hasher = RandomState::new();
    let lists = Arc::new(options.list_events.clone());
    let table = (options.format == Format::Warehouse).then(|| Arc::new(warehouse::Table::of(path)));
    let kinds = Kinds::new(Arc::clone(&options.identity));
    let max = BatchMax { lines: options.batch_lines.max(1) as u64, bytes: BATCH_BYTES_MAX };
    let begin = |source: &str, lines_done: u64| {
        let understanding = Understanding {
            keys: KeyMaker::new(source),
            now,
            hasher: hasher.clone(),
            lists: Arc::clone(&lists),
            kinds: kinds.clone(),
            table: table.clone(),
        };
        let rows = Rows::open(content.lines(path, form)?, &options.format, path, understanding, max)?;
        Ahead::new(rows, lines_done).map_err(|source| IngestError::Read { path: path.to_owned(), source })
    };
    // Most files are new, and those can be read while it is found out whether they are.
    let name = source(path, options);
    let mut batches = begin(&name, 0)?;
    let fingerprint = content.fingerprint(&meaning(path, options), path)?;
    let before = match store.import(&fingerprint).await.map_err(IngestError::Store)? {
        Some(before) if before.finished_at.is_some() => {
            let dry_run = options.effect == Effect::DryRun;
            return Ok(ImportReport { content: before.content, source: before.source, already: true, dry_run, ..ImportReport::default() });
        }
        Some(before) => {
            batches = begin(&before.source, before.lines)?;
            before
        }
        None => ImportProgress { content: fingerprint, source: name, lines: 0, accepted: 0, duplicates: 0, rejected: 0, finished_at: None },
    };
    let mut settler = Settler::new(lake, store, now, &before.source, options.effect, (hasher.clone(), kinds.clone())).await?;
    settler.report.resumed_after = before.lines;
    settler.known = keys;
    let mut import =
        Import { path, settler, now, bytes_total: content.bytes, batches, lines_done: before.lines, bytes_done: 0, before, progress };
    let ran = import.run().await;
    // Also of a file that breaks off: what was done before stays.
    import.settler.finish().await?;
    ran?;
    let content = import.before.content;
    let Settler { report, known: keys, .. } = import.settler;
    let report = ImportReport { content, ..report };
    if options.effect == Effect::Import {
        *known = keys;
    }
    info!(report.lines, report.accepted, report.duplicates, report.rejected, "file imported");
    Ok(report)
}

/// A mapping decides what a CSV file says, and settings which events are lists: with others it is another file.
fn meaning(path: &Path, options: &ImportOptions) -> String {
    match &options.format {
        Format::Auto | Format::Ndjson if options.list_events.is_empty() => String::new(),
        Format::Auto | Format::Ndjson => format!("{:?}", options.list_events),
        Format::Csv(mapping) => format!("{mapping:?}"),
        Format::Warehouse => format!("{:?} {:?}", warehouse::Table::of(path), options.list_events),
    }
}

fn source(path: &Path, options: &ImportOptions) -> String {
    let name = || path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    options.source.clone().unwrap_or_else(|| {
        if options.format == Format::Warehouse {
            return warehouse::SOURCE.to_owned();
        }
        let name = name();
        unpacked(&name).to_owned()
    })
}

/// How rows of Parquet are written for whoever reads lines.
fn row_form(format: &Format) -> Result<RowForm, IngestError> {
    Ok(match format {
        Format::Auto | Format::Ndjson => RowForm::Json { nested: NESTED_COLUMNS },
        Format::Warehouse => RowForm::Json { nested: &[] },
        Format::Csv(mapping) => RowForm::Csv { delimiter: separator(mapping)? },
    })
}

/// A name without what compressing added to it.
fn unpacked(name: &str) -> &str {
    [".gz", ".zst"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// Whether a file's name says that it is CSV.
pub(crate) fn is_csv(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = unpacked(&name);
    [".csv", ".tsv"].iter().any(|ending| name.ends_with(ending))
}

struct Import<'a> {
    path: &'a Path,
    settler: Settler<'a>,
    now: Moment,
    /// What earlier calls did.
    before: ImportProgress,
    bytes_total: u64,
    batches: Ahead,
    /// Lines and bytes of the file that progress was told of.
    lines_done: u64,
    bytes_done: u64,
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
                self.settler.report.truncated = truncated;
            }
        }
        Ok(())
    }

    /// Counts what was read, and what of it is no message.
    fn count(&mut self, batch: &Batch) {
        let mut told = self.lines_done;
        for block in &batch.blocks {
            for rejected in &block.rejected {
                self.settler.report.reject(rejected.line, &rejected.rejection);
                for (kind, refusal) in &rejected.refused {
                    self.settler.report.refuse(kind.clone(), *refusal);
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
        self.settler.report.lines = lines_done - self.settler.report.resumed_after;
    }

    /// Makes a batch true: what is new in it, and how far the file is done.
    async fn settle(&mut self, batch: Batch, finished: bool) -> Result<(), IngestError> {
        let (before, lines, now) = (&self.before, batch.lines_done, self.now);
        let rest = |report: &ImportReport| Flush {
            import: Some(ImportProgress {
                content: before.content.clone(),
                source: before.source.clone(),
                lines,
                accepted: before.accepted + report.accepted,
                duplicates: before.duplicates + report.duplicates,
                rejected: before.rejected + report.rejected,
                finished_at: finished.then_some(now),
            }),
            ..Flush::default()
        };
        self.settler.settle(batch.blocks, Repeats::Possible, rest).await
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
            accepted: self.before.accepted + self.settler.report.accepted,
            duplicates: self.before.duplicates + self.settler.report.duplicates,
            rejected: self.before.rejected + self.settler.report.rejected,
        });
    }
}
