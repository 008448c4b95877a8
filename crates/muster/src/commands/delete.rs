//! `muster delete`: somebody is erased, at destinations first and then here.

use std::io::{BufRead as _, IsTerminal as _};
use std::time::Duration;

use anyhow::{Context as _, bail};
use engine::{EraseOptions, ErasePreview, ErasureStatus, Receipt, Workspace};
use model::{DestinationKey, Identifier};

use crate::cli::DeleteArgs;
use crate::commands::{Asked, erasures, whom};
use crate::exit::Ending;
use crate::render::numbers::{counted, grouped};
use crate::render::progress;
use crate::{opening, output};

/// A running `muster serve` looks every half minute.
const SERVE_NAP: Duration = Duration::from_millis(500);
const SERVE_NAPS: u32 = 180;

pub(crate) async fn run(asked: &Asked, args: &DeleteArgs) -> anyhow::Result<Ending> {
    let workspace = opening::connected(&asked.folder).await?;
    if args.resume {
        return resume(asked, args, &workspace).await;
    }
    let Some(typed) = &args.identifier else { bail!("whom? name an identifier such as `user_id:42`, or go on with `--resume`") };
    let identifier = whom::identifier(typed)?;
    if args.dry_run {
        let preview = workspace.preview_erasure(&identifier).await?;
        if asked.json {
            output::json(&preview)?;
        } else {
            output::text(&would(&preview))?;
        }
        return Ok(Ending::Done);
    }
    if !args.yes {
        confirm(typed, &workspace, &identifier).await?;
    }
    let requested_by = args.by.clone().or_else(user).unwrap_or_else(|| "unknown".to_owned());
    let options = EraseOptions { requested_by, suppress: args.suppress };
    let erasure_id = workspace.request_erasure(&identifier, &options).await?;
    output::note(&format!("erasure {erasure_id} is recorded; interrupted, `muster delete --resume` goes on with it\n"));
    let spinner = progress::spinner("erasing");
    let receipt = finished(&workspace, &erasure_id).await;
    spinner.finish_and_clear();
    tell(asked, std::slice::from_ref(&receipt?))
}

async fn resume(asked: &Asked, args: &DeleteArgs, workspace: &Workspace) -> anyhow::Result<Ending> {
    if let Some(destination) = &args.give_up {
        let destination = DestinationKey::parse(destination)?;
        let waiting = workspace.receipts(u32::MAX).await?.into_iter();
        let waiting: Vec<_> = waiting.filter(|receipt| erasures::waits_for(receipt, &destination)).collect();
        if waiting.is_empty() {
            bail!("no erasure waits for `{destination}`; `muster erasures` lists them");
        }
        for receipt in waiting {
            workspace.give_up(&receipt.erasure, &destination).await?;
        }
    }
    let spinner = progress::spinner("erasing");
    let receipts = workspace.resume_erasures().await;
    spinner.finish_and_clear();
    let receipts = receipts?;
    if receipts.is_empty() && !asked.json {
        output::text("every erasure is finished\n")?;
        return Ok(Ending::Done);
    }
    tell(asked, &receipts)
}

/// Goes on with an erasure; where another process has to, waits for it a little.
async fn finished(workspace: &Workspace, erasure_id: &str) -> anyhow::Result<Receipt> {
    let mut receipt = workspace.go_on_with_erasure(erasure_id).await?;
    for _ in 0..SERVE_NAPS {
        if receipt.status != ErasureStatus::Running {
            break;
        }
        tokio::time::sleep(SERVE_NAP).await;
        receipt = workspace.receipt(erasure_id).await?;
    }
    Ok(receipt)
}

fn tell(asked: &Asked, receipts: &[Receipt]) -> anyhow::Result<Ending> {
    if asked.json {
        match receipts {
            [receipt] => output::json(receipt)?,
            receipts => output::json(&receipts)?,
        }
    } else {
        for receipt in receipts {
            output::text(&erasures::told(receipt))?;
        }
    }
    Ok(Ending::with_findings(receipts.iter().any(|receipt| receipt.status != ErasureStatus::Finished || !receipt.remarks.is_empty())))
}

/// What cannot be undone is asked about, where there is somebody to answer.
async fn confirm(typed: &str, workspace: &Workspace, identifier: &Identifier) -> anyhow::Result<()> {
    if typed == "-" || !std::io::stdin().is_terminal() {
        bail!("nobody is there to be asked: say `--yes`, or look first with `--dry-run`");
    }
    output::note(&would(&workspace.preview_erasure(identifier).await?));
    output::note("this cannot be undone; erase all of it? type `yes`: ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("read the answer")?;
    if answer.trim() != "yes" {
        bail!("nothing was erased");
    }
    Ok(())
}

/// Who is at the keyboard.
fn user() -> Option<String> {
    use deliver::Secrets as _;
    ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| opening::EnvironmentAndFiles.env(name))
}

fn would(preview: &ErasePreview) -> String {
    let waits = if preview.inbox_waits { "the inbox holds messages that are no facts yet; they are taken in first\n" } else { "" };
    if !preview.is_known {
        return format!("nobody is known by it: what happened until now and carries it would be refused\n{waits}");
    }
    let kinds: Vec<_> = preview.identifiers.iter().map(|(kind, count)| format!("{} {kind}", grouped(*count))).collect();
    let audiences: Vec<_> = preview.audiences.iter().map(ToString::to_string).collect();
    let mut text = format!("identifiers: {}\n", kinds.join(", "));
    text.push_str(&format!(
        "lake: {} and {} in {}\n",
        counted(preview.events, "event"),
        counted(preview.trait_changes, "trait change"),
        counted(preview.segments, "segment")
    ));
    if !audiences.is_empty() {
        text.push_str(&format!("audiences: {}\n", audiences.join(", ")));
    }
    for (destination, rows) in &preview.destinations {
        text.push_str(&format!("{destination}: {} to be removed\n", counted(*rows, "row")));
    }
    if preview.links + preview.model_rows > 0 {
        text.push_str(&format!("also: {}, {}\n", counted(preview.links, "link"), counted(preview.model_rows, "model row")));
    }
    text.push_str(waits);
    text
}
