//! Match keys: the columns of a row, and the words by which definitions ask for them.

use std::fmt;

use serde_json::Value;

/// A column that Facebook matches people by, or the value it is told of them. The order is that of a row's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    ExternId,
    Email,
    Phone,
    Madid,
    FirstName,
    LastName,
    FirstInitial,
    Gender,
    BirthYear,
    BirthMonth,
    BirthDay,
    City,
    State,
    Zip,
    Country,
    /// Somebody's id in a Facebook app of the company.
    AppUser,
    /// Somebody's id with a Facebook page of the company.
    PageUser,
    /// What somebody is worth, in value-based audiences; it matches nobody.
    Value,
    /// Whether Facebook may use the person's data in full; it matches nobody, like the two after it.
    Processing,
    /// The country whose law says so, by Facebook's number; 0 lets Facebook find out.
    ProcessingCountry,
    /// The state whose law says so.
    ProcessingState,
}

/// What is known about each key.
struct KeySpec {
    key: Key,
    /// Its name in a schema.
    name: &'static str,
    /// Its word in `match_on`; none for what is not matched on.
    word: Option<&'static str>,
    /// Whether cells are hashes.
    hashed: bool,
    /// Whether it finds a person by itself.
    strong: bool,
}

#[rustfmt::skip]
const KEYS: [KeySpec; 21] = [
    KeySpec { key: Key::ExternId,     name: "EXTERN_ID", word: Some("external_id"),   hashed: false, strong: true },
    KeySpec { key: Key::Email,        name: "EMAIL",     word: Some("email"),         hashed: true,  strong: true },
    KeySpec { key: Key::Phone,        name: "PHONE",     word: Some("phone"),         hashed: true,  strong: true },
    KeySpec { key: Key::Madid,        name: "MADID",     word: Some("mobile_id"),     hashed: false, strong: true },
    KeySpec { key: Key::FirstName,    name: "FN",        word: Some("first_name"),    hashed: true,  strong: false },
    KeySpec { key: Key::LastName,     name: "LN",        word: Some("last_name"),     hashed: true,  strong: false },
    KeySpec { key: Key::FirstInitial, name: "FI",        word: Some("first_initial"), hashed: true,  strong: false },
    KeySpec { key: Key::Gender,       name: "GEN",       word: Some("gender"),        hashed: true,  strong: false },
    KeySpec { key: Key::BirthYear,    name: "DOBY",      word: Some("birth_year"),    hashed: true,  strong: false },
    KeySpec { key: Key::BirthMonth,   name: "DOBM",      word: Some("birth_month"),   hashed: true,  strong: false },
    KeySpec { key: Key::BirthDay,     name: "DOBD",      word: Some("birth_day"),     hashed: true,  strong: false },
    KeySpec { key: Key::City,         name: "CT",        word: Some("city"),          hashed: true,  strong: false },
    KeySpec { key: Key::State,        name: "ST",        word: Some("state"),         hashed: true,  strong: false },
    KeySpec { key: Key::Zip,          name: "ZIP",       word: Some("zip"),           hashed: true,  strong: false },
    KeySpec { key: Key::Country,      name: "COUNTRY",   word: Some("country"),       hashed: true,  strong: false },
    KeySpec { key: Key::AppUser,      name: "APPUID",    word: Some("app_user_id"),   hashed: false, strong: true },
    KeySpec { key: Key::PageUser,     name: "PAGEUID",   word: Some("page_user_id"),  hashed: false, strong: true },
    KeySpec { key: Key::Value,        name: "LOOKALIKE_VALUE", word: None,            hashed: false, strong: false },
    KeySpec { key: Key::Processing,   name: "DATA_PROCESSING_OPTIONS", word: None,    hashed: false, strong: false },
    KeySpec { key: Key::ProcessingCountry, name: "DATA_PROCESSING_OPTIONS_COUNTRY", word: None, hashed: false, strong: false },
    KeySpec { key: Key::ProcessingState, name: "DATA_PROCESSING_OPTIONS_STATE", word: None, hashed: false, strong: false },
];

impl Key {
    /// All keys that people are matched by, in the order of cells.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        KEYS.iter().filter(|spec| spec.word.is_some()).map(|spec| spec.key)
    }

    /// All words of `match_on`.
    pub(super) fn words() -> impl Iterator<Item = &'static str> {
        KEYS.iter().filter_map(|spec| spec.word)
    }

    /// The key with this name in a schema.
    pub(super) fn parse(name: &str) -> Option<Self> {
        KEYS.iter().find(|spec| spec.name == name).map(|spec| spec.key)
    }

    /// The key that a word of `match_on` asks for.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        KEYS.iter().find(|spec| spec.word == Some(word)).map(|spec| spec.key)
    }

    /// Its word in `match_on`; its name in a schema where it has none.
    pub(super) fn word(self) -> &'static str {
        self.spec().word.unwrap_or(self.spec().name)
    }

    /// Its name in a schema.
    pub(super) fn name(self) -> &'static str {
        self.spec().name
    }

    /// Whether its cells are hashes.
    pub(super) fn is_hashed(self) -> bool {
        self.spec().hashed
    }

    /// Whether it finds a person by itself.
    pub(super) fn is_strong(self) -> bool {
        self.spec().strong
    }

    /// Whether it says who somebody is, rather than something about them.
    pub(super) fn identifies(self) -> bool {
        self.spec().word.is_some()
    }

    /// A cell as it stands in a request. Values and the numbers of places are numbers, processing options a list.
    pub(super) fn json(self, cell: &str) -> Value {
        match self {
            Self::Value | Self::ProcessingCountry | Self::ProcessingState => number(cell),
            Self::Processing if cell.is_empty() => Value::Array(Vec::new()),
            Self::Processing => Value::from(vec![cell]),
            _ => Value::from(cell),
        }
    }

    fn spec(self) -> &'static KeySpec {
        &KEYS[self as usize]
    }
}

/// A number as JSON: whole ones without a fraction, nothing as 0.
fn number(text: &str) -> Value {
    let whole = text.parse::<u64>().map(Value::from);
    whole.unwrap_or_else(|_| text.parse::<f64>().map_or_else(|_| Value::from(0), Value::from))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_keys() {
        for key in KEYS.iter().map(|spec| spec.key) {
            assert_eq!(key.spec().key, key);
            assert_eq!(Key::parse(key.name()), Some(key));
        }
    }
}
