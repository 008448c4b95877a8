//! What an erasure would touch. Nothing is changed, and nobody else is kept waiting.

use std::collections::BTreeMap;

use model::{AudienceKey, DestinationKey, Identifier, IdentifierKind, LogName, ProfileId};
use serde::Serialize;

use super::EraseError;
use crate::readers::Reading;
use crate::{Workspace, cpu};

/// What is held of somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ErasePreview {
    /// Whether a profile is known by the identifier.
    pub is_known: bool,
    /// How many identifiers of each kind.
    pub identifiers: BTreeMap<IdentifierKind, u64>,
    /// Events.
    pub events: u64,
    /// Trait changes.
    pub trait_changes: u64,
    /// Files of the lake that hold one of them.
    pub segments: u64,
    /// Links between users and accounts.
    pub links: u64,
    /// Rows of models.
    pub model_rows: u64,
    /// Audiences they are in.
    pub audiences: Vec<AudienceKey>,
    /// Rows that were sent, by destination.
    pub destinations: BTreeMap<DestinationKey, u64>,
    /// Whether messages wait in the inbox, which may be about them as well.
    pub inbox_waits: bool,
}

impl Workspace {
    /// What is held of somebody.
    ///
    /// # Errors
    /// When the store or the lake cannot be read.
    pub async fn preview_erasure(&self, identifier: &Identifier) -> Result<ErasePreview, EraseError> {
        let _reading = Reading::begin(self).await?;
        let (profiles, identifiers) = self.known_as(identifier).await?;
        let inbox_waits = !ingest::inbox::sealed(&self.inbox_folder()).map_err(crate::drain::DrainError::from)?.is_empty();
        let mut preview = ErasePreview { is_known: !profiles.is_empty(), inbox_waits, ..ErasePreview::default() };
        if profiles.is_empty() {
            return Ok(preview);
        }
        for identifier in identifiers {
            *preview.identifiers.entry(identifier.kind).or_default() += 1;
        }
        let memberships = self.store.memberships().await?.into_iter();
        let holds = memberships.filter(|(_, recorded)| profiles.iter().any(|profile| recorded.members.contains(*profile)));
        preview.audiences = holds.map(|(audience, _)| audience).collect();
        let holdings = self.store.holdings(&profiles).await?;
        (preview.links, preview.model_rows) = (holdings.links, holdings.model_rows);
        preview.destinations = holdings.ledger_rows.into_iter().collect();
        self.count_rows(profiles, &mut preview).await?;
        Ok(preview)
    }

    async fn count_rows(&self, profiles: Vec<ProfileId>, preview: &mut ErasePreview) -> Result<(), EraseError> {
        let (lake, segments) = (self.lake.clone(), self.store.segments().await?);
        let counted = cpu::run(move || {
            let count = |(_, segment): &(_, model::Segment)| Ok((segment.log.clone(), lake.rows_of(segment, &profiles)?));
            segments.iter().map(count).collect::<Result<Vec<(LogName, u64)>, lake::LakeError>>()
        });
        for (log, rows) in counted.await?.into_iter().filter(|(_, rows)| *rows > 0) {
            preview.segments += 1;
            match log {
                LogName::Events(_) => preview.events += rows,
                LogName::Traits => preview.trait_changes += rows,
            }
        }
        Ok(())
    }
}
