//! Facts: what the lake keeps. Something a profile did, or something said about it, at a moment.

use crate::{EventName, Moment, ProfileId, Value};

/// Tells one message from another for ever: a 128-bit hash of its source and message id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey(pub u128);

/// One accepted message, its identity settled.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The profile as known when the message was received; later merges are applied when reading.
    pub profile: ProfileId,
    /// When it happened, by the sender's corrected clock.
    pub occurred_at: Moment,
    /// When it arrived here; breaks ties between equal `occurred_at`.
    pub received_at: Moment,
    /// Breaks the last ties, and finds the message when it is sent again.
    pub message_key: MessageKey,
    /// What sort of fact.
    pub kind: FactKind,
}

/// The two sorts of facts.
#[derive(Debug, Clone, PartialEq)]
pub enum FactKind {
    /// Something the profile did.
    Event {
        /// Its name.
        name: EventName,
        /// Its properties, null ones left out. Names are unique.
        properties: Vec<(String, Value)>,
    },
    /// Something said about the profile: `None` takes a trait away.
    Traits(Vec<(String, Option<Value>)>),
}
