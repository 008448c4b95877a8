//! Repeated values: first names, towns and countries are few, and their cells are made once.
//!
//! It never holds a value that finds a person by itself, and it lives as long as one sync.

use std::collections::HashMap;

use super::key::Key;
use super::normalize::{self, Emptied, Rules};
use super::row::Cell;

/// Values of one key that are remembered; more of them are no repetition.
const VALUES_MAX: usize = 50_000;

type Made = Result<Option<Cell>, Emptied>;

/// From raw values to their cells.
type Values = HashMap<String, Made>;

/// What was made of which value.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    /// By key, where the value says it all.
    plain: HashMap<Key, Values>,
    /// By key and country, where the same text means something else elsewhere.
    local: HashMap<(Key, Option<[u8; 2]>), Values>,
    /// Which country a text names.
    countries: HashMap<String, Option<Cell>>,
}

impl Repeated {
    /// The cell for a value: see [`normalize::cell`].
    pub(super) fn cell(&mut self, key: Key, raw: &str, rules: &Rules<'_>) -> Made {
        if key.is_strong() || !key.identifies() {
            return made(key, raw, rules);
        }
        let known = match key {
            Key::State | Key::Zip => {
                let country = rules.country.and_then(|country| country.as_bytes().try_into().ok());
                self.local.entry((key, country)).or_default()
            }
            _ => self.plain.entry(key).or_default(),
        };
        if let Some(cell) = known.get(raw) {
            return cell.clone();
        }
        let cell = made(key, raw, rules);
        if known.len() < VALUES_MAX {
            known.insert(raw.to_owned(), cell.clone());
        }
        cell
    }

    /// The country that a text names, alpha-2 and lower case.
    pub(super) fn country(&mut self, raw: &str) -> Option<Cell> {
        if let Some(country) = self.countries.get(raw) {
            return country.clone();
        }
        let country = normalize::country_code(raw).map(Cell::from);
        if self.countries.len() < VALUES_MAX {
            self.countries.insert(raw.to_owned(), country.clone());
        }
        country
    }
}

fn made(key: Key, raw: &str, rules: &Rules<'_>) -> Made {
    Ok(normalize::cell(key, raw, rules)?.map(Cell::from))
}

#[cfg(test)]
mod tests {
    use super::super::normalize::CityStyle;
    use super::*;

    #[test]
    fn what_is_repeated_is_what_was_made_for_that_country() {
        let mut repeated = Repeated::default();
        for country in [None, Some("us"), Some("ca"), Some("de"), Some("us")] {
            let rules = Rules { country, city_style: CityStyle::Fold, year_max: 2_026, formatting: true };
            for key in [Key::State, Key::Zip, Key::City, Key::Country, Key::FirstName, Key::Gender] {
                for raw in ["New York", "Ontario", "10115", "94025-1234", "Deutschland", "x", ""] {
                    let made = made(key, raw, &rules);
                    assert_eq!(repeated.cell(key, raw, &rules), made, "{key} {raw} {country:?}");
                    assert_eq!(repeated.cell(key, raw, &rules), made, "{key} {raw} {country:?}, again");
                }
            }
        }
    }
}
