//! `muster ingest`: messages from files, with progress; bad lines are counted and shown and stop nothing.

use std::path::Path;

use anyhow::Context as _;
use engine::{Lease, LeaseName, Reading, Workspace};
use ingest::{Effect, Format, ImportOptions, ImportReport, Progress};
use serde::Serialize;

use crate::cli::IngestArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::numbers::{counted, grouped};
use crate::render::{progress, rejections};
use crate::{opening, output};

#[derive(Serialize)]
struct ImportJson<'a> {
    file: String,
    #[serde(flatten)]
    report: &'a ImportReport,
}

pub(crate) async fn run(asked: &Asked, args: &IngestArgs) -> anyhow::Result<Ending> {
    let workspace = opening::workspace(&asked.folder).await?;
    let format = if args.warehouse { Format::Warehouse } else { format(&workspace, args.csv.as_deref())? };
    let effect = if args.dry_run { Effect::DryRun } else { Effect::Import };
    let options = ImportOptions { format, source: args.source.clone(), effect, ..workspace.import_options() };
    let findings = if args.dry_run {
        let _reading = Reading::begin(&workspace).await?;
        import_all(asked, args, &workspace, &options).await
    } else {
        let lease = Lease::take(LeaseName::Writer, &workspace).await?;
        workspace.sweep(&lease).await?;
        let imported = import_all(asked, args, &workspace, &options).await;
        lease.release().await;
        imported
    };
    findings.map(Ending::with_findings)
}

/// Imports file after file. `true`: something in one of them was not taken.
async fn import_all(asked: &Asked, args: &IngestArgs, workspace: &Workspace, options: &ImportOptions) -> anyhow::Result<bool> {
    let mut findings = false;
    let files = if args.warehouse { ingest::warehouse_files(&args.files)? } else { args.files.clone() };
    if files.is_empty() {
        anyhow::bail!("the folder has no tables in it: export them as CSV, NDJSON or Parquet, a file named after each");
    }
    for file in &files {
        let report = import(workspace, file, options).await?;
        findings |= report.rejected > 0 || report.truncated.is_some();
        show(asked, file, &report)?;
    }
    Ok(findings)
}

fn format(workspace: &Workspace, mapping: Option<&str>) -> anyhow::Result<Format> {
    let Some(name) = mapping else { return Ok(Format::Auto) };
    let mappings = &workspace.catalog.settings.csv;
    let Some(mapping) = mappings.get(name) else {
        let known = definitions::suggest(name, mappings.keys().map(String::as_str));
        let way_out = match known {
            Some(near) => format!("did you mean `{near}`?"),
            None => "add one under `csv:`".to_owned(),
        };
        anyhow::bail!("`muster.yaml` has no CSV mapping named `{name}`; {way_out}");
    };
    Ok(Format::Csv(mapping.clone()))
}

/// Imports one file under a progress bar.
pub(crate) async fn import(workspace: &Workspace, file: &Path, options: &ImportOptions) -> anyhow::Result<ImportReport> {
    let bar = progress::bytes(0);
    bar.set_prefix(file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()));
    let mut on_progress = |progress: &Progress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes_done);
        let per_second = progress.lines as f64 / bar.elapsed().as_secs_f64().max(0.001);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate for people")]
        bar.set_message(format!("{} lines, {} a second", grouped(progress.lines), grouped(per_second as u64)));
    };
    let imported = ingest::import_file(file, options, &workspace.lake, &workspace.store, workspace.clock.now(), &mut on_progress).await;
    bar.finish_and_clear();
    imported.with_context(|| format!("ingest `{}`", file.display()))
}

fn show(asked: &Asked, file: &Path, report: &ImportReport) -> anyhow::Result<()> {
    if asked.json {
        return output::line(&ImportJson { file: file.display().to_string(), report });
    }
    output::text(&told(file, report))
}

/// An import as people read it.
pub(crate) fn told(file: &Path, report: &ImportReport) -> String {
    let name = file.display();
    if report.already {
        return format!("{name}: imported before, nothing changed\n");
    }
    let mut text = format!(
        "{name}: {}{} accepted ({}, {}), {} known already, {} rejected; {}\n",
        if report.dry_run { "would be " } else { "" },
        grouped(report.accepted),
        counted(report.events, "event"),
        counted(report.traits, "trait change"),
        grouped(report.duplicates),
        grouped(report.rejected),
        counted(report.new_profiles, "new profile"),
    );
    if report.dry_run {
        text.push_str(&rehearsed(report));
    }
    text.push_str(&rejections::told("line", &report.rejections, &report.refusals, &report.set_aside));
    if report.zone_missing > 0 {
        text.push_str(&format!("  {} had no time zone and were read as UTC\n", counted(report.zone_missing, "timestamp")));
    }
    if let Some(truncated) = &report.truncated {
        text.push_str(&format!(
            "  the file ends too early ({truncated}); what came before is kept, ingest a whole copy of the same name to go on\n"
        ));
    }
    text
}

/// Names of events listed at most.
const EVENTS_SHOWN_MAX: usize = 20;

/// What would be there after an import that was only tried.
fn rehearsed(report: &ImportReport) -> String {
    let mut text = format!("  nothing was written; {} known already are spoken of\n", counted(report.known_profiles, "profile"));
    for (kind, count) in &report.messages {
        text.push_str(&format!("  {} `{}`\n", counted(*count, "message"), kind.as_str()));
    }
    let mut events: Vec<_> = report.event_names.iter().collect();
    events.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (name, count) in events.iter().take(EVENTS_SHOWN_MAX) {
        text.push_str(&format!("    {} of event `{name}`\n", grouped(**count)));
    }
    if events.len() > EVENTS_SHOWN_MAX {
        text.push_str(&format!(
            "    and {} more; `--json` lists them all\n",
            counted((events.len() - EVENTS_SHOWN_MAX) as u64, "event name")
        ));
    }
    text
}
