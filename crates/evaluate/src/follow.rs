//! Following: one owner's events of each part of a condition, and which of them the rest of the sequence follows.
//!
//! Parts are looked at from the last to the first: of each, only the events that go on are kept, so that what must come
//! after an event of the part before is a matter of counting. Events that must have something in common with the one
//! before ([`crate::same`]) are looked up by it, so that an owner with many events costs no more for each.

use std::ops::Range;

use definitions::{CountRange, Which};
use model::{Lookback, Moment};

use crate::demand::Demand;
use crate::error::EvaluateError;
use crate::gathered::{Gathered, Row, Side};
use crate::known::About;
use crate::leaf::Tally;
use crate::matcher::Judge;
use crate::reduce::Reduction;
use crate::same::{Alike, Same};
use crate::sequence::SequenceLeaf;
use crate::setting::Setting;

/// All of time.
const EVER: Range<i64> = i64::MIN..i64::MAX;

/// One event of a condition with its rows.
pub(crate) struct Part<'a> {
    pub(crate) gathered: Gathered<'a>,
    /// What is asked of each event of an owner.
    pub(crate) of_each: Demand,
    /// What is asked of each event beside the one before it.
    pub(crate) of_pairs: Demand,
    /// What both must have in common.
    pub(crate) same: Vec<Same>,
    pub(crate) within: Option<Lookback>,
    pub(crate) count: CountRange,
}

/// A leaf with everything it looks at.
pub(crate) struct Reading<'a> {
    pub(crate) leaf: &'a SequenceLeaf,
    pub(crate) setting: Setting<'a>,
    pub(crate) parts: &'a [Part<'a>],
    pub(crate) aggregate: Option<&'a (Reduction<'a>, Judge)>,
}

/// Room for the rows of one owner, part by part: used again for the next.
pub(crate) struct Scratch {
    rows: Vec<Vec<Row>>,
}

impl Scratch {
    pub(crate) fn for_parts(parts: usize) -> Self {
        Self { rows: vec![Vec::new(); parts] }
    }
}

impl Reading<'_> {
    /// Whether the condition holds for an owner.
    pub(crate) fn holds(&self, owner: u32, scratch: &mut Scratch, tally: &mut Tally) -> Result<bool, EvaluateError> {
        self.count(owner, scratch)?;
        let counted = &scratch.rows[0];
        let count = u32::try_from(counted.len()).unwrap_or(u32::MAX);
        if !self.leaf.condition.count.contains(count) {
            return Ok(false);
        }
        let Some((reduction, judge)) = self.aggregate else { return Ok(true) };
        let value = reduction.reduce(counted, tally);
        let finding = judge.value_among(value.as_ref(), &self.about(owner, None));
        tally.note(finding);
        Ok(finding.holds)
    }

    /// Leaves the events that count in the first place; no more than it takes to know that their number is in the range,
    /// or is not, where nothing else is asked of them.
    fn count(&self, owner: u32, scratch: &mut Scratch) -> Result<(), EvaluateError> {
        let (first, later) = scratch.rows.split_first_mut().expect("a condition has a first event");
        let Some(next) = later.first_mut() else { return self.find_first(owner, first) };
        let next_is_found = self.next_bounds(owner);
        if next_is_found {
            self.find(1, owner, &EVER, next)?;
            let Some(times) = self.followed_by(next) else {
                first.clear();
                return Ok(());
            };
            self.find(0, owner, &times, first)?;
        } else {
            self.find_first(owner, first)?;
        }
        let (Some(begin), Some(end)) = (first.first().map(|row| row.at), first.last().map(|row| row.at)) else { return Ok(()) };
        for place in (0..later.len()).rev() {
            let (own, beyond) = later[place..].split_first_mut().expect("the range ends where they do");
            // What came before the first event of all follows nothing, nor does what came too long after the last.
            if place > 0 || !next_is_found {
                self.find(place + 1, owner, &(begin..self.last_follower(end, place + 1)), own)?;
            }
            if let Some(next) = beyond.first() {
                self.keep_followed(place + 1, owner, own, next, usize::MAX)?;
            }
        }
        let CountRange { at_least, at_most } = self.leaf.condition.count;
        let enough = match (at_most, self.aggregate) {
            (Some(at_most), _) => at_most.saturating_add(1) as usize,
            (None, None) => at_least as usize,
            (None, Some(_)) => usize::MAX,
        };
        self.keep_followed(0, owner, first, &later[0], enough)
    }

    /// Those of the first events that `which` allows.
    fn find_first(&self, owner: u32, rows: &mut Vec<Row>) -> Result<(), EvaluateError> {
        let part = &self.parts[0];
        let side = match self.leaf.condition.which {
            Which::Any => return self.find(0, owner, &EVER, rows),
            Which::First => Side::First,
            Which::Last => Side::Last,
        };
        if part.of_each.is_empty() {
            return part.gathered.outermost(owner, side, rows);
        }
        self.find(0, owner, &EVER, rows)?;
        side.keep(rows);
        Ok(())
    }

    /// Whether it pays to look at the events of the first step before the first events: they say when these must have
    /// happened.
    fn next_bounds(&self, owner: u32) -> bool {
        let (first, next) = (&self.parts[0].gathered, &self.parts[1]);
        self.leaf.condition.which == Which::Any && next.count.at_least > 0 && next.gathered.rows_max(owner) <= first.rows_max(owner)
    }

    /// When something happened that these events of the first step follow; nothing where there are none.
    fn followed_by(&self, next: &[Row]) -> Option<Range<i64>> {
        let (earliest, latest) = (next.first()?.at, next.last()?.at);
        let within = self.parts[1].within.and_then(Lookback::micros);
        let start = within.map_or(i64::MIN, |within| earliest.saturating_sub(within).saturating_add(1));
        Some(start..latest.saturating_add(1))
    }

    /// The first moment at which no event of a part follows any more, when the last of the first events happened then.
    fn last_follower(&self, last: i64, place: usize) -> i64 {
        let lengths = self.parts[1..=place].iter().map(|part| part.within.and_then(Lookback::micros));
        let end = lengths.sum::<Option<i64>>().map(|length| last.saturating_add(length));
        end.unwrap_or(i64::MAX)
    }

    /// An owner's events of one part in a part of time, each as if it stood alone.
    fn find(&self, place: usize, owner: u32, times: &Range<i64>, rows: &mut Vec<Row>) -> Result<(), EvaluateError> {
        let part = &self.parts[place];
        if *times == EVER {
            part.gathered.rows(owner, rows)?;
        } else {
            part.gathered.rows_between(owner, times, rows)?;
        }
        if !part.of_each.is_empty() {
            let about = self.about(owner, None);
            rows.retain(|row| {
                let (frame, number) = part.gathered.stands(*row);
                part.of_each.is_met(frame, number, &about)
            });
        }
        Ok(())
    }

    /// Keeps the events of a part that the next one follows, as many as are enough.
    fn keep_followed(&self, place: usize, owner: u32, rows: &mut Vec<Row>, next: &[Row], enough: usize) -> Result<(), EvaluateError> {
        let mut alike = Alike::default();
        let mut kept = 0;
        for number in 0..rows.len() {
            if kept >= enough {
                break;
            }
            let row = rows[number];
            if self.follows(place + 1, owner, row, next, &mut alike)? {
                rows[kept] = row;
                kept += 1;
            }
        }
        rows.truncate(kept);
        Ok(())
    }

    /// Whether the step at this place of `parts` follows an event of the part before it. `rows` are its events that go on.
    fn follows<'s>(&'s self, place: usize, owner: u32, before: Row, rows: &[Row], alike: &mut Alike<'s>) -> Result<bool, EvaluateError> {
        let part = &self.parts[place];
        let previous = &self.parts[place - 1].gathered;
        let clock = self.setting.clock;
        let end = part.within.map(|within| within.after(Moment::from_micros(before.at), clock.zone));
        if part.count.at_most.is_some() && end.is_some_and(|end| clock.as_of.moment() < end) {
            return Ok(false);
        }
        let first = rows.partition_point(|row| row.at < before.at);
        let last = end.map_or(rows.len(), |end| rows.partition_point(|row| row.at < end.micros()));
        let about = self.about(owner, Some((previous, before)));
        let mut count = 0_u32;
        let mut candidates = alike.among(&part.same, (previous, before), (&part.gathered, rows), first..last);
        while let Some(number) = candidates.next() {
            let row = rows[number];
            if row.at == before.at && !part.gathered.source_order(row)?.is_after(previous.source_order(before)?) {
                continue;
            }
            let (frame, number) = part.gathered.stands(row);
            let (frame_before, number_before) = previous.stands(before);
            let has = |same: &Same| same.holds((frame_before, number_before), (frame, number), &about);
            if !candidates.asked().iter().all(has) || !part.of_pairs.is_met(frame, number, &about) {
                continue;
            }
            count += 1;
            match part.count.at_most {
                None if count >= part.count.at_least => return Ok(true),
                Some(at_most) if count > at_most => return Ok(false),
                None | Some(_) => {}
            }
        }
        Ok(part.count.contains(count))
    }

    fn about<'s>(&'s self, owner: u32, parent: Option<(&'s Gathered<'s>, Row)>) -> About<'s> {
        About { traits: self.setting.traits, names: &self.leaf.names, profile: owner as usize, parent }
    }
}
