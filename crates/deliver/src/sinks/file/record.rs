//! Records: what a line says of one person, and how that is known in the ledger.

use model::{Person, Value};
use sha2::{Digest as _, Sha256};

use super::options::{Field, Options};
use crate::SyncJob;
use crate::hex::hex;
use crate::roster::{Entry, Schema, fingerprint};
use crate::traits::trait_at;

/// What the ledger keeps of a person: the opaque id, and the line as a fingerprint.
pub(super) const SCHEMA: Schema = Schema { names: "PUBLIC_ID,SHA256", key: |cells| cells[0].clone() };

/// One person's line, cell by cell in the order of the columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    /// What the ledger knows it by.
    pub(super) fingerprint: String,
    pub(super) cells: Vec<Option<Value>>,
}

/// What lines are made of for one audience.
pub(super) struct Columns {
    fields: Vec<Field>,
    pub(super) names: Vec<String>,
    hash: bool,
}

impl Columns {
    /// The fields of the options, and the value of the sync where it is not among them.
    pub(super) fn of(options: &Options, job: &SyncJob) -> Self {
        let mut fields = options.fields.clone();
        let value = job.value.clone().map(Field::Trait);
        fields.extend(value.filter(|value| !options.fields.contains(value)));
        Self { names: fields.iter().map(Field::name).collect(), fields, hash: options.hash }
    }

    /// One person's line.
    pub(super) fn record(&self, person: &Person) -> Record {
        let cells: Vec<_> = self.fields.iter().map(|field| self.cell(field, person)).collect();
        let line = serde_json::to_string(&cells).unwrap_or_default();
        let texts = self.names.iter().map(String::as_str).chain([person.public_id.0.as_str(), line.as_str()]);
        Record { fingerprint: fingerprint(texts), cells }
    }

    /// The line of somebody of whom nothing else is known.
    pub(super) fn only_id(&self, public_id: &str) -> Vec<Option<Value>> {
        let cell = |field: &Field| (*field == Field::Id).then(|| Value::from(public_id));
        self.fields.iter().map(cell).collect()
    }

    fn cell(&self, field: &Field, person: &Person) -> Option<Value> {
        match field {
            Field::Id => Some(Value::Text(person.public_id.0.clone())),
            Field::Identifier(kind) => {
                let identifier = person.identifiers.iter().find(|identifier| identifier.kind.as_str() == *kind)?;
                let value = &identifier.value;
                Some(Value::Text(if self.hash { hex(&Sha256::digest(value)) } else { value.clone() }))
            }
            Field::Trait(name) => trait_at(&person.traits, name).cloned(),
        }
    }
}

/// The person as the ledger will know them.
pub(super) fn entry(person: &Person, record: &Record) -> Entry {
    Entry { profile: person.profile, cells: vec![person.public_id.0.clone(), record.fingerprint.clone()] }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::conformance::person;

    fn columns(hash: bool) -> Columns {
        let fields = vec![Field::Id, Field::Identifier("email"), Field::Identifier("user_id"), Field::Trait("address.city".to_owned())];
        Columns { names: fields.iter().map(Field::name).collect(), fields, hash }
    }

    #[test]
    fn a_line_says_what_is_known() {
        let mut ben = person(7, "Ben@Example.com");
        let address = Value::Object(BTreeMap::from([("city".to_owned(), Value::from("Graz"))]));
        ben.traits.insert("address".to_owned(), address);
        let text = |text: &str| Some(Value::from(text));
        assert_eq!(columns(false).record(&ben).cells, [text("p-7"), text("ben@example.com"), None, text("Graz")]);
        ben.traits.insert("address.city".to_owned(), Value::from("Linz"));
        assert_eq!(columns(false).record(&ben).cells[3], text("Linz"));
    }

    /// `printf ben@example.com | sha256sum`
    #[test]
    fn hashed_identifiers_hide_the_address_and_not_the_opaque_id() {
        let cells = columns(true).record(&person(7, "ben@example.com")).cells;
        assert_eq!(cells[0], Some(Value::from("p-7")));
        assert_eq!(cells[1], Some(Value::from("f871a76fb7b15231306b634dd91b385c48e9298974308e28e161d845e3e6f060")));
    }

    #[test]
    fn another_line_has_another_fingerprint() {
        let of = |hash, email: &str| columns(hash).record(&person(7, email)).fingerprint;
        assert_eq!(of(false, "a@example.com"), of(false, "a@example.com"));
        assert_ne!(of(false, "a@example.com"), of(false, "b@example.com"));
        assert_ne!(of(false, "a@example.com"), of(true, "a@example.com"));
    }
}
