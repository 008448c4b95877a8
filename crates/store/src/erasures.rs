//! Erasures: people who are taken out of everything, how far that is, and who is kept out because of it.
//!
//! Nothing here holds an identifier: people are known by keyed hashes and by profile numbers, which are never given again.

use std::collections::{HashMap, HashSet};

use model::{DestinationKey, Moment, ProfileId};
use serde::{Deserialize, Serialize};

/// Whose messages are refused, and who is in no audience and at no destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptOut {
    /// Keyed hashes of identifiers that nobody may come in with.
    pub suppressed: HashSet<String>,
    /// Keyed hashes of identifiers of people who were erased, and when; no moment while they are being erased.
    pub erased: HashMap<String, Option<Moment>>,
    /// Counts the changes of this list.
    pub version: u64,
}

/// A suppressed identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Its keyed hash.
    pub digest: String,
    /// The profile that had it then; none when nobody was known by it.
    pub profile: Option<ProfileId>,
    /// Since when.
    pub since: Moment,
}

/// Somebody is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRequest {
    /// Its name.
    pub erasure_id: String,
    /// When it was asked for.
    pub requested_at: Moment,
    /// Who asked, in their own words.
    pub requested_by: String,
    /// Whether what is said of the person later is refused as well.
    pub suppress: bool,
    /// All numbers of the profile.
    pub profiles: Vec<ProfileId>,
    /// Keyed hashes of all its identifiers.
    pub digests: Vec<String>,
}

/// How far an erasure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureState {
    /// Destinations have not all let the person go.
    Requested,
    /// They are at no destination any more.
    Left,
    /// Nothing of them is in the store or named by it; files and free places may still hold something.
    Erased,
    /// Nothing is left.
    Finished,
}

/// How a destination let somebody go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftState {
    /// Nothing of the person is there.
    Removed,
    /// Somebody decided not to wait for it.
    GivenUp,
    /// Not yet.
    Waiting,
}

/// An erasure at one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftAt {
    /// Where.
    pub destination: DestinationKey,
    /// Whether the person is gone from there.
    pub state: LeftState,
    /// Rows that were there.
    pub rows: u64,
    /// What a person should know, in words; never personal data.
    pub message: Option<String>,
    /// When it was tried last.
    pub at: Moment,
}

/// What was erased here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ErasureCounts {
    /// Identifiers.
    pub identifiers: u64,
    /// Links between users and accounts.
    pub links: u64,
    /// Events.
    pub events: u64,
    /// Trait changes.
    pub trait_changes: u64,
    /// Files of the lake that were written anew without them.
    pub segments: u64,
    /// Audiences they were in.
    pub memberships: u64,
    /// Rows of the ledger that were left: those that destinations had refused.
    pub ledger_rows: u64,
    /// Rows of models.
    pub model_rows: u64,
    /// Damaged inbox files that were set aside and cannot be searched.
    pub damaged_files: u64,
}

/// An erasure and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Its name.
    pub erasure_id: String,
    /// When it was asked for.
    pub requested_at: Moment,
    /// Who asked.
    pub requested_by: String,
    /// Whether what is said later is refused as well.
    pub suppress: bool,
    /// How far it is.
    pub state: ErasureState,
    /// When nothing of the person was left in the store.
    pub erased_at: Option<Moment>,
    /// When nothing was left anywhere.
    pub finished_at: Option<Moment>,
    /// The numbers of the profile, ascending.
    pub profiles: Vec<ProfileId>,
    /// What was erased so far.
    pub counts: ErasureCounts,
    /// Each destination that was ever sent anything, by name.
    pub destinations: Vec<LeftAt>,
}

/// What the store holds of somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Links between users and accounts.
    pub links: u64,
    /// Rows of models.
    pub model_rows: u64,
    /// Rows of the ledger, by destination.
    pub ledger_rows: Vec<(DestinationKey, u64)>,
}
