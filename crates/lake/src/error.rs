//! What can go wrong with the lake, as situations a caller acts on. A message names the file, never what is in it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

/// Why the lake could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The lake's folder cannot be created, or nothing can be written in it.
    #[error("cannot write in the lake's folder `{path}`: choose a folder that this process may write in")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// No space left; what was half-written is gone again.
    #[error("could not write `{path}`: the disk is full; free some space, or move the lake to a larger disk, and try again")]
    DiskFull {
        /// The file that did not fit.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file or folder could not be written or removed for another reason.
    #[error("could not write `{path}`")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system or the Parquet writer said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A segment of the manifest is not on the disk.
    #[error("cannot find segment `{path}`, which the manifest names: restore it from a backup of the lake")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A segment is not what was written: cut off, overwritten or damaged.
    #[error("cannot read segment `{path}`, it is damaged: restore it from a backup of the lake")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A Parquet file that others wrote is not what it seems, or has columns that are not read.
    #[error("cannot read `{path}` as Parquet: write it anew, decimal columns as DOUBLE or text")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A file or folder could not be read, though it is there.
    #[error("could not read `{path}`")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl LakeError {
    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path, source },
            _ => Self::Write { path, source: Box::new(source) },
        }
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            _ => Self::Read { path, source },
        }
    }

    pub(crate) fn foreign(path: &Path, damage: Damage) -> Self {
        Self::Foreign { path: path.to_owned(), source: Box::new(damage) }
    }

    pub(crate) fn corrupt(path: &Path, damage: Damage) -> Self {
        Self::Corrupt { path: path.to_owned(), source: Box::new(damage) }
    }
}

/// How a segment differs from what was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Damage {
    #[error("{found} bytes long instead of {expected}")]
    Size { expected: u64, found: u64 },
    #[error("{found} rows instead of {expected}")]
    Rows { expected: u64, found: u64 },
    #[error("its bytes do not have the hash that it is named after")]
    Hash,
    #[error("its bytes are not valid Parquet")]
    Parquet(#[from] polars::error::PolarsError),
    #[error("its bytes made the Parquet reader give up")]
    Panic,
    #[error("column `{column}` is missing, or not of its documented type")]
    Column { column: &'static str },
    #[error("it has a column that no version of the lake writes")]
    UnknownColumn,
    #[error("a row lacks its `{column}`")]
    Hole { column: &'static str },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: &LakeError, words: &str) {
        let message = error.to_string();
        assert!(message.contains("events/x.parquet") && message.contains(words), "{message}");
        assert!(!message.contains("said by the system"), "{message}");
    }

    #[test]
    fn every_situation_has_its_way_out() {
        let path = Path::new("events/x.parquet");
        let said = |kind| io::Error::new(kind, "said by the system");
        check(&LakeError::write(path, said(io::ErrorKind::StorageFull)), "free some space");
        check(&LakeError::write(path, said(io::ErrorKind::QuotaExceeded)), "free some space");
        check(&LakeError::write(path, said(io::ErrorKind::PermissionDenied)), "could not write");
        check(&LakeError::read(path, said(io::ErrorKind::NotFound)), "restore it");
        check(&LakeError::read(path, said(io::ErrorKind::PermissionDenied)), "could not read");
        check(&LakeError::corrupt(path, Damage::Hash), "damaged");
    }
}
