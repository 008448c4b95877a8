//! Identifiers: values that find a profile, normalized so that one person's spellings meet.
//!
//! An identifier that exists has been cleaned and is not blocked; the trait or field it came from keeps its own form.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// What sort of value finds the profile. Open set: workspaces may add kinds of their own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdentifierKind(Cow<'static, str>);

impl IdentifierKind {
    /// `userId` of a message: the company's own id.
    pub const USER_ID: &'static str = "user_id";
    /// `anonymousId` of a message: a browser or an installation.
    pub const ANONYMOUS_ID: &'static str = "anonymous_id";
    /// An e-mail address, trimmed and lower-cased.
    pub const EMAIL: &'static str = "email";
    /// `groupId`: finds an account, not a user.
    pub const GROUP_ID: &'static str = "group_id";
    /// An Android advertising id.
    pub const ANDROID_IDFA: &'static str = "android.idfa";
    /// An iOS advertising id.
    pub const IOS_IDFA: &'static str = "ios.idfa";
    /// An Android installation.
    pub const ANDROID_ID: &'static str = "android.id";
    /// An iOS installation.
    pub const IOS_ID: &'static str = "ios.id";
    /// Where an Android installation takes notifications.
    pub const ANDROID_PUSH_TOKEN: &'static str = "android.push_token";
    /// Where an iOS installation takes notifications.
    pub const IOS_PUSH_TOKEN: &'static str = "ios.push_token";
    /// What Google Analytics calls a browser.
    pub const GA_CLIENT_ID: &'static str = "ga_client_id";
    /// A phone number, `+` and digits. Identifies only where the settings name it.
    pub const PHONE: &'static str = "phone";

    /// All kinds that every message is searched for, in order of trust.
    pub const KNOWN: [&'static str; 11] = [
        Self::USER_ID,
        Self::EMAIL,
        Self::ANDROID_ID,
        Self::ANDROID_IDFA,
        Self::ANDROID_PUSH_TOKEN,
        Self::ANONYMOUS_ID,
        Self::GA_CLIENT_ID,
        Self::GROUP_ID,
        Self::IOS_ID,
        Self::IOS_IDFA,
        Self::IOS_PUSH_TOKEN,
    ];

    /// Who is considered at all unless an audience says otherwise (docs: semantics of `identified_by`).
    pub const UNIVERSE_DEFAULT: [&'static str; 4] = [Self::USER_ID, Self::EMAIL, Self::ANDROID_IDFA, Self::IOS_IDFA];

    /// Takes a kind by name. Whether it is a known one is the caller's question.
    pub fn new(name: &str) -> Self {
        // Those that come with every message cost no copy.
        let known = Self::KNOWN.into_iter().find(|known| *known == name);
        Self(known.map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed))
    }

    /// The name of the kind.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why a value does not identify anybody. The message it came with is still taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Refusal {
    /// Nothing but white space.
    #[error("empty")]
    Empty,
    /// A value many people share, such as zeroes, `-1`, `null` or `anonymous`.
    #[error("blocked value")]
    Blocked,
    /// More than 500 characters.
    #[error("longer than 500 characters")]
    TooLong,
    /// A NUL character inside, which PostgreSQL cannot keep.
    #[error("holds a NUL character")]
    Nul,
    /// A phone number without its country.
    #[error("not `+` and the digits of a phone number, country first")]
    NoPhone,
    /// An external id of a kind that the settings do not name.
    #[error("no kind of identifier in `muster.yaml`")]
    UnknownKind,
    /// An external id without its four fields.
    #[error("an external id has `id`, a `type` in lower case, `collection` and `encoding: none`")]
    Incomplete,
}

/// A normalized, unblocked value that finds one profile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// What sort of value it is.
    pub kind: IdentifierKind,
    /// The value, normalized by kind.
    pub value: String,
}

const VALUE_LENGTH_MAX: usize = 500;
const BLOCKED: [&str; 3] = ["-1", "null", "anonymous"];

impl Identifier {
    /// Normalizes a raw value (e-mail: trimmed, NFC, lower case; advertising ids: trimmed, lower case; phone: `+` and digits;
    /// all else exactly as sent) and refuses what identifies nobody.
    ///
    /// # Errors
    /// The reason why the value identifies nobody.
    pub fn parse(kind: &IdentifierKind, raw: &str) -> Result<Self, Refusal> {
        let value = Self::normalize(kind.as_str(), raw)?.into_owned();
        Ok(Self { kind: kind.clone(), value })
    }

    /// The value alone, not copied where it is as it was sent.
    ///
    /// # Errors
    /// The reason why the value identifies nobody.
    pub fn normalize<'r>(kind: &str, raw: &'r str) -> Result<Cow<'r, str>, Refusal> {
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            return Err(Refusal::Empty);
        }
        let zeroes_and_dashes = trimmed.bytes().all(|byte| byte == b'0' || byte == b'-');
        if zeroes_and_dashes || BLOCKED.iter().any(|blocked| blocked.eq_ignore_ascii_case(trimmed)) {
            return Err(Refusal::Blocked);
        }
        // Only what has more bytes can have more characters.
        if raw.len() > VALUE_LENGTH_MAX && raw.chars().count() > VALUE_LENGTH_MAX {
            return Err(Refusal::TooLong);
        }
        if raw.contains('\0') {
            return Err(Refusal::Nul);
        }
        Ok(match kind {
            IdentifierKind::EMAIL if trimmed.is_ascii() => lower(trimmed),
            IdentifierKind::EMAIL => Cow::Owned(trimmed.nfc().collect::<String>().to_lowercase()),
            IdentifierKind::ANDROID_IDFA | IdentifierKind::IOS_IDFA => Cow::Owned(trimmed.to_lowercase()),
            IdentifierKind::PHONE => Cow::Owned(phone(trimmed).ok_or(Refusal::NoPhone)?),
            _ => Cow::Borrowed(raw),
        })
    }
}

/// `+` and the digits of a number that begins with its country (E.164: at most fifteen, never a zero in front).
fn phone(text: &str) -> Option<String> {
    const BETWEEN: &str = " -./()\u{a0}";
    let digits: String = text.strip_prefix('+')?.chars().filter(|c| !BETWEEN.contains(*c)).collect();
    let is_number = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    is_number.then(|| format!("+{digits}"))
}

/// ASCII in lower case.
fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, raw: &str, expected: Result<&str, Refusal>) {
        let parsed = Identifier::parse(&IdentifierKind::new(kind), raw).map(|identifier| identifier.value);
        assert_eq!(parsed.as_deref().map_err(|refusal| *refusal), expected);
    }

    #[test]
    fn spellings_of_one_mailbox_meet() {
        check("email", "  Mary@Example.COM ", Ok("mary@example.com"));
        check("email", "rene\u{301}@example.com", Ok("ren\u{e9}@example.com"));
    }

    #[test]
    fn phone_numbers_name_their_country() {
        check("phone", " +1 (555) 010-0199 ", Ok("+15550100199"));
        check("phone", "+43.1.555.0100", Ok("+4315550100"));
        for other in ["555 0100", "0043 1 5550100", "+0 555 0100 1", "+1 555 CALL", "+1 55", "+1234567890123456"] {
            check("phone", other, Err(Refusal::NoPhone));
        }
    }

    #[test]
    fn company_ids_are_exact() {
        check("user_id", "AbC", Ok("AbC"));
        check("user_id", " 7", Ok(" 7"));
    }

    #[test]
    fn shared_values_identify_nobody() {
        for value in ["00000000-0000-0000-0000-000000000000", "0", "---", "-1", "null", "NULL", "anonymous", "Anonymous"] {
            check("user_id", value, Err(Refusal::Blocked));
        }
        check("anonymous_id", " ", Err(Refusal::Empty));
        check("anonymous_id", &"x".repeat(501), Err(Refusal::TooLong));
        check("anonymous_id", "x\0", Err(Refusal::Nul));
    }
}
