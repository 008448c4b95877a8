//! What came of a model's sync.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{RefusalCount, RejectionReason, Rejections};

/// What one sync of a model did, or in a dry run would have done.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ModelReport {
    /// The model.
    pub model: String,
    /// Rows read.
    pub rows: u64,
    /// Rows that were not there before, or whose checksums were forgotten.
    pub new: u64,
    /// Rows that say something else than before.
    pub updated: u64,
    /// Rows that say what they said.
    pub unchanged: u64,
    /// Rows that are gone.
    pub deleted: u64,
    /// Rows that were not taken.
    pub rejected: u64,
    /// Why, how often, and where for example (lines of a file, row numbers of a query).
    pub rejections: BTreeMap<RejectionReason, Rejections>,
    /// Values that identify nobody; their rows were taken if another value did.
    pub refusals: Vec<RefusalCount>,
    /// Identifiers that were not attached, because one profile may not have them too; their rows were taken.
    pub set_aside: Vec<RefusalCount>,
    /// Profiles that did not exist.
    pub new_profiles: u64,
    /// Profiles that did, and are spoken of here.
    pub known_profiles: u64,
    /// Pairs of profiles that turned out to be one.
    pub merges: u64,
    /// Nothing was written.
    pub dry_run: bool,
}
