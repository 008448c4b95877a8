//! One row of a model: its key, what it says, and whether that is what it said before.

use std::borrow::Cow;

use model::{Moment, RowModel, RowTraits, Value};
use xxhash_rust::xxh3::Xxh3;

use crate::csv_plan::add_email;
use crate::message::{Given, Member, Message, MessageKind, TimeSource, When};
use crate::parse::check_names;
use crate::rejection::{Rejection, RejectionReason};
use crate::table::Cells;

/// Longest primary key, in bytes.
const KEY_BYTES_MAX: usize = 500;

/// The primary key as text.
///
/// # Errors
/// When it is missing, or none.
pub(super) fn key(model: &RowModel, cells: &Cells) -> Result<String, Rejection> {
    let no_key = |why: &str| RejectionReason::NoKey.because(format!("the primary key `{}` {why}", model.primary_key));
    let key = cells.get(&model.primary_key).ok_or_else(|| no_key("is empty"))?;
    let key = key.to_text().ok_or_else(|| no_key("is a list or an object"))?;
    match key.len() {
        0 => Err(no_key("is empty")),
        length if length > KEY_BYTES_MAX => Err(no_key(&format!("has more than {KEY_BYTES_MAX} bytes"))),
        _ if key.contains('\0') => Err(no_key("holds a NUL character")),
        _ => Ok(key),
    }
}

/// What a row says, and its checksum.
///
/// # Errors
/// Why it is not taken.
pub(super) fn understood<'c>(model: &'c RowModel, cells: &'c Cells, now: Moment) -> Result<(Message<'c>, String), Rejection> {
    let id = |column: &Option<String>| column.as_ref().and_then(|column| cells.get(column)).and_then(text);
    let (user_id, anonymous_id, email) = (id(&model.user_id), id(&model.anonymous_id), id(&model.email));
    if user_id.is_none() && anonymous_id.is_none() && email.is_none() {
        return Err(RejectionReason::NoUser.because("the columns under `identify` are empty"));
    }
    let mut members = traits(model, cells);
    add_email(&mut members, email.as_ref());
    let mark = model.member_trait();
    members.retain(|(name, _)| *name != mark);
    let mut hash = Xxh3::new();
    for part in [&user_id, &anonymous_id, &email] {
        feed(&mut hash, part.as_deref().unwrap_or_default());
    }
    for (name, value) in &members {
        feed(&mut hash, name);
        match value {
            Some(Given::Text(text)) => feed(&mut hash, &serde_json::to_string(text).unwrap_or_default()),
            Some(Given::Other(value)) => feed(&mut hash, &serde_json::to_string(value).unwrap_or_default()),
            None => feed(&mut hash, ""),
        }
    }
    members.push((Cow::Owned(mark), Some(Given::Other(Value::Flag(true)))));
    check_names("columns", &members)?;
    let message = Message { user_id, anonymous_id, emails: email.into_iter().collect(), members, ..nothing(now) };
    Ok((message, format!("{:032x}", hash.digest128())))
}

/// That somebody has no row any more; whom it is about, the identifiers say that the row had.
pub(super) fn gone(model: &RowModel, now: Moment) -> Message<'static> {
    let mark = (Cow::Owned(model.member_trait()), Some(Given::Other(Value::Flag(false))));
    Message { members: vec![mark], ..nothing(now) }
}

/// A message that says nothing of nobody.
fn nothing<'m>(now: Moment) -> Message<'m> {
    // A run asked for in the same second is as of that second: it is to see this. Which of two syncs was later, the moment
    // of receipt says.
    let when = When { occurred_at: now.whole_seconds(), received_at: now, zone_missing: false, source: TimeSource::Message };
    Message::empty(MessageKind::Identify, when)
}

fn traits<'c>(model: &'c RowModel, cells: &'c Cells) -> Vec<Member<'c>> {
    let given = |value: &'c Value| match value {
        Value::Text(text) => Given::Text(Cow::Borrowed(text)),
        other => Given::Other(other.clone()),
    };
    match &model.traits {
        RowTraits::All => {
            let others = cells.iter().filter(|(column, _)| model.id_columns().all(|id| id != column.as_str()));
            others.map(|(column, value)| (Cow::Borrowed(column.as_str()), Some(given(value)))).collect()
        }
        RowTraits::Of(traits) => {
            let named = traits.iter().filter_map(|(name, column)| Some((name, cells.get(column)?)));
            named.map(|(name, value)| (Cow::Borrowed(name.as_str()), Some(given(value)))).collect()
        }
    }
}

fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(text) => Some(Cow::Borrowed(text.as_str())),
        other => other.to_text().map(Cow::Owned),
    }
    .filter(|text| !text.is_empty())
}

/// Lengths keep parts apart.
fn feed(hash: &mut Xxh3, part: &str) {
    hash.update(&(part.len() as u64).to_le_bytes());
    hash.update(part.as_bytes());
}
