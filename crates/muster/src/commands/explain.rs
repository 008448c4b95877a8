//! `muster explain`: what a code, an operator or a key means, from the tables the checker reads by.

use definitions::suggest;
use serde::Serialize;

use crate::cli::ExplainArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::output;
use crate::render::reference::{self, Entry};

#[derive(Serialize)]
struct EntryJson<'a> {
    kind: &'a str,
    name: &'a str,
    text: String,
}

pub(crate) fn run(asked: &Asked, args: &ExplainArgs) -> anyhow::Result<Ending> {
    let entries = reference::entries();
    let chosen: Vec<&Entry> = match &args.name {
        Some(name) => find(&entries, name)?,
        None => entries.iter().collect(),
    };
    if args.markdown {
        output::text(&reference::markdown())?;
    } else if asked.json {
        let json: Vec<_> = chosen.iter().map(|entry| EntryJson { kind: entry.kind.word(), name: entry.name, text: entry.text() }).collect();
        output::json(&json)?;
    } else {
        let texts: Vec<String> =
            chosen.iter().map(|entry| format!("{} `{}`\n  {}\n", entry.kind.word(), entry.name, entry.text())).collect();
        output::text(&texts.join("\n"))?;
    }
    Ok(Ending::Done)
}

/// Every entry of this name: `at_least` counts events, and compares numbers.
fn find<'a>(entries: &'a [Entry], name: &str) -> anyhow::Result<Vec<&'a Entry>> {
    let found: Vec<&Entry> = entries.iter().filter(|entry| entry.name == name).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    match suggest(name, entries.iter().map(|entry| entry.name)) {
        Some(nearest) => anyhow::bail!("nothing is called `{name}`; did you mean `{nearest}`?"),
        None => anyhow::bail!("nothing is called `{name}`; `muster explain --all` lists every code, operator and key"),
    }
}
