//! Identifiers by number: looked for once per message, compared as numbers from then on.

use std::hash::RandomState;

use hashbrown::HashTable;
use model::Identifier;

use crate::block::{IdRef, hash};
use crate::kinds::{Kind, Kinds};

/// An identifier met before, or now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(u32);

/// The identifiers met so far, each once.
#[derive(Debug)]
pub(crate) struct Numbers {
    hasher: RandomState,
    table: HashTable<u32>,
    entries: Vec<Entry>,
    text: String,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    kind: Kind,
    start: usize,
    length: u32,
}

impl Numbers {
    /// None yet. The hasher is the one that [`IdRef`]s come from.
    pub(crate) fn new(hasher: RandomState) -> Self {
        Self { hasher, table: HashTable::new(), entries: Vec::new(), text: String::new() }
    }

    /// The number of an identifier, a new one if it was not met before.
    pub(crate) fn of(&mut self, id: IdRef<'_>) -> Number {
        let Self { table, entries, text, .. } = self;
        if let Some(number) = table.find(id.hash, |number| is(&entries[*number as usize], text, id)) {
            return Number(*number);
        }
        let number = u32::try_from(entries.len()).expect("they are forgotten long before there are 2^32");
        let entry = Entry { hash: id.hash, kind: id.kind, start: text.len(), length: u32::try_from(id.value.len()).expect("short") };
        text.push_str(id.value);
        entries.push(entry);
        table.insert_unique(id.hash, number, |number| entries[*number as usize].hash);
        Number(number)
    }

    /// The numbers of many. All are looked for before the first is compared: most of the time goes into waiting for memory, which
    /// short steps that do not depend on one another do together.
    pub(crate) fn of_all<'b>(&mut self, ids: impl Iterator<Item = IdRef<'b>> + Clone) -> Vec<Number> {
        let Self { table, entries, .. } = &*self;
        let likely: Vec<Option<u32>> =
            ids.clone().map(|id| table.find(id.hash, |number| entries[*number as usize].hash == id.hash).copied()).collect();
        let number = |(id, likely): (IdRef<'b>, Option<u32>)| match likely {
            Some(number) if is(&self.entries[number as usize], &self.text, id) => Number(number),
            Some(_) | None => self.of(id),
        };
        ids.zip(likely).map(number).collect()
    }

    /// The number of one that stands by itself.
    pub(crate) fn of_value(&mut self, kind: Kind, value: &str) -> Number {
        self.of(IdRef { hash: hash(&self.hasher, kind, value), kind, value })
    }

    /// Its kind.
    pub(crate) fn kind(&self, number: Number) -> Kind {
        self.entries[number.index()].kind
    }

    /// The identifier.
    pub(crate) fn identifier(&self, number: Number, kinds: &Kinds) -> Identifier {
        let entry = &self.entries[number.index()];
        Identifier { kind: kinds.rule(entry.kind).kind.clone(), value: value(entry, &self.text).to_owned() }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets all; numbers given before mean nothing any more.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.hasher.clone());
    }
}

impl Number {
    /// As an index into dense arrays.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

fn is(entry: &Entry, text: &str, id: IdRef<'_>) -> bool {
    entry.hash == id.hash && entry.kind == id.kind && value(entry, text) == id.value
}

fn value<'t>(entry: &Entry, text: &'t str) -> &'t str {
    &text[entry.start..entry.start + entry.length as usize]
}
