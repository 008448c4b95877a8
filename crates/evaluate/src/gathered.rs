//! Gathered rows: those of one owner in order of time, all of them or just some.
//!
//! The order is by `occurred_at`, then `received_at`, then place in the batch, then message key; all but the first are
//! read only where rows of different segments tie. Looking at a row's time costs more than anything else here, so rows
//! outside of the time asked for are passed over by the segment they lie in, where segments follow each other in time.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use definitions::Filter;
use lake::{Frame, Reader, Ties};
use model::{Segment, SourceOrder, Span, Value};

use crate::bits::Bits;
use crate::column;
use crate::error::EvaluateError;
use crate::leaf::Tally;
use crate::owner_index::OwnerIndex;
use crate::owners::Owners;
use crate::places::Places;

/// Owners are shared out in so many tasks for each thread: they differ in how long they take.
const TASKS_PER_THREAD: usize = 32;
/// What an owner costs beside its rows, in rows.
const OWNER_COST: usize = 2;

/// One row, wherever it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// When, in microseconds; 0 where no order was wanted.
    pub(crate) at: i64,
    segment: u32,
    number: u32,
}

/// The rows of one event by owner.
pub(crate) struct Gathered<'s> {
    index: Arc<OwnerIndex>,
    owners: Owners<'s>,
    /// By number in the index; those without rows that are wanted are not opened.
    segments: Vec<Option<OpenSegment<'s>>>,
    /// When the rows lie that places lead to; nothing where segments overlap in time.
    timetable: Option<Timetable>,
    /// No row outside of these places is wanted.
    wanted: Range<u32>,
    /// The rows that passed the filter, where the index has others.
    passed: Option<Bits>,
    /// Whether each owner's rows are wanted in order, with their times.
    in_order: bool,
    properties: Vec<String>,
    /// What of the filter is still to be asked, row by row.
    pub(crate) unasked: Filter,
    /// What was read on the way.
    pub(crate) tally: Tally,
}

/// What rows are gathered into.
pub(crate) struct Parts<'s> {
    pub(crate) index: Arc<OwnerIndex>,
    pub(crate) owners: Owners<'s>,
    pub(crate) segments: Vec<Option<OpenSegment<'s>>>,
    pub(crate) passed: Option<Bits>,
    pub(crate) in_order: bool,
    pub(crate) properties: Vec<String>,
    pub(crate) unasked: Filter,
    pub(crate) tally: Tally,
}

/// A segment with the columns that are looked at.
pub(crate) struct OpenSegment<'s> {
    pub(crate) segment: &'s Segment,
    pub(crate) frame: Frame,
    pub(crate) reader: &'s Reader,
    pub(crate) ties: OnceLock<Ties>,
    /// The rows in the span, where not all are.
    pub(crate) part: Option<Range<usize>>,
}

/// Which of an owner's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The earliest.
    First,
    /// The latest.
    Last,
}

impl Side {
    /// Keeps one of these rows, which are in order.
    pub(crate) fn keep(self, rows: &mut Vec<Row>) {
        match self {
            Self::First => rows.truncate(1),
            Self::Last => {
                rows.drain(..rows.len().saturating_sub(1));
            }
        }
    }
}

/// Segments that follow each other in time, as their places do.
struct Timetable {
    first_at: Vec<i64>,
    last_at: Vec<i64>,
    /// Where each begins.
    starts: Vec<u32>,
}

impl Timetable {
    /// Nothing where one begins before another has ended.
    fn of(segments: &[Option<OpenSegment<'_>>], places: &Places) -> Option<Self> {
        let (mut first_at, mut last_at, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        for (number, segment) in segments.iter().enumerate() {
            let Some(OpenSegment { segment, .. }) = segment else { continue };
            if last_at.last().is_some_and(|last| *last >= segment.first_at.micros()) {
                return None;
            }
            first_at.push(segment.first_at.micros());
            last_at.push(segment.last_at.micros());
            starts.push(places.start(number));
        }
        Some(Self { first_at, last_at, starts })
    }

    /// The places outside of which no row lies in a part of time.
    fn places(&self, times: &Range<i64>) -> Range<u32> {
        let start = |segment: usize| self.starts.get(segment).copied().unwrap_or(u32::MAX);
        start(self.last_at.partition_point(|last| *last < times.start))..start(self.first_at.partition_point(|first| *first < times.end))
    }
}

impl<'s> Gathered<'s> {
    pub(crate) fn of(parts: Parts<'s>) -> Self {
        let Parts { index, owners, segments, passed, in_order, properties, unasked, tally } = parts;
        let timetable = Timetable::of(&segments, &index.places);
        let opened = |segment: &Option<OpenSegment<'_>>| segment.is_some();
        let first = segments.iter().position(opened).map_or(u32::MAX, |number| index.places.start(number));
        let last = segments.iter().rposition(opened);
        let end = last.filter(|last| last + 1 < segments.len()).map_or(u32::MAX, |last| index.places.start(last + 1));
        Self { index, owners, segments, timetable, wanted: first..end, passed, in_order, properties, unasked, tally }
    }

    /// Puts the rows of one owner into `found`, in order when that was wanted.
    pub(crate) fn rows(&self, owner: u32, found: &mut Vec<Row>) -> Result<(), EvaluateError> {
        found.clear();
        self.owners.written_with(owner, |profile| found.extend(self.rows_of(profile, self.wanted.clone())));
        if self.in_order { self.put_in_order(found) } else { Ok(()) }
    }

    /// The same for those in a part of time. Their order must have been wanted.
    pub(crate) fn rows_between(&self, owner: u32, times: &Range<i64>, found: &mut Vec<Row>) -> Result<(), EvaluateError> {
        found.clear();
        let places = self.timetable.as_ref().map_or(self.wanted.clone(), |timetable| timetable.places(times));
        self.owners.written_with(owner, |profile| {
            found.extend(self.rows_of(profile, places.clone()).filter(|row| times.contains(&row.at)));
        });
        self.put_in_order(found)
    }

    /// The same for the first or the last row alone.
    pub(crate) fn outermost(&self, owner: u32, side: Side, found: &mut Vec<Row>) -> Result<(), EvaluateError> {
        if self.timetable.is_some() {
            found.clear();
            self.owners.written_with(owner, |profile| {
                let mut rows = self.rows_of(profile, self.wanted.clone());
                found.extend(match side {
                    Side::First => rows.next(),
                    Side::Last => rows.next_back(),
                });
            });
            self.put_in_order(found)?;
        } else {
            self.rows(owner, found)?;
        }
        side.keep(found);
        Ok(())
    }

    /// How many rows an owner has at most.
    pub(crate) fn rows_max(&self, owner: u32) -> usize {
        let mut rows = 0;
        self.owners.written_with(owner, |profile| rows += self.index.between(profile, self.wanted.clone()).size_hint().0);
        rows
    }

    /// Rows written with a profile number, in the order of their places.
    fn rows_of(&self, profile: u32, places: Range<u32>) -> impl DoubleEndedIterator<Item = Row> {
        let places = self.index.between(profile, places);
        places.filter(|place| self.passed.as_ref().is_none_or(|passed| passed.get(*place))).filter_map(|place| self.row(place))
    }

    fn row(&self, place: u32) -> Option<Row> {
        let (segment, number) = self.index.places.locate(place);
        let open = self.segments[segment].as_ref()?;
        if open.part.as_ref().is_some_and(|part| !part.contains(&number)) {
            return None;
        }
        let at = if self.in_order { open.frame.occurred_at[number] } else { 0 };
        #[expect(clippy::cast_possible_truncation, reason = "both are parts of a place, which has 32 bits")]
        Some(Row { at, segment: segment as u32, number: number as u32 })
    }

    fn put_in_order(&self, rows: &mut [Row]) -> Result<(), EvaluateError> {
        let by_segment = |row: &Row| (row.at, row.segment, row.number);
        if !rows.is_sorted_by_key(by_segment) {
            rows.sort_unstable_by_key(by_segment);
        }
        for run in rows.chunk_by_mut(|a, b| a.at == b.at) {
            // Rows of one segment are in their order already.
            if run.windows(2).any(|pair| pair[0].segment != pair[1].segment) {
                let mut keyed = Vec::with_capacity(run.len());
                for row in run.iter() {
                    keyed.push((self.ties(*row)?.of(row.number as usize), *row));
                }
                keyed.sort_by_key(|(key, _)| *key);
                run.iter_mut().zip(keyed).for_each(|(row, (_, sorted))| *row = sorted);
            }
        }
        Ok(())
    }

    /// All profile numbers, in shares that take about as long each.
    pub(crate) fn shares(&self, profiles: usize) -> Vec<Range<u32>> {
        let cost = |profile: usize| self.index.rows_until(profile) + profile * OWNER_COST;
        let shares = rayon::current_num_threads() * TASKS_PER_THREAD;
        let bound = |share: usize| {
            let (mut low, mut high) = (0, profiles);
            while low < high {
                let middle = low.midpoint(high);
                if cost(middle) < cost(profiles) / shares * share { low = middle + 1 } else { high = middle }
            }
            u32::try_from(low).expect("profile numbers are 32 bits")
        };
        let end = u32::try_from(profiles).expect("profile numbers are 32 bits");
        let mut bounds: Vec<u32> = (1..shares).map(bound).collect();
        bounds.insert(0, 0);
        bounds.push(end);
        bounds.dedup();
        bounds.windows(2).map(|bounds| bounds[0]..bounds[1]).collect()
    }

    /// The properties at hand, in the order of their columns.
    pub(crate) fn properties(&self) -> &[String] {
        &self.properties
    }

    /// The place of a property among those at hand.
    pub(crate) fn column(&self, name: &str) -> usize {
        self.properties.iter().position(|known| known == name).expect("every property looked at was asked for")
    }

    /// Where a row stands: its segment's columns, and its number there.
    pub(crate) fn stands(&self, row: Row) -> (&Frame, usize) {
        (&self.open(row).frame, row.number as usize)
    }

    /// What a row says about a property, by the place of its column.
    pub(crate) fn cell(&self, row: Row, column: usize) -> Option<lake::Cell<'_>> {
        self.open(row).frame.columns[column].cell(row.number as usize)
    }

    /// The value a row gives a property.
    pub(crate) fn value(&self, row: Row, column: usize) -> Option<Value> {
        column::value(&self.open(row).frame.columns[column], row.number as usize)
    }

    /// Where a row's message stood in its batch.
    pub(crate) fn source_order(&self, row: Row) -> Result<SourceOrder, EvaluateError> {
        Ok(self.ties(row)?.source_orders[row.number as usize])
    }

    fn open(&self, row: Row) -> &OpenSegment<'s> {
        self.segments[row.segment as usize].as_ref().expect("a row comes from a segment that is open")
    }

    fn ties(&self, row: Row) -> Result<&Ties, EvaluateError> {
        let OpenSegment { segment, reader, ties, .. } = self.open(row);
        if let Some(ties) = ties.get() {
            return Ok(ties);
        }
        let read = reader.ties(segment).map_err(|source| EvaluateError::Read { path: segment.path.clone(), source })?;
        Ok(ties.get_or_init(|| read))
    }
}

impl<'s> OpenSegment<'s> {
    /// A segment of which the rows in a span are wanted.
    pub(crate) fn new(reader: &'s Reader, segment: &'s Segment, frame: Frame, span: Span) -> Self {
        let place = |micros: i64| frame.occurred_at.partition_point(|at| *at < micros);
        let rows = place(span.start.micros())..place(span.end.micros());
        let part = (rows != (0..frame.occurred_at.len())).then_some(rows);
        Self { segment, frame, reader, ties: OnceLock::new(), part }
    }
}
