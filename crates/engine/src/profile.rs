//! One person or account: what was said of it, what it did, where it is a member and since when, as of a moment.
//!
//! Nobody else is evaluated and nothing is written: rows are found in the lake by the profile's numbers (its own, and those of
//! the profiles merged into it), memberships in what runs recorded. What still waits in the inbox is not known here.

mod facts;
mod stays;

use std::collections::BTreeMap;
use std::sync::Arc;

use evaluate::EvaluateError;
use ingest::inbox::{self, InboxError};
use lake::LakeError;
use model::{AsOf, FactKind, Membership, Moment, Person, ProfileId, Span, Value};
use store::{ProfileRecord, StoreError};

use crate::lease::LeaseError;
use crate::suppress::Suppressions;
use crate::{Workspace, cpu};

pub use facts::{FactPlace, FactQuery, Logs, SortOrder};
pub use stays::{Entered, Exited, HeldStay, Stay};

/// Trait changes looked at together.
const CHANGES_AT_ONCE: usize = 10_000;

/// A profile could not be looked into.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The lock that keeps files in place.
    #[error(transparent)]
    Lock(#[from] LeaseError),
    /// The store did not answer.
    #[error("could not look up what is known of a profile")]
    Store(#[from] StoreError),
    /// The lake.
    #[error("could not read the facts of a profile")]
    Lake(#[from] LakeError),
    /// Computed traits.
    #[error("could not compute the traits of a profile")]
    Evaluate(#[from] EvaluateError),
    /// The inbox.
    #[error("could not look into the inbox")]
    Inbox(#[from] InboxError),
}

/// The newest value of a trait, as said.
#[derive(Debug, Clone, PartialEq)]
pub struct SaidTrait {
    /// The value.
    pub value: Value,
    /// The `occurred_at` of the message that said so.
    pub said_at: Moment,
    /// When that message arrived.
    pub received_at: Moment,
}

impl Workspace {
    /// The newest traits of a profile with these numbers, as of a moment; those taken away are left out.
    ///
    /// # Errors
    /// When the store or the lake does not answer.
    pub async fn traits_said(&self, numbers: &[ProfileId], as_of: AsOf) -> Result<BTreeMap<String, SaidTrait>, ProfileError> {
        let mut newest: BTreeMap<String, Option<SaidTrait>> = BTreeMap::new();
        let mut query = FactQuery {
            log: Logs::Traits,
            within: Span { start: Moment::from_micros(i64::MIN), end: as_of.moment().plus_micros(1) },
            limit: CHANGES_AT_ONCE,
            order: SortOrder::NewestFirst,
            after: None,
        };
        // Newest first: what was said before counts no more.
        loop {
            let facts = self.facts(numbers, &query).await?;
            for fact in &facts {
                let FactKind::Traits(said) = &fact.kind else { continue };
                for (name, value) in said {
                    newest.entry(name.clone()).or_insert_with(|| {
                        let value = value.clone()?;
                        Some(SaidTrait { value, said_at: fact.occurred_at, received_at: fact.received_at })
                    });
                }
            }
            match facts.last().filter(|_| facts.len() == query.limit) {
                Some(last) => query.after = Some(FactPlace::of(last)),
                None => return Ok(newest.into_iter().filter_map(|(name, said)| Some((name, said?))).collect()),
            }
        }
    }

    /// The computed traits of a profile, as of a moment. Only its own rows are looked at; finding them again takes an index of
    /// each event asked about, which is made the first time.
    ///
    /// # Errors
    /// When the store or the lake does not answer.
    pub async fn traits_computed(&self, profile: ProfileId, as_of: AsOf) -> Result<BTreeMap<String, Value>, ProfileError> {
        if self.catalog.traits.is_empty() {
            return Ok(BTreeMap::new());
        }
        let _reading = crate::Reading::begin(self).await?;
        let snapshot = self.snapshot().await?;
        let (evaluator, catalog) = (Arc::clone(&self.evaluator), Arc::clone(&self.catalog));
        let only: Membership = std::iter::once(profile).collect();
        let mut computed = cpu::look(move || evaluator.computed_traits(&catalog, &snapshot, &only, as_of)).await?;
        Ok(computed.remove(&profile).unwrap_or_default())
    }

    /// Whether the profile is kept out of every destination.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn is_suppressed(&self, record: &ProfileRecord) -> Result<bool, StoreError> {
        let suppressions = Suppressions::load(self.store.as_ref()).await?;
        let identifiers = record.identifiers.iter().map(|attached| attached.identifier.clone()).collect();
        let person = Person { profile: record.profile, public_id: record.public_id.clone(), identifiers, traits: BTreeMap::default() };
        Ok(suppressions.hold(&person))
    }

    /// How many bytes of messages wait to become facts: nothing here knows yet what they say.
    ///
    /// # Errors
    /// When the inbox cannot be listed.
    pub fn waiting_bytes(&self) -> Result<u64, ProfileError> {
        Ok(inbox::waiting_bytes(&self.inbox_folder())?)
    }
}
