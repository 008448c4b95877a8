//! Gathering: the rows of one event, brought together owner by owner in order of time.
//!
//! Counting needs no order and is done in one pass ([`crate::events`]); sequences and most aggregates look at a profile's
//! events one after the other. Which rows an owner has is told by an index ([`crate::owner_index`]): the one kept over all
//! rows of the event where it is there or pays, else one made of just the rows that are wanted. What compares with
//! constants sifts whole columns first, unless few owners are asked about: then their rows are judged one by one.
//!
//! The order is by `occurred_at`, then `received_at`, then place in the batch, then message key; all but the first are
//! read only where rows of different segments tie.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use definitions::Filter;
use lake::{Frame, Reader, Ties};
use model::{EventName, LogName, Segment, SourceOrder, Span, Value};
use rayon::prelude::*;

use crate::bits::Bits;
use crate::column;
use crate::demand;
use crate::error::EvaluateError;
use crate::filter::Sieve;
use crate::indexes::Complete;
use crate::leaf::Tally;
use crate::owner_index::{OwnerIndex, Written};
use crate::owners::Owners;
use crate::places::Places;
use crate::segments;
use crate::setting::{Setting, Whom};

/// Where at least one row in so many is in the span, an index over all rows pays.
const SPAN_SHARE: u64 = 4;
/// Where fewer than one profile in so many is asked about, rows are judged one by one.
const FEW_SHARE: u64 = 16;
/// Owners are shared out in so many tasks for each thread: they differ in how long they take.
const TASKS_PER_THREAD: usize = 32;
/// What an owner costs beside its rows, in rows.
const OWNER_COST: usize = 2;

/// Which rows to gather.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) event: &'a EventName,
    /// The part of time looked at.
    pub(crate) span: Span,
    /// Which rows count, as far as that can be told by the event alone.
    pub(crate) filter: &'a Filter,
    /// The properties looked at afterwards.
    pub(crate) properties: &'a [String],
    pub(crate) owners: Owners<'a>,
    /// Whether each owner's rows are wanted in order, with their times.
    pub(crate) in_order: bool,
}

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
    /// No row before this place is wanted.
    first: u32,
    /// The rows that passed the filter, where the index has others.
    passed: Option<Bits>,
    in_order: bool,
    properties: Vec<String>,
    /// What of the filter is still to be asked, row by row.
    pub(crate) unasked: Filter,
    /// What was read on the way.
    pub(crate) tally: Tally,
}

struct OpenSegment<'s> {
    segment: &'s Segment,
    frame: Frame,
    reader: &'s Reader,
    ties: OnceLock<Ties>,
    /// The rows in the span, where not all are.
    part: Option<Range<usize>>,
}

/// A segment with the rows of it that are wanted.
struct Opened<'s> {
    segment: OpenSegment<'s>,
    rows: Range<usize>,
    kept: Option<Vec<bool>>,
    tally: Tally,
}

impl<'s> Gathered<'s> {
    /// Gathers the rows of these owners.
    pub(crate) fn gather(setting: Setting<'s>, wanted: Wanted<'s>, whom: Whom<'_>) -> Result<Self, EvaluateError> {
        let log = LogName::Events(wanted.event.clone());
        let all: Vec<&'s Segment> = setting.snapshot.log(&log);
        match (complete(setting, wanted, whom, &all)?, whom) {
            (Some(complete), Whom::These(owners)) if few(owners.len(), setting) => Self::one_by_one(setting, wanted, owners, &complete),
            (Some(complete), Whom::All | Whom::These(_)) => Self::sifted(setting, wanted, &complete),
            (None, _) => Self::alone(setting, wanted, &all),
        }
    }

    /// The rows of a few owners; the filter is left to be asked of each.
    fn one_by_one(
        setting: Setting<'s>,
        wanted: Wanted<'s>,
        owners: &roaring::RoaringBitmap,
        complete: &Complete<'s>,
    ) -> Result<Self, EvaluateError> {
        let asked = demand::properties(wanted.filter);
        let properties: BTreeSet<&String> = wanted.properties.iter().chain(asked).collect();
        let properties: Vec<String> = properties.into_iter().cloned().collect();
        let index = &complete.index;
        let first = first_place(complete, wanted.span);
        let mut touched = vec![false; complete.segments.len()];
        let mut rows = 0;
        for owner in owners {
            wanted.owners.written_with(owner, |profile| {
                index.each(profile, first, |place| {
                    touched[index.places.locate(place).0] = true;
                    rows += 1;
                });
            });
        }
        let names: Vec<&str> = properties.iter().map(String::as_str).collect();
        let open = |(segment, touched): (&&'s Segment, bool)| {
            if !touched || !touches(segment, wanted.span) {
                return Ok(None);
            }
            Ok(Some(OpenSegment::new(setting.reader, segment, segments::open(setting.reader, segment, &names)?, wanted.span)))
        };
        let segments = complete.segments.par_iter().zip(touched).map(open).collect::<Result<_, EvaluateError>>()?;
        Ok(Self {
            index: Arc::clone(index),
            owners: wanted.owners,
            segments,
            first,
            passed: None,
            in_order: wanted.in_order,
            properties,
            unasked: wanted.filter.clone(),
            tally: Tally { rows, ..Tally::default() },
        })
    }

    /// All rows that pass, of an event whose index is kept.
    fn sifted(setting: Setting<'s>, wanted: Wanted<'s>, complete: &Complete<'s>) -> Result<Self, EvaluateError> {
        let sieve = Sieve::prepare(wanted.filter, setting.clock);
        let open = |segment: &&'s Segment| {
            let touches = touches(segment, wanted.span);
            touches.then(|| Opened::open(setting.reader, segment, wanted, sieve.as_ref())).transpose()
        };
        let opened: Vec<Option<Opened<'s>>> = complete.segments.par_iter().map(open).collect::<Result<_, EvaluateError>>()?;
        let places = &complete.index.places;
        let mut gathered = Self::empty(wanted, Arc::clone(&complete.index));
        gathered.first = first_place(complete, wanted.span);
        let mut passed = sieve.is_some().then(|| Bits::none(places.end()));
        for (number, opened) in opened.into_iter().enumerate() {
            gathered.segments.push(opened.map(|opened| {
                if let (Some(passed), Some(kept)) = (&mut passed, &opened.kept) {
                    passed.put(places.start(number), opened.rows.start, kept);
                }
                gathered.tally += opened.tally;
                opened.segment
            }));
        }
        gathered.passed = passed;
        Ok(gathered)
    }

    /// All rows that pass, with an index of their own.
    fn alone(setting: Setting<'s>, wanted: Wanted<'s>, all: &[&'s Segment]) -> Result<Self, EvaluateError> {
        let sieve = Sieve::prepare(wanted.filter, setting.clock);
        let found: Vec<&'s Segment> = all.iter().copied().filter(|segment| touches(segment, wanted.span)).collect();
        let opened: Vec<Opened<'s>> = found
            .into_par_iter()
            .map(|segment| Opened::open(setting.reader, segment, wanted, sieve.as_ref()))
            .collect::<Result<_, EvaluateError>>()?;
        let mut places = Places::default();
        let mut written = Vec::with_capacity(opened.len());
        for Opened { segment: OpenSegment { segment, frame, .. }, rows, kept, .. } in &opened {
            let too_many = || EvaluateError::TooMany { path: segment.path.clone() };
            let start = places.add(frame.profiles.len()).ok_or_else(too_many)?;
            let first = start + u32::try_from(rows.start).map_err(|_| too_many())?;
            written.push(Written { first, profiles: &frame.profiles[rows.clone()], kept: kept.as_deref() });
        }
        let index = OwnerIndex::build(places, setting.snapshot.people.len(), &written);
        let mut gathered = Self::empty(wanted, Arc::new(index));
        for opened in opened {
            gathered.tally += opened.tally;
            // The index has no other rows than those in the span.
            gathered.segments.push(Some(OpenSegment { part: None, ..opened.segment }));
        }
        Ok(gathered)
    }

    fn empty(wanted: Wanted<'s>, index: Arc<OwnerIndex>) -> Self {
        Self {
            index,
            owners: wanted.owners,
            segments: Vec::new(),
            first: 0,
            passed: None,
            in_order: wanted.in_order,
            properties: wanted.properties.to_vec(),
            unasked: Filter::default(),
            tally: Tally::default(),
        }
    }

    /// Puts the rows of one owner into `found`, in order when that was wanted.
    pub(crate) fn rows(&self, owner: u32, found: &mut Vec<Row>) -> Result<(), EvaluateError> {
        found.clear();
        self.owners.written_with(owner, |profile| {
            self.index.each(profile, self.first, |place| {
                if self.passed.as_ref().is_none_or(|passed| passed.get(place)) {
                    found.extend(self.row(place));
                }
            });
        });
        if self.in_order {
            self.put_in_order(found)?;
        }
        Ok(())
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

/// The index over all rows of the event, where it is there or pays.
fn complete<'s>(
    setting: Setting<'s>,
    wanted: Wanted<'_>,
    whom: Whom<'_>,
    all: &[&'s Segment],
) -> Result<Option<Complete<'s>>, EvaluateError> {
    let rows = |segments: &mut dyn Iterator<Item = &&Segment>| segments.map(|segment| segment.rows).sum::<u64>();
    let in_span = rows(&mut all.iter().filter(|segment| touches(segment, wanted.span)));
    let pays = match whom {
        Whom::All => in_span * SPAN_SHARE >= rows(&mut all.iter()),
        Whom::These(owners) => few(owners.len(), setting),
    };
    if !pays && !setting.indexes.has(wanted.event) {
        return Ok(None);
    }
    setting.indexes.of(setting.reader, setting.snapshot, wanted.event, all)
}

fn few(owners: u64, setting: Setting<'_>) -> bool {
    owners * FEW_SHARE < setting.snapshot.people.len() as u64
}

fn touches(segment: &Segment, span: Span) -> bool {
    segment.first_at < span.end && span.start <= segment.last_at
}

fn first_place(complete: &Complete<'_>, span: Span) -> u32 {
    let places = &complete.index.places;
    let touched = complete.segments.iter().position(|segment| touches(segment, span));
    touched.map_or(u32::MAX, |number| places.start(number))
}

impl<'s> OpenSegment<'s> {
    fn new(reader: &'s Reader, segment: &'s Segment, frame: Frame, span: Span) -> Self {
        let place = |micros: i64| frame.occurred_at.partition_point(|at| *at < micros);
        let rows = place(span.start.micros())..place(span.end.micros());
        let part = (rows != (0..frame.occurred_at.len())).then_some(rows);
        Self { segment, frame, reader, ties: OnceLock::new(), part }
    }
}

impl<'s> Opened<'s> {
    /// Opens a segment, and sifts the rows of it that lie in the span.
    fn open(reader: &'s Reader, segment: &'s Segment, wanted: Wanted<'_>, sieve: Option<&Sieve>) -> Result<Self, EvaluateError> {
        let looked_at = sieve.into_iter().flat_map(Sieve::columns).collect::<BTreeSet<_>>();
        // The columns asked for come first, so that their places are known.
        let names: Vec<&str> = wanted.properties.iter().map(String::as_str).chain(looked_at).collect();
        let mut segment = OpenSegment::new(reader, segment, segments::open(reader, segment, &names)?, wanted.span);
        let rows = segment.part.clone().unwrap_or(0..segment.frame.occurred_at.len());
        let mut tally = Tally { rows: rows.len() as u64, ..Tally::default() };
        let frame = &segment.frame;
        let kept = sieve.map(|sieve| {
            let column = |name: &str| {
                let place = names.iter().position(|known| *known == name).expect("every column a sieve looks at was asked for");
                &*frame.columns[place]
            };
            sieve.open(column).sift(&rows, &mut tally)
        });
        segment.frame.columns.truncate(wanted.properties.len());
        Ok(Self { segment, rows, kept, tally })
    }
}
