//! Match keys: the columns of a row, and the words by which definitions ask for them.

use std::fmt;

/// A column that Facebook matches people by. The order is that of a row's cells.
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
}

/// What is known about each key.
struct KeySpec {
    key: Key,
    /// Its name in a schema.
    name: &'static str,
    /// Its word in `match_on`.
    word: &'static str,
    /// Whether cells are hashes.
    hashed: bool,
    /// Whether it finds a person by itself.
    strong: bool,
}

#[rustfmt::skip]
const KEYS: [KeySpec; 15] = [
    KeySpec { key: Key::ExternId,     name: "EXTERN_ID", word: "external_id",   hashed: false, strong: true },
    KeySpec { key: Key::Email,        name: "EMAIL",     word: "email",         hashed: true,  strong: true },
    KeySpec { key: Key::Phone,        name: "PHONE",     word: "phone",         hashed: true,  strong: true },
    KeySpec { key: Key::Madid,        name: "MADID",     word: "mobile_id",     hashed: false, strong: true },
    KeySpec { key: Key::FirstName,    name: "FN",        word: "first_name",    hashed: true,  strong: false },
    KeySpec { key: Key::LastName,     name: "LN",        word: "last_name",     hashed: true,  strong: false },
    KeySpec { key: Key::FirstInitial, name: "FI",        word: "first_initial", hashed: true,  strong: false },
    KeySpec { key: Key::Gender,       name: "GEN",       word: "gender",        hashed: true,  strong: false },
    KeySpec { key: Key::BirthYear,    name: "DOBY",      word: "birth_year",    hashed: true,  strong: false },
    KeySpec { key: Key::BirthMonth,   name: "DOBM",      word: "birth_month",   hashed: true,  strong: false },
    KeySpec { key: Key::BirthDay,     name: "DOBD",      word: "birth_day",     hashed: true,  strong: false },
    KeySpec { key: Key::City,         name: "CT",        word: "city",          hashed: true,  strong: false },
    KeySpec { key: Key::State,        name: "ST",        word: "state",         hashed: true,  strong: false },
    KeySpec { key: Key::Zip,          name: "ZIP",       word: "zip",           hashed: true,  strong: false },
    KeySpec { key: Key::Country,      name: "COUNTRY",   word: "country",       hashed: true,  strong: false },
];

impl Key {
    /// All keys, in the order of cells.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        KEYS.iter().map(|spec| spec.key)
    }

    /// All words of `match_on`.
    pub(super) fn words() -> impl Iterator<Item = &'static str> {
        KEYS.iter().map(|spec| spec.word)
    }

    /// The key with this name in a schema.
    pub(super) fn parse(name: &str) -> Option<Self> {
        KEYS.iter().find(|spec| spec.name == name).map(|spec| spec.key)
    }

    /// The key that a word of `match_on` asks for.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        KEYS.iter().find(|spec| spec.word == word).map(|spec| spec.key)
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

    fn spec(self) -> &'static KeySpec {
        &KEYS[self as usize]
    }
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
        for key in Key::all() {
            assert_eq!(key.spec().key, key);
            assert_eq!(Key::parse(key.name()), Some(key));
        }
    }
}
