//! From people to rows: whose rows should be there, and why some people have none.

use std::collections::{BTreeMap, BTreeSet};

use model::Person;

use super::candidates::Candidates;
use super::key::Key;
use super::limited::Limited;
use super::normalize::{self, CityStyle, Emptied, Rules};
use super::repeated::Repeated;
use super::row::{Cell, Row};
use crate::traits::trait_at;

/// Values of one key that a single person gets rows for; the first ones seen.
const VALUES_MAX: usize = 10;

/// Why somebody has no row.
pub(super) const INSUFFICIENT: &str = "insufficient_identifiers";

/// How people become rows at one destination for one audience.
pub(super) struct RowRules {
    /// The keys to send.
    pub(super) keys: BTreeSet<Key>,
    /// Whether our own id is enough by itself: only when the definition asks to match on it. Facebook knows it for 90 days
    /// after it came with something else, and not at all before.
    pub(super) extern_id_suffices: bool,
    /// Alpha-2, lower case.
    pub(super) default_country: Option<String>,
    pub(super) city_style: CityStyle,
    pub(super) year_max: i32,
    /// Where a key's values are, for keys whose usual places are not meant: a trait, or a kind of identifier.
    pub(super) fields: BTreeMap<Key, String>,
    /// Whether values are normalized before they are hashed.
    pub(super) formatting: bool,
    /// Whose data is limited.
    pub(super) limited: Option<Limited>,
    /// The trait that says what somebody is worth, for a value-based audience.
    pub(super) value: Option<String>,
}

/// What somebody is worth of whom nothing is known, or nothing that can be used: Facebook wants a number in every row.
const NO_VALUE: &str = "0";

/// Everything that should be at the destination.
#[derive(Debug, Default)]
pub(super) struct Desired {
    pub(super) rows: Vec<Row>,
    /// People with at least one row.
    pub(super) sendable: u64,
    /// People without one.
    pub(super) insufficient: u64,
    /// Values that were there and could not be used.
    pub(super) emptied: BTreeMap<(Key, Emptied), u64>,
    repeated: Repeated,
}

impl Desired {
    /// Adds one person's rows.
    pub(super) fn add(&mut self, person: &Person, rules: &RowRules) {
        let mut candidates = Candidates::of(person);
        for (key, field) in &rules.fields {
            candidates.take_from(*key, field, person);
        }
        let country = candidates.get(Key::Country).flatten().find_map(|raw| self.repeated.country(raw));
        let country = country.or_else(|| rules.default_country.as_deref().map(Cell::from));
        let cell_rules =
            Rules { country: country.as_deref(), city_style: rules.city_style, year_max: rules.year_max, formatting: rules.formatting };
        let mut main = Row { profile: person.profile, cells: Vec::with_capacity(rules.keys.len()) };
        let mut further = Vec::new();
        for key in &rules.keys {
            let values = match key {
                Key::ExternId if !rules.fields.contains_key(key) => self.several(*key, [Ok(person.public_id.0.as_str())], &cell_rules),
                Key::Email | Key::Phone | Key::Madid => self.several(*key, candidates.get(*key), &cell_rules),
                _ => {
                    main.cells.extend(self.first(*key, candidates.get(*key), &cell_rules).map(|cell| (*key, cell)));
                    continue;
                }
            };
            let mut values = values.into_iter();
            main.cells.extend(values.next().map(|cell| (*key, cell)));
            further.extend(values.map(|cell| (*key, cell)));
        }
        if !is_sufficient(|key| main.has(key), rules.extern_id_suffices) {
            self.insufficient += 1;
            return;
        }
        self.sendable += 1;
        let value = rules.value.as_ref().map(|name| (Key::Value, self.value(person, name, &cell_rules)));
        let limits = rules.limited.as_ref().map(|limited| limited.cells(person)).unwrap_or_default();
        let about: Vec<_> = value.into_iter().chain(limits).collect();
        for (key, cell) in further {
            let extern_id = main.cells.iter().find(|(key, _)| *key == Key::ExternId).cloned();
            let cells = extern_id.into_iter().chain([(key, cell)]).chain(about.iter().cloned()).collect();
            self.rows.push(Row { profile: person.profile, cells });
        }
        main.cells.extend(about);
        self.rows.push(main);
    }

    /// What the person is worth.
    fn value(&mut self, person: &Person, name: &str, rules: &Rules<'_>) -> Cell {
        let said = trait_at(&person.traits, name).and_then(|value| normalize::value_text(value).transpose());
        let said = said.as_ref().map(|said| said.as_deref().map_err(|reason| *reason));
        self.first(Key::Value, said, rules).unwrap_or_else(|| NO_VALUE.into())
    }

    /// Every usable value, once.
    fn several<'c>(&mut self, key: Key, candidates: impl IntoIterator<Item = Result<&'c str, Emptied>>, rules: &Rules<'_>) -> Vec<Cell> {
        let mut cells = Vec::new();
        for candidate in candidates {
            match candidate.and_then(|raw| self.repeated.cell(key, raw, rules)) {
                Ok(Some(cell)) if !cells.contains(&cell) && cells.len() < VALUES_MAX => cells.push(cell),
                Ok(_) => {}
                Err(reason) => self.note(key, reason),
            }
        }
        cells
    }

    /// The first usable value. One bad spelling does not matter while another one is good.
    fn first<'c>(&mut self, key: Key, candidates: impl IntoIterator<Item = Result<&'c str, Emptied>>, rules: &Rules<'_>) -> Option<Cell> {
        let mut reason = None;
        for candidate in candidates {
            match candidate.and_then(|raw| self.repeated.cell(key, raw, rules)) {
                Ok(Some(cell)) => return Some(cell),
                Ok(None) => {}
                Err(why) => reason = reason.or(Some(why)),
            }
        }
        if let Some(reason) = reason {
            self.note(key, reason);
        }
        None
    }

    fn note(&mut self, key: Key, reason: Emptied) {
        *self.emptied.entry((key, reason)).or_default() += 1;
    }
}

/// Whether Facebook could tell people apart by these keys: something strong, or a first and a last name together with a
/// place or a whole date of birth.
pub(super) fn is_sufficient(has: impl Fn(Key) -> bool, extern_id_suffices: bool) -> bool {
    let strong = Key::all().any(|key| key.is_strong() && (key != Key::ExternId || extern_id_suffices) && has(key));
    let named = (has(Key::FirstName) || has(Key::FirstInitial)) && has(Key::LastName);
    let born = has(Key::BirthYear) && has(Key::BirthMonth) && has(Key::BirthDay);
    strong || (named && (has(Key::Zip) || has(Key::City) || born))
}

#[cfg(test)]
mod tests {
    use model::{Identifier, IdentifierKind, ProfileId, PublicId, Value};

    use super::super::candidates::SPELLINGS;

    use super::*;

    fn rules(words: &[&str]) -> RowRules {
        let keys: BTreeSet<Key> =
            if words.is_empty() { Key::all().collect() } else { words.iter().map(|word| Key::from_word(word).expect(word)).collect() };
        let extern_id_suffices = words.contains(&"external_id");
        RowRules {
            keys,
            extern_id_suffices,
            default_country: None,
            city_style: CityStyle::Fold,
            year_max: 2026,
            fields: BTreeMap::new(),
            formatting: true,
            limited: None,
            value: None,
        }
    }

    fn person(identifiers: &[(&str, &str)], traits: &[(&str, Value)]) -> Person {
        let identifier = |(kind, raw): &(&str, &str)| Identifier::parse(&IdentifierKind::new(kind), raw).expect(raw);
        Person {
            profile: ProfileId(1),
            public_id: PublicId("u-1".to_owned()),
            identifiers: identifiers.iter().map(identifier).collect(),
            traits: traits.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        }
    }

    fn desired(person: &Person, words: &[&str]) -> Desired {
        let mut desired = Desired::default();
        desired.add(person, &rules(words));
        desired
    }

    /// The keys of each row.
    #[track_caller]
    fn check(person: &Person, words: &[&str], expected: &[&str]) {
        let desired = desired(person, words);
        let schemas: Vec<String> =
            desired.rows.iter().map(|row| row.cells.iter().map(|(key, _)| key.name()).collect::<Vec<_>>().join(",")).collect();
        assert_eq!(schemas, expected);
        assert_eq!((desired.sendable, desired.insufficient), if expected.is_empty() { (0, 1) } else { (1, 0) });
    }

    #[test]
    fn every_spelling_finds_its_key() {
        for (key, spellings) in SPELLINGS {
            for spelling in spellings {
                let value = match key {
                    Key::Email => Value::from("mary@example.com"),
                    Key::Phone => Value::from("+1 555 987 6543"),
                    Key::Gender => Value::from("f"),
                    Key::BirthYear => Value::from(1990.0),
                    Key::BirthMonth | Key::BirthDay => Value::from(7.0),
                    Key::Zip => Value::from("94025"),
                    Key::Country => Value::from("US"),
                    _ => Value::from("Mary"),
                };
                let traits = match spelling.split_once('.') {
                    Some((outer, inner)) => vec![(outer, Value::Object([(inner.to_owned(), value)].into()))],
                    None => vec![(*spelling, value)],
                };
                let person = person(&[("android.idfa", "6d92078a-8246-4ba4-ae5b-76104861e7dc")], &traits);
                let desired = desired(&person, &[]);
                assert!(desired.rows.iter().any(|row| row.has(key)), "{spelling}");
            }
        }
    }

    #[test]
    fn several_addresses_make_several_rows() {
        let person =
            person(&[("email", "a@example.com"), ("email", "b@example.com"), ("ios.idfa", "6d92")], &[("email", "A@example.com".into())]);
        check(&person, &[], &["EXTERN_ID,EMAIL", "EXTERN_ID,EMAIL,MADID"]);
        check(&person, &["email"], &["EMAIL", "EMAIL"]);
    }

    #[test]
    fn our_own_id_alone_is_enough_only_when_asked_for() {
        let person = person(&[("user_id", "7")], &[]);
        check(&person, &[], &[]);
        check(&person, &["email"], &[]);
        check(&person, &["external_id"], &["EXTERN_ID"]);
        check(&person, &["email", "external_id"], &["EXTERN_ID"]);
    }

    #[test]
    fn names_need_a_place_or_a_birthday() {
        let (first, last) = (("first_name", Value::from("Mary")), ("last_name", Value::from("Smith")));
        let with = |more: &[(&str, Value)]| person(&[], &[&[first.clone(), last.clone()], more].concat());
        check(&with(&[]), &[], &[]);
        check(&with(&[("country", "US".into()), ("gender", "f".into())]), &[], &[]);
        check(&with(&[("city", "Menlo Park".into())]), &[], &["EXTERN_ID,FN,LN,CT"]);
        check(&with(&[("birth_year", 1990.0.into()), ("birth_month", 5.0.into())]), &[], &[]);
        check(&with(&[("birthday", "1990-05-17".into())]), &[], &["EXTERN_ID,FN,LN,DOBY,DOBM,DOBD"]);
        check(&person(&[], &[last.clone(), ("zip", "94025".into())]), &[], &[]);
    }

    #[test]
    fn what_cannot_be_used_is_counted_by_key_and_reason() {
        let person = person(
            &[("email", "a@example.com")],
            &[("phone", "12".into()), ("gender", "x".into()), ("gen", "f".into()), ("city", true.into()), ("state", " ".into())],
        );
        let desired = desired(&person, &[]);
        let expected = [((Key::Phone, Emptied::Invalid), 1), ((Key::City, Emptied::NotText), 1)];
        assert_eq!(desired.emptied, expected.into());
        assert_eq!(desired.sendable, 1);
    }

    #[test]
    fn every_row_of_a_person_carries_the_value() {
        let cells = |value: Option<Value>| {
            let mut person = person(&[("email", "a@example.com"), ("email", "b@example.com")], &[]);
            person.traits.extend(value.map(|value| ("worth".to_owned(), value)));
            let mut desired = Desired::default();
            desired.add(&person, &RowRules { value: Some("worth".to_owned()), ..rules(&["email"]) });
            let values: Vec<_> = desired.rows.iter().map(|row| row.cell(Key::Value).to_owned()).collect();
            (values, desired.emptied.len())
        };
        let both = |text: &str| vec![text.to_owned(); 2];
        assert_eq!(cells(Some(12.5.into())), (both("12.5"), 0));
        assert_eq!(cells(Some("100".into())), (both("100"), 0));
        assert_eq!(cells(None), (both("0"), 0));
        for unusable in [Value::from(-1.0), "much".into(), true.into()] {
            assert_eq!(cells(Some(unusable)), (both("0"), 1));
        }
    }

    #[test]
    fn the_country_of_the_person_reads_the_phone() {
        let phone = |traits: &[(&str, Value)], default: Option<&str>| {
            let mut desired = Desired::default();
            desired.add(&person(&[], traits), &RowRules { default_country: default.map(str::to_owned), ..rules(&["phone"]) });
            desired.rows.pop().map(|row| row.cell(Key::Phone).to_owned())
        };
        let international = phone(&[("phone", "+44 20 7946 0018".into())], None);
        assert!(international.is_some());
        assert_eq!(phone(&[("phone", "020 7946 0018".into()), ("country", "UK".into())], Some("us")), international);
        assert_eq!(phone(&[("phone", "020 7946 0018".into())], Some("gb")), international);
    }
}
