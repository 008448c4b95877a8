//! What the demo says, and what the stand-in for Facebook holds at the end.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use engine::{Backfill, BackfillReport, DeliveryReport, RunReport};
use fake_graph::StateView;
use ingest::ImportReport;
use model::{SyncState, SyncStatus};
use serde::Serialize;

use crate::render::numbers::{counted, grouped};
use crate::render::reports;
use crate::render::table::{self, Column};

/// An audience as the stand-in for Facebook holds it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Held {
    pub(super) name: String,
    pub(super) people: u64,
    pub(super) rows: u64,
    pub(super) matched: u64,
    pub(super) ready: bool,
}

pub(super) fn opening(folder: &Path) -> String {
    format!(
        "muster demo: an online music shop in 1998, its real purchases, invented people.\n\
         definitions and data: {}\n\
         Facebook: a local stand-in for its Graph API\n",
        folder.display()
    )
}

pub(super) fn ingested(imports: &[ImportReport]) -> String {
    let mut text = String::from("\n1. messages in\n\n");
    let rows: Vec<_> = imports
        .iter()
        .map(|import| {
            vec![
                import.source.clone(),
                grouped(import.events),
                grouped(import.traits),
                grouped(import.new_profiles),
                grouped(import.duplicates),
                grouped(import.rejected),
            ]
        })
        .collect();
    let columns = [
        Column::Text("file"),
        Column::Number("events"),
        Column::Number("trait changes"),
        Column::Number("new profiles"),
        Column::Number("known"),
        Column::Number("rejected"),
    ];
    text.push_str(&table::draw(&columns, &rows));
    text
}

pub(super) fn backfilled(plan: &Backfill, report: &BackfillReport, statuses: &[SyncStatus]) -> String {
    let mut text = format!(
        "\n2. backfill from {} to {}:\n   {} recorded, {} entered, {} exited; then one sync\n\n",
        plan.from,
        plan.to,
        counted(report.recorded, "tick"),
        grouped(report.entered),
        grouped(report.exited)
    );
    if let Some(last) = &report.last {
        let rows: Vec<_> = last
            .audiences
            .iter()
            .map(|audience| {
                let status = statuses.iter().find(|status| status.audience == audience.audience);
                let sync = status.map_or_else(String::new, reports::state);
                vec![audience.audience.to_string(), grouped(audience.members), sync]
            })
            .collect();
        text.push_str(&table::draw(&[Column::Text("audience"), Column::Number("members"), Column::Text("Facebook")], &rows));
    }
    text
}

pub(super) fn ticking(ticks: usize) -> String {
    format!("\n3. {ticks} hourly ticks: who entered, who exited, what was sent\n")
}

pub(super) fn tick(report: &RunReport, delivered: &[DeliveryReport]) -> String {
    let rows: Vec<_> = report
        .audiences
        .iter()
        .filter_map(|audience| {
            let sync = delivered.iter().find(|report| report.status.audience == audience.audience);
            let quiet =
                audience.entered + audience.exited == 0 && sync.is_none_or(|sync| sync.status.rows_added + sync.status.rows_removed == 0);
            if quiet {
                return None;
            }
            let sent = sync.map_or_else(String::new, |sync| sent(&sync.status));
            Some(vec![
                audience.audience.to_string(),
                grouped(audience.members),
                format!("+{}", grouped(audience.entered)),
                format!("-{}", grouped(audience.exited)),
                sent,
            ])
        })
        .collect();
    let mut text = format!("\nas of {}\n", report.as_of);
    if rows.is_empty() {
        text.push_str("  nobody entered, nobody exited\n");
        return text;
    }
    let columns = [
        Column::Text("audience"),
        Column::Number("members"),
        Column::Number("entered"),
        Column::Number("exited"),
        Column::Text("Facebook"),
    ];
    text.push_str(&table::draw(&columns, &rows));
    text
}

/// What a sync did, in few words.
fn sent(status: &SyncStatus) -> String {
    match (status.state, status.rows_added, status.rows_removed) {
        (SyncState::BelowMinimum, _, _) => format!("held, only {}", grouped(status.sendable.unwrap_or(0))),
        (_, 0, 0) => reports::state(status),
        (SyncState::Sent, added, removed) => format!("+{} -{} rows", grouped(added), grouped(removed)),
        (_, added, removed) => format!("+{} -{} rows, {}", grouped(added), grouped(removed), reports::state(status)),
    }
}

/// What the stand-in holds, by name.
pub(super) fn held(state: &StateView) -> Vec<Held> {
    let mut held: Vec<_> = state
        .audiences
        .iter()
        .map(|audience| {
            let people: BTreeSet<_> = audience.rows.iter().filter_map(|row| row.get("EXTERN_ID")).collect();
            Held {
                name: audience.name.clone(),
                people: people.len() as u64,
                rows: audience.rows.len() as u64,
                matched: audience.matched,
                ready: audience.delivery_status == 200,
            }
        })
        .collect();
    held.sort_by(|one, other| one.name.cmp(&other.name));
    held
}

pub(super) fn facebook(held: &[Held]) -> String {
    let mut text = String::from("\n4. what Facebook holds now\n\n");
    let rows: Vec<_> = held
        .iter()
        .map(|audience| {
            let ready = if audience.ready { "ready for ads" } else { "too small for ads" };
            vec![audience.name.clone(), grouped(audience.people), grouped(audience.rows), ready.to_owned()]
        })
        .collect();
    text.push_str(&table::draw(&[Column::Text("name"), Column::Number("people"), Column::Number("rows"), Column::Text("state")], &rows));
    text
}

pub(super) fn ending(kept: Option<&Path>, took: Duration) -> String {
    let next = match kept {
        Some(folder) => format!("look around: muster -C {} audiences", folder.display()),
        None => "your turn: `muster init shop`, or look around here: `muster demo --keep FOLDER`".to_owned(),
    };
    format!("\ndone in {}\n{next}\n", reports::seconds(took))
}
