//! Messages: what somebody sent, understood and checked, before it is known who they are.

use model::{FactKind, Moment};

/// The six calls of the Segment spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageKind {
    Identify,
    Track,
    Page,
    Screen,
    Group,
    Alias,
}

impl MessageKind {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "identify" => Self::Identify,
            "track" => Self::Track,
            "page" => Self::Page,
            "screen" => Self::Screen,
            "group" => Self::Group,
            "alias" => Self::Alias,
            _ => return None,
        })
    }
}

/// A message that may be taken if its ids identify somebody. Ids are as sent: not yet normalized, perhaps blocked.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_field_names, reason = "the spec calls it `messageId`")]
pub(crate) struct Message {
    pub(crate) kind: MessageKind,
    pub(crate) user_id: Option<String>,
    pub(crate) anonymous_id: Option<String>,
    /// The account: of a group call, or the one that the context of another call names.
    pub(crate) group_id: Option<String>,
    /// The other id of an alias call.
    pub(crate) previous_id: Option<String>,
    pub(crate) message_id: Option<String>,
    /// E-mail addresses of the person, from traits and context.
    pub(crate) emails: Vec<String>,
    pub(crate) device: Option<Device>,
    /// What it says: an event, or traits (of the account in a group call; none in an alias call).
    pub(crate) said: FactKind,
    pub(crate) when: When,
}

/// A phone or tablet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) system: System,
    /// The installation.
    pub(crate) id: Option<String>,
    /// Present only when its owner allows to be tracked by it.
    pub(crate) advertising_id: Option<String>,
}

/// Whose device ids are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Android,
    Ios,
}

/// The moments of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct When {
    pub(crate) occurred_at: Moment,
    pub(crate) received_at: Moment,
    /// A timestamp had no offset and was read as UTC.
    pub(crate) zone_missing: bool,
    pub(crate) source: TimeSource,
}

/// Who said when it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TimeSource {
    /// The message: the same whenever it is read again.
    Message,
    /// The import's own time, for want of another: different when it is read again.
    Import,
}
