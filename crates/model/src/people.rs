//! People: who is known, as evaluation and delivery need to know it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Identifier, IdentifierKind, Membership, Moment, ProfileId, PublicId, Value};

/// What sort of thing a profile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collection {
    /// A person.
    Users,
    /// A company, a household, a team: what group calls speak of.
    Accounts,
}

/// A profile was first seen with an identifier of some kind at this moment (by event time).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// The profile as of then; map through [`People::canonical`].
    pub profile: ProfileId,
    /// The earliest `occurred_at` of a message that carried the identifier for this profile.
    pub first_seen_at: Moment,
}

/// A user belongs to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountLink {
    /// The user's profile as of then; map through [`People::canonical`].
    pub user: ProfileId,
    /// The account's profile as of then.
    pub account: ProfileId,
    /// The earliest `occurred_at` of a message that said so. Links do not end.
    pub since: Moment,
}

/// Everybody: dense arrays over profile numbers, loaded from the store for a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct People {
    /// For each profile number, the surviving profile (itself unless merged; chains are flattened).
    pub canonical: Vec<ProfileId>,
    /// The numbers of all profiles that are accounts, ascending.
    pub accounts: Vec<ProfileId>,
    /// For each kind, who carries an identifier of it and since when.
    pub sightings: BTreeMap<IdentifierKind, Vec<Sighting>>,
    /// Who belongs to which accounts.
    pub links: Vec<AccountLink>,
}

impl People {
    /// How many profile numbers were ever given.
    pub fn len(&self) -> usize {
        self.canonical.len()
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.canonical.is_empty()
    }

    /// The surviving profile. A number never given stands for itself.
    pub fn survivor(&self, profile: ProfileId) -> ProfileId {
        self.canonical.get(profile.index()).copied().unwrap_or(profile)
    }

    /// The profiles that stand for somebody else since a merge.
    pub fn merged(&self) -> Membership {
        let numbers = (0..).map(ProfileId).zip(&self.canonical);
        numbers.filter(|(profile, survivor)| profile != *survivor).map(|(profile, _)| profile).collect()
    }
}

/// One profile with all that a destination may match on.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Its number.
    pub profile: ProfileId,
    /// Its name for the outside world.
    pub public_id: PublicId,
    /// Its identifiers, merged profiles' included, in order of first sight.
    pub identifiers: Vec<Identifier>,
    /// Its traits, newest values.
    pub traits: BTreeMap<String, Value>,
}
