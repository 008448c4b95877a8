//! Suppression: somebody goes from every destination, and is not sent anywhere from then on.
//!
//! First it is recorded, by keyed hashes of everything that is known to find the person; then they are erased at each
//! destination by what was really sent. What is known of them here stays; only destinations forget.

use std::collections::BTreeSet;

use deliver::{Context, LedgerError};
use hmac::{Hmac, KeyInit as _, Mac as _};
use model::{DestinationKey, Identifier, Person, ProfileId, SyncState};
use serde::Serialize;
use sha2::Sha256;
use store::{Store, StoreError, Suppressed};

use crate::Workspace;
use crate::delivery::DeliveryError;
use crate::lease::{Lease, LeaseError, LeaseName};
use crate::ledger::StoreLedger;

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

/// What became of somebody at one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasedAt {
    /// Where.
    pub destination: DestinationKey,
    /// `sent` when nothing of the person is there any more.
    pub state: SyncState,
    /// What a person should know, in words; never personal data.
    pub message: Option<String>,
    /// Rows that were there.
    pub rows: u64,
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

/// Who must not be sent, ready to be asked about.
pub(crate) struct Suppressions {
    key: Vec<u8>,
    suppressed: Suppressed,
}

impl Suppressions {
    pub(crate) async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        Ok(Self { key: store.hash_key().await?.into_bytes(), suppressed: store.suppressed().await? })
    }

    /// Whether one of the person's identifiers is suppressed, or the profile is.
    pub(crate) fn hold(&self, person: &Person) -> bool {
        let is_held = |identifier: &Identifier| self.suppressed.digests.contains(&digest(&self.key, identifier));
        !self.suppressed.digests.is_empty()
            && (self.suppressed.profiles.contains(&person.profile) || person.identifiers.iter().any(is_held))
    }

    /// Profiles that were suppressed under these numbers.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = ProfileId> {
        self.suppressed.profiles.iter().copied()
    }
}

/// Lower-case hex HMAC-SHA256 of an identifier.
fn digest(key: &[u8], identifier: &Identifier) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(identifier.kind.as_str().as_bytes());
    mac.update(b"\0");
    mac.update(identifier.value.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Workspace {
    /// Keeps somebody out of every destination, now and from now on, under every identifier that is known of them.
    ///
    /// # Errors
    /// When somebody else delivers or the store fails. A destination that cannot be reached is in the report.
    pub async fn suppress(&self, identifier: &Identifier) -> Result<SuppressReport, SuppressError> {
        let lease = Lease::take(LeaseName::Delivery, self).await?;
        let begun = self.suppress_and_erase(identifier).await;
        lease.release().await;
        let (mut report, profiles, has_left) = begun?;
        if has_left {
            // Where people go by an exit, the next sync tells it.
            self.deliver_pending().await?;
            let lease = Lease::take(LeaseName::Delivery, self).await?;
            let again = self.erase(&profiles).await;
            lease.release().await;
            let (again, _) = again?;
            for erased in &mut report.destinations {
                // Where nobody is any more, nothing is left to be asked.
                let now = again.iter().find(|now| now.destination == erased.destination);
                (erased.state, erased.message) = now.map_or((SyncState::Sent, None), |now| (now.state, now.message.clone()));
            }
        }
        Ok(report)
    }

    async fn suppress_and_erase(&self, identifier: &Identifier) -> Result<(SuppressReport, Vec<ProfileId>, bool), SuppressError> {
        let key = self.store.hash_key().await?.into_bytes();
        let (profiles, identifiers) = self.known_as(identifier).await?;
        let digests: Vec<String> = identifiers.iter().map(|identifier| digest(&key, identifier)).collect();
        let survivor = profiles.first().copied();
        self.store.suppress(&digests, survivor, self.clock.now()).await?;
        let (destinations, has_left) = self.erase(&profiles).await?;
        tracing::info!(identifiers = digests.len(), destinations = destinations.len(), "somebody was suppressed");
        Ok((SuppressReport { is_known: survivor.is_some(), identifiers: digests.len() as u64, destinations }, profiles, has_left))
    }

    /// Lets somebody be sent again. Whether they are is up to the audiences; the next run asks for them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unsuppress(&self, identifier: &Identifier) -> Result<u64, SuppressError> {
        let key = self.store.hash_key().await?.into_bytes();
        let (_, identifiers) = self.known_as(identifier).await?;
        let digests: Vec<String> = identifiers.iter().map(|identifier| digest(&key, identifier)).collect();
        let before = self.store.suppressed().await?.digests.len();
        self.store.unsuppress(&digests).await?;
        let after = self.store.suppressed().await?.digests.len();
        self.request_all_syncs().await?;
        Ok((before - after) as u64)
    }

    /// The profile that an identifier finds, under all its numbers with today's first, and everything that finds it.
    async fn known_as(&self, identifier: &Identifier) -> Result<(Vec<ProfileId>, BTreeSet<Identifier>), StoreError> {
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

    /// Erases profiles wherever anything was sent, and asks for the syncs that follow. Whether some are left to wait for.
    async fn erase(&self, profiles: &[ProfileId]) -> Result<(Vec<ErasedAt>, bool), SuppressError> {
        let destinations: BTreeSet<DestinationKey> =
            self.store.sent_pairs().await?.into_iter().map(|(_, destination)| destination).collect();
        let (workspace, ledger) = (self.store.workspace_id().await?, StoreLedger(std::sync::Arc::clone(&self.store)));
        let clock = || self.clock.now();
        let (mut erased, mut pairs) = (Vec::new(), Vec::new());
        for destination in destinations {
            let context = Context { ledger: &ledger, destination: &destination, workspace: &workspace, clock: &clock };
            let done = match self.sinks.get(&destination) {
                Some(Ok(sink)) => sink.erase(profiles, &context).await?,
                Some(Err(why)) => unreachable_destination(why),
                None => unreachable_destination("the destination is not defined any more; restore its file"),
            };
            pairs.extend(done.to_sync.iter().map(|audience| (audience.clone(), destination.clone())));
            erased.push(ErasedAt { destination, state: done.state, message: done.message, rows: done.rows });
        }
        if let (Some(seen), false) = (self.store.seen().await?, pairs.is_empty()) {
            self.store.request_syncs(&seen.run.run_id, &pairs, self.clock.now()).await?;
        }
        Ok((erased, !pairs.is_empty()))
    }
}

fn unreachable_destination(why: &str) -> deliver::Erasure {
    deliver::Erasure { state: SyncState::Failed, message: Some(why.to_owned()), rows: 0, to_sync: Vec::new() }
}
