//! Moved: whose answer may differ between two as-ofs.
//!
//! What cannot be undone by counting is judged anew when the as-of advances, but only for those whose events say
//! something else than before: events that became visible or arrived late, that entered or left a window, or whose time
//! to be followed ran out in between. Where something else than events changed (traits, merges, links) is told from
//! outside.
//!
//! **Invariant:** whoever is left out has the same answer at both as-ofs. Naming somebody needlessly costs time alone.

use std::collections::BTreeSet;

use definitions::{ComputedTrait, Filter, Operator};
use model::{AsOf, Collection, EventName, LogName, Lookback, Moment, Segment, SegmentId, Span};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::demand::{self, Demand, Told};
use crate::error::EvaluateError;
use crate::operator::NoReferences;
use crate::segments;
use crate::sequence::{SequenceLeaf, chain, matchers};
use crate::setting::{Setting, Whom};

/// Calendar lengths go by the wall clock and end on a month's last day: going back such a length leads at most so far
/// from where going forward began.
const CALENDAR_MARGIN_MICROS: i64 = 4 * 86_400_000_000;

/// What is known of the way from an earlier as-of to that of the setting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passage<'a> {
    /// The earlier as-of.
    pub(crate) since: AsOf,
    /// The segments that were not there then. One that only took the place of others, row by row, need not be among them.
    pub(crate) fresh: &'a BTreeSet<SegmentId>,
    /// Whose traits, of those that are referred to, may have changed.
    pub(crate) changed: &'a RoaringBitmap,
    /// Who took part in a merge since: survivors and merged.
    pub(crate) merged: &'a RoaringBitmap,
    /// Whether a user became known to belong to an account.
    pub(crate) linked: bool,
}

/// Whose answer may differ.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Moved {
    /// Anybody's.
    All,
    /// These profiles' at most.
    These(RoaringBitmap),
}

impl Moved {
    /// The same as a question.
    pub(crate) fn whom(&self) -> Whom<'_> {
        match self {
            Self::All => Whom::All,
            Self::These(owners) => Whom::These(owners),
        }
    }
}

impl SequenceLeaf {
    /// For whom it may say something else at the setting's as-of than it did before.
    pub(crate) fn moved(&self, setting: Setting<'_>, passage: Passage<'_>) -> Result<Moved, EvaluateError> {
        let operators = matchers(&self.condition).into_iter().flat_map(|matcher| &matcher.operators);
        if anybody(operators, self.of, passage) {
            return Ok(Moved::All);
        }
        let links = chain(&self.condition);
        let (since, until) = (passage.since, setting.clock.as_of);
        let window = |as_of: AsOf| self.condition.window.resolve(as_of, setting.clock.zone);
        let (before, after) = (window(since), window(until));
        let later = Span::between(after.start, visible(until));
        let mut watches = Vec::with_capacity(links.len());
        for (place, link) in links.iter().enumerate() {
            let mut spans = if place == 0 { differences(before, after) } else { vec![Span { start: visible(since), end: visible(until) }] };
            // A step that says something about the whole of its time waits for its end.
            let waits = links.get(place + 1).filter(|next| next.count.at_most.is_some()).and_then(|next| next.within);
            spans.extend(waits.map(|within| begins(within, setting, since)));
            let fresh = if place == 0 { after } else { later };
            watches.push(Watch { event: link.event, filter: &link.by_event, of: self.of, spans, fresh });
        }
        concerned(setting, passage, &watches)
    }
}

/// Whose value of a computed trait may be another at the setting's as-of than it was before.
pub(crate) fn moved_value(definition: &ComputedTrait, setting: Setting<'_>, passage: Passage<'_>) -> Result<Moved, EvaluateError> {
    let operators = demand::conditions(&definition.filter).flat_map(|condition| &condition.matcher.operators);
    if anybody(operators, definition.of, passage) {
        return Ok(Moved::All);
    }
    let window = |as_of: AsOf| definition.window.resolve(as_of, setting.clock.zone);
    let (before, after) = (window(passage.since), window(setting.clock.as_of));
    let filter = demand::part(&definition.filter, Told::Event);
    let spans = differences(before, after);
    let watch = Watch { event: &definition.event, filter: &filter, of: definition.of, spans, fresh: after };
    concerned(setting, passage, &[watch])
}

/// Whether an answer may change without any event: rows that no operator would tell apart then are told apart now, or
/// rows have other owners.
fn anybody<'o>(mut operators: impl Iterator<Item = &'o Operator>, of: Collection, passage: Passage<'_>) -> bool {
    operators.any(demand::tells_time) || (of == Collection::Accounts && passage.linked)
}

/// The first moment that is not visible.
fn visible(as_of: AsOf) -> Moment {
    as_of.moment().plus_micros(1)
}

/// What lies in one of two windows and not in the other, and perhaps more.
fn differences(before: Span, after: Span) -> Vec<Span> {
    let between = |one: Moment, other: Moment| Span { start: one.min(other), end: one.max(other) };
    vec![between(before.start, after.start), between(before.end, after.end)]
}

/// The moments from which a length ends after the earlier as-of, and not after the setting's.
fn begins(length: Lookback, setting: Setting<'_>, since: AsOf) -> Span {
    let clock = setting.clock;
    let (start, end) = (length.before(visible(since), clock.zone), length.before(visible(clock.as_of), clock.zone));
    let margin = if length.micros().is_some() { 0 } else { CALENDAR_MARGIN_MICROS };
    Span { start: start.plus_micros(-margin), end: end.plus_micros(margin) }
}

/// Events whose owners are concerned.
struct Watch<'a> {
    event: &'a EventName,
    /// Those that count, as far as the event alone tells.
    filter: &'a Filter,
    of: Collection,
    /// When they happened.
    spans: Vec<Span>,
    /// When they happened, if they stand in a segment that was not there before.
    fresh: Span,
}

fn concerned(setting: Setting<'_>, passage: Passage<'_>, watches: &[Watch<'_>]) -> Result<Moved, EvaluateError> {
    let mut moved = passage.changed | passage.merged;
    for watch in watches {
        // Whose rows a merge moved is not the merged alone: they may belong to an account.
        for profile in passage.merged {
            setting.owners(watch.of).each(profile, |owner| {
                moved.insert(owner);
            });
        }
        let log = LogName::Events(watch.event.clone());
        let segments = setting.snapshot.segments.iter().filter(|(_, segment)| segment.log == log);
        let looked_at: Vec<(&Segment, Vec<Span>)> = segments
            .filter_map(|(number, segment)| {
                let fresh = passage.fresh.contains(number).then_some(watch.fresh);
                let touched = |span: &Span| span.start < span.end && segment.first_at < span.end && span.start <= segment.last_at;
                let spans: Vec<Span> = watch.spans.iter().copied().chain(fresh).filter(touched).collect();
                (!spans.is_empty()).then_some((segment, spans))
            })
            .collect();
        let found: Vec<RoaringBitmap> = looked_at
            .into_par_iter()
            .map(|(segment, spans)| owners(setting, watch, segment, &spans))
            .collect::<Result<_, EvaluateError>>()?;
        for owners in found {
            moved |= owners;
        }
    }
    Ok(Moved::These(moved))
}

fn owners(setting: Setting<'_>, watch: &Watch<'_>, segment: &Segment, spans: &[Span]) -> Result<RoaringBitmap, EvaluateError> {
    let properties: BTreeSet<&String> = demand::properties(watch.filter).collect();
    let properties: Vec<String> = properties.into_iter().cloned().collect();
    let demand = Demand::prepare(watch.filter, &properties, setting.clock);
    let names: Vec<&str> = properties.iter().map(String::as_str).collect();
    let frame = segments::open(setting.reader, segment, &names)?;
    let mut found = Vec::new();
    for span in spans {
        let place = |moment: Moment| frame.occurred_at.partition_point(|at| *at < moment.micros());
        for row in place(span.start)..place(span.end) {
            if demand.is_met(&frame, row, &NoReferences) {
                setting.owners(watch.of).each(frame.profiles[row], |owner| found.push(owner));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(RoaringBitmap::from_sorted_iter(found).expect("in order"))
}

#[cfg(test)]
mod tests;
