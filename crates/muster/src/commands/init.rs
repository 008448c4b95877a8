//! `muster init`: a folder with commented examples to begin from.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::cli::InitArgs;
use crate::exit::Ending;
use crate::output;

/// The files of a new folder. They pass `muster check` as they are.
const FILES: [(&str, &str); 6] = [
    ("muster.yaml", include_str!("../../init/muster.yaml")),
    ("audiences/suppress_recent_buyers.yaml", include_str!("../../init/audiences/suppress_recent_buyers.yaml")),
    ("audiences/retarget_cart_7d.yaml", include_str!("../../init/audiences/retarget_cart_7d.yaml")),
    ("destinations/facebook_main.yaml", include_str!("../../init/destinations/facebook_main.yaml")),
    ("events.example.ndjson", include_str!("../../init/events.example.ndjson")),
    (".gitignore", include_str!("../../init/gitignore")),
];

pub(crate) fn run(args: &InitArgs) -> anyhow::Result<Ending> {
    let folder = &args.folder;
    if let Ok(mut entries) = fs::read_dir(folder)
        && entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() != ".git"))
    {
        bail!("the folder `{}` is not empty; `muster init NEW_FOLDER` makes one", folder.display());
    }
    for (name, text) in FILES {
        write(&folder.join(name), text)?;
    }
    output::text(&next_steps(folder))?;
    Ok(Ending::Done)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("create the folder `{}`", parent.display()))?;
    }
    fs::write(path, text).with_context(|| format!("write `{}`", path.display()))
}

fn next_steps(folder: &Path) -> String {
    let mut text = String::from("made:\n");
    for (name, _) in FILES {
        text.push_str(&format!("  {}\n", folder.join(name).display()));
    }
    let enter = if folder == Path::new(".") { String::new() } else { format!("  cd {}\n", folder.display()) };
    text.push_str(&format!(
        "\nnext:\n{enter}  muster check                          the definitions are sound\n  muster ingest events.example.ndjson   bring messages in\n  muster run --dry-run                  who would be in\n"
    ));
    text
}
