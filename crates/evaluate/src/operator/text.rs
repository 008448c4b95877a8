//! `contains`, `not_contains`, `contains_any`, `starts_with`, `ends_with`, and how texts are spelled for comparing.
//!
//! Code points are compared after NFC, nothing is trimmed. Numbers and flags are compared as the text they render as.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

use super::{Element, Quantifier, Verdict};

/// How texts are spelled for comparing: NFC, and in lower case where case is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spelling {
    pub(crate) ignore_case: bool,
}

impl Spelling {
    /// Case is folded character by character with Unicode's lower-case mapping, so that a needle folds as it would
    /// inside any longer text; for the same reason a final sigma counts as any other.
    pub(crate) fn of(self, text: &str) -> Cow<'_, str> {
        let fold = |c: char| if c == 'ς' { 'σ' } else { c };
        match (text.is_ascii(), self.ignore_case) {
            (true, false) => Cow::Borrowed(text),
            (true, true) => Cow::Owned(text.to_ascii_lowercase()),
            (false, false) => Cow::Owned(text.nfc().collect()),
            (false, true) => Cow::Owned(text.nfc().flat_map(char::to_lowercase).map(fold).collect()),
        }
    }
}

/// The text that text operators see; objects have none.
pub(crate) fn read(element: Element<'_>, spelling: Spelling) -> Option<Cow<'_, str>> {
    match element {
        Element::Flag(flag) => Some(Cow::Borrowed(if flag { "true" } else { "false" })),
        Element::Number(number) => Some(Cow::Owned(number.to_string())),
        Element::Integer(integer) => Some(Cow::Owned(integer.to_string())),
        Element::Text(text) => Some(spelling.of(text)),
        Element::Object => None,
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Test {
    kind: Kind,
    spelling: Spelling,
}

#[derive(Debug, Clone)]
enum Kind {
    ContainsAny(Vec<String>),
    NotContains(String),
    StartsWith(String),
    EndsWith(String),
}

impl Test {
    pub(super) fn contains(needles: &[String], spelling: Spelling) -> Self {
        let needles = needles.iter().map(|needle| spelling.of(needle).into_owned());
        Self { kind: Kind::ContainsAny(needles.collect()), spelling }
    }

    pub(super) fn not_contains(needle: &str, spelling: Spelling) -> Self {
        Self { kind: Kind::NotContains(spelling.of(needle).into_owned()), spelling }
    }

    pub(super) fn starts_with(needle: &str, spelling: Spelling) -> Self {
        Self { kind: Kind::StartsWith(spelling.of(needle).into_owned()), spelling }
    }

    pub(super) fn ends_with(needle: &str, spelling: Spelling) -> Self {
        Self { kind: Kind::EndsWith(spelling.of(needle).into_owned()), spelling }
    }

    pub(super) fn quantifier(&self) -> Quantifier {
        match self.kind {
            Kind::ContainsAny(_) | Kind::StartsWith(_) | Kind::EndsWith(_) => Quantifier::Any,
            Kind::NotContains(_) => Quantifier::Every,
        }
    }

    pub(super) fn verdict(&self, element: Element<'_>) -> Verdict {
        let Some(text) = read(element, self.spelling) else {
            return Verdict::Unreadable;
        };
        let holds = match &self.kind {
            Kind::ContainsAny(needles) => needles.iter().any(|needle| text.contains(needle.as_str())),
            Kind::NotContains(needle) => !text.contains(needle.as_str()),
            Kind::StartsWith(needle) => text.starts_with(needle.as_str()),
            Kind::EndsWith(needle) => text.ends_with(needle.as_str()),
        };
        holds.into()
    }
}
