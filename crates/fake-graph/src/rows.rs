//! The rows of one audience, and how a removal finds them.
//!
//! How Facebook resolves people is hidden. This model makes mistakes visible: a removal deletes **every** stored row
//! that shares a strong identifier cell with the given row, so two members who share an e-mail both go.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use crate::keys::Key;

/// The cells of one row that are not empty.
pub(crate) type Row = BTreeMap<Key, String>;

/// Which people exist, and which of them Facebook knows.
#[derive(Clone)]
pub(crate) struct People {
    pub(crate) match_share: f64,
    pub(crate) by_cell: BTreeMap<String, String>,
}

/// A set of rows with its index by identifier.
#[derive(Clone, Default)]
pub(crate) struct RowSet {
    rows: BTreeMap<u64, Row>,
    next: u64,
    by_identity: HashMap<String, u64>,
    by_token: HashMap<String, BTreeSet<u64>>,
    rows_of_person: HashMap<String, u64>,
    matched: u64,
}

impl RowSet {
    /// Puts the row in. The same person described by the same cells again replaces the earlier row.
    pub(crate) fn add(&mut self, row: Row, people: &People) {
        let identity = identity(&row);
        if let Some(number) = self.by_identity.get(&identity) {
            self.rows.insert(*number, row);
            return;
        }
        let number = self.next;
        self.next += 1;
        for token in tokens(&row, people) {
            self.by_token.entry(token).or_default().insert(number);
        }
        let person = person(&row, people);
        let count = self.rows_of_person.entry(person.clone()).or_default();
        *count += 1;
        if *count == 1 && people.knows(&person) {
            self.matched += 1;
        }
        self.by_identity.insert(identity, number);
        self.rows.insert(number, row);
    }

    /// Deletes what the row stands for, and says how many rows went.
    pub(crate) fn remove(&mut self, row: &Row, people: &People) -> usize {
        let tokens = tokens(row, people);
        let mut numbers = BTreeSet::new();
        if tokens.is_empty() {
            numbers.extend(self.by_identity.get(&identity(row)));
        }
        for token in &tokens {
            numbers.extend(self.by_token.get(token).into_iter().flatten());
        }
        for number in &numbers {
            self.drop_row(*number, people);
        }
        numbers.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// How many different people among the rows Facebook knows.
    pub(crate) fn matched(&self) -> u64 {
        self.matched
    }

    fn drop_row(&mut self, number: u64, people: &People) {
        let Some(row) = self.rows.remove(&number) else { return };
        self.by_identity.remove(&identity(&row));
        for token in tokens(&row, people) {
            if let Some(numbers) = self.by_token.get_mut(&token) {
                numbers.remove(&number);
                if numbers.is_empty() {
                    self.by_token.remove(&token);
                }
            }
        }
        let person = person(&row, people);
        let Some(count) = self.rows_of_person.get_mut(&person) else { return };
        *count -= 1;
        if *count == 0 {
            self.rows_of_person.remove(&person);
            if people.knows(&person) {
                self.matched -= 1;
            }
        }
    }
}

impl People {
    /// The same answer for the same person in every run: the hash decides, not chance.
    pub(crate) fn knows(&self, person: &str) -> bool {
        let digest = Sha256::digest(person.as_bytes());
        let mut first = [0_u8; 8];
        first.copy_from_slice(&digest[..8]);
        (u64::from_be_bytes(first) as f64) < self.match_share * (u64::MAX as f64)
    }

    fn token(&self, key: Key, cell: &str) -> String {
        self.by_cell.get(cell).map_or_else(|| format!("{}:{cell}", key.name()), |person| format!("person:{person}"))
    }
}

fn tokens(row: &Row, people: &People) -> BTreeSet<String> {
    row.iter().filter(|(key, _)| key.is_strong()).map(|(key, cell)| people.token(*key, cell)).collect()
}

/// Who the row is about: its most trusted strong cell, or else all of it.
fn person(row: &Row, people: &People) -> String {
    let strongest = Key::strong().find_map(|key| row.get(&key).map(|cell| people.token(key, cell)));
    strongest.unwrap_or_else(|| identity(row))
}

fn identity(row: &Row) -> String {
    let mut text = String::new();
    for (key, cell) in row.iter().filter(|(key, _)| key.identifies()) {
        text.push_str(key.name());
        text.push('\u{1}');
        text.push_str(cell);
        text.push('\u{2}');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[(&str, &str)]) -> Row {
        cells.iter().map(|(key, cell)| (Key::parse(key).unwrap(), (*cell).to_owned())).collect()
    }

    #[track_caller]
    fn check(stored: &[&[(&str, &str)]], removed: &[(&str, &str)], people: &[(&str, &str)], left: usize) {
        let by_cell = people.iter().map(|(cell, person)| ((*cell).to_owned(), (*person).to_owned())).collect();
        let people = People { match_share: 1.0, by_cell };
        let mut rows = RowSet::default();
        for cells in stored {
            rows.add(row(cells), &people);
        }
        rows.remove(&row(removed), &people);
        assert_eq!(rows.iter().count(), left);
        let persons: BTreeSet<String> = rows.iter().map(|row| person(row, &people)).collect();
        assert_eq!(rows.matched(), persons.len() as u64, "the running count is the count");
    }

    #[test]
    fn a_shared_email_takes_both() {
        check(
            &[&[("EMAIL", "e"), ("EXTERN_ID", "1")], &[("EMAIL", "e"), ("EXTERN_ID", "2")]],
            &[("EXTERN_ID", "1"), ("EMAIL", "e")],
            &[],
            0,
        );
    }

    #[test]
    fn one_shared_cell_is_enough() {
        check(&[&[("EMAIL", "e"), ("PHONE", "p")], &[("PHONE", "q")]], &[("PHONE", "p"), ("EMAIL", "other")], &[], 1);
    }

    #[test]
    fn weak_cells_must_all_agree() {
        let stored: &[&[(&str, &str)]] = &[&[("FN", "a"), ("LN", "b"), ("ZIP", "z")], &[("FN", "a"), ("LN", "b")]];
        check(stored, &[("FN", "a"), ("LN", "b")], &[], 1);
        check(stored, &[("FN", "a")], &[], 2);
    }

    #[test]
    fn the_same_row_twice_is_one_row() {
        check(&[&[("EMAIL", "e"), ("LOOKALIKE_VALUE", "1")], &[("EMAIL", "e"), ("LOOKALIKE_VALUE", "2")]], &[("EMAIL", "x")], &[], 1);
    }

    #[test]
    fn two_hashes_may_be_one_person() {
        check(&[&[("EMAIL", "home")], &[("PHONE", "p")]], &[("EMAIL", "work")], &[("home", "ann"), ("work", "ann")], 1);
    }
}
