//! What is kept of one profile, and what was seen in all messages: the answers to those who look, not to those who evaluate.

use model::{Collection, Identifier, LogName, Moment, ProfileId, PublicId, ValueType};

/// By what a profile is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileName {
    /// By one of its identifiers.
    Identifier(Identifier),
    /// By its public id, or that of a profile merged into it: these resolve for ever.
    PublicId(PublicId),
}

/// What identity knows of one profile.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileRecord {
    /// Its number (the survivor's).
    pub profile: ProfileId,
    /// Its name for the outside world.
    pub public_id: PublicId,
    /// User or account.
    pub collection: Collection,
    /// When it was created here.
    pub created_at: Moment,
    /// Its identifiers, merged profiles' included, in order of first sight, then kind, then value.
    pub identifiers: Vec<SeenIdentifier>,
    /// The profiles it stands for since they were merged into it, by number.
    pub merged: Vec<MergedProfile>,
}

impl ProfileRecord {
    /// Its numbers: its own, then those of the profiles it stands for.
    pub fn numbers(&self) -> Vec<ProfileId> {
        std::iter::once(self.profile).chain(self.merged.iter().map(|merged| merged.profile)).collect()
    }
}

/// An identifier of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenIdentifier {
    /// The identifier.
    pub identifier: Identifier,
    /// The earliest `occurred_at` of a message that carried it.
    pub first_seen_at: Moment,
}

/// A profile that lives on as an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedProfile {
    /// Its number.
    pub profile: ProfileId,
    /// Its own public id.
    pub public_id: PublicId,
    /// When it was found to be another one.
    pub merged_at: Moment,
}

/// The other end of links between users and accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedProfile {
    /// Its number (the survivor's).
    pub profile: ProfileId,
    /// Its name for the outside world.
    pub public_id: PublicId,
    /// The earliest `occurred_at` of a message that said so.
    pub since: Moment,
}

/// Facts, or values of one type of one property or trait, that came from one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedRow {
    /// Where they came from; empty for what came before sources were counted.
    pub source: String,
    /// The event, or traits.
    pub log: LogName,
    /// The property or trait, and the type of its values; absent where the facts themselves are counted.
    pub value: Option<(String, ValueType)>,
    /// How many.
    pub rows: u64,
    /// The earliest `occurred_at` of the segments they came in: exact for facts, to the day for values.
    pub first_at: Moment,
    /// The latest.
    pub last_at: Moment,
}
