//! Which identifiers a message carries, and which of its values identify nobody.

use model::{Identifier, IdentifierKind, Refusal};

use crate::message::{Device, Message, MessageKind, System};

/// The identifiers of one message.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Carried {
    /// Of the person, most trusted first: `user_id`, `email`, then the other kinds by name. Each once.
    pub(crate) user: Vec<Identifier>,
    /// Of the account.
    pub(crate) account: Option<Identifier>,
    /// The other id of an alias call: which of its two meanings holds depends on what is known.
    pub(crate) previous: Option<Previous>,
}

/// `previousId`: a `user_id` if somebody has it, else an `anonymous_id`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Previous {
    pub(crate) as_user: Identifier,
    pub(crate) as_anonymous: Identifier,
}

/// Finds the identifiers of a message; values that identify nobody are told to `refused`.
pub(crate) fn of(message: &Message, refused: &mut dyn FnMut(&IdentifierKind, Refusal)) -> Carried {
    let mut user = Vec::new();
    let mut take = |kind: &str, value: Option<&String>| {
        let Some(value) = value else { return };
        match parse(kind, value) {
            Ok(identifier) if !user.contains(&identifier) => user.push(identifier),
            Ok(_) => {}
            Err((kind, refusal)) => refused(&kind, refusal),
        }
    };
    take(IdentifierKind::USER_ID, message.user_id.as_ref());
    for email in &message.emails {
        take(IdentifierKind::EMAIL, Some(email));
    }
    // From here on in alphabetical order of the kinds.
    let device = |system| message.device.as_ref().filter(|device| device.system == system);
    take(IdentifierKind::ANDROID_ID, device(System::Android).and_then(installation));
    take(IdentifierKind::ANDROID_IDFA, device(System::Android).and_then(advertising));
    take(IdentifierKind::ANONYMOUS_ID, message.anonymous_id.as_ref());
    take(IdentifierKind::IOS_ID, device(System::Ios).and_then(installation));
    take(IdentifierKind::IOS_IDFA, device(System::Ios).and_then(advertising));

    let mut parsed = |kind: &str, value: Option<&String>| match parse(kind, value?) {
        Ok(identifier) => Some(identifier),
        Err((kind, refusal)) => {
            refused(&kind, refusal);
            None
        }
    };
    let account = parsed(IdentifierKind::GROUP_ID, message.group_id.as_ref());
    let previous = parsed(IdentifierKind::ANONYMOUS_ID, message.previous_id.as_ref()).map(|as_anonymous| Previous {
        as_user: Identifier { kind: IdentifierKind::new(IdentifierKind::USER_ID), value: as_anonymous.value.clone() },
        as_anonymous,
    });
    Carried { user, account, previous }
}

impl Carried {
    /// Whether there is anybody for the message to be about.
    pub(crate) fn identifies(&self, kind: MessageKind) -> bool {
        match kind {
            MessageKind::Group => self.account.is_some(),
            MessageKind::Alias | MessageKind::Identify | MessageKind::Track | MessageKind::Page | MessageKind::Screen => {
                !self.user.is_empty()
            }
        }
    }

    /// All of them, the two meanings of the other id included.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = &Identifier> {
        let previous = self.previous.iter().flat_map(|previous| [&previous.as_user, &previous.as_anonymous]);
        self.user.iter().chain(&self.account).chain(previous)
    }
}

fn installation(device: &Device) -> Option<&String> {
    device.id.as_ref()
}

fn advertising(device: &Device) -> Option<&String> {
    device.advertising_id.as_ref()
}

fn parse(kind: &str, value: &str) -> Result<Identifier, (IdentifierKind, Refusal)> {
    let kind = IdentifierKind::new(kind);
    Identifier::parse(&kind, value).map_err(|refusal| (kind, refusal))
}
