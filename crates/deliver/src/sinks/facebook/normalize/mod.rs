//! Normalizing: from what a company knows to the exact text that Facebook hashes too.
//!
//! One small file per key. A value that cannot be used empties its cell, never its row, and says why. **Invariant:** the
//! hash of nothing never leaves: an empty text is never hashed, and a value that already is that hash is refused.

mod birth;
mod city;
mod country;
mod email;
mod gender;
mod mobile_id;
mod name;
mod phone;
mod state;
mod text;
mod value;
mod zip;

use std::borrow::Cow;

use model::Value;
use sha2::{Digest as _, Sha256};

use super::key::Key;
use crate::hex::hex;
pub(super) use birth::split as split_birth_date;
pub(super) use city::CityStyle;

/// SHA-256 of no bytes at all: what careless clients send for an empty field.
const HASH_OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Why a value that was there cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Emptied {
    /// A flag, a list or an object.
    NotText,
    /// MD5 or SHA-1, which customer lists do not take.
    UnsupportedHash,
    /// The hash of an empty text: somebody hashed a field that held nothing.
    HashOfNothing,
    /// Not a value of its key: no address, no number, no such country.
    Invalid,
}

impl Emptied {
    /// Its name in counts.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NotText => "not_text",
            Self::UnsupportedHash => "unsupported_hash",
            Self::HashOfNothing => "hash_of_nothing",
            Self::Invalid => "invalid",
        }
    }
}

/// What some keys need to know beside the value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    /// The person's country, or else the destination's default; alpha-2, lower case.
    pub(super) country: Option<&'a str>,
    /// How cities are written.
    pub(super) city_style: CityStyle,
    /// Nobody is born after it.
    pub(super) year_max: i32,
    /// Whether values are normalized before they are hashed; else they are hashed as they are.
    pub(super) formatting: bool,
}

/// A value as text: nothing for a blank one.
pub(super) fn value_text(value: &Value) -> Result<Option<Cow<'_, str>>, Emptied> {
    match value {
        Value::Text(text) => Ok(Some(text::trimmed(text)).filter(|text| !text.is_empty()).map(Cow::Borrowed)),
        Value::Number(_) | Value::Integer(_) => Ok(value.to_text().map(Cow::Owned)),
        Value::Flag(_) | Value::List(_) | Value::Object(_) => Err(Emptied::NotText),
    }
}

/// The cell for a value: normalized, and hashed where the key is. Blank values make an empty cell, which is no mistake.
pub(super) fn cell(key: Key, raw: &str, rules: &Rules<'_>) -> Result<Option<String>, Emptied> {
    let raw = text::trimmed(raw);
    if raw.is_empty() {
        return Ok(None);
    }
    if !key.is_hashed() {
        return normalized(key, raw, rules).map(Some);
    }
    if is_hex(raw, 64) {
        let hash = raw.to_ascii_lowercase();
        return if hash == HASH_OF_NOTHING { Err(Emptied::HashOfNothing) } else { Ok(Some(hash)) };
    }
    if !rules.formatting {
        return Ok(Some(sha256(raw)));
    }
    let may_be_hash = matches!(key, Key::Email | Key::Phone);
    if may_be_hash && (is_hex(raw, 32) || is_hex(raw, 40)) {
        return Err(Emptied::UnsupportedHash);
    }
    let normalized = normalized(key, raw, rules)?;
    Ok(Some(sha256(&normalized)))
}

/// The text that is hashed (or sent as it is). Never empty.
pub(super) fn normalized(key: Key, trimmed: &str, rules: &Rules<'_>) -> Result<String, Emptied> {
    let normalized = match key {
        Key::ExternId | Key::AppUser | Key::PageUser => Some(trimmed.to_owned()),
        Key::Email => email::normalize(trimmed),
        Key::Phone => phone::normalize(trimmed, rules.country),
        Key::Madid => mobile_id::normalize(trimmed),
        Key::FirstName | Key::LastName => Some(name::normalize(trimmed)),
        Key::FirstInitial => Some(name::initial(trimmed)),
        Key::Gender => gender::normalize(trimmed).map(str::to_owned),
        Key::BirthYear => birth::year(trimmed, rules.year_max),
        Key::BirthMonth => birth::month(trimmed),
        Key::BirthDay => birth::day(trimmed),
        Key::City => Some(city::normalize(trimmed, rules.city_style)),
        Key::State => Some(state::normalize(trimmed, rules.country)),
        Key::Zip => zip::normalize(trimmed, rules.country),
        Key::Country => country::normalize(trimmed),
        Key::Value => value::normalize(trimmed),
        // Said by the destination, never by a person's data.
        Key::Processing | Key::ProcessingCountry | Key::ProcessingState => None,
    };
    normalized.filter(|text| !text.is_empty()).ok_or(Emptied::Invalid)
}

/// The country of a text, alpha-2 and lower case.
pub(super) fn country_code(raw: &str) -> Option<String> {
    country::normalize(text::trimmed(raw))
}

/// Lower-case hex SHA-256 of a text's UTF-8.
fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
