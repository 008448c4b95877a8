//! `muster check`: every mistake in the definitions at once, also those that only what is recorded shows.

use serde::Serialize;

use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::diagnostics;
use crate::render::numbers::counted;
use crate::{opening, output};

#[derive(Serialize)]
struct CheckJson<'a> {
    ok: bool,
    diagnostics: &'a [definitions::Diagnostic],
}

pub(crate) async fn run(asked: &Asked) -> anyhow::Result<Ending> {
    let mut loaded = opening::load(&asked.folder);
    opening::compare_with_store(&asked.folder, &mut loaded).await;
    if asked.json {
        output::json(&CheckJson { ok: loaded.catalog.is_some(), diagnostics: &loaded.diagnostics })?;
    } else if let Some(catalog) = &loaded.catalog {
        let mut text = if loaded.diagnostics.is_empty() { String::new() } else { diagnostics::draw(&loaded) };
        text.push_str(&format!(
            "{} and {} understood{}\n",
            counted(catalog.audiences.len() as u64, "audience"),
            counted(catalog.destinations.len() as u64, "destination"),
            if loaded.diagnostics.is_empty() { ", no mistakes" } else { "" },
        ));
        output::text(&text)?;
    } else {
        output::text(&diagnostics::draw(&loaded))?;
    }
    Ok(Ending::with_findings(loaded.catalog.is_none()))
}
