//! Names and numbers that stand for things: keys people write, ids the store gives.
//!
//! **Invariant:** a key that exists has been checked; nobody checks it again.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A key that breaks the rules of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot be {what}: {rule}")]
pub struct InvalidKey {
    /// The text as it was given.
    pub text: String,
    /// What it should have named, with its article.
    pub what: &'static str,
    /// The rule it breaks, in words.
    pub rule: &'static str,
}

const KEY_RULE: &str = "a key starts with a lower-case letter, goes on with lower-case letters, digits and `_`, and is at most 80 long";
const KEY_LENGTH_MAX: usize = 80;

fn check_key(text: &str, what: &'static str) -> Result<String, InvalidKey> {
    let starts_well = text.starts_with(|c: char| c.is_ascii_lowercase());
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !starts_well || text.len() > KEY_LENGTH_MAX || !text.chars().all(allowed) {
        return Err(InvalidKey { text: text.to_owned(), what, rule: KEY_RULE });
    }
    Ok(text.to_owned())
}

/// The permanent name of an audience; equals its file name and is never used again for another audience.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AudienceKey(String);

impl AudienceKey {
    /// Checks and takes a key.
    ///
    /// # Errors
    /// When the text breaks the rule for keys.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        check_key(text, "an audience key").map(Self)
    }

    /// The key as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AudienceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The permanent name of a computed trait; equals its file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TraitKey(String);

impl TraitKey {
    /// Checks and takes a key.
    ///
    /// # Errors
    /// When the text breaks the rule for keys.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        check_key(text, "a trait key").map(Self)
    }

    /// The key as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TraitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The name of a configured destination; equals its file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct DestinationKey(String);

impl DestinationKey {
    /// Checks and takes a key.
    ///
    /// # Errors
    /// When the text breaks the rule for keys.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        check_key(text, "a destination key").map(Self)
    }

    /// The key as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DestinationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The permanent name of a model; equals its file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ModelKey(String);

impl ModelKey {
    /// Checks and takes a key.
    ///
    /// # Errors
    /// When the text breaks the rule for keys.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        check_key(text, "a model key").map(Self)
    }

    /// The key as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The name of a list that events keep.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ListKey(String);

impl ListKey {
    /// Checks and takes a key.
    ///
    /// # Errors
    /// When the text breaks the rule for keys.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        check_key(text, "a list key").map(Self)
    }

    /// The key as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ListKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl ListKey {
    /// The trait that is `true` while somebody is on the list, and `false` afterwards.
    pub fn member_trait(&self) -> String {
        format!("list_{self}")
    }
}

/// What a profile did, exactly as sent: case and spaces count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventName(String);

impl EventName {
    /// What page calls appear as.
    pub const PAGE_VIEWED: &'static str = "Page Viewed";
    /// What screen calls appear as.
    pub const SCREEN_VIEWED: &'static str = "Screen Viewed";
    const LENGTH_MAX: usize = 200;

    /// Checks and takes an event name.
    ///
    /// # Errors
    /// When the text is blank, longer than 200 bytes or holds control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        if text.trim().is_empty() || text.len() > Self::LENGTH_MAX || text.chars().any(char::is_control) {
            let rule = "an event name is not blank, at most 200 bytes long and has no control characters";
            return Err(InvalidKey { text: text.chars().take(80).collect(), what: "an event name", rule });
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A profile's dense number, given by the store in order of creation: it indexes counters and fits roaring bitmaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfileId(pub u32);

impl ProfileId {
    /// As an index into dense arrays.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A profile's permanent opaque name for the outside world, the default external id at destinations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicId(pub String);

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The name of one run: given when it is claimed, printed everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A hash of what something means (not of how it is laid out), as lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_checked_once_and_for_all() {
        for good in ["a", "big_spenders", "q4_2025", &"k".repeat(80)] {
            assert_eq!(AudienceKey::parse(good).expect(good).as_str(), good);
        }
        for bad in ["", "1st", "_x", "Big", "big-spenders", "big spenders", "größe", &"k".repeat(81)] {
            assert!(AudienceKey::parse(bad).is_err(), "{bad}");
            assert!(DestinationKey::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn event_names_keep_case_and_spaces() {
        assert_eq!(EventName::parse("Order Completed").expect("plain").as_str(), "Order Completed");
        assert!(EventName::parse("  ").is_err());
        assert!(EventName::parse("a\nb").is_err());
        assert!(EventName::parse(&"x".repeat(201)).is_err());
    }
}
