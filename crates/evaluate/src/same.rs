//! What two events have in common: `same`, the properties of a step that equal those of the event before.
//!
//! The value of the event before decides how the other is read, as everywhere ([`crate::operator`]): beside a number a
//! text that is a decimal is a number, beside a text a number is the text it renders as. So a value has up to three
//! readings, each with a key; two values are equal when one's own key is the other's key in that reading. Lists and
//! objects have no key: they are compared element by element.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use definitions::{Comparison, Matcher, Operator, PathMatch, Reference, ReferenceOf, SamePath};
use lake::{Cell, Frame};

use crate::gathered::{Gathered, Row};
use crate::known::About;
use crate::matcher::Judge;
use crate::operator::{Clock, Element, Exact, Spelling, read_text};

/// From so many events on they are looked up by what they have in common, rather than tried one after the other.
const MANY: usize = 16;

/// A property of a step that equals one of the event before.
#[derive(Debug)]
pub(crate) struct Same {
    /// The columns, on the event before and on the step's own.
    columns: [usize; 2],
    /// Whether each path goes on into an object, where plain values lead nowhere.
    deeper: [bool; 2],
    literal: Judge,
}

/// How a value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Flag,
    Number,
    Text,
}

/// A value in one reading: equal keys are equal values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key<'a> {
    Flag(bool),
    Integer(i128),
    /// The bits of a number that is no 128-bit integer.
    Float(u64),
    Text(Cow<'a, str>),
}

impl Same {
    pub(crate) fn prepare(same: &SamePath, before: &Gathered<'_>, own: &Gathered<'_>, clock: Clock) -> Self {
        let column = |gathered: &Gathered<'_>, path: &[String]| gathered.column(path.first().map_or("", String::as_str));
        Self {
            columns: [column(before, &same.parent_path), column(own, &same.path)],
            deeper: [same.parent_path.len() > 1, same.path.len() > 1],
            literal: Judge::prepare(&equals_parent(same), clock),
        }
    }

    /// Whether the event in `own` has the same as the one in `before`, of which `about` knows.
    pub(crate) fn holds(&self, before: (&Frame, usize), own: (&Frame, usize), about: &About<'_>) -> bool {
        match (self.cell(0, before), self.cell(1, own)) {
            (Plain::Nothing, _) | (_, Plain::Nothing) => false,
            (Plain::Value(theirs), Plain::Value(ours)) => {
                own_key(theirs).is_some_and(|(reading, key)| key_in(reading, ours).is_some_and(|other| other == key))
            }
            (Plain::Compound, _) | (_, Plain::Compound) => {
                let value = crate::column::value(&own.0.columns[self.columns[1]], own.1);
                self.literal.value_among(value.as_ref(), about).holds
            }
        }
    }

    fn cell<'a>(&self, side: usize, (frame, row): (&'a Frame, usize)) -> Plain<'a> {
        match frame.columns[self.columns[side]].cell(row) {
            None | Some(Cell::Gone) => Plain::Nothing,
            Some(Cell::Json(_)) => Plain::Compound,
            Some(_) if self.deeper[side] => Plain::Nothing,
            Some(Cell::Number(number)) => Plain::Value(Element::Number(number)),
            Some(Cell::Flag(flag)) => Plain::Value(Element::Flag(flag)),
            Some(Cell::Text(text)) => Plain::Value(Element::Text(text)),
        }
    }
}

/// What a property is, for comparing.
enum Plain<'a> {
    /// Not there, or nothing lies where the path leads: it equals nothing.
    Nothing,
    Value(Element<'a>),
    /// A list, an object or a large whole number.
    Compound,
}

/// How a value wants the other to be read, and its key.
fn own_key(element: Element<'_>) -> Option<(Reading, Key<'_>)> {
    let reading = match element {
        Element::Flag(_) => Reading::Flag,
        Element::Number(_) | Element::Integer(_) => Reading::Number,
        Element::Text(_) => Reading::Text,
        Element::Object => return None,
    };
    key_in(reading, element).map(|key| (reading, key))
}

/// A value's key in one reading, if it can be read so.
fn key_in(reading: Reading, element: Element<'_>) -> Option<Key<'_>> {
    match reading {
        Reading::Flag => match element {
            Element::Flag(flag) => Some(Key::Flag(flag)),
            Element::Text("true") => Some(Key::Flag(true)),
            Element::Text("false") => Some(Key::Flag(false)),
            Element::Text(_) | Element::Number(_) | Element::Integer(_) | Element::Object => None,
        },
        Reading::Number => Exact::read(element).map(|number| match number.whole() {
            Exact::Integer(integer) => Key::Integer(integer),
            Exact::Float(float) => Key::Float(float.to_bits()),
        }),
        Reading::Text => read_text(element, Spelling { ignore_case: false }).map(Key::Text),
    }
}

fn equals_parent(same: &SamePath) -> PathMatch {
    let with = Reference { of: ReferenceOf::Parent, path: same.parent_path.clone() };
    let operators = vec![Operator::Compare { comparison: Comparison::Equals, with }];
    PathMatch { path: same.path.clone(), matcher: Matcher { operators, ignore_case: false, or_missing: false } }
}

/// One owner's events of a step, by what they have in common with an event before; found out when first asked.
#[derive(Default)]
pub(crate) struct Alike<'a> {
    /// For each reading that was asked for.
    by_key: [Option<HashMap<Key<'a>, Vec<u32>>>; 3],
    /// Events without a key, to be compared one by one.
    compound: Option<Vec<u32>>,
}

/// Events that may follow, by number, ascending within each list.
pub(crate) struct Candidates<'l> {
    range: Range<usize>,
    lists: Option<[&'l [u32]; 2]>,
    same: &'l [Same],
}

impl<'a> Alike<'a> {
    /// The events of `rows` in a range that may have all the same as the event before.
    pub(crate) fn among<'l>(
        &'l mut self,
        same: &'l [Same],
        (previous, before): (&'a Gathered<'a>, Row),
        (own, rows): (&'a Gathered<'a>, &[Row]),
        range: Range<usize>,
    ) -> Candidates<'l> {
        let untold = |range| Candidates { range, lists: None, same };
        let Some((first, rest)) = same.split_first().filter(|_| range.len() >= MANY) else { return untold(range) };
        let element = match first.cell(0, previous.stands(before)) {
            Plain::Nothing => return untold(0..0),
            Plain::Compound => return untold(range),
            Plain::Value(element) => element,
        };
        let Some((reading, key)) = own_key(element) else { return untold(range) };
        let numbered = || (0_u32..).zip(rows).map(|(number, row)| (number, first.cell(1, own.stands(*row))));
        let by_key = self.by_key[reading as usize].get_or_insert_with(|| {
            let mut by_key: HashMap<Key<'a>, Vec<u32>> = HashMap::new();
            for (number, cell) in numbered() {
                if let Plain::Value(element) = cell
                    && let Some(key) = key_in(reading, element)
                {
                    by_key.entry(key).or_default().push(number);
                }
            }
            by_key
        });
        let compound = self
            .compound
            .get_or_insert_with(|| numbered().filter(|(_, cell)| matches!(cell, Plain::Compound)).map(|(number, _)| number).collect());
        let alike = by_key.get(&key).map_or(&[][..], Vec::as_slice);
        let among = |list: &'l [u32]| {
            let place = |end: usize| list.partition_point(|number| (*number as usize) < end);
            &list[place(range.start)..place(range.end)]
        };
        // Without a list or an object among them, those looked up have the first property in common: only the others are left.
        let same = if compound.is_empty() { rest } else { same };
        Candidates { lists: Some([among(alike), among(compound)]), range: 0..0, same }
    }
}

impl<'l> Candidates<'l> {
    /// What is still to be asked of each.
    pub(crate) fn asked(&self) -> &'l [Same] {
        self.same
    }
}

impl Iterator for Candidates<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let Some(lists) = &mut self.lists else { return self.range.next() };
        let list = lists.iter_mut().find(|list| !list.is_empty())?;
        let (first, rest) = list.split_first()?;
        *list = rest;
        Some(*first as usize)
    }
}
