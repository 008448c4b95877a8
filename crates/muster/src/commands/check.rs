//! `muster check`: every mistake in the definitions at once, also those that only what is recorded shows, and whatever
//! they name that traffic has never shown.

use std::collections::BTreeSet;

use definitions::{Catalog, Diagnostic, Loaded, Severity, observed};
use model::{ListKey, RowModel};
use serde::Serialize;

use crate::cli::CheckArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::opening::EnvironmentAndFiles;
use crate::render::diagnostics;
use crate::render::numbers::counted;
use crate::{opening, output};

#[derive(Serialize)]
struct CheckJson<'a> {
    ok: bool,
    diagnostics: &'a [Diagnostic],
}

pub(crate) async fn run(asked: &Asked, args: &CheckArgs) -> anyhow::Result<Ending> {
    let mut loaded = opening::load(&asked.folder);
    opening::compare_with_store(&asked.folder, &mut loaded).await;
    if let Some(catalog) = &loaded.catalog {
        let unseen = unseen(asked, args, catalog, &loaded).await?;
        loaded.diagnostics.extend(unseen);
        loaded.diagnostics.sort_by_key(|finding| finding.place.as_ref().map(|place| (place.file.clone(), place.line, place.column)));
    }
    let ok = loaded.catalog.is_some() && loaded.diagnostics.iter().all(|finding| finding.severity != Severity::Error);
    if asked.json {
        output::json(&CheckJson { ok, diagnostics: &loaded.diagnostics })?;
    } else if let Some(catalog) = loaded.catalog.as_ref().filter(|_| ok) {
        let mut text = if loaded.diagnostics.is_empty() { String::new() } else { diagnostics::draw(&loaded) };
        let traits = match catalog.traits.len() as u64 {
            0 => String::new(),
            traits => format!(", {}", counted(traits, "computed trait")),
        };
        text.push_str(&format!(
            "{}{traits} and {} understood{}\n",
            counted(catalog.audiences.len() as u64, "audience"),
            counted(catalog.destinations.len() as u64, "destination"),
            if loaded.diagnostics.is_empty() { ", no mistakes" } else { "" },
        ));
        output::text(&text)?;
    } else {
        output::text(&diagnostics::draw(&loaded))?;
    }
    Ok(Ending::with_findings(!ok))
}

/// What the definitions name that was never seen. A store that cannot be asked is a remark, unless strictness depends on it.
async fn unseen(asked: &Asked, args: &CheckArgs, catalog: &Catalog, loaded: &Loaded) -> anyhow::Result<Vec<Diagnostic>> {
    let seen = match engine::observed(&asked.folder, &catalog.settings, &EnvironmentAndFiles).await {
        Ok(seen) => seen.unwrap_or_default(),
        Err(error) if args.strict => return Err(anyhow::Error::from(error).context("look at what has been observed")),
        Err(error) => {
            output::note(&format!("names were not compared with what has been observed: {error}\n"));
            return Ok(Vec::new());
        }
    };
    // Marks of models and lists are there whether one was synced yet or not.
    let marks = catalog.models.values().map(RowModel::member_trait).chain(catalog.settings.list_events.values().map(ListKey::member_trait));
    let computed: BTreeSet<String> = catalog.traits.keys().map(ToString::to_string).chain(marks).collect();
    let mut findings = observed::check(&loaded.mentions, &computed, &seen);
    if args.strict {
        for finding in &mut findings {
            finding.severity = Severity::Error;
        }
    }
    Ok(findings)
}
