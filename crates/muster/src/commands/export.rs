//! `muster export`: all that is held of one person or account, as one JSON document for them.
//!
//! Written piece by piece, so that a person with very many events takes no more memory than one with few, and under a
//! temporary name that only its owner may read: a file that has its name is whole.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;
use engine::{FactPlace, FactQuery, Logs, SortOrder, Workspace};
use model::{Fact, Identifier, Moment, ProfileId, Span};
use serde_json::{Value as Json, json};
use store::ProfileRecord;

use crate::cli::ExportArgs;
use crate::commands::{Asked, whom};
use crate::exit::Ending;
use crate::render::numbers::counted;
use crate::{opening, output, person};

/// The version of the document's shape. It goes up when a program that reads it would have to change.
const VERSION: u32 = 1;
/// Facts and links in memory at a time.
const PAGE: usize = 1_000;

pub(crate) async fn run(asked: &Asked, args: &ExportArgs) -> anyhow::Result<Ending> {
    let name = whom::typed(&args.profile)?;
    let workspace = opening::workspace(&asked.folder).await?;
    let record = whom::find(&workspace, &name).await?;
    if workspace.waiting_bytes()? > 0 {
        output::note("messages wait in the inbox and are not in the export; the next run takes them in\n");
    }
    let Some(file) = &args.output else {
        let mut document = Document { to: BufWriter::new(io::stdout()), is_first: true };
        write(&workspace, &record, &mut document).await?;
        document.to.flush()?;
        return Ok(Ending::Done);
    };
    let events = to_file(&workspace, &record, file).await.with_context(|| format!("write `{}`", file.display()))?;
    if asked.json {
        output::json(&json!({ "file": file, "events": events }))?;
    } else {
        output::note(&format!("{} and all else written to `{}`\n", counted(events, "event"), file.display()));
    }
    Ok(Ending::Done)
}

async fn to_file(workspace: &Workspace, record: &ProfileRecord, file: &Path) -> anyhow::Result<u64> {
    let mut document = Document { to: BufWriter::new(output::begin(file)?), is_first: true };
    let events = write(workspace, record, &mut document).await?;
    let temporary = document.to.into_inner().map_err(io::IntoInnerError::into_error)?;
    output::keep(temporary, file)?;
    Ok(events)
}

/// Writes the document, and says how many events are in it.
async fn write<W: Write>(workspace: &Workspace, record: &ProfileRecord, document: &mut Document<W>) -> anyhow::Result<u64> {
    let (store, numbers, now) = (workspace.store.as_ref(), record.numbers(), workspace.clock.now());
    document.to.write_all(b"{")?;
    document.member("format", &json!("muster-profile"))?;
    document.member("version", &json!(VERSION))?;
    document.member("exported_at", &json!(now.rfc3339()))?;
    document.member("profile", &person::identity(record))?;
    document.member("suppressed", &json!(workspace.is_suppressed(record).await?))?;
    document.list("identifiers")?;
    for attached in &record.identifiers {
        document.item(&person::identifier(attached))?;
    }
    document.end()?;
    links(workspace, record, document).await?;
    document.list("memberships")?;
    for stay in workspace.all_stays(&numbers).await? {
        document.item(&person::held_stay(&stay))?;
    }
    document.end()?;
    document.list("sent")?;
    for row in store.ledger_of_people(&numbers).await? {
        document.item(&person::sent(&row))?;
    }
    document.end()?;
    document.list("models")?;
    let identifiers: Vec<Identifier> = record.identifiers.iter().map(|attached| attached.identifier.clone()).collect();
    for (model, row) in store.model_rows_about(&identifiers).await? {
        let identifiers: Vec<_> = row.identifiers.iter().map(|found| json!({ "kind": found.kind, "value": found.value })).collect();
        document.item(&json!({ "model": model, "key": row.key, "identifiers": identifiers }))?;
    }
    document.end()?;
    let mut traits = facts(workspace, &numbers, Logs::Traits);
    document.list("traits")?;
    while let Some(page) = traits.next().await? {
        for change in page.iter().flat_map(person::changes) {
            document.item(&change)?;
        }
    }
    document.end()?;
    let (mut events, mut count) = (facts(workspace, &numbers, Logs::events()), 0);
    document.list("events")?;
    while let Some(page) = events.next().await? {
        for event in page.iter().filter_map(person::event) {
            document.item(&event)?;
            count += 1;
        }
    }
    document.end()?;
    document.to.write_all(b"\n}\n")?;
    Ok(count)
}

async fn links<W: Write>(workspace: &Workspace, record: &ProfileRecord, document: &mut Document<W>) -> anyhow::Result<()> {
    let mut after = None;
    document.list("links")?;
    loop {
        let page = workspace.store.linked(record.profile, record.collection, after, u32::try_from(PAGE)?).await?;
        for linked in &page {
            document.item(&person::link(record.collection, linked))?;
        }
        match page.last().filter(|_| page.len() == PAGE) {
            Some(last) => after = Some(last.profile),
            None => return document.end(),
        }
    }
}

/// All facts of a log, page by page, earliest first.
struct Pages<'a> {
    workspace: &'a Workspace,
    numbers: &'a [ProfileId],
    query: FactQuery,
    is_done: bool,
}

fn facts<'a>(workspace: &'a Workspace, numbers: &'a [ProfileId], log: Logs) -> Pages<'a> {
    let ever = Span { start: Moment::from_micros(i64::MIN), end: Moment::from_micros(i64::MAX) };
    let query = FactQuery { log, within: ever, limit: PAGE, order: SortOrder::OldestFirst, after: None };
    Pages { workspace, numbers, query, is_done: false }
}

impl Pages<'_> {
    async fn next(&mut self) -> anyhow::Result<Option<Vec<Fact>>> {
        if self.is_done {
            return Ok(None);
        }
        let page = self.workspace.facts(self.numbers, &self.query).await?;
        self.is_done = page.len() < PAGE;
        self.query.after = page.last().map(FactPlace::of);
        Ok(Some(page))
    }
}

/// A JSON object on its way: a member a line, an item of a list a line.
struct Document<W: Write> {
    to: W,
    is_first: bool,
}

impl<W: Write> Document<W> {
    fn member(&mut self, name: &str, value: &Json) -> anyhow::Result<()> {
        self.name(name)?;
        Ok(serde_json::to_writer(&mut self.to, value)?)
    }

    fn name(&mut self, name: &str) -> anyhow::Result<()> {
        let comma = if self.is_first { "" } else { "," };
        self.is_first = false;
        Ok(write!(self.to, "{comma}\n  \"{name}\": ")?)
    }

    fn list(&mut self, name: &str) -> anyhow::Result<()> {
        self.name(name)?;
        self.is_first = true;
        Ok(self.to.write_all(b"[")?)
    }

    fn item(&mut self, value: &Json) -> anyhow::Result<()> {
        let comma = if self.is_first { "" } else { "," };
        self.is_first = false;
        write!(self.to, "{comma}\n    ")?;
        Ok(serde_json::to_writer(&mut self.to, value)?)
    }

    fn end(&mut self) -> anyhow::Result<()> {
        let close: &[u8] = if self.is_first { b"]" } else { b"\n  ]" };
        self.is_first = false;
        Ok(self.to.write_all(close)?)
    }
}
