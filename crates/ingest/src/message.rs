//! Messages: what somebody sent, understood and checked, before it is known who they are.

use std::borrow::Cow;

use model::{EventName, Moment, Value};
use serde::Serialize;

/// The six calls of the Segment spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// Traits of a person.
    Identify,
    /// Something somebody did.
    Track,
    /// A page somebody saw.
    Page,
    /// A screen somebody saw.
    Screen,
    /// Traits of an account, and who belongs to it.
    Group,
    /// Two ids of one person.
    Alias,
}

impl MessageKind {
    /// The word of the spec.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identify => "identify",
            Self::Track => "track",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
        }
    }

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

/// A message that may be taken if its ids identify somebody. Ids are as sent: not yet normalized, perhaps blocked. Texts
/// are borrowed from the line wherever they stand there as they are.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_field_names, reason = "the spec calls it `messageId`")]
pub(crate) struct Message<'l> {
    pub(crate) kind: MessageKind,
    pub(crate) user_id: Option<Cow<'l, str>>,
    pub(crate) anonymous_id: Option<Cow<'l, str>>,
    /// The account: of a group call, or the one that the context of another call names.
    pub(crate) group_id: Option<Cow<'l, str>>,
    /// The other id of an alias call.
    pub(crate) previous_id: Option<Cow<'l, str>>,
    pub(crate) message_id: Option<Cow<'l, str>>,
    /// E-mail addresses of the person, from traits and context.
    pub(crate) emails: Vec<Cow<'l, str>>,
    pub(crate) device: Option<Device<'l>>,
    /// What Google Analytics calls the browser.
    pub(crate) ga_client_id: Option<Cow<'l, str>>,
    /// Ids of kinds that the sender names.
    pub(crate) external_ids: Vec<ExternalId<'l>>,
    /// What the context says of the person: it identifies, and is no trait.
    pub(crate) context_traits: Vec<Member<'l>>,
    /// The event; none if it says traits (of the account in a group call; none at all in an alias call).
    pub(crate) event: Option<EventName>,
    /// Properties, or traits; the latter are taken away by nothing. Names are unique.
    pub(crate) members: Vec<Member<'l>>,
    pub(crate) when: When,
}

impl Message<'_> {
    /// One that says nothing of nobody.
    pub(crate) fn empty(kind: MessageKind, when: When) -> Self {
        Self {
            kind,
            user_id: None,
            anonymous_id: None,
            group_id: None,
            previous_id: None,
            message_id: None,
            emails: Vec::new(),
            device: None,
            ga_client_id: None,
            external_ids: Vec::new(),
            context_traits: Vec::new(),
            event: None,
            members: Vec::new(),
            when,
        }
    }
}

/// A property or trait.
pub(crate) type Member<'l> = (Cow<'l, str>, Option<Given<'l>>);

/// The value of a property or trait, as sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given<'l> {
    Text(Cow<'l, str>),
    /// Any other value; never a text.
    Other(Value),
}

/// A phone or tablet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device<'l> {
    pub(crate) system: System,
    /// The installation.
    pub(crate) id: Option<Cow<'l, str>>,
    /// Present only when its owner allows to be tracked by it.
    pub(crate) advertising_id: Option<Cow<'l, str>>,
    /// Where it takes notifications.
    pub(crate) push_token: Option<Cow<'l, str>>,
}

/// An entry of `context.externalIds`, as sent; what is absent or of another type is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExternalId<'l> {
    pub(crate) id: Option<Cow<'l, str>>,
    pub(crate) kind: Option<Cow<'l, str>>,
    pub(crate) collection: Option<Cow<'l, str>>,
    pub(crate) encoding: Option<Cow<'l, str>>,
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
