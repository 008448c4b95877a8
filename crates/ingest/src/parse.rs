//! One line of JSON to a message, or why not.
//!
//! Null is absent, numbers as ids become decimal text, unknown keys are passed over; what is wrong is named without
//! repeating it.

use std::borrow::Cow;

use model::{EventName, FactKind, Moment, Value};
use serde_json::error::Category;

use crate::message::{Device, Message, MessageKind, System};
use crate::rejection::{Rejection, RejectionReason};
use crate::shape::{Context, ContextDevice, Line, Members, Scalar, Shape};
use crate::when::{Stamp, Stamps};

const MESSAGE_ID_CHARS_MAX: usize = 100;
const PROPERTIES_MAX: usize = 300;
const NAME_BYTES_MAX: usize = 200;

/// Reads one line, `now` being when it arrives unless it says so itself.
///
/// # Errors
/// Why the line is not taken.
pub(crate) fn message(line: &[u8], now: Moment) -> Result<Message, Rejection> {
    let text = std::str::from_utf8(line)
        .map_err(|error| RejectionReason::InvalidUtf8.because(format!("not UTF-8 at byte {}", error.valid_up_to() + 1)))?;
    match serde_json::from_str(text).map_err(|error| unreadable(&error))? {
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

fn checked(line: Line<'_>, now: Moment) -> Result<Message, Rejection> {
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
        kind,
        user_id: id("userId", line.user_id)?,
        anonymous_id: id("anonymousId", line.anonymous_id)?,
        group_id: None,
        previous_id: None,
        message_id: message_id(line.message_id)?,
        emails: Vec::new(),
        device: None,
        said: FactKind::Traits(Vec::new()),
        when,
    };
    match kind {
        MessageKind::Identify => message.said = traits(line.traits, &mut message.emails)?,
        MessageKind::Track => message.said = event(track_name(line.event)?, line.properties)?,
        MessageKind::Page => {
            let mut properties = members("properties", line.properties)?;
            fill(&mut properties, "name", "page_name", text("name", line.name)?);
            fill(&mut properties, "category", "category", text("category", line.category)?);
            message.said = viewed(EventName::PAGE_VIEWED, properties)?;
        }
        MessageKind::Screen => {
            let mut properties = members("properties", line.properties)?;
            fill(&mut properties, "name", "screen_name", text("name", line.name)?);
            fill(&mut properties, "category", "category", text("category", line.category)?);
            message.said = viewed(EventName::SCREEN_VIEWED, properties)?;
        }
        MessageKind::Group => {
            message.group_id = id("groupId", line.group_id)?;
            // An account's own mailbox finds no person.
            message.said = traits(line.traits, &mut Vec::new())?;
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

fn require_ids(message: &Message) -> Result<(), Rejection> {
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

fn event(name: EventName, sent: Shape<Members>) -> Result<FactKind, Rejection> {
    Ok(FactKind::Event { name, properties: members("properties", sent)?.into_iter().filter_map(present).collect() })
}

fn viewed(name: &str, properties: Vec<(String, Option<Value>)>) -> Result<FactKind, Rejection> {
    Ok(FactKind::Event { name: event_name(name)?, properties: properties.into_iter().filter_map(present).collect() })
}

fn present((name, value): (String, Option<Value>)) -> Option<(String, Value)> {
    value.map(|value| (name, value))
}

/// A page's `name` stands at the top or among its properties, and is read under both of its names; what was sent as a
/// property stays as sent.
fn fill(properties: &mut Vec<(String, Option<Value>)>, name: &str, other_name: &str, sent: Option<String>) {
    let there = |properties: &[(String, Option<Value>)], name: &str| {
        properties.iter().find(|(there, _)| there == name).and_then(|(_, value)| value.clone())
    };
    let Some(value) = sent.map(Value::Text).or_else(|| there(properties, name)) else { return };
    for name in [name, other_name] {
        if there(properties, name).is_none() {
            properties.retain(|(there, _)| there != name);
            properties.push((name.to_owned(), Some(value.clone())));
        }
    }
}

fn traits(sent: Shape<Members>, emails: &mut Vec<String>) -> Result<FactKind, Rejection> {
    let traits = members("traits", sent)?;
    for (name, value) in &traits {
        if let ("email", Some(Value::Text(email))) = (name.as_str(), value) {
            emails.push(email.clone());
        }
    }
    Ok(FactKind::Traits(traits))
}

/// Properties or traits, each name once (the last one sent), in order of their names.
fn members(field: &str, sent: Shape<Members>) -> Result<Vec<(String, Option<Value>)>, Rejection> {
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
pub(crate) fn check_names<T>(field: &str, members: &[(String, T)]) -> Result<(), Rejection> {
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

fn take_context(context: Context<'_>, message: &mut Message) -> Result<(), Rejection> {
    // What is in a context never decides whether a message is taken: odd values are as good as none.
    if let Shape::Object(traits) = context.traits {
        message.emails.extend(loose_text(traits.email));
    }
    if let Shape::Object(device) = context.device {
        message.device = take_device(device);
    }
    if message.kind != MessageKind::Group && message.kind != MessageKind::Alias {
        message.group_id = id("context.groupId", context.group_id)?;
    }
    Ok(())
}

fn take_device(device: ContextDevice<'_>) -> Option<Device> {
    let system = match loose_text(device.kind)?.to_ascii_lowercase().as_str() {
        "android" => System::Android,
        "ios" => System::Ios,
        _ => return None,
    };
    let allowed = device.tracking_enabled == Scalar::Flag(true);
    let advertising_id = if allowed { loose_text(device.advertising_id) } else { None };
    Some(Device { system, id: loose_text(device.id), advertising_id })
}

fn loose_text(sent: Scalar<'_>) -> Option<String> {
    match sent {
        Scalar::Text(text) => Some(text.into_owned()),
        Scalar::Absent | Scalar::Number(_) | Scalar::Flag(_) | Scalar::Other => None,
    }
}

fn id(field: &str, sent: Scalar<'_>) -> Result<Option<String>, Rejection> {
    match sent {
        Scalar::Absent => Ok(None),
        Scalar::Text(text) => Ok(Some(text.into_owned())),
        Scalar::Number(number) => Ok(Some(number)),
        Scalar::Flag(_) | Scalar::Other => Err(RejectionReason::BadField.because(format!("`{field}` is a text or a number"))),
    }
}

fn message_id(sent: Scalar<'_>) -> Result<Option<String>, Rejection> {
    check_message_id(id("messageId", sent)?)
}

/// An empty id is none.
///
/// # Errors
/// When it is too long.
pub(crate) fn check_message_id(sent: Option<String>) -> Result<Option<String>, Rejection> {
    let sent = sent.filter(|id| !id.is_empty());
    if sent.as_ref().is_some_and(|id| id.chars().count() > MESSAGE_ID_CHARS_MAX) {
        let message = format!("`messageId` is longer than {MESSAGE_ID_CHARS_MAX} characters");
        return Err(RejectionReason::LongMessageId.because(message));
    }
    Ok(sent)
}

fn text(field: &str, sent: Scalar<'_>) -> Result<Option<String>, Rejection> {
    match sent {
        Scalar::Absent => Ok(None),
        Scalar::Text(text) => Ok(Some(text.into_owned())),
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
