//! Facts: what the lake keeps. Something a profile did, or something said about it, at a moment.

use crate::{EventName, Moment, ProfileId, Value};

/// Tells one message from another for ever: a 128-bit hash of its source and message id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey(pub u128);

/// Where a message stood in its batch (a file, a request): of two events at the very same moment, the one further down
/// the same batch is the later. Messages of different batches cannot be compared so; where some order is needed all the
/// same (the first, the last), they are ordered by when they were received, then by batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourceOrder {
    /// Tells batches apart: a hash, so that two may rarely share one.
    pub batch: u32,
    /// The line or index in the batch.
    pub place: u32,
}

impl SourceOrder {
    /// Whether this message stood further down the same batch.
    pub fn is_after(self, other: Self) -> bool {
        self.batch == other.batch && self.place > other.place
    }

    /// Both numbers in one: the batch in the upper half.
    pub fn packed(self) -> u64 {
        (u64::from(self.batch) << 32) | u64::from(self.place)
    }

    /// The reverse of [`SourceOrder::packed`].
    #[expect(clippy::cast_possible_truncation, reason = "each half is taken on purpose")]
    pub fn unpacked(packed: u64) -> Self {
        Self { batch: (packed >> 32) as u32, place: packed as u32 }
    }
}

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
    /// Where it stood among the messages it came with.
    pub source_order: SourceOrder,
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
