//! List events: `track` calls that say who is on a list and who no longer.
//!
//! Their `userListAdd` and `userListDelete` hold people by the keys of Facebook's customer lists, in any letter case. Each
//! becomes an identify call of its own with the mark of the list, `true` or `false`; the event itself is not kept, nor is
//! its sender spoken of. Values that are SHA-256 already identify by that: they meet only the same hash again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::{EventName, ListKey, Value};

use crate::message::{Device, Given, Member, Message, MessageKind, System};
use crate::rejection::{Rejection, RejectionReason};

/// Which events keep which lists.
pub(crate) type ListEvents = BTreeMap<EventName, ListKey>;

/// People that one array may hold.
const PEOPLE_MAX: usize = 1_100;

/// The arrays, and what it means to be in one.
const ARRAYS: [(&str, bool); 2] = [("userListAdd", true), ("userListDelete", false)];

/// Keys of customer lists, and the traits that they are.
const TRAITS: [(&str, &str); 17] = [
    ("EMAIL", "email"),
    ("PHONE", "phone"),
    ("FN", "first_name"),
    ("LN", "last_name"),
    ("FI", "first_initial"),
    ("GEN", "gender"),
    ("DOBY", "birth_year"),
    ("DOBM", "birth_month"),
    ("DOBD", "birth_day"),
    ("CT", "city"),
    ("ST", "state"),
    ("ZIP", "zip"),
    ("COUNTRY", "country"),
    ("APPUID", "facebook_app_user_id"),
    ("PAGEUID", "facebook_page_user_id"),
    ("LOOKALIKE_VALUE", "lookalike_value"),
    ("MADID", "mobile_id"),
];

/// The list that a message keeps; none for all other messages.
pub(crate) fn list_of<'k>(events: &'k ListEvents, message: &Message<'_>) -> Option<&'k ListKey> {
    if message.kind != MessageKind::Track || events.is_empty() {
        return None;
    }
    message.event.as_ref().and_then(|event| events.get(event))
}

/// What a list event says of each person, in order, or why it says nothing.
pub(crate) fn people<'m>(event: &'m Message<'_>, list: &ListKey) -> Vec<Result<Message<'m>, Rejection>> {
    let mut people = Vec::new();
    for (array, on_list) in ARRAYS {
        let items = match event.members.iter().find(|(name, _)| name == array) {
            Some((_, Some(Given::Other(Value::List(items))))) => items.as_slice(),
            Some(_) => {
                people.push(Err(RejectionReason::BadField.because(format!("`{array}` is a list of people"))));
                continue;
            }
            None => continue,
        };
        for (place, item) in items.iter().enumerate() {
            people.push(match item {
                _ if place >= PEOPLE_MAX => {
                    Err(RejectionReason::ListTooLong.because(format!("`{array}` has more than {PEOPLE_MAX} people; send several events")))
                }
                Value::Object(keys) => person(event, keys, list, on_list),
                _ => Err(RejectionReason::BadField
                    .because(format!("entry {} of `{array}` is an object such as `{{\"EMAIL\": ...}}`", place + 1))),
            });
        }
    }
    if people.is_empty() {
        people.push(Err(RejectionReason::BadField.because("an event of a list has people in `userListAdd` or `userListDelete`")));
    }
    people
}

fn person<'m>(event: &'m Message<'_>, keys: &'m BTreeMap<String, Value>, list: &ListKey, on_list: bool) -> Result<Message<'m>, Rejection> {
    let value = |key: &str| keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value);
    let text = |key: &str| value(key).and_then(Value::to_text).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let user_id = text("EXTERN_ID");
    let email = text("EMAIL").map(|email| if is_hash(&email) { email.to_ascii_lowercase() } else { email });
    let device = text("MADID").map(device);
    if user_id.is_none() && email.is_none() && device.is_none() {
        return Err(RejectionReason::Nobody.because("a person on a list has `EMAIL`, `EXTERN_ID` or `MADID`: nothing else identifies"));
    }
    let named = TRAITS.iter().filter_map(|(key, name)| Some((*name, value(key)?)));
    let mut members: Vec<Member<'m>> = named.map(|(name, value)| (Cow::Borrowed(name), Some(given(value)))).collect();
    members.push((Cow::Owned(list.member_trait()), Some(Given::Other(Value::Flag(on_list)))));
    Ok(Message {
        user_id: user_id.map(Cow::Owned),
        emails: email.map(Cow::Owned).into_iter().collect(),
        device,
        members,
        ..Message::empty(MessageKind::Identify, event.when)
    })
}

fn given(value: &Value) -> Given<'_> {
    match value {
        Value::Text(text) => Given::Text(Cow::Borrowed(text)),
        other => Given::Other(other.clone()),
    }
}

/// Advertising ids do not say whose system they are of; by custom those of iOS are written in capitals.
fn device(madid: String) -> Device<'static> {
    let system = if madid.contains(|c: char| c.is_ascii_uppercase()) { System::Ios } else { System::Android };
    Device { system, id: None, advertising_id: Some(Cow::Owned(madid)), push_token: None }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
