//! Suppression: somebody goes from every destination, is in no audience from the next run on, and nothing more is taken in.
//!
//! First it is recorded, by keyed hashes of everything that is known to find the person; then they leave each destination by
//! what was really sent. What is known of them here stays, until they are erased.

use std::collections::{BTreeSet, HashSet};

use deliver::LedgerError;
use ingest::digest;
use model::{Identifier, Person, ProfileId};
use serde::Serialize;
use store::{Store, StoreError};

use crate::Workspace;
use crate::delivery::DeliveryError;
use crate::lease::LeaseError;
use crate::leaving::ErasedAt;

/// Somebody could not be suppressed. What was recorded before counts; doing it again goes on.
#[derive(Debug, thiserror::Error)]
pub enum SuppressError {
    /// Somebody else delivers.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The store did not answer.
    #[error("could not note who is suppressed")]
    Store(#[from] StoreError),
    /// The ledger did not answer.
    #[error("could not look up what was sent")]
    Ledger(#[from] LedgerError),
    /// What is left could not be delivered.
    #[error("could not send what follows from it")]
    Delivery(#[from] DeliveryError),
}

/// What was done about somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuppressReport {
    /// Whether a profile is known by the identifier; if not, it is kept out should it ever come.
    pub is_known: bool,
    /// How many identifiers are kept out.
    pub identifiers: u64,
    /// Each destination that was ever sent anything.
    pub destinations: Vec<ErasedAt>,
}

/// Who must not be sent anywhere, ready to be asked about: whoever is suppressed or being erased.
pub(crate) struct Suppressions {
    key: String,
    digests: HashSet<String>,
    profiles: BTreeSet<ProfileId>,
}

impl Suppressions {
    pub(crate) async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let kept_out = store.kept_out(None).await?.unwrap_or_default();
        let being_erased = kept_out.erased.into_iter().filter(|(_, erased_at)| erased_at.is_none()).map(|(digest, _)| digest);
        let digests = kept_out.suppressed.into_iter().chain(being_erased).collect();
        Ok(Self { key: store.hash_key().await?, digests, profiles: store.profiles_kept_out().await? })
    }

    /// Whether one of the person's identifiers is kept out, or the profile is.
    pub(crate) fn hold(&self, person: &Person) -> bool {
        let is_held = |identifier: &Identifier| self.digests.contains(&digest(&self.key, identifier));
        self.profiles.contains(&person.profile) || (!self.digests.is_empty() && person.identifiers.iter().any(is_held))
    }

    /// Profiles that are kept out under these numbers.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = ProfileId> {
        self.profiles.iter().copied()
    }
}

impl Workspace {
    /// Keeps somebody out of every audience and destination, now and from now on, under every identifier that is known of them.
    ///
    /// # Errors
    /// When somebody else delivers for long or the store fails. A destination that cannot be reached is in the report.
    pub async fn suppress(&self, identifier: &Identifier) -> Result<SuppressReport, SuppressError> {
        let (profiles, identifiers) = self.known_as(identifier).await?;
        let digests = self.digests(&identifiers).await?;
        let survivor = profiles.first().copied();
        self.store.suppress(&digests, survivor, self.clock.now()).await?;
        let destinations = self.leave_destinations(&profiles).await?;
        tracing::info!(identifiers = digests.len(), destinations = destinations.len(), "somebody was suppressed");
        Ok(SuppressReport { is_known: survivor.is_some(), identifiers: digests.len() as u64, destinations })
    }

    /// Lets somebody in again. Whether they are sent is up to the audiences; the next run asks for them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unsuppress(&self, identifier: &Identifier) -> Result<u64, SuppressError> {
        let (_, identifiers) = self.known_as(identifier).await?;
        let digests = self.digests(&identifiers).await?;
        let let_in = self.store.unsuppress(&digests).await?;
        self.request_all_syncs().await?;
        Ok(let_in)
    }

    async fn digests(&self, identifiers: &BTreeSet<Identifier>) -> Result<Vec<String>, StoreError> {
        let key = self.store.hash_key().await?;
        Ok(identifiers.iter().map(|identifier| digest(&key, identifier)).collect())
    }

    /// The profile that an identifier finds, under all its numbers with today's first, and everything that finds it.
    pub(crate) async fn known_as(&self, identifier: &Identifier) -> Result<(Vec<ProfileId>, BTreeSet<Identifier>), StoreError> {
        let mut identifiers = BTreeSet::from([identifier.clone()]);
        let found = self.store.find_profiles(std::slice::from_ref(identifier)).await?;
        let Some(survivor) = found.get(identifier).copied() else { return Ok((Vec::new(), identifiers)) };
        for identity in self.store.identities(&[survivor]).await? {
            identifiers.extend(identity.identifiers);
        }
        let snapshot = self.snapshot().await?;
        let numbers =
            (0..).zip(&snapshot.people.canonical).filter(|(number, canonical)| **canonical == survivor && ProfileId(*number) != survivor);
        let profiles = std::iter::once(survivor).chain(numbers.map(|(number, _)| ProfileId(number))).collect();
        Ok((profiles, identifiers))
    }
}
