//! `muster deliver`: sends what is pending, without a new run; lets changes through that guards hold.

use serde::Serialize;

use crate::cli::DeliverArgs;
use crate::commands::{Asked, members};
use crate::exit::Ending;
use crate::render::{progress, reports};
use crate::{opening, output};

#[derive(Serialize)]
struct ReleaseJson<'a> {
    released: &'a engine::Released,
    delivered: &'a [engine::DeliveryReport],
}

pub(crate) async fn run(asked: &Asked, args: &DeliverArgs) -> anyhow::Result<Ending> {
    let workspace = opening::connected(&asked.folder).await?;
    let released = match &args.release {
        Some(typed) => Some(workspace.release(&defined(&workspace, typed)?).await?),
        None => None,
    };
    if args.all {
        workspace.request_all_syncs().await?;
    }
    let spinner = progress::spinner("sending");
    let delivered = workspace.deliver_pending().await;
    spinner.finish_and_clear();
    let delivered = delivered?;
    match (&released, asked.json) {
        (Some(released), true) => output::report(&ReleaseJson { released, delivered: &delivered })?,
        (None, true) => output::report(&delivered)?,
        (Some(released), false) => output::text(&format!("{}\n{}", reports::released(released), reports::deliveries(&delivered)))?,
        (None, false) => output::text(&reports::deliveries(&delivered))?,
    }
    Ok(Ending::with_findings(delivered.iter().any(|report| reports::needs_a_look(&report.status))))
}

/// The key that was typed, when an audience is defined under it.
pub(crate) fn defined(workspace: &engine::Workspace, typed: &str) -> anyhow::Result<model::AudienceKey> {
    let found = workspace.catalog.audiences.keys().find(|key| key.as_str() == typed);
    found.cloned().ok_or_else(|| members::unknown(workspace, typed))
}
