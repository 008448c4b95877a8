//! One line of JSON to a message, or why not.
//!
//! Null is absent, numbers as ids become decimal text, unknown keys are passed over; what is wrong is named without
//! repeating it.

use std::borrow::Cow;

use model::{EventName, Moment};
use serde::de::DeserializeSeed as _;
use serde_json::error::Category;

use crate::message::{Device, ExternalId, Given, Member, Message, MessageKind, System};
use crate::rejection::{Rejection, RejectionReason};
use crate::shape::{Context, ContextDevice, ContextExternalId, InPlace, Line, Members, Scalar, Shape};
use crate::when::{Stamp, Stamps};

const MESSAGE_ID_CHARS_MAX: usize = 100;
const PROPERTIES_MAX: usize = 300;
const NAME_BYTES_MAX: usize = 200;

/// Reads one line, `now` being when it arrives unless it says so itself.
///
/// # Errors
/// Why the line is not taken.
pub(crate) fn message(line: &[u8], now: Moment) -> Result<Message<'_>, Rejection> {
    let text = std::str::from_utf8(line)
        .map_err(|error| RejectionReason::InvalidUtf8.because(format!("not UTF-8 at byte {}", error.valid_up_to() + 1)))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let mut shape = Shape::Absent;
    InPlace(&mut shape).deserialize(&mut json).and_then(|()| json.end()).map_err(|error| unreadable(&error))?;
    match shape {
        Shape::Object(line) => checked(line, now),
        Shape::Absent | Shape::Other => Err(RejectionReason::NotAnObject.because("a message is a JSON object: `{\"type\": ...}`")),
    }
}

fn unreadable(error: &serde_json::Error) -> Rejection {
    let words = error.to_string();
    if words.starts_with("recursion limit exceeded") {
        return RejectionReason::TooDeep.because("nested more than 127 levels deep");
    }
    // Syntax errors name what was expected, never what was there.
    let what = match error.classify() {
        Category::Syntax | Category::Eof => words.split(" at line ").next().unwrap_or_default(),
        Category::Io | Category::Data => "not what was expected",
    };
    RejectionReason::InvalidJson.because(format!("not JSON: {what}, at column {}", error.column()))
}

fn checked(line: Line<'_>, now: Moment) -> Result<Message<'_>, Rejection> {
    let kind = kind(&line.kind)?;
    let when = Stamps {
        timestamp: stamp("timestamp", &line.timestamp)?,
        original: stamp("originalTimestamp", &line.original_timestamp)?,
        sent: stamp("sentAt", &line.sent_at).unwrap_or_default(),
        received: stamp("receivedAt", &line.received_at)?,
    }
    .settle(now)?;
    let context = object("context", line.context)?.unwrap_or_default();
    let mut message = Message {
        user_id: id("userId", line.user_id)?,
        anonymous_id: id("anonymousId", line.anonymous_id)?,
        message_id: message_id(line.message_id)?,
        ..Message::empty(kind, when)
    };
    match kind {
        MessageKind::Identify => {
            message.members = members("traits", line.traits)?;
            let email = message.members.iter().find(|(name, _)| name == "email");
            if let Some((_, Some(Given::Text(email)))) = email {
                message.emails.push(email.clone());
            }
        }
        MessageKind::Track => {
            message.event = Some(track_name(line.event)?);
            message.members = present(members("properties", line.properties)?);
        }
        MessageKind::Page => {
            message.event = Some(event_name(EventName::PAGE_VIEWED)?);
            message.members = viewed(line.properties, "page_name", line.name, line.category)?;
        }
        MessageKind::Screen => {
            message.event = Some(event_name(EventName::SCREEN_VIEWED)?);
            message.members = viewed(line.properties, "screen_name", line.name, line.category)?;
        }
        MessageKind::Group => {
            message.group_id = id("groupId", line.group_id)?;
            // An account's own mailbox finds no person.
            message.members = members("traits", line.traits)?;
        }
        MessageKind::Alias => message.previous_id = id("previousId", line.previous_id)?,
    }
    take_context(context, &mut message)?;
    require_ids(&message)?;
    Ok(message)
}

fn kind(sent: &Scalar<'_>) -> Result<MessageKind, Rejection> {
    const WORDS: &str = "`identify`, `track`, `page`, `screen`, `group` or `alias`";
    match sent {
        Scalar::Absent => Err(RejectionReason::NoType.because(format!("no `type`: it is {WORDS}"))),
        Scalar::Text(word) => {
            MessageKind::parse(word).ok_or_else(|| RejectionReason::UnknownType.because(format!("unknown `type`: it is {WORDS}")))
        }
        Scalar::Number(_) | Scalar::Flag(_) | Scalar::Other => Err(RejectionReason::UnknownType.because(format!("`type` is {WORDS}"))),
    }
}

fn require_ids(message: &Message<'_>) -> Result<(), Rejection> {
    let somebody = message.user_id.is_some() || message.anonymous_id.is_some();
    match message.kind {
        MessageKind::Group if message.group_id.is_none() => Err(RejectionReason::NoGroup.because("a `group` call needs `groupId`")),
        MessageKind::Alias if message.previous_id.is_none() => {
            Err(RejectionReason::NoPrevious.because("an `alias` call needs `previousId`"))
        }
        MessageKind::Alias if message.user_id.is_none() => Err(RejectionReason::NoUser.because("an `alias` call needs `userId`")),
        MessageKind::Group | MessageKind::Alias => Ok(()),
        MessageKind::Identify | MessageKind::Track | MessageKind::Page | MessageKind::Screen if somebody => Ok(()),
        MessageKind::Identify | MessageKind::Track | MessageKind::Page | MessageKind::Screen => {
            Err(RejectionReason::NoUser.because("neither `userId` nor `anonymousId`"))
        }
    }
}

fn track_name(sent: Scalar<'_>) -> Result<EventName, Rejection> {
    match text("event", sent)? {
        Some(name) => event_name(&name),
        None => Err(RejectionReason::NoEvent.because("a `track` call needs `event`")),
    }
}

fn event_name(name: &str) -> Result<EventName, Rejection> {
    EventName::parse(name).map_err(|invalid| RejectionReason::BadEvent.because(format!("unusable `event`: {}", invalid.rule)))
}

/// A null property is none.
fn present(mut properties: Vec<Member<'_>>) -> Vec<Member<'_>> {
    properties.retain(|(_, value)| value.is_some());
    properties
}

/// What a page or screen call says.
fn viewed<'l>(
    properties: Shape<Members<'l>>,
    other_name: &'static str,
    name: Scalar<'l>,
    category: Scalar<'l>,
) -> Result<Vec<Member<'l>>, Rejection> {
    let mut properties = members("properties", properties)?;
    fill(&mut properties, "name", other_name, text("name", name)?);
    fill(&mut properties, "category", "category", text("category", category)?);
    Ok(present(properties))
}

/// A page's `name` stands at the top or among its properties, and is read under both of its names; what was sent as a
/// property stays as sent.
fn fill<'l>(properties: &mut Vec<Member<'l>>, name: &'static str, other_name: &'static str, sent: Option<Cow<'l, str>>) {
    let there =
        |properties: &[Member<'l>], name: &str| properties.iter().find(|(there, _)| there == name).and_then(|(_, value)| value.clone());
    let Some(value) = sent.map(Given::Text).or_else(|| there(properties, name)) else { return };
    for name in [name, other_name] {
        if there(properties, name).is_none() {
            properties.retain(|(there, _)| there != name);
            properties.push((Cow::Borrowed(name), Some(value.clone())));
        }
    }
}

/// Properties or traits, each name once (the last one sent), in order of their names.
fn members<'l>(field: &str, sent: Shape<Members<'l>>) -> Result<Vec<Member<'l>>, Rejection> {
    let mut members = object(field, sent)?.unwrap_or_default().0;
    members.reverse();
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    members.dedup_by(|(later, _), (kept, _)| later == kept);
    check_names(field, &members)?;
    Ok(members)
}

/// Limits on properties or traits.
///
/// # Errors
/// When there are too many, or one has too long a name.
pub(crate) fn check_names(field: &str, members: &[Member<'_>]) -> Result<(), Rejection> {
    if members.len() > PROPERTIES_MAX {
        let message = format!("{} `{field}`, and at most {PROPERTIES_MAX} are taken", members.len());
        return Err(RejectionReason::TooManyProperties.because(message));
    }
    match members.iter().map(|(name, _)| name.len()).find(|length| *length > NAME_BYTES_MAX) {
        Some(length) => {
            let message = format!("a name in `{field}` has {length} bytes, and at most {NAME_BYTES_MAX} are taken");
            Err(RejectionReason::LongName.because(message))
        }
        None => Ok(()),
    }
}

fn take_context<'l>(context: Context<'l>, message: &mut Message<'l>) -> Result<(), Rejection> {
    // What is in a context never decides whether a message is taken: odd values are as good as none.
    if let Shape::Object(Members(traits)) = context.traits {
        // Of two equal keys the last wins.
        let email = traits.iter().rfind(|(name, _)| name == "email");
        if let Some((_, Some(Given::Text(email)))) = email {
            message.emails.push(email.clone());
        }
        message.context_traits = traits;
    }
    message.external_ids = context.external_ids.0.into_iter().map(external_id).collect();
    if let Shape::Object(integrations) = context.integrations
        && let Shape::Object(google_analytics) = integrations.google_analytics
    {
        message.ga_client_id = loose_id(google_analytics.client_id);
    }
    if let Shape::Object(device) = context.device {
        message.device = take_device(device);
    }
    if message.kind != MessageKind::Group && message.kind != MessageKind::Alias {
        message.group_id = id("context.groupId", context.group_id)?;
    }
    Ok(())
}

fn take_device(device: ContextDevice<'_>) -> Option<Device<'_>> {
    let system = match loose_text(device.kind)?.to_ascii_lowercase().as_str() {
        "android" => System::Android,
        "ios" => System::Ios,
        _ => return None,
    };
    let allowed = device.tracking_enabled == Scalar::Flag(true);
    let advertising_id = if allowed { loose_text(device.advertising_id) } else { None };
    Some(Device { system, id: loose_text(device.id), advertising_id, push_token: loose_text(device.token) })
}

fn external_id(sent: Shape<ContextExternalId<'_>>) -> ExternalId<'_> {
    let sent = match sent {
        Shape::Object(sent) => sent,
        Shape::Absent | Shape::Other => ContextExternalId::default(),
    };
    let (id, kind) = (loose_id(sent.id), loose_text(sent.kind));
    ExternalId { id, kind, collection: loose_text(sent.collection), encoding: loose_text(sent.encoding) }
}

/// A text, or a number as decimal text.
fn loose_id(sent: Scalar<'_>) -> Option<Cow<'_, str>> {
    match sent {
        Scalar::Text(text) => Some(text),
        Scalar::Number(number) => Some(Cow::Owned(number)),
        Scalar::Absent | Scalar::Flag(_) | Scalar::Other => None,
    }
}

fn loose_text(sent: Scalar<'_>) -> Option<Cow<'_, str>> {
    match sent {
        Scalar::Text(text) => Some(text),
        Scalar::Absent | Scalar::Number(_) | Scalar::Flag(_) | Scalar::Other => None,
    }
}

fn id<'l>(field: &str, sent: Scalar<'l>) -> Result<Option<Cow<'l, str>>, Rejection> {
    match sent {
        Scalar::Absent => Ok(None),
        Scalar::Text(text) => Ok(Some(text)),
        Scalar::Number(number) => Ok(Some(Cow::Owned(number))),
        Scalar::Flag(_) | Scalar::Other => Err(RejectionReason::BadField.because(format!("`{field}` is a text or a number"))),
    }
}

fn message_id(sent: Scalar<'_>) -> Result<Option<Cow<'_, str>>, Rejection> {
    check_message_id(id("messageId", sent)?)
}

/// An empty id is none.
///
/// # Errors
/// When it is too long.
pub(crate) fn check_message_id(sent: Option<Cow<'_, str>>) -> Result<Option<Cow<'_, str>>, Rejection> {
    let sent = sent.filter(|id| !id.is_empty());
    if sent.as_ref().is_some_and(|id| id.len() > MESSAGE_ID_CHARS_MAX && id.chars().count() > MESSAGE_ID_CHARS_MAX) {
        let message = format!("`messageId` is longer than {MESSAGE_ID_CHARS_MAX} characters");
        return Err(RejectionReason::LongMessageId.because(message));
    }
    Ok(sent)
}

fn text<'l>(field: &str, sent: Scalar<'l>) -> Result<Option<Cow<'l, str>>, Rejection> {
    match sent {
        Scalar::Absent => Ok(None),
        Scalar::Text(text) => Ok(Some(text)),
        Scalar::Number(_) | Scalar::Flag(_) | Scalar::Other => Err(RejectionReason::BadField.because(format!("`{field}` is a text"))),
    }
}

fn stamp(field: &str, sent: &Scalar<'_>) -> Result<Option<Stamp>, Rejection> {
    let text: &Cow<'_, str> = match sent {
        Scalar::Absent => return Ok(None),
        Scalar::Text(text) => text,
        Scalar::Number(_) | Scalar::Flag(_) | Scalar::Other => return Err(bad_stamp(field)),
    };
    Stamp::parse(text).map(Some).ok_or_else(|| bad_stamp(field))
}

fn bad_stamp(field: &str) -> Rejection {
    RejectionReason::BadTimestamp.because(format!("`{field}` is no ISO 8601 timestamp such as `2025-03-01T12:00:00Z`"))
}

fn object<T>(field: &str, sent: Shape<T>) -> Result<Option<T>, Rejection> {
    match sent {
        Shape::Absent => Ok(None),
        Shape::Object(fields) => Ok(Some(fields)),
        Shape::Other => Err(RejectionReason::BadField.because(format!("`{field}` is an object"))),
    }
}

#[cfg(test)]
mod tests;
