//! The keys a schema may name: which are hashed, and which find a person on their own.

/// One column of a customer list. Old single-key names read as the key they stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(&'static str);

const HASHED: [&str; 13] = ["EMAIL", "PHONE", "GEN", "DOBY", "DOBM", "DOBD", "LN", "FN", "FI", "ST", "CT", "ZIP", "COUNTRY"];

/// In the order in which they are trusted: `EXTERN_ID` comes last, as Facebook says.
const STRONG: [&str; 7] = ["EMAIL", "PHONE", "MADID", "APPUID", "UID", "PAGEUID", "EXTERN_ID"];

/// Cells that say something about a row, but not who it is.
const COMPANIONS: [&str; 4] =
    ["LOOKALIKE_VALUE", "DATA_PROCESSING_OPTIONS", "DATA_PROCESSING_OPTIONS_COUNTRY", "DATA_PROCESSING_OPTIONS_STATE"];

const OLD_NAMES: [(&str, &str); 3] = [("EMAIL_SHA256", "EMAIL"), ("PHONE_SHA256", "PHONE"), ("MOBILE_ADVERTISER_ID", "MADID")];

impl Key {
    pub(crate) const EXTERN_ID: Self = Self("EXTERN_ID");
    pub(crate) const LOOKALIKE_VALUE: Self = Self("LOOKALIKE_VALUE");
    pub(crate) const DATA_PROCESSING_OPTIONS: Self = Self("DATA_PROCESSING_OPTIONS");
    pub(crate) const UID: Self = Self("UID");
    pub(crate) const PAGEUID: Self = Self("PAGEUID");

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let name = OLD_NAMES.iter().find(|(old, _)| *old == text).map_or(text, |(_, new)| *new);
        HASHED.iter().chain(&STRONG).chain(&COMPANIONS).find(|known| **known == name).map(|known| Self(known))
    }

    pub(crate) fn name(self) -> &'static str {
        self.0
    }

    pub(crate) fn is_hashed(self) -> bool {
        HASHED.contains(&self.0)
    }

    pub(crate) fn is_strong(self) -> bool {
        STRONG.contains(&self.0)
    }

    /// Whether the cell says who the row is about.
    pub(crate) fn identifies(self) -> bool {
        !COMPANIONS.contains(&self.0)
    }

    /// The strong keys, most trusted first.
    pub(crate) fn strong() -> impl Iterator<Item = Self> {
        STRONG.iter().map(|name| Self(name))
    }
}
