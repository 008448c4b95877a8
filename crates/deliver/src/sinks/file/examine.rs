//! Looking into a folder: whether it is there, and whether a file can be written in it.

use super::folder::Folder;
use super::options::Options;
use crate::{Step, StepState, Trial};

const FOLDER: &str = "folder";
const FILE: &str = "test file";
const NAME: &str = ".muster-check";

/// The walk. With a trial, a file is written and taken away.
pub(super) async fn walk(options: &Options, trial: Option<&Trial>) -> Vec<Step> {
    let folder = Folder::new(&options.path);
    let skipped = |why: &str| Step::new(FILE, StepState::Skipped, why);
    if trial.is_none() {
        return match tokio::fs::metadata(&options.path).await {
            Ok(found) if found.is_dir() => {
                vec![Step::new(FOLDER, StepState::Passed, "it is there"), skipped("nothing is written without being asked to")]
            }
            Ok(_) => vec![Step::new(FOLDER, StepState::Failed, "it is no folder").help("choose another `path`"), skipped("no folder")],
            Err(error) => vec![
                Step::new(FOLDER, StepState::Warned, format!("it is not there yet ({error})"))
                    .help("the first sync makes it, in a folder that is there"),
                skipped("no folder"),
            ],
        };
    }
    if let Err(error) = folder.ensure().await {
        let help = "make the folder that `path` stands in, and let the user that runs muster write there";
        return vec![
            Step::new(FOLDER, StepState::Failed, format!("it cannot be used ({error})")).help(help),
            skipped("mend the step above first"),
        ];
    }
    let there = Step::new(FOLDER, StepState::Passed, "it is there");
    let tried = async {
        folder.put(NAME, b"muster was here\n").await?;
        folder.remove(NAME).await
    };
    match tried.await {
        Ok(()) => vec![there, Step::new(FILE, StepState::Passed, "a file was written and taken away")],
        Err(error) => {
            let help = "let the user that runs muster write there, and check that the disk has room";
            vec![there, Step::new(FILE, StepState::Failed, format!("no file can be written ({error})")).help(help)]
        }
    }
}
