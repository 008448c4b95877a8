//! `muster destination`: looks into a destination before anything is sent there.

use anyhow::anyhow;
use deliver::{Step, StepState, Trial};
use model::DestinationKey;

use crate::cli::{DestinationArgs, DestinationCommand, ExamineArgs};
use crate::commands::Asked;
use crate::exit::Ending;
use crate::render::progress;
use crate::{opening, output};

pub(crate) async fn run(asked: &Asked, args: &DestinationArgs) -> anyhow::Result<Ending> {
    match &args.command {
        DestinationCommand::Check(args) => check(asked, args).await,
    }
}

async fn check(asked: &Asked, args: &ExamineArgs) -> anyhow::Result<Ending> {
    let workspace = opening::connected(&asked.folder).await?;
    let destination = defined(&workspace, &args.destination)?;
    let trial = Trial { email: args.email.clone().unwrap_or_else(|| Trial::EMAIL.to_owned()), keep: args.keep };
    let trial = (!args.read_only).then_some(trial);
    let spinner = progress::spinner("looking");
    let steps = workspace.examine(&destination, trial.as_ref()).await;
    spinner.finish_and_clear();
    let steps = steps.map_err(|error| anyhow!("`{destination}` cannot be reached: {error}"))?;
    if asked.json {
        output::json(&steps)?;
    } else {
        output::text(&told(&steps))?;
    }
    Ok(Ending::with_findings(steps.iter().any(|step| step.state == StepState::Failed)))
}

/// The key that was typed, when a destination is defined under it.
pub(crate) fn defined(workspace: &engine::Workspace, typed: &str) -> anyhow::Result<DestinationKey> {
    let keys = || workspace.catalog.destinations.keys();
    if let Some(found) = keys().find(|key| key.as_str() == typed) {
        return Ok(found.clone());
    }
    let help = match definitions::suggest(typed, keys().map(DestinationKey::as_str)) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if workspace.catalog.destinations.is_empty() => "none is defined: add a file to `destinations/`".to_owned(),
        None => format!("known here: `{}`", keys().map(DestinationKey::as_str).collect::<Vec<_>>().join("`, `")),
    };
    Err(anyhow!("no destination `{typed}`; {help}"))
}

/// A walk as people read it: a line per step, and under it what to do.
fn told(steps: &[Step]) -> String {
    let width = steps.iter().map(|step| step.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for step in steps {
        let mark = match step.state {
            StepState::Passed => "ok",
            StepState::Warned => "note",
            StepState::Failed => "FAIL",
            StepState::Skipped => "-",
        };
        text.push_str(&format!("{mark:<4}  {:<width$}  {}\n", step.name, step.message));
        if let Some(help) = &step.help {
            text.push_str(&format!("{:<4}  {:<width$}  -> {help}\n", "", ""));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_a_line_with_its_way_out() {
        let steps = [
            Step::new("token", StepState::Passed, "a system user's token"),
            Step::new("terms", StepState::Failed, "not accepted").help("a person must accept them"),
            Step::new("test row", StepState::Skipped, "mend the step above first"),
        ];
        let expected = "\
ok    token     a system user's token
FAIL  terms     not accepted
                -> a person must accept them
-     test row  mend the step above first
";
        assert_eq!(told(&steps), expected);
    }
}
