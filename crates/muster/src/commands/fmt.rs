//! `muster fmt`: definition files in their canonical layout.
//!
//! A file is replaced at once (written beside, then renamed, with its mode kept) or not at all; one with mistakes of
//! YAML is left alone, and so is one that is canonical already. A file of the folder that could not be read is never
//! passed over in silence: `fmt --check` would call it formatted.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use definitions::format::{FormatError, format};
use definitions::{Diagnostic, Loaded};
use serde::Serialize;

use crate::cli::FmtArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::output;
use crate::render::diagnostics;
use crate::render::numbers::counted;

#[derive(Default, Serialize)]
struct FmtJson {
    /// Files that were changed, or would be.
    changed: Vec<PathBuf>,
    /// Files left alone because of mistakes, or not read at all.
    refused: Vec<PathBuf>,
    /// How many were canonical already.
    unchanged: usize,
    diagnostics: Vec<Diagnostic>,
}

pub(crate) fn run(asked: &Asked, args: &FmtArgs) -> anyhow::Result<Ending> {
    let mut report = FmtJson::default();
    let Files { found, unread, mut sources } = files(&asked.folder, &args.files)?;
    report.refused.extend(unread.iter().filter_map(|finding| finding.place.as_ref()).map(|place| place.file.clone()));
    let nameless = unread.iter().filter(|finding| finding.place.is_none()).count();
    report.diagnostics.extend(unread);
    for (shown, path) in found {
        let text = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
        match format(&shown, &text) {
            Ok(formatted) if formatted == text => report.unchanged += 1,
            Ok(formatted) => {
                if !args.check {
                    replace(&path, &formatted).with_context(|| format!("write `{}`", path.display()))?;
                }
                report.changed.push(shown);
            }
            Err(FormatError::Refused(found)) => {
                report.diagnostics.extend(found);
                report.refused.push(shown.clone());
                sources.insert(shown, text);
            }
            Err(error @ FormatError::Unproven) => {
                output::note(&format!("{}: {error}\n", shown.display()));
                report.refused.push(shown);
            }
        }
    }
    if asked.json {
        output::json(&report)?;
    } else {
        if !report.diagnostics.is_empty() {
            let loaded = Loaded { catalog: None, diagnostics: report.diagnostics.clone(), sources, mentions: Vec::new() };
            output::note(&diagnostics::draw(&loaded));
        }
        output::text(&told(&report, args.check))?;
    }
    let refused = (report.refused.len() + nameless) as u64;
    if refused > 0 {
        anyhow::bail!("{} could not be formatted and stayed as before", counted(refused, "file"));
    }
    Ok(Ending::with_findings(args.check && !report.changed.is_empty()))
}

fn told(report: &FmtJson, check: bool) -> String {
    let lines = report.changed.iter().map(|path| format!("{}\n", path.display()));
    let verb = if check { "would be formatted" } else { "formatted" };
    let (changed, unchanged) = (report.changed.len() as u64, report.unchanged as u64);
    format!("{}{} {verb}, {} already", lines.collect::<String>(), counted(changed, "file"), unchanged)
}

/// Findings of loading that say that a file was not read.
const UNREAD: [&str; 4] = ["unreadable-file", "not-utf8", "file-too-large", "rename-to-yaml"];

struct Files {
    /// As shown, and where they are.
    found: Vec<(PathBuf, PathBuf)>,
    /// Why others of the folder were not read.
    unread: Vec<Diagnostic>,
    /// The texts that those findings are drawn on.
    sources: BTreeMap<PathBuf, String>,
}

/// The files asked for, or all of the folder.
fn files(folder: &Path, asked: &[PathBuf]) -> anyhow::Result<Files> {
    if let Some(path) = asked.iter().find(|path| path.is_dir()) {
        anyhow::bail!("cannot format `{}`: it is a folder, name the files in it", path.display());
    }
    if !asked.is_empty() {
        let found = asked.iter().map(|path| (path.clone(), path.clone())).collect();
        return Ok(Files { found, unread: Vec::new(), sources: BTreeMap::new() });
    }
    let Loaded { diagnostics, mut sources, .. } = definitions::load(folder);
    let unread: Vec<Diagnostic> = diagnostics.into_iter().filter(|finding| UNREAD.contains(&finding.code)).collect();
    let about: BTreeMap<PathBuf, String> =
        unread.iter().filter_map(|finding| sources.remove_entry(&finding.place.as_ref()?.file)).collect();
    let found: Vec<_> = sources.into_keys().map(|path| (path.clone(), folder.join(path))).collect();
    anyhow::ensure!(!found.is_empty() || !unread.is_empty(), "there are no definitions in `{}`", folder.display());
    Ok(Files { found, unread, sources: about })
}

fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    // What a link points to is replaced, not the link.
    let path = path.canonicalize()?;
    let folder = path.parent().context("a file lies in a folder")?;
    let mut file = tempfile::Builder::new().prefix(".fmt").suffix(".tmp").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}
