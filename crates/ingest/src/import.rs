//! Importing a file: batch by batch, so that it may be interrupted anywhere and goes on where it was.
//!
//! A batch is parsed, compared with what was taken before, resolved, written to the lake and made true in one
//! transaction of the store that also says how far the file is done. Before that transaction nothing has happened (files
//! that it would have named are swept later); after it, the batch is never read again.
//!
//! The heavy work between two awaits is done in place: an import is alone in its process and has nobody to keep waiting.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use lake::Lake;
use model::{CsvMapping, Fact, FactKind, Identifier, Moment, SourceOrder};
use store::{Flush, ImportProgress, Store};
use tracing::{debug, info};

use crate::identity::Resolver;
use crate::keys::{self, KeyMaker};
use crate::known::KnownKeys;
use crate::lines::Content;
use crate::report::{ImportReport, Progress};
use crate::rows::{Pending, Rows, Step};
use crate::{IngestError, Truncation};

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
    /// What its messages' ids are unique within. Default: its name without folders and without `.gz`.
    pub source: Option<String>,
    /// Lines made true at once.
    pub batch_lines: usize,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { format: Format::Auto, source: None, batch_lines: 200_000 }
    }
}

/// A batch is over when its lines make up this much, however few they are.
const BATCH_BYTES_MAX: u64 = 128 << 20;
/// Progress is told once for so many lines.
const PROGRESS_LINES: u64 = 10_000;
/// Identifiers remembered (some 200 MB) before those of earlier batches are forgotten.
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
    if options.format == Format::Auto && is_csv(path) {
        return Err(IngestError::NoMapping { path: path.to_owned() });
    }
    let content = Content::open(path)?;
    let fingerprint = content.fingerprint(&meaning(&options.format));
    let before = store.import(&fingerprint).await.map_err(IngestError::Store)?;
    let before = before.unwrap_or_else(|| ImportProgress {
        content: fingerprint,
        source: source(path, options),
        lines: 0,
        accepted: 0,
        duplicates: 0,
        rejected: 0,
        finished_at: None,
    });
    let mut report = ImportReport { source: before.source.clone(), ..ImportReport::default() };
    if before.finished_at.is_some() {
        report.already = true;
        return Ok(report);
    }
    report.resumed_after = before.lines;
    let bytes_total = content.bytes;
    let batch = keys::batch(&before.source);
    let next_profile = store.next_profile().await.map_err(IngestError::Store)?;
    let rows = Rows::open(content.lines(path)?, &options.format, path, KeyMaker::new(&before.source), now)?;
    let mut import = Import {
        path,
        lake,
        store,
        now,
        before,
        bytes_total,
        batch_lines: options.batch_lines.max(1) as u64,
        rows,
        batch,
        known: KnownKeys::default(),
        resolver: Resolver::new(next_profile, now),
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
        name.strip_suffix(".gz").map(str::to_owned).unwrap_or(name)
    })
}

fn is_csv(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
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
    batch_lines: u64,
    rows: Rows,
    /// Tells this file from others; a file that grew is the same batch.
    batch: u32,
    known: KnownKeys,
    resolver: Resolver,
    report: ImportReport,
    progress: &'a mut (dyn FnMut(&Progress) + Send),
}

impl Import<'_> {
    async fn run(&mut self) -> Result<(), IngestError> {
        self.skip_done()?;
        loop {
            let (batch, over) = self.read_batch()?;
            if over {
                self.check_end()?;
            }
            self.settle(batch, over && self.truncation().is_none()).await?;
            self.tell();
            if over {
                self.report.truncated = self.truncation();
                return Ok(());
            }
        }
    }

    /// Passes over what an earlier call did. A CSV header is read already.
    fn skip_done(&mut self) -> Result<(), IngestError> {
        self.tell();
        while self.rows.lines().number() < self.before.lines {
            if !self.rows.skip_line().map_err(|source| self.unreadable(source))? {
                break;
            }
            self.tell_now_and_then(self.rows.lines().number());
        }
        Ok(())
    }

    /// Reads messages until the batch is full. `true`: the file is over.
    fn read_batch(&mut self) -> Result<(Vec<Pending>, bool), IngestError> {
        let mut batch = Vec::new();
        let (first_line, first_byte) = (self.rows.lines().number(), self.rows.lines().bytes_given());
        let mut told = first_line;
        loop {
            match self.rows.next().map_err(|source| self.unreadable(source))? {
                Step::Message(pending) => batch.push(pending),
                Step::Rejected { line, rejection, refused } => {
                    self.report.reject(line, rejection);
                    for (kind, refusal) in refused {
                        self.report.refuse(&kind, refusal);
                    }
                }
                Step::Blank => {}
                Step::Over => {
                    self.count_lines();
                    return Ok((batch, true));
                }
            }
            let lines = self.rows.lines();
            let (number, bytes) = (lines.number(), lines.bytes_given());
            if number - told >= PROGRESS_LINES {
                told = number;
                self.count_lines();
                self.tell();
            }
            if number - first_line >= self.batch_lines || bytes - first_byte >= BATCH_BYTES_MAX {
                self.count_lines();
                return Ok((batch, false));
            }
        }
    }

    /// Makes a batch true: what is new in it, and how far the file is done.
    async fn settle(&mut self, mut batch: Vec<Pending>, finished: bool) -> Result<(), IngestError> {
        self.known.load(batch.iter().map(|pending| &pending.message), self.lake, self.store).await?;
        let read = batch.len();
        batch.retain(|pending| self.known.take(&pending.message, pending.key));
        self.report.duplicates += (read - batch.len()) as u64;

        self.learn(&batch).await?;
        let mut facts = Vec::with_capacity(batch.len());
        for pending in batch {
            facts.push(self.fact(pending));
        }
        let changes = self.resolver.take_changes();
        self.report.new_profiles += changes.profiles.len() as u64;
        self.report.merges += changes.merges.len() as u64;
        let segments = if facts.is_empty() { Vec::new() } else { self.lake.write(&facts).map_err(IngestError::Lake)? };
        debug!(facts = facts.len(), segments = segments.len(), profiles = changes.profiles.len(), "batch written");
        drop(facts);

        let flush = Flush {
            profiles: changes.profiles,
            identifiers: changes.identifiers,
            merges: changes.merges,
            links: changes.links,
            segments,
            import: Some(ImportProgress {
                content: self.before.content.clone(),
                source: self.before.source.clone(),
                lines: self.rows.lines().number(),
                accepted: self.before.accepted + self.report.accepted,
                duplicates: self.before.duplicates + self.report.duplicates,
                rejected: self.before.rejected + self.report.rejected,
                finished_at: finished.then_some(self.now),
            }),
        };
        self.store.flush(&flush).await.map_err(IngestError::Store)?;
        if self.resolver.len() > IDENTIFIERS_HELD_MAX {
            self.resolver.forget();
        }
        Ok(())
    }

    /// Asks the store about everybody in the batch who is not known here.
    async fn learn(&mut self, batch: &[Pending]) -> Result<(), IngestError> {
        let identifiers = batch.iter().flat_map(|pending| pending.carried.all());
        let unknown: HashSet<&Identifier> = identifiers.filter(|identifier| self.resolver.needs(identifier)).collect();
        let unknown: Vec<Identifier> = unknown.into_iter().cloned().collect();
        let mut profiles = BTreeSet::new();
        for asked in unknown.chunks(ASKED_MAX) {
            let found = self.store.find_profiles(asked).await.map_err(IngestError::Store)?;
            for identifier in asked {
                if let Some(profile) = found.get(identifier) {
                    self.resolver.learn(identifier.clone(), *profile);
                    profiles.insert(*profile);
                }
            }
        }
        let profiles: Vec<_> = profiles.into_iter().filter(|profile| self.resolver.needs_user_ids(*profile)).collect();
        for asked in profiles.chunks(ASKED_MAX) {
            for identity in self.store.identities(asked).await.map_err(IngestError::Store)? {
                self.resolver.learn_user_ids(identity.profile, identity.identifiers);
            }
        }
        Ok(())
    }

    fn fact(&mut self, pending: Pending) -> Fact {
        let Pending { message, key, line, carried, refused } = pending;
        for (kind, refusal) in refused {
            self.report.refuse(&kind, refusal);
        }
        self.report.accepted += 1;
        self.report.zone_missing += u64::from(message.when.zone_missing);
        match &message.said {
            FactKind::Event { .. } => self.report.events += 1,
            FactKind::Traits(_) => self.report.traits += 1,
        }
        let profile = self.resolver.resolve(message.kind, carried, message.when).expect("what identifies nobody was rejected when read");
        let (occurred_at, received_at) = (message.when.occurred_at, message.when.received_at);
        let place = u32::try_from(line).unwrap_or(u32::MAX);
        let source_order = SourceOrder { batch: self.batch, place };
        Fact { profile, occurred_at, received_at, message_key: key, source_order, kind: message.said }
    }

    /// A file that got shorter since it was hashed is not what it was known by.
    fn check_end(&self) -> Result<(), IngestError> {
        if self.truncation().is_none() && self.rows.lines().bytes_done() < self.bytes_total {
            return Err(IngestError::Changed { path: self.path.to_owned() });
        }
        Ok(())
    }

    fn truncation(&self) -> Option<Truncation> {
        self.rows.lines().truncation()
    }

    fn unreadable(&self, source: std::io::Error) -> IngestError {
        IngestError::Read { path: self.path.to_owned(), source }
    }

    fn count_lines(&mut self) {
        self.report.lines = self.rows.lines().number() - self.report.resumed_after;
    }

    fn tell_now_and_then(&mut self, line: u64) {
        if line.is_multiple_of(PROGRESS_LINES) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        (self.progress)(&Progress {
            bytes_done: self.rows.lines().bytes_done(),
            bytes_total: self.bytes_total,
            lines: self.rows.lines().number(),
            accepted: self.before.accepted + self.report.accepted,
            duplicates: self.before.duplicates + self.report.duplicates,
            rejected: self.before.rejected + self.report.rejected,
        });
    }
}
