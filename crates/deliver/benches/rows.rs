//! Building rows for Facebook: normalizing and hashing ten keys a person, measured beside the official SDK by
//! `tests/bench/rows.py`, which starts this with a file of people.
//!
//! `rows FILE TURNS`: prints seconds of each turn and a digest of all cells as JSON.

#![expect(clippy::print_stdout, reason = "a benchmark prints its answer")]

use std::collections::BTreeMap;
use std::time::Instant;

use model::{Person, ProfileId, PublicId, Value};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// The keys of a line, as traits, and the words they are matched on by.
const FIELDS: [(&str, &str); 10] = [
    ("email", "email"),
    ("phone", "phone"),
    ("first_name", "first_name"),
    ("last_name", "last_name"),
    ("gender", "gender"),
    ("birth_year", "birth_year"),
    ("city", "city"),
    ("state", "state"),
    ("zip", "zip"),
    ("country", "country"),
];

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let (Some(file), Some(turns)) = (arguments.next(), arguments.next().and_then(|turns| turns.parse::<u32>().ok())) else {
        // `cargo bench` without a file has nothing to measure.
        println!("{{}}");
        return;
    };
    let text = std::fs::read_to_string(file).expect("a file of people");
    let people: Vec<Person> = (0..).zip(text.lines()).map(|(number, line)| person(number, line)).collect();
    let words = FIELDS.map(|(_, word)| word);
    let mut seconds = Vec::new();
    let mut digest = Sha256::new();
    for _ in 0..turns {
        let started = Instant::now();
        let rows = deliver::facebook_rows(&people, &words);
        seconds.push(started.elapsed().as_secs_f64());
        digest = Sha256::new();
        for cell in rows.cells() {
            digest.update(cell);
            digest.update("\n");
        }
    }
    let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{}", json!({ "people": people.len(), "seconds": seconds, "digest": digest }));
}

/// One line: the ten values as a JSON array, in the order of the fields.
fn person(number: u32, line: &str) -> Person {
    let values: Vec<String> = serde_json::from_str(line).expect("ten texts");
    let traits: BTreeMap<String, Value> =
        FIELDS.iter().zip(values).map(|((name, _), value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
    Person { profile: ProfileId(number), public_id: PublicId(format!("p-{number}")), identifiers: Vec::new(), traits }
}
