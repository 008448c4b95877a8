//! Why an import stops. What was taken before stays, and the import goes on from there when the cause is gone.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use lake::LakeError;
use serde::Serialize;
use store::StoreError;

/// Why a file could not be imported, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// There is no such file, or it may not be read.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A folder was named.
    #[error("cannot read `{}`: it is a folder, name the files in it", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// A pipe or a device was named: it cannot be read twice, which recognising it again needs.
    #[error("cannot read `{}`: it is no regular file, save it as one first", path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// It became unreadable while it was read.
    #[error("could not read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It got shorter while it was read.
    #[error("could not read `{}`: it was changed meanwhile, try again when it is complete", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// It begins like a gzip file, and then does not go on like one.
    #[error("cannot read `{}`: it begins like gzip, but its header is cut off or damaged", path.display())]
    GzipHeader {
        /// The file.
        path: PathBuf,
    },
    /// A CSV file without a mapping.
    #[error(
        "cannot read `{}`: a CSV file needs a mapping that says what its columns mean; write one under `csv:` in `muster.yaml` and name it: `--csv NAME`",
        path.display()
    )]
    NoMapping {
        /// The file.
        path: PathBuf,
    },
    /// The mapping names columns that the header lacks.
    #[error("cannot read `{}`: its header lacks {}; it has {}", path.display(), listed(missing), listed(found))]
    MissingColumns {
        /// The file.
        path: PathBuf,
        /// The mapping's columns that are not there.
        missing: Vec<String>,
        /// The columns that are.
        found: Vec<String>,
    },
    /// The first line has none of the columns that the mapping names. It may be somebody's data, so it is not repeated.
    #[error("cannot read `{}`: its first line has none of the columns {}; is it a header, and separated as the mapping says?", path.display(), listed(missing))]
    NoHeader {
        /// The file.
        path: PathBuf,
        /// The mapping's columns.
        missing: Vec<String>,
    },
    /// The mapping's separator is not one byte.
    #[error("cannot separate columns by `{delimiter}`: it must be an ASCII character")]
    Delimiter {
        /// The separator.
        delimiter: char,
    },
    /// A file of rows ends too early: what is missing is not known to be deleted.
    #[error("cannot sync from `{}`: {truncation}; nothing was deleted", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Where it ends.
        truncation: Truncation,
    },
    /// The rows of a query could not be read to their end.
    #[error("could not read the rows of the query; nothing was deleted")]
    Source(#[from] store::SourceError),
    /// A query's row is no object.
    #[error("cannot read row {row} of the query")]
    SourceRow {
        /// Its number, from 1.
        row: u64,
    },
    /// The model names columns that the query does not answer with.
    #[error("cannot sync `{model}`: its query lacks {}; it has {}", listed(missing), listed(found))]
    MissingOfQuery {
        /// The model.
        model: String,
        /// The model's columns that are not there.
        missing: Vec<String>,
        /// The columns that are.
        found: Vec<String>,
    },
    /// There are no rows where there were some.
    #[error(
        "cannot sync `{model}`: none of its rows can be read, and {known} are known; nothing was deleted. If they are all gone, say `--allow-empty`"
    )]
    NoRows {
        /// The model.
        model: String,
        /// How many rows there were.
        known: u64,
    },
    /// The lake could not be read or written.
    #[error("could not bring messages into the lake")]
    Lake(#[source] LakeError),
    /// The store could not be read or written.
    #[error("could not settle messages with the store")]
    Store(#[source] StoreError),
}

impl IngestError {
    /// That columns are not there. `found` are those of a header that has others of them: any other first line may be data.
    pub(crate) fn missing_columns(path: &Path, missing: Vec<String>, found: Option<Vec<String>>) -> Self {
        let path = path.to_owned();
        match found {
            Some(found) => Self::MissingColumns { path, missing, found },
            None => Self::NoHeader { path, missing },
        }
    }
}

const LISTED_MAX: usize = 20;

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "no columns".to_owned();
    }
    let shown: Vec<_> = names.iter().take(LISTED_MAX).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > LISTED_MAX { format!(" and {} more", names.len() - LISTED_MAX) } else { String::new() };
    shown.join(", ") + &more
}

/// A compressed file ends too early. Lines before are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// Its data stops in the middle.
    BreaksOff {
        /// The last line that is whole.
        after_line: u64,
    },
    /// Its data is damaged.
    Damaged {
        /// The last line that is whole.
        after_line: u64,
    },
}

impl fmt::Display for Truncation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BreaksOff { after_line } => write!(f, "its compressed data breaks off after line {after_line}"),
            Self::Damaged { after_line } => write!(f, "its compressed data is damaged after line {after_line}"),
        }
    }
}
