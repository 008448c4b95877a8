//! Taking turns: one command a line on stdin, one answer a line on stdout, both JSON.

use std::io::BufRead as _;
use std::path::PathBuf;

use anyhow::Context as _;
use model::Moment;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::diffs::Diffs;
use crate::session::{Session, Timed};
use crate::tell;

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Command {
    /// The audiences to evaluate from now on.
    Load { definitions: PathBuf },
    /// Forgets everything in memory; `cold` forgets what is saved, too.
    Restart { cold: bool },
    /// Saves what is decoded, to be mapped from then on.
    Save {},
    /// All audiences.
    Evaluate { as_of: String, hashes: bool },
    /// The next tick of a process that keeps running.
    Advance { as_of: String, hashes: bool },
    /// Each audience of a folder on its own.
    Preview { definitions: PathBuf, as_of: String },
    /// New events of the hour before a moment.
    Arrive { events: u64, as_of: String },
    /// Memberships before and after, written for others.
    MakeDiffs { folder: PathBuf },
    /// All their differences.
    Diff { threads: bool, hashes: bool },
}

/// Answers until stdin ends.
pub(crate) async fn take(session: &mut Session) -> anyhow::Result<()> {
    let ready = json!({ "engine": format!("muster {}", env!("CARGO_PKG_VERSION")), "loading_s": session.loading_s });
    println!("{ready}");
    let mut diffs = None;
    for line in std::io::stdin().lock().lines() {
        let line = line.context("read a command")?;
        let command = serde_json::from_str(&line).with_context(|| format!("understand `{line}`"))?;
        println!("{}", answer(session, &mut diffs, command).await?);
    }
    Ok(())
}

async fn answer(session: &mut Session, diffs: &mut Option<Diffs>, command: Command) -> anyhow::Result<Value> {
    Ok(match command {
        Command::Load { definitions } => json!({ "audiences": session.load(&definitions)? }),
        Command::Restart { cold: true } => {
            session.restart_cold()?;
            json!({})
        }
        Command::Restart { cold: false } => {
            session.restart();
            json!({})
        }
        Command::Save {} => json!({ "seconds": session.save()? }),
        Command::Evaluate { as_of, hashes } => told(&session.evaluate(moment(&as_of)?)?, hashes),
        Command::Advance { as_of, hashes } => told(&session.advance(moment(&as_of)?)?, hashes),
        Command::Preview { definitions, as_of } => {
            let found = session.preview(&definitions, moment(&as_of)?)?;
            found.iter().map(|(key, timed)| (key.clone(), told(timed, true))).collect::<serde_json::Map<_, _>>().into()
        }
        Command::Arrive { events, as_of } => {
            session.arrive(events, moment(&as_of)?).await?;
            json!({})
        }
        Command::MakeDiffs { folder } => {
            let made = diffs.insert(Diffs::make());
            made.write(&folder)?;
            made.described()
        }
        Command::Diff { threads, hashes } => diffs.as_ref().context("no memberships are made")?.diff(threads, hashes),
    })
}

fn moment(text: &str) -> anyhow::Result<Moment> {
    Moment::parse(text).with_context(|| format!("read the moment `{text}`"))
}

fn told(timed: &Timed, hashes: bool) -> Value {
    let evaluation = &timed.evaluation;
    let mut told = json!({ "seconds": timed.seconds, "rows": evaluation.rows, "leaves": evaluation.leaves });
    if hashes {
        told["answers"] = tell::answers(&evaluation.memberships).into();
    }
    told
}
