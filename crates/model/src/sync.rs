//! Syncs: how an audience stands at a destination, and the ledger of what was really sent there.
//!
//! The ledger holds hashes and opaque ids only, never a raw address, phone number or name.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{AudienceKey, DestinationKey, Fingerprint, Moment, ProfileId};

/// How a sync ended, or why it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// Waits for its turn.
    Pending,
    /// The destination is in step.
    Sent,
    /// In step, and below the destination's minimum size.
    SentBelowMinimum,
    /// Not yet at the destination and below its minimum size: held until there are enough.
    BelowMinimum,
    /// Could not be sent now; stays pending and is tried again.
    Held,
    /// Its audience is paused; stays pending until it is not.
    Paused,
    /// Cannot be sent until somebody mends something; stays pending and is tried again.
    Failed,
}

/// What is known about one audience at one destination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SyncStatus {
    /// The audience.
    pub audience: AudienceKey,
    /// The destination.
    pub destination: DestinationKey,
    /// How the latest sync ended.
    pub state: SyncState,
    /// What a person should know, in words; never personal data.
    pub message: Option<String>,
    /// Members with at least one row the destination takes.
    pub sendable: Option<u64>,
    /// Rows added by the latest sync.
    pub rows_added: u64,
    /// Rows removed by the latest sync.
    pub rows_removed: u64,
    /// What the destination says of its copy, by name, such as `delivery` and `too small for ads (300)`.
    pub remote: BTreeMap<String, String>,
    /// How the sync was configured by which the destination is in step: another fingerprint now means that it is no longer. Blank
    /// while it is not.
    pub mapping: Fingerprint,
    /// When that was.
    pub updated_at: Moment,
}

/// The audience's counterpart at a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAudience {
    /// Its id there, as text.
    pub remote_id: String,
    /// Its name there, as we last set or saw it.
    pub name: String,
    /// Why who is there may differ from the ledger, in words; nothing while both are known to agree.
    pub doubt: Option<String>,
    /// The session of a replace whose last batch was taken and whose end was not seen yet.
    pub replacing: Option<i64>,
    /// When we last changed who is in it, by our clock.
    pub written_at: Option<Moment>,
    /// When somebody else was first seen to have changed who is in it, since the last time everybody was sent.
    pub drifted_at: Option<Moment>,
}

impl RemoteAudience {
    /// One that was just found or made, about which nothing else is known.
    pub fn new(remote_id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { remote_id: remote_id.into(), name: name.into(), doubt: None, replacing: None, written_at: None, drifted_at: None }
    }
}

/// Where a sent row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LedgerState {
    /// About to be added: the request may or may not have arrived.
    PendingAdd,
    /// The destination has it.
    Added,
    /// About to be removed: the request may or may not have arrived.
    PendingRemove,
    /// The destination refused it; the reason is kept.
    Rejected,
}

/// One row as sent, word for word: hashes and opaque ids only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Whose.
    pub profile: ProfileId,
    /// The keys of its cells, such as `EXTERN_ID,EMAIL`.
    pub schema: String,
    /// The cells as sent, as a JSON array of text.
    pub cells: String,
    /// Where it stands.
    pub state: LedgerState,
    /// The session it went in.
    pub session_id: Option<i64>,
    /// Why it was refused.
    pub reason: Option<String>,
    /// When its state changed.
    pub updated_at: Moment,
}

/// A step of the ledger: rows are known by (audience, destination, profile, schema, cells).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LedgerChange {
    /// Written, or overwritten where the same row exists.
    pub upsert: Vec<LedgerRow>,
    /// Gone: removed at the destination.
    pub delete: Vec<LedgerRow>,
}
