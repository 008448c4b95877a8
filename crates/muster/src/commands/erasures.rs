//! `muster erasures`: who was erased when, and the receipt of one erasure. Never whom it was about.

use std::path::Path;

use anyhow::{Context as _, bail};
use engine::{ErasureStatus, Receipt};
use model::{DestinationKey, Moment};
use store::{ErasureCounts, LeftState};

use crate::cli::ErasuresArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::numbers::{counted, grouped};
use crate::render::table::{Column, draw};
use crate::{opening, output};

pub(crate) async fn run(asked: &Asked, args: &ErasuresArgs) -> anyhow::Result<Ending> {
    let workspace = opening::workspace(&asked.folder).await?;
    if let Some(file) = &args.verify {
        let vouched = workspace.vouches_for(&read(file)?).await?;
        if asked.json {
            output::json(&serde_json::json!({ "vouched": vouched }))?;
        } else if vouched {
            output::text("this workspace said so, word for word\n")?;
        } else {
            output::text("this workspace did not say so: it was changed, or another workspace's key signed it\n")?;
        }
        return Ok(Ending::with_findings(!vouched));
    }
    if let Some(erasure) = &args.erasure {
        let receipt = workspace.receipt(erasure).await?;
        if asked.json {
            output::json(&receipt)?;
        } else {
            output::text(&told(&receipt))?;
        }
        return Ok(Ending::with_findings(receipt.status != ErasureStatus::Finished || !receipt.remarks.is_empty()));
    }
    let receipts = workspace.receipts(args.limit).await?;
    if asked.json {
        output::json(&receipts)?;
    } else {
        output::text(&listed(&receipts))?;
    }
    Ok(Ending::with_findings(receipts.iter().any(|receipt| receipt.status != ErasureStatus::Finished)))
}

/// Whether an erasure waits for a destination.
pub(crate) fn waits_for(receipt: &Receipt, destination: &DestinationKey) -> bool {
    receipt.destinations.iter().any(|left| left.destination == *destination && left.state == LeftState::Waiting)
}

/// A receipt as people read it.
pub(crate) fn told(receipt: &Receipt) -> String {
    let suppressed = if receipt.suppressed { "; what is said later is refused as well" } else { "" };
    let mut text = format!("erasure {}: {}\n", receipt.erasure, word(receipt.status));
    text.push_str(&format!("asked for {} by {}{suppressed}\n", moment(&receipt.requested_at), receipt.requested_by));
    for left in &receipt.destinations {
        let state = match left.state {
            LeftState::Removed if left.rows == 0 => "nothing was there".to_owned(),
            LeftState::Removed => format!("{} removed", counted(left.rows, "row")),
            LeftState::GivenUp | LeftState::Waiting => {
                let message = left.message.as_deref().unwrap_or("try again");
                if left.state == LeftState::Waiting { format!("not yet: {message}") } else { message.to_owned() }
            }
        };
        text.push_str(&format!("{}: {state}\n", left.destination));
    }
    let counts = receipt.here.counts;
    if let Some(erased_at) = &receipt.erased_at {
        text.push_str(&format!("here, at {}:\n", moment(erased_at)));
        let lines = [
            [(counts.identifiers, "identifier", ""), (counts.links, "link", ""), (counts.memberships, "membership", "")],
            [(counts.events, "event", ""), (counts.trait_changes, "trait change", ""), (counts.segments, "segment", " written anew")],
            [(counts.model_rows, "model row", ""), (counts.ledger_rows, "ledger row", ""), (counts.damaged_files, "damaged file", " left")],
        ];
        for line in lines {
            let there = line.iter().filter(|(count, ..)| *count > 0);
            let told: Vec<_> = there.map(|(count, what, how)| format!("{}{how}", counted(*count, what))).collect();
            if !told.is_empty() {
                text.push_str(&format!("  {}\n", told.join(", ")));
            }
        }
        if counts == ErasureCounts::default() {
            text.push_str("  nothing was known\n");
        }
    } else {
        text.push_str("here: not yet; nothing is erased before everybody else let go\n");
    }
    for remark in &receipt.remarks {
        text.push_str(&format!("look: {remark}\n"));
    }
    text.push_str(next_step(receipt));
    text
}

/// A moment of a receipt, which has them as programs read them.
fn moment(text: &str) -> String {
    Moment::parse(text).map_or_else(|_| text.to_owned(), |moment| moment.whole_seconds().to_string())
}

fn next_step(receipt: &Receipt) -> &'static str {
    match receipt.status {
        ErasureStatus::Finished => "",
        ErasureStatus::Running => "it goes on with the next run, with `muster serve`, or with `muster delete --resume`\n",
        ErasureStatus::Waiting => "every run tries again, and so does `muster delete --resume`\n",
    }
}

fn word(status: ErasureStatus) -> &'static str {
    match status {
        ErasureStatus::Finished => "finished",
        ErasureStatus::Running => "under way",
        ErasureStatus::Waiting => "waiting",
    }
}

fn listed(receipts: &[Receipt]) -> String {
    if receipts.is_empty() {
        return "nobody was erased\n".to_owned();
    }
    let columns =
        [Column::Text("erasure"), Column::Text("asked for"), Column::Text("state"), Column::Number("rows"), Column::Text("asked by")];
    let row = |receipt: &Receipt| {
        let rows = receipt.here.counts.events + receipt.here.counts.trait_changes;
        vec![
            receipt.erasure.clone(),
            moment(&receipt.requested_at),
            word(receipt.status).to_owned(),
            grouped(rows),
            receipt.requested_by.clone(),
        ]
    };
    draw(&columns, &receipts.iter().map(row).collect::<Vec<_>>())
}

fn read(file: &Path) -> anyhow::Result<serde_json::Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read `{}`", file.display()))?;
    match serde_json::from_str(&text) {
        Ok(value) => Ok(value),
        Err(error) => bail!("`{}` is no receipt as `--json` prints it: line {}, column {}", file.display(), error.line(), error.column()),
    }
}
