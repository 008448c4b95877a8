//! `muster suppressions`: how many identifiers are kept out, since when. The list holds hashes, so it cannot say whose.

use model::Moment;
use serde::Serialize;
use store::Suppression;

use crate::cli::SuppressionsArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::numbers::counted;
use crate::render::table::{Column, draw};
use crate::{opening, output};

/// Digits of a hash that tell it from others.
const SHOWN_DIGITS: usize = 12;

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Listed {
    hash: String,
    since: Moment,
    is_known: bool,
}

pub(crate) async fn run(asked: &Asked, args: &SuppressionsArgs) -> anyhow::Result<Ending> {
    let workspace = opening::workspace(&asked.folder).await?;
    let suppressions = workspace.store.suppressions().await?;
    let listed: Vec<Listed> = suppressions.iter().map(listed).collect();
    if asked.json {
        output::report(&listed)?;
    } else {
        output::text(&told(&listed, args.limit))?;
    }
    Ok(Ending::Done)
}

fn listed(suppression: &Suppression) -> Listed {
    let hash = suppression.digest.chars().take(SHOWN_DIGITS).collect();
    Listed { hash, since: suppression.since.whole_seconds(), is_known: suppression.profile.is_some() }
}

fn told(listed: &[Listed], limit: usize) -> String {
    if listed.is_empty() {
        return "nobody is suppressed\n".to_owned();
    }
    let columns = [Column::Text("hash"), Column::Text("since"), Column::Text("of")];
    let row = |listed: &Listed| {
        let of = if listed.is_known { "a profile" } else { "nobody known" };
        vec![listed.hash.clone(), listed.since.to_string(), of.to_owned()]
    };
    let newest = &listed[listed.len().saturating_sub(limit)..];
    let mut text = draw(&columns, &newest.iter().map(row).collect::<Vec<_>>());
    text.push_str(&format!("{} suppressed\n", counted(listed.len() as u64, "identifier")));
    text
}
