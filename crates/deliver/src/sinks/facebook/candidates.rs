//! Candidates: the raw values that a person's identifiers and traits offer for each key, best first.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use model::{IdentifierKind, Person, Value};

use super::key::Key;
use super::normalize::{self, Emptied};
use crate::traits::trait_at;

/// Spellings of traits by key, in order of preference: those of Segment's spec and of its Facebook destinations. One
/// after a dot is inside an object.
#[rustfmt::skip]
pub(super) const SPELLINGS: [(Key, &[&str]); 15] = [
    (Key::Email,        &["email"]),
    (Key::Phone,        &["phone", "phone_number", "phonenumber", "phoneNumber"]),
    (Key::FirstName,    &["first_name", "firstname", "firstName", "first"]),
    (Key::LastName,     &["last_name", "lastname", "lastName", "last"]),
    (Key::FirstInitial, &["first_initial", "firstInitial"]),
    (Key::Gender,       &["gender", "gen"]),
    (Key::BirthYear,    &["birth_year", "birthYear"]),
    (Key::BirthMonth,   &["birth_month", "birthMonth"]),
    (Key::BirthDay,     &["birth_day", "birthDay"]),
    (Key::City,         &["city", "address_city", "address.city"]),
    (Key::State,        &["state", "address_state", "address.state"]),
    (Key::Zip,          &["zip", "address_zip", "zip_code", "zipCode", "postal_code", "postalCode", "address.postalCode", "address.postal_code", "address.zip"]),
    (Key::Country,      &["country", "country_code", "countryCode", "address_country", "address.country"]),
    (Key::AppUser,      &["facebook_app_user_id"]),
    (Key::PageUser,     &["facebook_page_user_id"]),
];

/// Traits that hold a date of birth, whole; a bare number in them is the day.
const BIRTHDAYS: [&str; 6] = ["birthday", "birth_day", "date_of_birth", "DOB", "dateOfBirth", "birth_date"];

/// What a trait of some name may be taken for.
#[derive(Clone, Copy)]
enum Meaning {
    /// The value of a key, as so many spellings are preferred to it.
    Value(Key, usize),
    /// A date of birth.
    Birthday(usize),
    /// A member of the object is the value of a key.
    Member(&'static str, Key, usize),
}

/// From a trait's name to what it may be: people have few traits, and there are many spellings.
static MEANINGS: LazyLock<HashMap<&'static str, Vec<Meaning>>> = LazyLock::new(|| {
    let mut meanings: HashMap<&'static str, Vec<Meaning>> = HashMap::new();
    for (key, spellings) in SPELLINGS {
        for (rank, spelling) in spellings.iter().enumerate() {
            match spelling.split_once('.') {
                None => meanings.entry(spelling).or_default().push(Meaning::Value(key, rank)),
                Some((outer, inner)) => meanings.entry(outer).or_default().push(Meaning::Member(inner, key, rank)),
            }
        }
    }
    for (rank, spelling) in BIRTHDAYS.iter().enumerate() {
        meanings.entry(spelling).or_default().push(Meaning::Birthday(BIRTHDAY_RANK + rank));
    }
    meanings
});

/// Identifiers come before every spelling.
const SPELLING_RANK: usize = 1;
/// Parts of a date come after the traits that hold them by themselves.
const BIRTHDAY_RANK: usize = 100;

type Candidate<'p> = Result<Cow<'p, str>, Emptied>;

/// The raw values that might go under each key.
pub(super) struct Candidates<'p> {
    /// By key, the preferred ones first.
    found: Vec<(Key, usize, Candidate<'p>)>,
}

impl<'p> Candidates<'p> {
    pub(super) fn of(person: &'p Person) -> Self {
        let mut candidates = Self { found: Vec::with_capacity(person.traits.len() + person.identifiers.len()) };
        for identifier in &person.identifiers {
            let key = match identifier.kind.as_str() {
                IdentifierKind::EMAIL => Key::Email,
                IdentifierKind::ANDROID_IDFA | IdentifierKind::IOS_IDFA => Key::Madid,
                "phone" => Key::Phone,
                _ => continue,
            };
            candidates.push(key, 0, Ok(Cow::Borrowed(&identifier.value)));
        }
        for (name, value) in &person.traits {
            for meaning in MEANINGS.get(name.as_str()).into_iter().flatten() {
                match *meaning {
                    Meaning::Value(key, rank) => candidates.push_value(key, SPELLING_RANK + rank, value),
                    Meaning::Birthday(rank) => candidates.push_birthday(rank, value),
                    Meaning::Member(inner, key, rank) => {
                        if let Value::Object(members) = value
                            && let Some(value) = members.get(inner)
                        {
                            candidates.push_value(key, SPELLING_RANK + rank, value);
                        }
                    }
                }
            }
        }
        candidates.sort();
        candidates
    }

    /// Takes a key's values from a named trait and from identifiers of that kind, and from nowhere else.
    pub(super) fn take_from(&mut self, key: Key, field: &str, person: &'p Person) {
        self.found.retain(|(held, ..)| *held != key);
        match trait_at(&person.traits, field) {
            Some(value) if key == Key::BirthDay => self.push_birthday(BIRTHDAY_RANK, value),
            Some(value) => self.push_value(key, 0, value),
            None => {}
        }
        for identifier in person.identifiers.iter().filter(|identifier| identifier.kind.as_str() == field) {
            self.push(key, SPELLING_RANK, Ok(Cow::Borrowed(&identifier.value)));
        }
        self.sort();
    }

    /// A key's values, each once.
    pub(super) fn get(&self, key: Key) -> impl Iterator<Item = Result<&str, Emptied>> {
        let first = self.found.partition_point(|(held, ..)| *held < key);
        let of_key = self.found[first..].split(move |(held, ..)| *held != key).next().unwrap_or_default();
        let is_repeated = move |at: usize| of_key[..at].iter().any(|(_, _, earlier)| *earlier == of_key[at].2);
        (0..of_key.len()).filter(move |at| !is_repeated(*at)).map(|at| of_key[at].2.as_ref().map(AsRef::as_ref).map_err(|reason| *reason))
    }

    /// Only the order of preference counts: what is equally preferred stays as it was found.
    fn sort(&mut self) {
        self.found.sort_by_key(|(key, rank, _)| (*key, *rank));
    }

    fn push(&mut self, key: Key, rank: usize, candidate: Candidate<'p>) {
        self.found.push((key, rank, candidate));
    }

    fn push_value(&mut self, key: Key, rank: usize, value: &'p Value) {
        if let Some(candidate) = normalize::value_text(value).transpose() {
            self.push(key, rank, candidate);
        }
    }

    fn push_birthday(&mut self, rank: usize, value: &'p Value) {
        let Some(candidate) = normalize::value_text(value).transpose() else { return };
        match candidate.as_deref().ok().and_then(normalize::split_birth_date) {
            Some(date) => {
                self.push(Key::BirthYear, rank, Ok(Cow::Owned(date.year)));
                self.push(Key::BirthMonth, rank, Ok(Cow::Owned(date.month)));
                self.push(Key::BirthDay, rank, Ok(Cow::Owned(date.day)));
            }
            None => self.push(Key::BirthDay, rank, candidate),
        }
    }
}
