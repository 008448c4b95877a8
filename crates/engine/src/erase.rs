//! Erasure: everything about somebody goes, at destinations first and then here, and it is known for ever that it went.
//!
//! A request is recorded before anything is done, and from then on whatever is said of the person is refused and they are in no
//! audience. Each step is recorded when it is done, and doing one twice changes nothing; so whoever comes next (the same
//! command again, a run, the schedule) goes on where a killed process stopped. **Invariant:** nothing is erased here
//! while a destination still holds the person, since only what is known here can take them out there.

mod here;
mod preview;
mod receipt;

use std::collections::BTreeSet;
use std::time::Duration;

use deliver::LedgerError;
use ingest::digest;
use lake::LakeError;
use model::{DestinationKey, Identifier, ProfileId};
use store::{Erasure, ErasureRequest, ErasureState, LeftAt, LeftState, StoreError};
use uuid::Uuid;

use crate::drain::DrainError;
use crate::lease::{Lease, LeaseError, LeaseName};
use crate::suppress::SuppressError;
use crate::{OpenError, Workspace};
use here::Here;

pub use preview::ErasePreview;
pub use receipt::{ErasureStatus, HereReceipt, LeftReceipt, Receipt};

const ERASURE_ID_LENGTH: usize = 12;
/// How often it turns out on the way that the person has more profiles, before somebody else has to look.
const GROWS_MAX: usize = 8;
/// How long to wait for another process that writes or delivers: usually moments.
const LEASE_NAP: Duration = Duration::from_millis(200);
const LEASE_NAPS: u32 = 150;

/// An erasure could not go on. What was done is recorded, and doing it again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// Somebody else writes or delivers, for long.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The store did not answer.
    #[error("could not read or note how far the erasure is")]
    Store(#[from] StoreError),
    /// What is at destinations could not be looked up.
    #[error(transparent)]
    Leave(#[from] SuppressError),
    /// The inbox could not be emptied.
    #[error("could not empty the inbox")]
    Drain(#[from] DrainError),
    /// A segment could not be written without the person.
    #[error("could not write a file of the lake anew")]
    Lake(#[from] LakeError),
    /// Files that nobody names could not be removed.
    #[error("could not remove old files")]
    Sweep(#[from] OpenError),
    /// A file of the cache could not be removed.
    #[error("could not empty the folder `{}`", folder.display())]
    Cache {
        /// The folder.
        folder: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The ledger did not answer.
    #[error("could not look up what was sent")]
    Ledger(#[from] LedgerError),
    /// It is not there.
    #[error("no erasure `{0}`; `muster erasures` lists them")]
    Unknown(String),
    /// Nothing waits there.
    #[error("erasure `{erasure}` does not wait for `{destination}`")]
    NotWaiting {
        /// The erasure.
        erasure: String,
        /// The destination.
        destination: DestinationKey,
    },
}

/// How somebody is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EraseOptions {
    /// Who asks, in their own words.
    pub requested_by: String,
    /// Whether what is said of the person later is refused as well.
    pub suppress: bool,
}

/// Which erasures to go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All of them.
    Unfinished,
    /// Those that wait for no destination: nothing is sent again and again.
    NotWaiting,
}

impl Workspace {
    /// Records that somebody is to be erased: the name of the erasure. Where they are being erased already, it is that one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn request_erasure(&self, identifier: &Identifier, options: &EraseOptions) -> Result<String, EraseError> {
        let (mut profiles, mut identifiers) = self.known_as(identifier).await?;
        if profiles.is_empty() && matches!(self.drain().await, Ok(report) if report.files > 0) {
            // What lay in the inbox may have been about them.
            (profiles, identifiers) = self.known_as(identifier).await?;
        }
        let key = self.store.hash_key().await?;
        let digests: Vec<String> = identifiers.iter().map(|identifier| digest(&key, identifier)).collect();
        let under_way = self.store.unfinished_erasures().await?.into_iter();
        if let Some(same) = under_way.into_iter().find(|erasure| erasure.profiles.iter().any(|profile| profiles.contains(profile))) {
            if options.suppress {
                self.store.suppress(&digests, None, self.clock.now()).await?;
            }
            return Ok(same.erasure_id);
        }
        let mut erasure_id = Uuid::new_v4().simple().to_string();
        erasure_id.truncate(ERASURE_ID_LENGTH);
        let request = ErasureRequest {
            erasure_id,
            requested_at: self.clock.now(),
            requested_by: options.requested_by.clone(),
            suppress: options.suppress,
            profiles,
            digests,
        };
        self.store.request_erasure(&request).await?;
        tracing::info!(erasure = request.erasure_id, identifiers = request.digests.len(), "an erasure was asked for");
        Ok(request.erasure_id)
    }

    /// Goes on with one erasure as far as it goes.
    ///
    /// # Errors
    /// When somebody else is at it for long, or the store, the lake or the disk fails. A destination that cannot be reached is
    /// in the receipt.
    pub async fn go_on_with_erasure(&self, erasure_id: &str) -> Result<Receipt, EraseError> {
        let erasure = self.erasure(erasure_id).await?;
        self.go_on_with(vec![erasure]).await?;
        self.receipt(erasure_id).await
    }

    /// Goes on with all that are not finished.
    ///
    /// # Errors
    /// As [`Workspace::go_on_with_erasure`].
    pub async fn resume_erasures(&self) -> Result<Vec<Receipt>, EraseError> {
        let erasures = self.store.unfinished_erasures().await?;
        let ids: Vec<String> = erasures.iter().map(|erasure| erasure.erasure_id.clone()).collect();
        self.go_on_with(erasures).await?;
        let mut receipts = Vec::with_capacity(ids.len());
        for id in &ids {
            receipts.push(self.receipt(id).await?);
        }
        Ok(receipts)
    }

    /// Waits no longer for a destination, which nobody can reach any more, say; what is there stays there.
    ///
    /// # Errors
    /// When the erasure does not wait for it, or the store fails.
    pub async fn give_up(&self, erasure_id: &str, destination: &DestinationKey) -> Result<(), EraseError> {
        let erasure = self.erasure(erasure_id).await?;
        let waiting = erasure.destinations.iter().find(|left| left.destination == *destination && left.state == LeftState::Waiting);
        let Some(waiting) = waiting else {
            return Err(EraseError::NotWaiting { erasure: erasure_id.to_owned(), destination: destination.clone() });
        };
        let message = Some("given up: what is there stays there".to_owned());
        let given_up = LeftAt { state: LeftState::GivenUp, message, at: self.clock.now(), ..waiting.clone() };
        Ok(self.store.note_left(erasure_id, &[given_up], erasure.state).await?)
    }

    /// Goes on beside a run or between two of them. Failures are logged; the next time goes on.
    pub(crate) async fn erase_meanwhile(&self, which: Which) {
        let gone_on = async {
            let mut erasures = self.store.unfinished_erasures().await?;
            let waits = |erasure: &Erasure| erasure.destinations.iter().any(|left| left.state == LeftState::Waiting);
            erasures.retain(|erasure| which == Which::Unfinished || !waits(erasure));
            self.go_on_with(erasures).await
        };
        if let Err(error) = gone_on.await {
            tracing::error!(error = &error as &dyn std::error::Error, "an erasure did not go on; the next run or tick tries again");
        }
    }

    /// One by one until nothing of the people is named any more; then what was left in files and free places goes, of all at once.
    /// One that fails stops no other.
    async fn go_on_with(&self, erasures: Vec<Erasure>) -> Result<(), EraseError> {
        let (mut erased, mut failed) = (Vec::new(), None);
        for erasure in erasures {
            match self.erase(erasure).await {
                Ok(Here::Done(erasure_id)) => erased.push(erasure_id),
                Ok(Here::Waits(why)) => tracing::warn!(why, "an erasure waits"),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if !erased.is_empty() {
            self.tidy_up(&erased).await?;
        }
        failed.map_or(Ok(()), Err)
    }

    /// At destinations first, then here.
    async fn erase(&self, mut erasure: Erasure) -> Result<Here, EraseError> {
        for _ in 0..GROWS_MAX {
            if erasure.state == ErasureState::Requested && !self.leave(&mut erasure).await? {
                return Ok(Here::Waits("a destination has not let the person go"));
            }
            match erasure.state {
                ErasureState::Requested | ErasureState::Left => {}
                ErasureState::Erased | ErasureState::Finished => return Ok(Here::Done(erasure.erasure_id)),
            }
            if let Some(here) = self.erase_here(&erasure).await? {
                return Ok(here);
            }
            erasure = self.erasure(&erasure.erasure_id).await?;
        }
        Ok(Here::Waits("the person turns out to be somebody else again and again"))
    }

    /// Takes the person out of every destination. Whether they are out of all.
    async fn leave(&self, erasure: &mut Erasure) -> Result<bool, EraseError> {
        let given_up = |destination: &DestinationKey| {
            erasure.destinations.iter().any(|left| left.destination == *destination && left.state == LeftState::GivenUp)
        };
        let (erased, now) = (self.leave_destinations(&erasure.profiles).await?, self.clock.now());
        let left = erased.into_iter().filter(|erased| !given_up(&erased.destination)).map(|erased| {
            let state = if erased.is_gone() { LeftState::Removed } else { LeftState::Waiting };
            LeftAt { destination: erased.destination, state, rows: erased.rows, message: erased.message, at: now }
        });
        let left: Vec<LeftAt> = left.collect();
        let is_out = left.iter().all(|left| left.state == LeftState::Removed);
        erasure.state = if is_out { ErasureState::Left } else { ErasureState::Requested };
        self.store.note_left(&erasure.erasure_id, &left, erasure.state).await?;
        Ok(is_out)
    }

    async fn erasure(&self, erasure_id: &str) -> Result<Erasure, EraseError> {
        self.store.erasure(erasure_id).await?.ok_or_else(|| EraseError::Unknown(erasure_id.to_owned()))
    }

    /// All numbers of those who go by one of these today.
    async fn numbers_of(&self, profiles: &[ProfileId]) -> Result<BTreeSet<ProfileId>, StoreError> {
        let snapshot = self.snapshot().await?;
        let survivors: BTreeSet<ProfileId> = profiles.iter().map(|profile| snapshot.people.survivor(*profile)).collect();
        let numbers = (0..).map(ProfileId).zip(&snapshot.people.canonical);
        Ok(numbers.filter(|(_, survivor)| survivors.contains(survivor)).map(|(number, _)| number).collect())
    }

    /// Takes a lease, waiting a little for whoever has it.
    pub(crate) async fn lease_patiently(&self, name: LeaseName) -> Result<Lease, LeaseError> {
        for _ in 0..LEASE_NAPS {
            match Lease::take(name, self).await {
                Err(LeaseError::Taken(_)) => tokio::time::sleep(LEASE_NAP).await,
                taken => return taken,
            }
        }
        Lease::take(name, self).await
    }
}
