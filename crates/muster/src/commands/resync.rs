//! `muster resync`: sends everybody of an audience anew, for what is at a destination may not be what was sent.

use crate::cli::ResyncArgs;
use crate::commands::{Asked, deliver, destination};
use crate::exit::Ending;
use crate::render::{progress, reports};
use crate::{opening, output};

pub(crate) async fn run(asked: &Asked, args: &ResyncArgs) -> anyhow::Result<Ending> {
    let workspace = opening::connected(&asked.folder).await?;
    let audience = deliver::defined(&workspace, &args.audience)?;
    let to = args.to.as_ref().map(|typed| destination::defined(&workspace, typed)).transpose()?;
    workspace.resync(&audience, to.as_ref()).await?;
    let spinner = progress::spinner("sending");
    let delivered = workspace.deliver_pending().await;
    spinner.finish_and_clear();
    let mut delivered = delivered?;
    delivered.retain(|report| report.status.audience == audience);
    if asked.json {
        output::report(&delivered)?;
    } else {
        output::text(&reports::deliveries(&delivered))?;
    }
    Ok(Ending::with_findings(delivered.iter().any(|report| reports::needs_a_look(&report.status))))
}
