//! The sink's contract: bring one destination in step with one audience.
//!
//! A *destination* is configured, a *sink* is code. Whatever goes wrong at the destination is an outcome, in words a
//! person can act on; only a ledger that does not work is an error.

use std::collections::BTreeMap;

use async_trait::async_trait;
use definitions::OnExit;
use model::{AudienceKey, DestinationKey, Moment, Person, ProfileId, SyncState};

use crate::{Ledger, LedgerError, Step, Trial};

/// One audience to bring in step with one destination: everybody who should be there, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncJob {
    /// The audience.
    pub audience: AudienceKey,
    /// Its name for people, before the destination's own template.
    pub title: String,
    /// One sentence about it.
    pub description: String,
    /// The counterpart at the destination, where the definition names one that is there already.
    pub remote_id: Option<String>,
    /// Which trait or kind of identifier to take for a key of the destination, where the usual ones are not meant.
    pub fields: BTreeMap<String, String>,
    /// What to match on; empty: all that the sink knows.
    pub match_on: Vec<String>,
    /// The number trait to send as each person's value.
    pub value: Option<String>,
    /// What happens to those who were sent and are not among `people` any more.
    pub on_exit: OnExit,
    /// With [`OnExit::Keep`]: profiles who turned out to be one of `people`. They are members under another number, so rows
    /// sent under theirs are brought in step like those of anybody who stays.
    pub former: Vec<ProfileId>,
    /// Everybody who should be there.
    pub people: Vec<Person>,
}

/// How a sync went.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncOutcome {
    /// How it ended.
    pub state: SyncState,
    /// What a person should know, in words; never personal data.
    pub message: Option<String>,
    /// Members with at least one row the destination takes.
    pub sendable: u64,
    /// Rows added by this sync.
    pub rows_added: u64,
    /// Rows removed by this sync.
    pub rows_removed: u64,
    /// People and rows not sent or not taken, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Values that were there and could not be used, by key and reason.
    pub emptied: BTreeMap<(String, String), u64>,
    /// What the destination says of its copy, by name; never personal data.
    pub remote: BTreeMap<String, String>,
    /// Calls made to the destination.
    pub calls: u64,
}

impl SyncOutcome {
    /// Nothing was done, for a reason somebody must mend.
    pub fn failed(message: &str) -> Self {
        Self {
            state: SyncState::Failed,
            message: Some(message.to_owned()),
            sendable: 0,
            rows_added: 0,
            rows_removed: 0,
            rejected: BTreeMap::new(),
            emptied: BTreeMap::new(),
            remote: BTreeMap::new(),
            calls: 0,
        }
    }
}

/// How an erasure went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// `Sent` when nothing of the people is there any more; else what stands in the way.
    pub state: SyncState,
    /// What a person should know, in words; never personal data.
    pub message: Option<String>,
    /// Rows that were there.
    pub rows: u64,
    /// Audiences in which others have to be sent again, since they share something with those who were erased.
    pub to_sync: Vec<AudienceKey>,
}

/// What a sink works with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What was sent before.
    pub ledger: &'a dyn Ledger,
    /// The destination, as the ledger knows it.
    pub destination: &'a DestinationKey,
    /// What tells this workspace from every other: copies at destinations are marked with it.
    pub workspace: &'a str,
    /// What time it is.
    pub clock: &'a (dyn Fn() -> Moment + Send + Sync),
}

/// The code that speaks to one kind of destination, configured for one of them.
#[async_trait]
pub trait Sink: Send + Sync {
    /// The word that chooses it in a definition.
    fn kind(&self) -> &'static str;
    /// Brings the destination in step. Doing it twice changes nothing.
    async fn settle(&self, job: &SyncJob, context: &Context<'_>) -> Result<SyncOutcome, LedgerError>;
    /// Takes people out of everything the destination was ever sent, and forgets them. Doing it twice changes nothing.
    async fn erase(&self, profiles: &[ProfileId], context: &Context<'_>) -> Result<Erasure, LedgerError>;
    /// Walks through all that a sync needs. With a trial, a test row is sent and taken back.
    async fn examine(&self, trial: Option<&Trial>, context: &Context<'_>) -> Vec<Step>;
}
