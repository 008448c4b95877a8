//! Which identifiers a message carries, and which of its values identify nobody.

use std::borrow::Cow;

use model::{Collection, Identifier, IdentifierKind, Refusal, Value};

use crate::kinds::{Kind, Kinds};
use crate::message::{Device, ExternalId, Given, Member, Message, MessageKind, System};

/// What an external id of no kind that could be named is reported as.
const EXTERNAL_ID: &str = "external_id";
const KIND_BYTES_MAX: usize = 64;

/// An identifier as a message carries it: normalized, unblocked, and not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Id<'l> {
    pub(crate) kind: Kind,
    pub(crate) value: Cow<'l, str>,
}

/// The identifiers of one message.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Carried<'l> {
    /// Of the person, most trusted first; of one kind as they come. Each once.
    pub(crate) user: Vec<Id<'l>>,
    /// Of the account, the same way.
    pub(crate) account: Vec<Id<'l>>,
    /// The other id of an alias call: which of its two meanings holds depends on what is known.
    pub(crate) previous: Option<Previous<'l>>,
}

/// `previousId`: a `user_id` if somebody has it, else an `anonymous_id`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Previous<'l> {
    pub(crate) as_user: Id<'l>,
    pub(crate) as_anonymous: Id<'l>,
}

/// Is told of values that identify nobody.
pub(crate) type Refused<'r> = &'r mut dyn FnMut(IdentifierKind, Refusal);

/// Finds the identifiers of a message; values that identify nobody are told to `refused`.
pub(crate) fn of<'m>(message: &'m Message<'_>, kinds: &Kinds, refused: Refused<'_>) -> Carried<'m> {
    let mut search = Search { kinds, refused, carried: Carried::default() };
    search.take(kinds.user_id, message.user_id.as_deref());
    for email in &message.emails {
        search.take(kinds.email, Some(email));
    }
    search.take(kinds.anonymous_id, message.anonymous_id.as_deref());
    search.take(kinds.ga_client_id, message.ga_client_id.as_deref());
    search.take(kinds.group_id, message.group_id.as_deref());
    if let Some(device) = &message.device {
        search.take_device(device);
    }
    for external in &message.external_ids {
        search.take_external(external);
    }
    for (kind, names) in kinds.fields() {
        search.take_fields(kind, names, message);
    }
    let previous = message.previous_id.as_deref().and_then(|previous| search.parse(kinds.anonymous_id, previous));
    let Carried { mut user, mut account, .. } = search.carried;
    user.sort_by_key(|id| id.kind);
    account.sort_by_key(|id| id.kind);
    let previous =
        previous.map(|as_anonymous| Previous { as_user: Id { kind: kinds.user_id, value: as_anonymous.value.clone() }, as_anonymous });
    Carried { user, account, previous }
}

impl Carried<'_> {
    /// Whether there is anybody for the message to be about.
    pub(crate) fn identifies(&self, kind: MessageKind) -> bool {
        match kind {
            MessageKind::Group => !self.account.is_empty(),
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

struct Search<'s, 'm> {
    kinds: &'s Kinds,
    refused: Refused<'s>,
    carried: Carried<'m>,
}

impl<'m> Search<'_, 'm> {
    fn take(&mut self, kind: Kind, value: Option<&'m str>) {
        if let Some(id) = value.and_then(|value| self.parse(kind, value)) {
            self.add(id);
        }
    }

    fn add(&mut self, id: Id<'m>) {
        let ids = match self.kinds.collection(id.kind) {
            Collection::Users => &mut self.carried.user,
            Collection::Accounts => &mut self.carried.account,
        };
        if !ids.contains(&id) {
            ids.push(id);
        }
    }

    fn take_device(&mut self, device: &'m Device<'_>) {
        let kinds = match device.system {
            System::Android => self.kinds.android,
            System::Ios => self.kinds.ios,
        };
        self.take(kinds.installation, device.id.as_deref());
        self.take(kinds.advertising, device.advertising_id.as_deref());
        self.take(kinds.push_token, device.push_token.as_deref());
    }

    /// All four fields are required, as in Segment's spec; only kinds that the settings name find anybody.
    fn take_external(&mut self, external: &'m ExternalId<'_>) {
        let name = external.kind.as_deref().unwrap_or_default();
        let told = || IdentifierKind::new(if is_word(name) { name } else { EXTERNAL_ID });
        let collection = match external.collection.as_deref() {
            Some("users") => Collection::Users,
            Some("accounts") => Collection::Accounts,
            Some(_) | None => return (self.refused)(told(), Refusal::Incomplete),
        };
        let (Some(value), Some("none"), true) = (external.id.as_deref(), external.encoding.as_deref(), is_word(name)) else {
            return (self.refused)(told(), Refusal::Incomplete);
        };
        match self.kinds.named(name).filter(|kind| self.kinds.collection(*kind) == collection) {
            Some(kind) => self.take(kind, Some(value)),
            None => (self.refused)(told(), Refusal::UnknownKind),
        }
    }

    /// Where traits or properties hold identifiers. An account's traits are not its users', nor the other way round.
    fn take_fields(&mut self, kind: Kind, names: &[String], message: &'m Message<'_>) {
        let of_accounts = self.kinds.collection(kind) == Collection::Accounts;
        let said = match message.kind {
            MessageKind::Track | MessageKind::Page | MessageKind::Screen => true,
            MessageKind::Identify => !of_accounts,
            MessageKind::Group => of_accounts,
            MessageKind::Alias => false,
        };
        let members: &'m [Member<'_>] = if said { &message.members } else { &[] };
        let around: &'m [Member<'_>] = if of_accounts { &[] } else { &message.context_traits };
        for (name, value) in members.iter().chain(around) {
            if !names.iter().any(|wanted| wanted == name) {
                continue;
            }
            match value {
                Some(Given::Text(text)) => self.take(kind, Some(text)),
                Some(Given::Other(number @ (Value::Number(_) | Value::Integer(_)))) => {
                    let id = number.to_text().and_then(|text| self.parse_owned(kind, &text));
                    if let Some(id) = id {
                        self.add(id);
                    }
                }
                Some(Given::Other(Value::Text(_) | Value::Flag(_) | Value::List(_) | Value::Object(_))) | None => {}
            }
        }
    }

    fn parse(&mut self, kind: Kind, value: &'m str) -> Option<Id<'m>> {
        let rule = self.kinds.rule(kind);
        let parsed = Identifier::normalize(rule.kind.as_str(), value);
        match parsed.and_then(|value| if rule.blocks(&value) { Err(Refusal::Blocked) } else { Ok(value) }) {
            Ok(value) => Some(Id { kind, value }),
            Err(refusal) => {
                (self.refused)(rule.kind.clone(), refusal);
                None
            }
        }
    }

    fn parse_owned(&mut self, kind: Kind, value: &str) -> Option<Id<'m>> {
        let rule = self.kinds.rule(kind);
        match self.kinds.rules().identifier(rule.kind.as_str(), value) {
            Ok(identifier) => Some(Id { kind, value: Cow::Owned(identifier.value) }),
            Err(refusal) => {
                (self.refused)(rule.kind.clone(), refusal);
                None
            }
        }
    }
}

/// Whether a name may be repeated in a report: that of a kind, and nobody's data.
fn is_word(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'-');
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= KIND_BYTES_MAX && name.bytes().all(allowed)
}
