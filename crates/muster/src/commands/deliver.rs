//! `muster deliver`: sends what is pending, without a new run.

use crate::cli::DeliverArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::{progress, reports};
use crate::{opening, output};

pub(crate) async fn run(asked: &Asked, args: &DeliverArgs) -> anyhow::Result<Ending> {
    let workspace = opening::connected(&asked.folder).await?;
    if args.all {
        workspace.request_all_syncs().await?;
    }
    let spinner = progress::spinner("sending");
    let delivered = workspace.deliver_pending().await;
    spinner.finish_and_clear();
    let delivered = delivered?;
    if asked.json {
        output::json(&delivered)?;
    } else {
        output::text(&reports::deliveries(&delivered))?;
    }
    Ok(Ending::with_findings(delivered.iter().any(|report| reports::needs_a_look(&report.status))))
}
