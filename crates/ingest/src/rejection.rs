//! Why a line is not taken. The rest of the file goes on without it.
//!
//! **Invariant:** a rejection never repeats what was sent, only where and what is wrong: lines hold personal data.

use std::fmt;

use serde::Serialize;

/// What is wrong with a line, as a word that stays the same for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectionReason {
    /// Longer than a line may be.
    TooLong,
    /// Not UTF-8.
    InvalidUtf8,
    /// Not JSON.
    InvalidJson,
    /// JSON nested too deeply.
    TooDeep,
    /// JSON, but no object.
    NotAnObject,
    /// A field of a type that it cannot have.
    BadField,
    /// No `type`.
    NoType,
    /// A `type` that does not exist.
    UnknownType,
    /// A track call without `event`.
    NoEvent,
    /// An event name that is blank, too long or unprintable.
    BadEvent,
    /// Neither `userId` nor `anonymousId`, or no `userId` in an alias call.
    NoUser,
    /// A group call without `groupId`.
    NoGroup,
    /// An alias call without `previousId`.
    NoPrevious,
    /// Ids are there, but none that identifies anybody.
    Nobody,
    /// A `messageId` that is too long.
    LongMessageId,
    /// Too many properties or traits.
    TooManyProperties,
    /// A property or trait with too long a name.
    LongName,
    /// A moment that cannot be read.
    BadTimestamp,
    /// Something that happened before 1970.
    #[serde(rename = "before-1970")]
    Before1970,
    /// Something that has yet to happen.
    InFuture,
    /// A CSV row with more or fewer cells than the header.
    WrongWidth,
    /// A CSV row whose quote is not closed.
    OpenQuote,
    /// A row of a model without its primary key.
    NoKey,
    /// A row of a model whose primary key another row has.
    DuplicateKey,
    /// Somebody in a list event beyond the most people it may hold.
    ListTooLong,
    /// About somebody who is suppressed.
    Suppressed,
    /// About somebody who was erased after it happened, or is being erased.
    Erased,
}

impl RejectionReason {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::InvalidUtf8 => "invalid-utf8",
            Self::InvalidJson => "invalid-json",
            Self::TooDeep => "too-deep",
            Self::NotAnObject => "not-an-object",
            Self::BadField => "bad-field",
            Self::NoType => "no-type",
            Self::UnknownType => "unknown-type",
            Self::NoEvent => "no-event",
            Self::BadEvent => "bad-event",
            Self::NoUser => "no-user",
            Self::NoGroup => "no-group",
            Self::NoPrevious => "no-previous",
            Self::Nobody => "nobody",
            Self::LongMessageId => "long-message-id",
            Self::TooManyProperties => "too-many-properties",
            Self::LongName => "long-name",
            Self::BadTimestamp => "bad-timestamp",
            Self::Before1970 => "before-1970",
            Self::InFuture => "in-future",
            Self::WrongWidth => "wrong-width",
            Self::OpenQuote => "open-quote",
            Self::NoKey => "no-key",
            Self::DuplicateKey => "duplicate-key",
            Self::ListTooLong => "list-too-long",
            Self::Suppressed => "suppressed",
            Self::Erased => "erased",
        }
    }

    /// Whether the message itself is as it should be, and refused only for whom it is about.
    pub fn is_about_somebody_kept_out(self) -> bool {
        self == Self::Suppressed || self == Self::Erased
    }

    /// A rejection for this reason, in words.
    pub(crate) fn because(self, message: impl Into<String>) -> Rejection {
        Rejection { reason: self, message: message.into() }
    }
}

impl fmt::Display for RejectionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A line not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The word for it.
    pub reason: RejectionReason,
    /// For people: what is wrong and what would be right.
    pub message: String,
}
