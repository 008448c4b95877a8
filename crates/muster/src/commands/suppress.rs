//! `muster suppress` and `muster unsuppress`: somebody is kept out of everything, or no longer.

use engine::SuppressReport;
use model::SyncState;

use crate::cli::SuppressArgs;
use crate::commands::{Asked, whom};
use crate::exit::Ending;
use crate::render::numbers::counted;
use crate::render::progress;
use crate::{opening, output};

pub(crate) async fn suppress(asked: &Asked, args: &SuppressArgs) -> anyhow::Result<Ending> {
    let identifier = whom::identifier(&args.identifier)?;
    let workspace = opening::connected(&asked.folder).await?;
    let spinner = progress::spinner("erasing");
    let report = workspace.suppress(&identifier).await;
    spinner.finish_and_clear();
    let report = report?;
    if asked.json {
        output::report(&report)?;
    } else {
        output::text(&told(&report))?;
    }
    Ok(Ending::with_findings(report.destinations.iter().any(|erased| erased.state != SyncState::Sent)))
}

pub(crate) async fn unsuppress(asked: &Asked, args: &SuppressArgs) -> anyhow::Result<Ending> {
    let identifier = whom::identifier(&args.identifier)?;
    let workspace = opening::connected(&asked.folder).await?;
    let released = workspace.unsuppress(&identifier).await?;
    if asked.json {
        output::json(&serde_json::json!({ "identifiers": released }))?;
    } else if released == 0 {
        output::text("nobody is suppressed under this identifier\n")?;
    } else {
        output::text(&format!("{} let in again; the next `muster run` says who is a member\n", counted(released, "identifier")))?;
    }
    Ok(Ending::Done)
}

fn told(report: &SuppressReport) -> String {
    let known = if report.is_known { "" } else { "nobody is known by it yet: whoever comes with it is kept out\n" };
    let mut text = format!("{} suppressed\n{known}", counted(report.identifiers, "identifier"));
    for erased in &report.destinations {
        let state = match (erased.state, erased.rows) {
            (SyncState::Sent, 0) => "nothing is there".to_owned(),
            (SyncState::Sent, rows) => format!("{} removed", counted(rows, "row")),
            _ => format!("not yet: {}", erased.message.as_deref().unwrap_or("try again")),
        };
        text.push_str(&format!("{}: {state}\n", erased.destination));
    }
    text
}
