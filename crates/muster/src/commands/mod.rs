//! The commands: one file each, thin over the engine.

use std::path::PathBuf;

pub(crate) mod audiences;
pub(crate) mod backfill;
pub(crate) mod catalog;
pub(crate) mod check;
pub(crate) mod collecting;
pub(crate) mod compact;
pub(crate) mod completions;
pub(crate) mod delete;
pub(crate) mod deliver;
pub(crate) mod demo;
pub(crate) mod destination;
pub(crate) mod erasures;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod fmt;
pub(crate) mod good_keys;
pub(crate) mod identities;
pub(crate) mod ingest;
pub(crate) mod init;
pub(crate) mod members;
pub(crate) mod model;
pub(crate) mod profile;
pub(crate) mod resync;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod source;
pub(crate) mod suppress;
pub(crate) mod suppressions;
pub(crate) mod test;
pub(crate) mod token;
pub(crate) mod whom;

/// What every command is told.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The folder of definitions.
    pub(crate) folder: PathBuf,
    /// Whether a program reads the answer.
    pub(crate) json: bool,
}
