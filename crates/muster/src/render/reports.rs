//! Reports of runs and deliveries, as people read them.

use std::time::Duration;

use definitions::AudienceState;
use engine::{DeliveryReport, Released, RunReport};
use model::{AudienceKey, SyncState, SyncStatus};

use crate::render::numbers::{counted, grouped};
use crate::render::table::{self, Column};

/// A run: its audiences, and how each destination stands.
pub(crate) fn run(report: &RunReport, statuses: &[SyncStatus], took: Duration) -> String {
    let name = report.run_id.as_ref().map_or("dry run".to_owned(), |run_id| format!("run {run_id}"));
    let mut rows = Vec::new();
    for audience in &report.audiences {
        let counts = [grouped(audience.members), grouped(audience.entered), grouped(audience.exited)];
        let syncs: Vec<_> = statuses.iter().filter(|status| status.audience == audience.audience).collect();
        for (at, sync) in syncs.iter().enumerate() {
            let first = at == 0;
            let mut row = vec![if first { named(&audience.audience, audience.state) } else { String::new() }];
            row.extend(counts.iter().map(|count| if first { count.clone() } else { String::new() }));
            row.extend([sync.destination.to_string(), state(sync)]);
            rows.push(row);
        }
        if syncs.is_empty() {
            let mut row = vec![named(&audience.audience, audience.state)];
            row.extend(counts);
            row.extend([String::new(), String::new()]);
            rows.push(row);
        }
    }
    let columns = [
        Column::Text("audience"),
        Column::Number("members"),
        Column::Number("entered"),
        Column::Number("exited"),
        Column::Text("destination"),
        Column::Text("sync"),
    ];
    let width = if statuses.is_empty() { 4 } else { columns.len() };
    let rows: Vec<_> = rows.into_iter().map(|row| row[..width].to_vec()).collect();
    let mut text = format!("{name}  as of {}\n\n{}", report.as_of, table::draw(&columns[..width], &rows));
    text.push_str(&format!("\n{} in {}\n", counted(report.audiences.len() as u64, "audience"), seconds(took)));
    if report.mismatches > 0 {
        text.push_str(&format!("{} could not be read as the type a definition compares with\n", counted(report.mismatches, "value")));
    }
    text
}

/// An audience's key, and where it is in its life when that is unusual.
pub(crate) fn named(audience: &AudienceKey, state: AudienceState) -> String {
    match state {
        AudienceState::Live => audience.to_string(),
        AudienceState::Paused => format!("{audience} (paused)"),
        AudienceState::Retired => format!("{audience} (retired)"),
    }
}

/// What was let through.
pub(crate) fn released(released: &Released) -> String {
    format!(
        "released `{}`: {} as of {}, held since {}\n",
        released.audience,
        counted(released.members, "member"),
        released.as_of,
        released.was_held.since
    )
}

/// What was delivered.
pub(crate) fn deliveries(reports: &[DeliveryReport]) -> String {
    if reports.is_empty() {
        return "nothing is pending\n".to_owned();
    }
    let rows: Vec<_> = reports
        .iter()
        .map(|report| {
            let status = &report.status;
            vec![
                status.audience.to_string(),
                status.destination.to_string(),
                grouped(status.rows_added),
                grouped(status.rows_removed),
                state(status),
            ]
        })
        .collect();
    let columns =
        [Column::Text("audience"), Column::Text("destination"), Column::Number("added"), Column::Number("removed"), Column::Text("sync")];
    let mut text = table::draw(&columns, &rows);
    text.push_str(&left_out(reports));
    text
}

/// Who and what was left out, and why.
fn left_out(reports: &[DeliveryReport]) -> String {
    let mut text = String::new();
    for report in reports {
        let name = format!("{} at {}", report.status.audience, report.status.destination);
        for (reason, count) in &report.rejected {
            text.push_str(&format!("{name}: {} not taken ({reason})\n", grouped(*count)));
        }
        for emptied in &report.emptied {
            let values = counted(emptied.values, "value");
            text.push_str(&format!("{name}: {values} left out of {} ({})\n", emptied.key, emptied.reason));
        }
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// How an audience stands at a destination, in words.
pub(crate) fn state(status: &SyncStatus) -> String {
    let word = match status.state {
        SyncState::Pending => "pending",
        SyncState::Sent => "sent",
        // The message says it all: how many there are and how many are needed.
        SyncState::SentBelowMinimum | SyncState::BelowMinimum => {
            return status.message.clone().unwrap_or_else(|| "below minimum".to_owned());
        }
        SyncState::Held => "held",
        SyncState::Paused => return "paused".to_owned(),
        SyncState::Failed => "failed",
    };
    match &status.message {
        Some(message) => format!("{word}: {message}"),
        None => word.to_owned(),
    }
}

/// Whether somebody has to look at it.
pub(crate) fn needs_a_look(status: &SyncStatus) -> bool {
    matches!(status.state, SyncState::Held | SyncState::Failed)
}

/// `0.4 s`, `75 s`.
pub(crate) fn seconds(took: Duration) -> String {
    if took.as_secs() >= 10 { format!("{} s", took.as_secs()) } else { format!("{:.1} s", took.as_secs_f64()) }
}
