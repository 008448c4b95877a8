//! One sync while it is under way: what it works with and what it counts.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;

use model::{LedgerChange, Moment, RemoteAudience, SyncState};

use super::client::GraphClient;
use super::errors::Failure;
use super::halting::Halting;
use super::options::Options;
use super::talk::Talk;
use crate::dispatch::Stop;
use crate::{Context, Pacing, SyncJob};

const HALVING_CALLS_MAX: u32 = 30;

/// What has happened so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) added: u64,
    pub(super) removed: u64,
    pub(super) rejected: BTreeMap<String, u64>,
    /// What a person should know although the sync went on.
    pub(super) notes: Vec<String>,
    /// Rows that stay pending although the sync came to its end.
    pub(super) left: u64,
}

/// One sync under way.
pub(super) struct Settling<'a> {
    pub(super) options: &'a Options,
    pub(super) job: &'a SyncJob,
    pub(super) context: &'a Context<'a>,
    pub(super) talk: Talk<'a>,
    pub(super) tally: Tally,
    /// Throttles in a row, over all syncs of the destination.
    pub(super) throttles: &'a AtomicU32,
    /// Calls that may still go into finding bad rows.
    pub(super) halving_calls: u32,
    /// Rows in one request; smaller after a request was too large.
    pub(super) rows_max: usize,
    /// What Facebook says of the audience, for people.
    pub(super) facts: BTreeMap<String, String>,
    /// Whether a write was made: the limits stop a sync only after one, so that every sync gets somewhere.
    pub(super) has_written: bool,
}

impl<'a> Settling<'a> {
    pub(super) fn new(
        options: &'a Options,
        job: &'a SyncJob,
        context: &'a Context<'a>,
        (client, pacing, throttles): (&'a GraphClient, Pacing, &'a AtomicU32),
    ) -> Self {
        Self {
            options,
            job,
            context,
            talk: Talk::new(client, pacing),
            tally: Tally::default(),
            throttles,
            halving_calls: HALVING_CALLS_MAX,
            rows_max: options.rows_max,
            facts: BTreeMap::new(),
            has_written: false,
        }
    }

    pub(super) fn now(&self) -> Moment {
        (self.context.clock)()
    }

    pub(super) async fn change_ledger(&self, change: &LedgerChange) -> Result<(), Stop> {
        if change.upsert.is_empty() && change.delete.is_empty() {
            return Ok(());
        }
        Ok(self.context.ledger.change(&self.job.audience, self.context.destination, change).await?)
    }

    pub(super) async fn save_remote(&self, remote: &RemoteAudience) -> Result<(), Stop> {
        Ok(self.context.ledger.save_remote_audience(&self.job.audience, self.context.destination, remote).await?)
    }

    fn halting(&self) -> Halting<'_> {
        Halting { options: self.options, context: self.context, throttles: self.throttles }
    }

    /// Nothing is sent while Facebook asked to wait.
    pub(super) async fn check_pause(&self) -> Result<(), Stop> {
        self.halting().check_pause().await
    }

    /// What follows from a failure that ends the sync.
    pub(super) async fn halt(&self, failure: Failure) -> Stop {
        self.halting().halt(failure).await
    }

    /// Stops after a write when the limits are all but reached.
    pub(super) async fn stop_when_full(&self) -> Result<(), Stop> {
        if !self.has_written || !self.talk.usage.is_full() {
            return Ok(());
        }
        let until = self.halting().pause_ahead(self.talk.usage.wait().map_or(0, |wait| wait.as_secs())).await?;
        Err(Stop::Halt(SyncState::Held, format!("facebook's limits are all but reached; the rest is sent after {until}")))
    }
}
