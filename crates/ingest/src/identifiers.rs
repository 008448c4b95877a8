//! Which identifiers a message carries, and which of its values identify nobody.

use std::borrow::Cow;

use model::{Identifier, IdentifierKind, Refusal};

use crate::message::{Device, Message, MessageKind, System};

/// An identifier as a message carries it: normalized, unblocked, and not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Id<'l> {
    /// One of [`IdentifierKind::KNOWN`].
    pub(crate) kind: &'static str,
    pub(crate) value: Cow<'l, str>,
}

/// The identifiers of one message.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Carried<'l> {
    /// Of the person, most trusted first: `user_id`, `email`, then the other kinds by name. Each once.
    pub(crate) user: Vec<Id<'l>>,
    /// Of the account.
    pub(crate) account: Option<Id<'l>>,
    /// The other id of an alias call: which of its two meanings holds depends on what is known.
    pub(crate) previous: Option<Previous<'l>>,
}

/// `previousId`: a `user_id` if somebody has it, else an `anonymous_id`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Previous<'l> {
    pub(crate) as_user: Id<'l>,
    pub(crate) as_anonymous: Id<'l>,
}

/// Finds the identifiers of a message; values that identify nobody are told to `refused`.
pub(crate) fn of<'m>(message: &'m Message<'_>, refused: &mut dyn FnMut(&'static str, Refusal)) -> Carried<'m> {
    let mut user = Vec::new();
    let mut take = |kind: &'static str, value: Option<&'m str>| {
        let Some(value) = value else { return };
        match parse(kind, value) {
            Ok(id) if !user.contains(&id) => user.push(id),
            Ok(_) => {}
            Err(refusal) => refused(kind, refusal),
        }
    };
    take(IdentifierKind::USER_ID, message.user_id.as_deref());
    for email in &message.emails {
        take(IdentifierKind::EMAIL, Some(email));
    }
    // From here on in alphabetical order of the kinds.
    let device = |system| message.device.as_ref().filter(|device| device.system == system);
    take(IdentifierKind::ANDROID_ID, device(System::Android).and_then(installation));
    take(IdentifierKind::ANDROID_IDFA, device(System::Android).and_then(advertising));
    take(IdentifierKind::ANONYMOUS_ID, message.anonymous_id.as_deref());
    take(IdentifierKind::IOS_ID, device(System::Ios).and_then(installation));
    take(IdentifierKind::IOS_IDFA, device(System::Ios).and_then(advertising));

    let mut parsed = |kind: &'static str, value: Option<&'m str>| match parse(kind, value?) {
        Ok(id) => Some(id),
        Err(refusal) => {
            refused(kind, refusal);
            None
        }
    };
    let account = parsed(IdentifierKind::GROUP_ID, message.group_id.as_deref());
    let previous = parsed(IdentifierKind::ANONYMOUS_ID, message.previous_id.as_deref())
        .map(|as_anonymous| Previous { as_user: Id { kind: IdentifierKind::USER_ID, value: as_anonymous.value.clone() }, as_anonymous });
    Carried { user, account, previous }
}

impl Carried<'_> {
    /// Whether there is anybody for the message to be about.
    pub(crate) fn identifies(&self, kind: MessageKind) -> bool {
        match kind {
            MessageKind::Group => self.account.is_some(),
            MessageKind::Alias | MessageKind::Identify | MessageKind::Track | MessageKind::Page | MessageKind::Screen => {
                !self.user.is_empty()
            }
        }
    }

    /// All of them: of the person, of the account, the two meanings of the other id.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Id<'_>> {
        let previous = self.previous.iter().flat_map(|previous| [&previous.as_user, &previous.as_anonymous]);
        self.user.iter().chain(&self.account).chain(previous)
    }
}

fn installation<'m>(device: &'m Device<'_>) -> Option<&'m str> {
    device.id.as_deref()
}

fn advertising<'m>(device: &'m Device<'_>) -> Option<&'m str> {
    device.advertising_id.as_deref()
}

fn parse<'m>(kind: &'static str, value: &'m str) -> Result<Id<'m>, Refusal> {
    Identifier::normalize(kind, value).map(|value| Id { kind, value })
}
