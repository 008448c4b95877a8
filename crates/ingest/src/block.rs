//! Messages of some lines, packed: what is kept of them lies in a few long vectors, however many they are.
//!
//! A message as read is a handful of small texts; hundreds of thousands of them wait here for their batch, so each text
//! is copied once into one long one, names are kept once, and the hash that finds an identifier is made where the line is
//! read, on whichever core that is.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};

use chrono::NaiveDate;
use hashbrown::HashMap;
use lake::{Member, ValueRef};
use model::{EventName, IdentifierKind, MessageKey, Refusal, Value};

use crate::identifiers::{Carried, Id};
use crate::kinds::Kind;
use crate::message::{Given, Message, MessageKind, When};
use crate::rejection::Rejection;

/// Some lines in a row.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Lines up to its end, from the start of the file.
    pub(crate) lines_done: u64,
    /// Bytes of the file read by then.
    pub(crate) bytes_done: u64,
    /// The messages, in the order of their lines.
    pub(crate) rows: Vec<Row>,
    /// The lines that are no message.
    pub(crate) rejected: Vec<Rejected>,
    /// Values of taken messages that identify nobody, by the place of the message in `rows`; ascending.
    pub(crate) refused: Vec<(usize, IdentifierKind, Refusal)>,
    /// The names of its events, each once.
    events: Vec<EventName>,
    ids: Vec<PackedId>,
    cells: Vec<Cell>,
    names: Vec<String>,
    /// Lists, objects and huge whole numbers.
    others: Vec<Value>,
    text: String,
    event_places: HashMap<EventName, u32>,
    name_places: HashMap<String, u32>,
}

/// A message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) kind: MessageKind,
    pub(crate) when: When,
    /// The UTC day it happened on.
    pub(crate) day: NaiveDate,
    pub(crate) key: MessageKey,
    /// Its line in the file.
    pub(crate) line: u64,
    /// Which of the block's events it is; none for traits.
    pub(crate) event: Option<u32>,
    ids: Span,
    /// The first so many ids are the person's.
    user_ids: u32,
    /// So many after them are the account's.
    account_ids: u32,
    cells: Span,
}

/// A line that is no message.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) line: u64,
    pub(crate) rejection: Rejection,
    pub(crate) refused: Vec<(IdentifierKind, Refusal)>,
}

/// An identifier, as it lies in a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdRef<'b> {
    /// Made by the hasher that the block was filled with.
    pub(crate) hash: u64,
    pub(crate) kind: Kind,
    pub(crate) value: &'b str,
}

/// Where the ids of a row lie among those of its block: of the person, of the account, the two meanings of another id.
#[derive(Debug, Clone)]
pub(crate) struct IdPlaces {
    pub(crate) user: std::ops::Range<usize>,
    pub(crate) account: std::ops::Range<usize>,
    pub(crate) previous: Option<(usize, usize)>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Debug)]
struct PackedId {
    hash: u64,
    kind: Kind,
    value: Span,
}

#[derive(Debug)]
struct Cell {
    name: u32,
    value: CellValue,
}

#[derive(Debug)]
enum CellValue {
    Number(f64),
    Text(Span),
    Flag(bool),
    Other(u32),
    Gone,
}

impl Block {
    /// Takes a message; `hasher` makes the hashes of its identifiers.
    pub(crate) fn take(
        &mut self,
        line: u64,
        message: &Message<'_>,
        key: MessageKey,
        carried: &Carried<'_>,
        refused: Vec<(IdentifierKind, Refusal)>,
        hasher: &RandomState,
    ) {
        let place = self.rows.len();
        self.refused.extend(refused.into_iter().map(|(kind, refusal)| (place, kind, refusal)));
        let ids_start = self.ids.len();
        for id in carried.all() {
            self.take_id(id, hasher);
        }
        let cells_start = self.cells.len();
        for (name, value) in &message.members {
            self.take_cell(name, value.as_ref());
        }
        let event = message.event.as_ref().map(|event| self.take_event(event));
        self.rows.push(Row {
            kind: message.kind,
            when: message.when,
            day: message.when.occurred_at.day(),
            key,
            line,
            event,
            ids: span(ids_start, self.ids.len()),
            user_ids: count(carried.user.len()),
            account_ids: count(carried.account.len()),
            cells: span(cells_start, self.cells.len()),
        });
    }

    /// Every identifier of the block, in the order of its rows.
    pub(crate) fn ids(&self) -> impl Iterator<Item = IdRef<'_>> + Clone {
        self.ids.iter().map(|id| IdRef { hash: id.hash, kind: id.kind, value: &self.text[id.value.range()] })
    }

    /// What every message of the block says; [`Row::said`] is which of it a row says.
    pub(crate) fn members(&self) -> Vec<Member<'_>> {
        let member = |cell: &Cell| {
            let value = match &cell.value {
                CellValue::Number(number) => ValueRef::Number(*number),
                CellValue::Text(text) => ValueRef::Text(&self.text[text.range()]),
                CellValue::Flag(flag) => ValueRef::Flag(*flag),
                CellValue::Other(place) => ValueRef::from(&self.others[*place as usize]),
                CellValue::Gone => ValueRef::Gone,
            };
            (self.names[cell.name as usize].as_str(), value)
        };
        self.cells.iter().map(member).collect()
    }

    /// The name of a row's event; none for traits.
    pub(crate) fn event_of(&self, row: &Row) -> Option<&EventName> {
        row.event.map(|place| self.event(place))
    }

    /// One of its events.
    pub(crate) fn event(&self, place: u32) -> &EventName {
        &self.events[place as usize]
    }

    /// About how many bytes of memory it holds.
    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>()
            + self.ids.capacity() * size_of::<PackedId>()
            + self.cells.capacity() * size_of::<Cell>()
            + self.text.capacity()
    }

    fn take_id(&mut self, id: &Id<'_>, hasher: &RandomState) {
        let hash = hash(hasher, id.kind, &id.value);
        let value = self.take_text(&id.value);
        self.ids.push(PackedId { hash, kind: id.kind, value });
    }

    fn take_cell(&mut self, name: &str, value: Option<&Given<'_>>) {
        let name = if let Some(place) = self.name_places.get(name) {
            *place
        } else {
            let place = count(self.names.len());
            self.names.push(name.to_owned());
            self.name_places.insert(name.to_owned(), place);
            place
        };
        let value = match value {
            None => CellValue::Gone,
            Some(Given::Text(text)) => CellValue::Text(self.take_text(text)),
            Some(Given::Other(Value::Number(number))) => CellValue::Number(*number),
            Some(Given::Other(Value::Flag(flag))) => CellValue::Flag(*flag),
            Some(Given::Other(other @ (Value::Text(_) | Value::Integer(_) | Value::List(_) | Value::Object(_)))) => {
                self.others.push(other.clone());
                CellValue::Other(count(self.others.len() - 1))
            }
        };
        self.cells.push(Cell { name, value });
    }

    fn take_text(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        span(start, self.text.len())
    }

    fn take_event(&mut self, name: &EventName) -> u32 {
        if let Some(place) = self.event_places.get(name) {
            return *place;
        }
        let place = count(self.events.len());
        self.events.push(name.clone());
        self.event_places.insert(name.clone(), place);
        place
    }
}

impl Row {
    /// Which of its block's ids are its own.
    pub(crate) fn all_ids(&self) -> std::ops::Range<usize> {
        self.ids.range()
    }

    /// Which of its block's members are its own.
    pub(crate) fn said(&self) -> std::ops::Range<usize> {
        self.cells.range()
    }

    /// The same, each by what it is of.
    pub(crate) fn id_places(&self) -> IdPlaces {
        let std::ops::Range { start, end } = self.ids.range();
        let user = start..start + self.user_ids as usize;
        let account = user.end..user.end + self.account_ids as usize;
        let rest = account.end;
        IdPlaces { user, account, previous: (rest < end).then_some((rest, rest + 1)) }
    }
}

impl Span {
    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The hash of an identifier, whoever asks.
pub(crate) fn hash(hasher: &RandomState, kind: Kind, value: &str) -> u64 {
    let mut state = hasher.build_hasher();
    kind.hash(&mut state);
    value.hash(&mut state);
    state.finish()
}

fn span(start: usize, end: usize) -> Span {
    Span { start: count(start), end: count(end) }
}

/// Places in a block fit 32 bits: it is cut off long before (`rows`).
fn count(number: usize) -> u32 {
    u32::try_from(number).expect("a block holds some megabytes at most")
}
