//! Newest: the last thing said about a trait, for every profile, as of a moment.
//!
//! Last by `occurred_at`; among equals by `received_at`, then by place in the batch, then by message key. The rows of one segment are in that
//! order, so only rows of different segments at the very same moment need their ties read.

use std::sync::Arc;

use lake::{Column, Reader, Ties};
use model::{AsOf, LogName, ProfileId, Segment, SourceOrder};

use crate::column;
use crate::error::EvaluateError;
use crate::segments::{self, Snapshot};

/// Where the newest value of a trait stands for every profile.
pub(crate) struct Newest {
    /// The trait's column in each segment that was read.
    pub(crate) columns: Vec<Arc<Column>>,
    /// By number of the surviving profile.
    places: Vec<Place>,
    /// Rows looked at.
    pub(crate) rows: u64,
}

/// A row of a segment, or [`Place::NOWHERE`].
#[derive(Debug, Clone, Copy)]
struct Place {
    at: i64,
    segment: u32,
    row: u32,
}

impl Place {
    const NOWHERE: Self = Self { at: i64::MIN, segment: u32::MAX, row: 0 };
}

impl Newest {
    /// Finds the newest values of one trait.
    pub(crate) fn find(reader: &Reader, snapshot: &Snapshot, name: &str, as_of: AsOf) -> Result<Self, EvaluateError> {
        let mut newest = Self { columns: Vec::new(), places: vec![Place::NOWHERE; snapshot.people.len()], rows: 0 };
        let mut open = OpenTies { reader, segments: trait_segments(snapshot, as_of), ties: Vec::new() };
        // Newest first: most profiles are settled by the first row that names them.
        open.segments.reverse();
        for number in 0..open.segments.len() {
            let frame = segments::open(reader, open.segments[number], &[name])?;
            let column = Arc::clone(&frame.columns[0]);
            newest.columns.push(Arc::clone(&column));
            if column.is_absent() {
                continue;
            }
            let visible = frame.occurred_at.partition_point(|at| *at <= as_of.moment().micros());
            newest.rows += visible as u64;
            for row in (0..visible).filter(|row| column::speaks(&column, *row)) {
                let survivor = snapshot.people.survivor(ProfileId(frame.profiles[row]));
                let Some(place) = newest.places.get_mut(survivor.index()) else {
                    continue;
                };
                let candidate = Place { at: frame.occurred_at[row], segment: index(number), row: index(row) };
                if open.is_later(candidate, *place)? {
                    *place = candidate;
                }
            }
        }
        Ok(newest)
    }

    /// The segment (as a place in `columns`) and the row that spoke last about a surviving profile.
    pub(crate) fn place(&self, profile: usize) -> Option<(usize, usize)> {
        let place = self.places.get(profile)?;
        (place.segment != Place::NOWHERE.segment).then_some((place.segment as usize, place.row as usize))
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

fn index(number: usize) -> u32 {
    u32::try_from(number).expect("a lake has fewer than 2^32 segments, a segment fewer than 2^32 rows")
}

/// The segments of traits, and the ties of those whose ties were asked for.
struct OpenTies<'a> {
    reader: &'a Reader,
    segments: Vec<&'a Segment>,
    ties: Vec<Option<Ties>>,
}

impl OpenTies<'_> {
    fn is_later(&mut self, candidate: Place, known: Place) -> Result<bool, EvaluateError> {
        if known.segment == Place::NOWHERE.segment || candidate.at != known.at {
            return Ok(known.segment == Place::NOWHERE.segment || candidate.at > known.at);
        }
        if candidate.segment == known.segment {
            return Ok(candidate.row > known.row);
        }
        Ok(self.tie(candidate)? > self.tie(known)?)
    }

    fn tie(&mut self, place: Place) -> Result<(i64, SourceOrder, u128), EvaluateError> {
        self.ties.resize(self.segments.len(), None);
        let slot = &mut self.ties[place.segment as usize];
        let ties = if let Some(ties) = slot {
            ties
        } else {
            let segment = self.segments[place.segment as usize];
            let read = self.reader.ties(segment);
            slot.insert(read.map_err(|source| EvaluateError::Read { path: segment.path.clone(), source })?)
        };
        Ok(ties.of(place.row as usize))
    }
}
