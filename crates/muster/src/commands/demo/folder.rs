//! The demo's folder: the fixtures, unpacked from the binary.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

macro_rules! fixture {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../../../../fixtures/demo/", $name)).as_slice())
    };
}

/// Definitions, in a folder of their own in the fixtures.
const DEFINITIONS: &str = "definitions/";

const FILES: &[(&str, &[u8])] = &[
    fixture!("people.ndjson.gz"),
    fixture!("purchases.csv.gz"),
    fixture!("definitions/muster.yaml"),
    fixture!("definitions/destinations/facebook_main.yaml"),
];

/// Where the demo works.
pub(super) enum Place {
    /// Gone when the demo ends.
    Temporary(TempDir),
    /// Kept.
    Kept(PathBuf),
}

impl Place {
    /// Unpacks the fixtures and points the destination at the stand-in for Facebook.
    pub(super) fn prepare(keep: Option<&Path>, graph_url: &str) -> anyhow::Result<Self> {
        let place = match keep {
            Some(folder) => {
                if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
                    bail!("the folder `{}` is not empty; `--keep` wants a new one", folder.display());
                }
                Self::Kept(folder.to_owned())
            }
            None => Self::Temporary(tempfile::tempdir().context("create a temporary folder")?),
        };
        for (name, content) in FILES.iter().chain(super::script::AUDIENCES) {
            let path = place.path().join(name.strip_prefix(DEFINITIONS).unwrap_or(name));
            let folder = path.parent().context("find the folder of a file")?;
            fs::create_dir_all(folder).with_context(|| format!("create the folder `{}`", folder.display()))?;
            fs::write(&path, content).with_context(|| format!("write `{}`", path.display()))?;
        }
        let destination = place.path().join("destinations/facebook_main.yaml");
        let mut text = fs::read_to_string(&destination).context("read the destination")?;
        text.push_str(&format!("\n# The stand-in for Facebook, for as long as the demo runs.\nbase_url: {graph_url}\n"));
        fs::write(&destination, text).context("write the destination")?;
        Ok(place)
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }

    pub(super) fn kept(&self) -> Option<&Path> {
        match self {
            Self::Temporary(_) => None,
            Self::Kept(folder) => Some(folder),
        }
    }
}
