//! `muster run`: who is in now, who entered, who exited; recorded and sent.

use std::time::Instant;

use engine::{DeliveryReport, RunOutcome, Workspace};
use model::AsOf;
use serde::Serialize;
use store::RunKind;

use crate::cli::RunArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::{progress, reports};
use crate::{opening, output};

#[derive(Serialize)]
struct RunJson<'a> {
    #[serde(flatten)]
    outcome: &'a RunOutcome,
    delivered: &'a [DeliveryReport],
}

pub(crate) async fn run(asked: &Asked, args: &RunArgs) -> anyhow::Result<Ending> {
    let workspace = if args.dry_run { opening::workspace(&asked.folder).await? } else { opening::connected(&asked.folder).await? };
    let as_of = AsOf(args.as_of.unwrap_or_else(|| workspace.clock.now().whole_seconds()));
    let started = Instant::now();
    let spinner = progress::spinner("evaluating and sending");
    if args.dry_run {
        let report = workspace.dry_run(as_of).await;
        spinner.finish_and_clear();
        let report = report?;
        if asked.json {
            output::report(&report)?;
        } else {
            output::text(&reports::run(&report, &[], started.elapsed()))?;
        }
        return Ok(Ending::Done);
    }
    let ended = workspace.run(as_of, RunKind::Manual).await;
    spinner.finish_and_clear();
    let (outcome, delivered) = ended?;
    if asked.json {
        output::report(&RunJson { outcome: &outcome, delivered: &delivered })?;
    } else {
        output::text(&told(&workspace, &outcome, &delivered, started).await?)?;
    }
    Ok(Ending::with_findings(delivered.iter().any(|report| reports::needs_a_look(&report.status))))
}

/// The run as people read it.
pub(crate) async fn told(
    workspace: &Workspace,
    outcome: &RunOutcome,
    delivered: &[DeliveryReport],
    started: Instant,
) -> anyhow::Result<String> {
    match outcome {
        RunOutcome::Done(report) => Ok(reports::run(report, &workspace.store.sync_statuses().await?, started.elapsed())),
        RunOutcome::AlreadyDone(summary) => {
            let mut text = format!(
                "already done: run {} as of {} was recorded {} with the same definitions\n",
                summary.run_id, summary.as_of, summary.recorded_at
            );
            if !delivered.is_empty() {
                text.push_str("\nstill pending until now:\n");
                text.push_str(&reports::deliveries(delivered));
            }
            Ok(text)
        }
    }
}
