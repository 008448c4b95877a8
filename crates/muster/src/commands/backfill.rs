//! `muster backfill`: history recorded tick by tick, then one sync of the end state.

use std::time::Instant;

use engine::{Backfill, BackfillReport, BackfillTick};

use crate::cli::BackfillArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::numbers::{counted, grouped};
use crate::render::{progress, reports};
use crate::{opening, output};

pub(crate) async fn run(asked: &Asked, args: &BackfillArgs) -> anyhow::Result<Ending> {
    let workspace = if args.dry_run { opening::workspace(&asked.folder).await? } else { opening::connected(&asked.folder).await? };
    let plan = Backfill {
        from: args.from,
        to: args.to.unwrap_or_else(|| workspace.clock.now().whole_seconds()),
        every: args.every,
        replace: args.replace,
    };
    let started = Instant::now();
    let bar = progress::ticks(plan.every.count(plan.from, plan.to));
    bar.set_prefix("backfill");
    let mut on_tick = |tick: &BackfillTick| {
        bar.set_position(tick.done);
        bar.set_message(tick.as_of.to_string());
    };
    let ended =
        if args.dry_run { workspace.backfill_dry_run(plan, &mut on_tick).await } else { workspace.backfill(plan, &mut on_tick).await };
    bar.finish_and_clear();
    let report = ended?;
    if asked.json {
        output::report(&report)?;
    } else {
        let statuses = if args.dry_run { Vec::new() } else { workspace.store.sync_statuses().await? };
        output::text(&told(&report, &statuses, args.dry_run, started))?;
    }
    Ok(Ending::with_findings(report.delivered.iter().any(|report| reports::needs_a_look(&report.status))))
}

/// The backfill as people read it.
pub(crate) fn told(report: &BackfillReport, statuses: &[model::SyncStatus], dry_run: bool, started: Instant) -> String {
    let done = if dry_run { "evaluated, nothing recorded" } else { "recorded" };
    let mut text = format!("{} {done}", counted(report.recorded, "tick"));
    if report.known > 0 {
        text.push_str(&format!(", {} known already", grouped(report.known)));
    }
    text.push_str(&format!("; {} entered, {} exited over all of them\n", grouped(report.entered), grouped(report.exited)));
    if let Some(last) = &report.last {
        text.push('\n');
        text.push_str(&reports::run(last, statuses, started.elapsed()));
    }
    text
}
