//! Erasing here: memberships, rows of the lake, then all that the store knows of the person; then old files and free places.
//!
//! Whoever erases is the writer, so nobody says anything or records a run meanwhile. Rows go before identifiers do: as long
//! as there is anything to find, what it is found by is there.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ingest::{digest, inbox};
use model::{ProfileId, Segment};
use store::{Erasure, StoreError};

use super::EraseError;
use crate::lease::{Lease, LeaseName};
use crate::readers::Alone;
use crate::{Workspace, cpu};

/// How an erasure stands.
pub(super) enum Here {
    /// Nothing of the person is named any more; this is the erasure.
    Done(String),
    /// It goes on later.
    Waits(&'static str),
}

/// Whoever accepts messages knows within seconds who is kept out; what it accepted until then has to become facts first.
const KNOWN_AFTER_MICROS: i64 = 10_000_000;
/// How long to wait for readers of the lake or the store.
const NAP: Duration = Duration::from_millis(100);
const NAPS: u32 = 100;

impl Workspace {
    /// Erases the person here. Nothing: they turned out to be somebody at destinations, too.
    pub(super) async fn erase_here(&self, erasure: &Erasure) -> Result<Option<Here>, EraseError> {
        if self.inbox.is_some() && self.clock.now() < erasure.requested_at.plus_micros(KNOWN_AFTER_MICROS) {
            return Ok(Some(Here::Waits("messages that were accepted until now become facts first")));
        }
        let writer = self.lease_patiently(LeaseName::Writer).await?;
        let erased = async {
            let delivery = self.lease_patiently(LeaseName::Delivery).await?;
            let erased = self.erase_as(&writer, erasure).await;
            delivery.release().await;
            erased
        }
        .await;
        writer.release().await;
        erased
    }

    async fn erase_as(&self, writer: &Lease, erasure: &Erasure) -> Result<Option<Here>, EraseError> {
        self.drain_as(writer).await?;
        if self.inbox.is_none() && inbox::is_taken(&self.inbox_folder()).map_err(crate::drain::DrainError::from)? {
            return Ok(Some(Here::Waits("a process that takes messages over HTTP goes on with it, within a minute")));
        }
        let key = self.store.hash_key().await?;
        let numbers: Vec<ProfileId> = self.numbers_of(&erasure.profiles).await?.into_iter().collect();
        let mut digests = Vec::new();
        for identity in self.store.identities(&numbers).await? {
            digests.extend(identity.identifiers.iter().map(|identifier| digest(&key, identifier)));
        }
        digests.sort_unstable();
        digests.dedup();
        if numbers.iter().any(|number| !erasure.profiles.contains(number)) {
            self.store.extend_erasure(&erasure.erasure_id, &numbers, &digests).await?;
            return Ok(None);
        }
        self.store.erase_members(&erasure.erasure_id).await?;
        self.erase_rows(erasure).await?;
        self.store.erase_person(&erasure.erasure_id, &digests, self.clock.now()).await?;
        tracing::info!(erasure = erasure.erasure_id, "somebody was erased");
        Ok(Some(Here::Done(erasure.erasure_id.clone())))
    }

    /// Names, instead of each segment with rows of theirs, one without.
    async fn erase_rows(&self, erasure: &Erasure) -> Result<(), EraseError> {
        let profiles: Arc<[ProfileId]> = erasure.profiles.as_slice().into();
        for (number, segment) in self.store.segments().await? {
            let (lake, profiles, source) = (self.lake.clone(), Arc::clone(&profiles), segment.clone());
            let rest: Option<Option<Segment>> = cpu::run(move || {
                if lake.rows_of(&source, &profiles)? == 0 {
                    return Ok(None);
                }
                lake.without(&source, &profiles).map(Some)
            })
            .await
            .map_err(EraseError::Lake)?;
            if let Some(rest) = rest {
                self.store.rewrite_segment(&erasure.erasure_id, (number, &segment), rest.as_ref()).await?;
            }
        }
        Ok(())
    }

    /// Removes what no longer counts and may still be read: old files of the lake, decoded columns, free places of the store.
    pub(super) async fn tidy_up(&self, erased: &[String]) -> Result<(), EraseError> {
        let writer = self.lease_patiently(LeaseName::Writer).await?;
        let tidied = self.tidy_up_as_writer(erased).await;
        writer.release().await;
        tidied
    }

    async fn tidy_up_as_writer(&self, erased: &[String]) -> Result<(), EraseError> {
        let drained = self.data.join("cache").join("drain");
        remove_folder(&drained).map_err(|source| EraseError::Cache { folder: drained, source })?;
        if !self.remove_old_files().await? {
            tracing::warn!("somebody reads the lake: old files of somebody erased are removed the next time");
            return Ok(());
        }
        if !self.scrub_patiently().await? {
            tracing::warn!("somebody reads the store: free places of it are cleared the next time");
            return Ok(());
        }
        let damaged = inbox::damaged(&self.inbox_folder()).map_err(crate::drain::DrainError::from)?.len() as u64;
        for erasure_id in erased {
            self.store.finish_erasure(erasure_id, damaged, self.clock.now()).await?;
        }
        Ok(())
    }

    /// Whether they are removed: not while somebody reads them.
    async fn remove_old_files(&self) -> Result<bool, EraseError> {
        for _ in 0..NAPS {
            let Some(alone) = Alone::try_begin(&self.data)? else {
                tokio::time::sleep(NAP).await;
                continue;
            };
            let snapshot = self.snapshot().await?;
            let (lake, evaluator) = (self.lake.clone(), Arc::clone(&self.evaluator));
            let removed = cpu::run(move || {
                lake.sweep(&snapshot.segments.iter().map(|(_, segment)| segment.path.clone()).collect())?;
                evaluator.save_columns(&snapshot)
            });
            removed.await?;
            drop(alone);
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether it is done: not while somebody reads.
    async fn scrub_patiently(&self) -> Result<bool, EraseError> {
        for _ in 0..NAPS {
            match self.store.scrub().await {
                Err(StoreError::Locked { .. }) => tokio::time::sleep(NAP).await,
                scrubbed => return Ok(scrubbed.map(|()| true)?),
            }
        }
        Ok(false)
    }
}

fn remove_folder(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
