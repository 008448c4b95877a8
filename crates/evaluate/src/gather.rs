//! Gathering: the rows of one event, brought together owner by owner in order of time.
//!
//! Counting needs no order and is done in one pass ([`crate::events`]); sequences and most aggregates look at a profile's
//! events one after the other. Which rows an owner has is told by an index ([`crate::owner_index`]): the one kept over all
//! rows of the event where it is there or pays, else one made of just the rows that are wanted. What compares with
//! constants sifts whole columns first, unless few owners are asked about: then their rows are judged one by one.
//! How they are looked at afterwards is told in [`crate::gathered`].

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use definitions::Filter;
use lake::Reader;
use model::{EventName, LogName, Segment, Span};
use rayon::prelude::*;

use crate::bits::Bits;
use crate::demand;
use crate::error::EvaluateError;
use crate::filter::Sieve;
use crate::gathered::{Gathered, OpenSegment, Parts};
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
                for place in index.between(profile, first..u32::MAX) {
                    touched[index.places.locate(place).0] = true;
                    rows += 1;
                }
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
        let tally = Tally { rows, ..Tally::default() };
        let parts = Parts { properties, unasked: wanted.filter.clone(), tally, ..parts(wanted, Arc::clone(index), segments) };
        Ok(Self::of(parts))
    }

    /// All rows that pass, of an event whose index is kept.
    fn sifted(setting: Setting<'s>, wanted: Wanted<'s>, complete: &Complete<'s>) -> Result<Self, EvaluateError> {
        let sieve = Sieve::prepare(wanted.filter, setting.clock);
        let open = |segment: &&'s Segment| {
            if !touches(segment, wanted.span) {
                return Ok(None);
            }
            let opened = Opened::open(setting.reader, segment, wanted, sieve.as_ref())?;
            let passed = opened.kept.as_ref().map(|kept| Bits::of(opened.rows.start, kept));
            Ok(Some((Opened { kept: None, ..opened }, passed)))
        };
        let opened: Vec<_> = complete.segments.par_iter().map(open).collect::<Result<_, EvaluateError>>()?;
        let places = &complete.index.places;
        let mut all_passed = sieve.is_some().then(|| Bits::none(places.end()));
        let mut tally = Tally::default();
        let mut segments = Vec::with_capacity(opened.len());
        for (number, opened) in opened.into_iter().enumerate() {
            segments.push(opened.map(|(opened, passed)| {
                if let (Some(all), Some(passed)) = (&mut all_passed, passed) {
                    all.put(places.start(number), &passed);
                }
                tally += opened.tally;
                opened.segment
            }));
        }
        Ok(Self::of(Parts { passed: all_passed, tally, ..parts(wanted, Arc::clone(&complete.index), segments) }))
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
        let mut tally = Tally::default();
        let mut segments = Vec::with_capacity(opened.len());
        for opened in opened {
            tally += opened.tally;
            // The index has no other rows than those in the span.
            segments.push(Some(OpenSegment { part: None, ..opened.segment }));
        }
        Ok(Self::of(Parts { tally, ..parts(wanted, Arc::new(index), segments) }))
    }
}

fn parts<'s>(wanted: Wanted<'s>, index: Arc<OwnerIndex>, segments: Vec<Option<OpenSegment<'s>>>) -> Parts<'s> {
    let Wanted { owners, in_order, .. } = wanted;
    let properties = wanted.properties.to_vec();
    Parts { index, owners, segments, passed: None, in_order, properties, unasked: Filter::default(), tally: Tally::default() }
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
