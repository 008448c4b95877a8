//! What was not taken, and what people ask of identity. Never a value: counts, moments and public ids.

use std::collections::BTreeMap;

use model::{Collection, Identifier, IdentifierKind, Moment, ProfileId, PublicId};

/// What is attached to a profile, for the limits of identity.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachments {
    /// Which: a survivor.
    pub profile: ProfileId,
    /// How many profiles were merged into it.
    pub merges: u32,
    /// Its identifiers, merged profiles' included, and when each was attached.
    pub identifiers: Vec<(Identifier, Moment)>,
}

/// Something that was refused in a batch, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusals {
    /// The source of the messages.
    pub source: String,
    /// `message`, or the kind of an identifier.
    pub subject: String,
    /// Why, in words that name no value.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// When the last one was received.
    pub at: Moment,
    /// Where the last one stood and what was wrong with it; never what it said.
    pub sample: Option<String>,
    /// Whom the last one is about.
    pub profile: Option<ProfileId>,
}

/// The same, as it adds up.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RecordedRefusals {
    /// The source of the messages.
    pub source: String,
    /// `message`, or the kind of an identifier.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// How often so far.
    pub count: u64,
    /// When one was noted first.
    pub first_at: Moment,
    /// When the last one was received.
    pub last_at: Moment,
    /// Of the last one: where it stood and what was wrong with it.
    pub sample: Option<String>,
    /// Of the last one: whom it is about.
    pub profile: Option<PublicId>,
}

/// How many there are.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct IdentityCounts {
    /// Profiles that stand for themselves.
    pub profiles: BTreeMap<Collection, u64>,
    /// Identifiers by kind.
    pub identifiers: BTreeMap<IdentifierKind, u64>,
    /// Merges ever.
    pub merges: u64,
}

/// A merge, for the outside world.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PublicMerge {
    /// Whoever stands for both since then, or did until merged in turn.
    pub winner: PublicId,
    /// Whose name has led to the winner since.
    pub loser: PublicId,
    /// When it was found out.
    pub merged_at: Moment,
}

/// What a profile may have much of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Crowd {
    /// Identifiers of a kind, attached after a moment.
    Identifiers {
        /// The kind.
        kind: IdentifierKind,
        /// The moment; all of them when absent.
        since: Option<Moment>,
    },
    /// Profiles merged into it.
    Merges,
}

/// A profile that has much of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowded {
    /// Which.
    pub public_id: PublicId,
    /// How many.
    pub count: u64,
}
