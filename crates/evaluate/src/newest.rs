//! Newest: the last thing said about a trait, for every profile, as of a moment.
//!
//! Last by `occurred_at`; among equals by `received_at`, then by place in the batch, then by message key. The rows of one
//! segment are in that order, so only rows of different segments at the very same moment need their ties read. Blocks of
//! profiles are looked through side by side.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use lake::{BLOCK_PROFILES, Buffer, Coded, Column, Reader, Ties, Times};
use model::{AsOf, LogName, Moment, ProfileId, Segment, SourceOrder, Span};
use rayon::prelude::*;

use crate::column;
use crate::error::EvaluateError;
use crate::segments::{self, Snapshot};
use crate::values::{self, Values};

/// Where the newest value of a trait stands for every profile.
#[derive(Clone)]
pub(crate) struct Newest {
    /// The segments that were looked through.
    pub(crate) spoken: Vec<Spoken>,
    /// Where each of them stands, by path.
    numbers: HashMap<String, usize>,
    /// By number of the surviving profile.
    places: Vec<Place>,
    /// The same as texts, made when first asked for.
    texts: OnceLock<Option<SaidTexts>>,
    /// Rows looked at.
    pub(crate) rows: u64,
}

/// The newest values where all of them are texts.
#[derive(Clone)]
pub(crate) struct SaidTexts {
    /// For each segment in [`Newest::spoken`], by code: the text's number among the distinct ones of all.
    pub(crate) numbers: Vec<Vec<u32>>,
    /// How many there are.
    pub(crate) distinct: usize,
    /// Who has which.
    pub(crate) values: Values,
}

/// A segment of traits, opened with one of them.
#[derive(Clone)]
pub(crate) struct Spoken {
    segment: Segment,
    blocks: Arc<lake::Blocks>,
    occurred_at: Buffer<i64>,
    pub(crate) column: Arc<Column>,
    ties: OnceLock<Ties>,
}

/// A row of a segment, or [`Place::NOWHERE`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    at: i64,
    segment: u32,
    row: u32,
}

impl Place {
    const NOWHERE: Self = Self { at: i64::MIN, segment: u32::MAX, row: 0 };
}

impl Newest {
    /// Nothing was said yet.
    pub(crate) fn nothing() -> Self {
        Self { spoken: Vec::new(), numbers: HashMap::new(), places: Vec::new(), texts: OnceLock::new(), rows: 0 }
    }

    /// Finds the newest values of one trait.
    pub(crate) fn find(reader: &Reader, snapshot: &Snapshot, name: &str, as_of: AsOf) -> Result<Self, EvaluateError> {
        let mut newest = Self::nothing();
        newest.grow(snapshot.people.len());
        let mut segments = trait_segments(snapshot, as_of);
        // Newest first: most profiles are settled by the first row that names them.
        segments.reverse();
        let until = Span { start: Moment::from_micros(i64::MIN), end: as_of.moment().plus_micros(1) };
        newest.hear(reader, name, &segments.into_iter().map(|segment| (segment, until)).collect::<Vec<_>>())?;
        for (number, survivor) in (0_u32..).zip(&snapshot.people.canonical) {
            if number != survivor.0 {
                newest.merge(reader, number, survivor.0)?;
            }
        }
        Ok(newest)
    }

    /// Makes room for more profiles.
    pub(crate) fn grow(&mut self, profiles: usize) {
        self.texts = OnceLock::new();
        self.places.resize(profiles.max(self.places.len()), Place::NOWHERE);
    }

    /// Takes note of what these segments say in these spans, under the numbers the rows were written with. Returns those
    /// of whom something newer was said than was known, some perhaps twice.
    pub(crate) fn hear(&mut self, reader: &Reader, name: &str, said: &[(&Segment, Span)]) -> Result<Vec<u32>, EvaluateError> {
        self.texts = OnceLock::new();
        let unknown: Vec<&Segment> =
            said.iter().map(|(segment, _)| *segment).filter(|segment| !self.numbers.contains_key(&segment.path)).collect();
        let opened: Vec<Spoken> = unknown.par_iter().map(|segment| Spoken::open(reader, segment, name)).collect::<Result<_, _>>()?;
        for spoken in opened {
            self.numbers.insert(spoken.segment.path.clone(), self.spoken.len());
            self.spoken.push(spoken);
        }
        let (spoken, numbers) = (&self.spoken, &self.numbers);
        let said: Vec<(usize, Span)> = said.iter().map(|(segment, span)| (numbers[&segment.path], *span)).collect();
        let blocks = self.places.par_chunks_mut(BLOCK_PROFILES).enumerate();
        let parts: Vec<(Vec<u32>, u64)> = blocks
            .map(|(block, places)| {
                let (mut changed, mut rows) = (Vec::new(), 0);
                for (segment, span) in &said {
                    rows += hear_block(reader, spoken, *segment, block, *span, places, &mut changed)?;
                }
                Ok((changed, rows))
            })
            .collect::<Result<_, EvaluateError>>()?;
        let mut changed = Vec::new();
        for (part, rows) in parts {
            changed.extend(part);
            self.rows += rows;
        }
        Ok(changed)
    }

    /// What was said of a merged profile was said of its survivor.
    pub(crate) fn merge(&mut self, reader: &Reader, merged: u32, survivor: u32) -> Result<(), EvaluateError> {
        self.texts = OnceLock::new();
        let Some(place) = self.places.get_mut(merged as usize) else { return Ok(()) };
        let candidate = std::mem::replace(place, Place::NOWHERE);
        let Some(known) = self.places.get_mut(survivor as usize) else { return Ok(()) };
        if candidate != Place::NOWHERE && is_later(reader, &self.spoken, candidate, *known)? {
            *known = candidate;
        }
        Ok(())
    }

    /// The segment (as a place in `spoken`) and the row that spoke last about a surviving profile.
    pub(crate) fn place(&self, profile: usize) -> Option<(usize, usize)> {
        let place = self.places.get(profile)?;
        (*place != Place::NOWHERE).then_some((place.segment as usize, place.row as usize))
    }

    /// What was said last about a surviving profile, if that is a value.
    pub(crate) fn value(&self, profile: usize) -> Option<model::Value> {
        let (segment, row) = self.place(profile)?;
        column::value(&self.spoken[segment].column, row)
    }

    /// What was said last, where every value is a text.
    pub(crate) fn texts(&self) -> Option<&SaidTexts> {
        self.texts.get_or_init(|| self.find_texts()).as_ref()
    }

    fn find_texts(&self) -> Option<SaidTexts> {
        let mut columns = Vec::with_capacity(self.spoken.len());
        for spoken in &self.spoken {
            let Column { numbers: None, flags: None, texts, json: None, gone: None } = &*spoken.column else { return None };
            columns.push(texts.as_ref());
        }
        let (numbers, distinct) = values::numbers(&columns)?;
        let number = |place: &Place| {
            let column = (*columns.get(place.segment as usize)?)?;
            numbers[place.segment as usize].get(column.codes[place.row as usize] as usize).copied()
        };
        let of_each = self.places.par_iter().map(|place| number(place).unwrap_or(Coded::NONE)).collect();
        Some(SaidTexts { values: Values::of(of_each, distinct), numbers, distinct })
    }

    /// How many profile numbers there are.
    pub(crate) fn profiles(&self) -> usize {
        self.places.len()
    }
}

/// The segments of traits with facts at or before a moment, oldest first.
pub(crate) fn trait_segments(snapshot: &Snapshot, as_of: AsOf) -> Vec<&Segment> {
    snapshot.log(&LogName::Traits).into_iter().filter(|segment| segment.first_at <= as_of.moment()).collect()
}

fn hear_block(
    reader: &Reader,
    spoken: &[Spoken],
    segment: usize,
    block: usize,
    span: Span,
    places: &mut [Place],
    changed: &mut Vec<u32>,
) -> Result<u64, EvaluateError> {
    let Spoken { blocks, occurred_at, column, .. } = &spoken[segment];
    if column.is_absent() {
        return Ok(0);
    }
    let rows = blocks.rows(block);
    let times = &occurred_at[rows.clone()];
    let bound = |moment: Moment| rows.start + times.partition_point(|at| *at < moment.micros());
    let rows = bound(span.start)..bound(span.end);
    for row in rows.clone().filter(|row| column::speaks(column, *row)) {
        let Some(place) = places.get_mut(usize::from(blocks.places[row])) else { continue };
        let candidate = Place { at: occurred_at[row], segment: index(segment), row: index(row) };
        if is_later(reader, spoken, candidate, *place)? {
            *place = candidate;
            changed.push(index(block * BLOCK_PROFILES + usize::from(blocks.places[row])));
        }
    }
    Ok(rows.len() as u64)
}

fn is_later(reader: &Reader, spoken: &[Spoken], candidate: Place, known: Place) -> Result<bool, EvaluateError> {
    if known == Place::NOWHERE || candidate.at != known.at {
        return Ok(known == Place::NOWHERE || candidate.at > known.at);
    }
    if candidate.segment == known.segment && !crosses(spoken, candidate, known) {
        return Ok(candidate.row > known.row);
    }
    Ok(tie(reader, spoken, candidate)? > tie(reader, spoken, known)?)
}

/// Rows of two blocks are not in order of time.
fn crosses(spoken: &[Spoken], one: Place, other: Place) -> bool {
    let starts = &spoken[one.segment as usize].blocks.starts;
    let block = |place: Place| starts.partition_point(|start| *start <= place.row);
    block(one) != block(other)
}

fn tie(reader: &Reader, spoken: &[Spoken], place: Place) -> Result<(i64, SourceOrder, u128), EvaluateError> {
    let Spoken { segment, ties, .. } = &spoken[place.segment as usize];
    let ties = if let Some(ties) = ties.get() {
        ties
    } else {
        let read = reader.block_ties(segment).map_err(|source| EvaluateError::Read { path: segment.path.clone(), source })?;
        ties.get_or_init(|| read)
    };
    Ok(ties.of(place.row as usize))
}

impl Spoken {
    fn open(reader: &Reader, segment: &Segment, name: &str) -> Result<Self, EvaluateError> {
        let mut frame = segments::open_blocks(reader, segment, &[name], Times::Wanted)?;
        let column = frame.columns.swap_remove(0);
        let occurred_at = frame.occurred_at.expect("wanted");
        Ok(Self { segment: segment.clone(), blocks: frame.blocks, occurred_at, column, ties: OnceLock::new() })
    }
}

fn index(number: usize) -> u32 {
    u32::try_from(number).expect("a lake has fewer than 2^32 segments, a segment fewer than 2^32 rows")
}

/// The profiles that go by another number, and that number.
pub(crate) fn merged(canonical: &[ProfileId]) -> Vec<(u32, u32)> {
    (0_u32..).zip(canonical).filter(|(number, survivor)| *number != survivor.0).map(|(number, survivor)| (number, survivor.0)).collect()
}
