//! Counted leaves from one moment to the next: rows that came into a window are added, rows that left it taken back.
//!
//! The cost follows the rows that moved, not the history. A row that arrives late is added where it happened; a row that
//! lies in the future becomes due later.

use lake::Reader;
use model::{AsOf, Moment, ProfileId, Span, Window};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::tally::Tallies;
use crate::counters::Totals;
use crate::error::EvaluateError;
use crate::events::{CountedLeaf, Group, Set};
use crate::filter::Sieve;
use crate::leaf::{LeafId, Tally};
use crate::opened::{Opened, times_for};
use crate::operator::Clock;
use crate::pass::{self, Source};
use crate::timeline::Timeline;

/// A group of leaves with the counts of all its windows.
pub(crate) struct CountedGroup {
    group: Group,
    windows: Vec<CountedWindow>,
}

/// One window, and the leaves that look at it.
struct CountedWindow {
    window: Window,
    span: Span,
    tallies: Tallies,
    leaves: Vec<CountedLeaf>,
}

/// What a step looks at.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) reader: &'a Reader,
    /// The last moment.
    pub(crate) since: AsOf,
    /// The segments that were there at the last moment.
    pub(crate) known: &'a Timeline<'a>,
    /// Those that came since.
    pub(crate) news: &'a Timeline<'a>,
    pub(crate) canonical: &'a [ProfileId],
    /// Profiles that are known since.
    pub(crate) arrived: &'a std::ops::Range<u32>,
    /// Profiles merged since, with their survivors.
    pub(crate) merges: &'a [(u32, u32)],
    pub(crate) clock: Clock,
}

/// What was found out anew about a leaf.
pub(crate) struct Flip {
    pub(crate) leaf: LeafId,
    /// The profiles that were looked at.
    pub(crate) asked: RoaringBitmap,
    /// Those of them for which the leaf is true.
    pub(crate) holds: RoaringBitmap,
}

/// Rows that count more, or less.
struct Move {
    span: Span,
    came: bool,
}

/// Groups of one event, with the answers of their leaves and what was read on the way.
pub(crate) type Begun = (Vec<CountedGroup>, Vec<(LeafId, RoaringBitmap)>, Tally);

/// Counts everything once, for the sets of one event.
pub(crate) fn begin(sets: Vec<Set>, source: Source<'_>) -> Result<Begun, EvaluateError> {
    let (found, tally) = pass::run(&sets, source, Totals::Wanted)?;
    let (mut groups, mut answers) = (Vec::new(), Vec::new());
    for (group, found) in sets.into_iter().flatten().zip(found) {
        answers.extend(found.answers);
        let mut windows: Vec<CountedWindow> = Vec::new();
        for ((leaf, span), totals) in group.leaves.iter().zip(group.spans(source.clock)).zip(found.totals) {
            if let Some(known) = windows.iter_mut().find(|known| known.window == leaf.window) {
                known.leaves.push(*leaf);
            } else {
                let tallies = Tallies::of(source.profiles, totals);
                windows.push(CountedWindow { window: leaf.window, span, tallies, leaves: vec![*leaf] });
            }
        }
        groups.push(CountedGroup { group, windows });
    }
    Ok((groups, answers, tally))
}

impl CountedGroup {
    /// Moves on to a later moment.
    pub(crate) fn step(&mut self, step: Step<'_>) -> Result<(Vec<Flip>, Tally), EvaluateError> {
        let sieve = Sieve::prepare(&self.group.filter, step.clock);
        let group = &self.group;
        let parts: Vec<(Vec<Flip>, Tally)> =
            self.windows.par_iter_mut().map(|window| window.step(group, sieve.as_ref(), step)).collect::<Result<_, _>>()?;
        let mut flips = Vec::new();
        let mut tally = Tally::default();
        for (more, part) in parts {
            flips.extend(more);
            tally += part;
        }
        Ok((flips, tally))
    }
}

impl CountedWindow {
    fn step(&mut self, group: &Group, sieve: Option<&Sieve>, step: Step<'_>) -> Result<(Vec<Flip>, Tally), EvaluateError> {
        let before = std::mem::replace(&mut self.span, self.window.resolve(step.clock.as_of, step.clock.zone));
        self.tallies.grow(step.canonical.len());
        // Of whoever is new everything is true that is true of no rows.
        let news = |leaf: &CountedLeaf| if leaf.count.contains(0) { step.arrived.clone().collect() } else { Vec::new() };
        let candidates = self.leaves.iter().map(news).collect();
        let mut changed = Changed { leaves: &self.leaves, candidates, tallies: &mut self.tallies };
        for (merged, survivor) in step.merges {
            changed.merge(*merged, *survivor);
        }
        let mut tally = Tally::default();
        for moved in moves(before, self.span) {
            tally += changed.follow(&moved, group, step.known, sieve, step)?;
        }
        tally += changed.follow(&Move { span: self.span, came: true }, group, step.news, sieve, step)?;
        let candidates = changed.candidates;
        let flips = self.leaves.iter().zip(candidates).filter(|(_, asked)| !asked.is_empty()).map(|(leaf, mut asked)| {
            asked.sort_unstable();
            asked.dedup();
            let holds = asked.iter().copied().filter(|profile| leaf.count.contains(self.tallies.get(*profile))).collect();
            Flip { leaf: leaf.id, asked: asked.into_iter().collect(), holds }
        });
        Ok((flips.collect(), tally))
    }
}

/// Counts as they change, and the profiles for which a leaf may have changed by it.
struct Changed<'a> {
    leaves: &'a [CountedLeaf],
    /// For each leaf.
    candidates: Vec<Vec<u32>>,
    tallies: &'a mut Tallies,
}

impl Changed<'_> {
    fn merge(&mut self, merged: u32, survivor: u32) {
        let count = self.tallies.get(merged);
        if count > 0 {
            self.change(merged, |_| 0);
            self.change(survivor, |known| known + count);
        }
    }

    fn follow(
        &mut self,
        moved: &Move,
        group: &Group,
        timeline: &Timeline<'_>,
        sieve: Option<&Sieve>,
        step: Step<'_>,
    ) -> Result<Tally, EvaluateError> {
        let mut tally = Tally::default();
        let mut survivors = Vec::new();
        let touches = |first: Moment, last: Moment| first < moved.span.end && moved.span.start <= last;
        for segment in group.segments(timeline, moved.span).into_iter().filter(|segment| touches(segment.first_at, segment.last_at)) {
            let opened = Opened::open(step.reader, segment, sieve.into_iter(), times_for(segment, moved.span))?;
            let open_sieve = sieve.map(|sieve| opened.sieve(sieve));
            for block in opened.blocks() {
                let rows = opened.rows(block, moved.span);
                if rows.is_empty() {
                    continue;
                }
                tally.rows += rows.len() as u64;
                let kept = open_sieve.as_ref().map(|sieve| sieve.sift(&rows, &mut tally));
                survivors.clear();
                for (offset, profile) in opened.profiles(block, rows).enumerate() {
                    if kept.as_ref().is_none_or(|kept| kept[offset]) {
                        // A number beyond the people known has no identifier, so nobody can ask for its count.
                        survivors.extend(step.canonical.get(profile as usize).map(|survivor| survivor.0));
                    }
                }
                self.tallies.fetch(&survivors);
                for survivor in &survivors {
                    self.add(*survivor, moved.came);
                }
            }
        }
        Ok(tally)
    }

    fn add(&mut self, profile: u32, came: bool) {
        if came {
            self.change(profile, |count| count + 1);
        } else {
            self.change(profile, |count| count.checked_sub(1).expect("what leaves a window was counted when it came"));
        }
    }

    fn change(&mut self, profile: u32, change: impl FnOnce(u32) -> u32) {
        let (before, after) = self.tallies.change(profile, change);
        for (leaf, candidates) in self.leaves.iter().zip(&mut self.candidates) {
            if leaf.count.contains(before) != leaf.count.contains(after) {
                candidates.push(profile);
            }
        }
    }
}

/// The parts of time that a window takes in anew or lets go, each at most twice.
fn moves(before: Span, after: Span) -> impl Iterator<Item = Move> {
    let came = beyond(after, before).map(|span| Move { span, came: true });
    let went = beyond(before, after).map(|span| Move { span, came: false });
    came.into_iter().chain(went).filter(|moved| moved.span.start < moved.span.end)
}

/// The parts of a span before and after another one.
fn beyond(span: Span, other: Span) -> [Span; 2] {
    if other.start >= other.end {
        return [span, Span { start: span.end, end: span.end }];
    }
    [Span { start: span.start, end: span.end.min(other.start) }, Span { start: span.start.max(other.end), end: span.end }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: i64, end: i64) -> Span {
        Span { start: Moment::from_micros(start), end: Moment::from_micros(end) }
    }

    #[track_caller]
    fn check(before: (i64, i64), after: (i64, i64), expected: &[(i64, i64, bool)]) {
        let found: Vec<_> = moves(span(before.0, before.1), span(after.0, after.1))
            .map(|moved| (moved.span.start.micros(), moved.span.end.micros(), moved.came))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn windows_let_go_at_one_end_and_take_in_at_the_other() {
        check((0, 10), (2, 12), &[(10, 12, true), (0, 2, false)]);
        check((0, 10), (0, 12), &[(10, 12, true)]);
        check((0, 10), (20, 30), &[(20, 30, true), (0, 10, false)]);
        check((0, 10), (0, 10), &[]);
        check((5, 5), (3, 6), &[(3, 6, true)]);
        check((3, 6), (7, 7), &[(3, 6, false)]);
        // A zone sets its clocks back: the window begins earlier than it did.
        check((5, 10), (4, 12), &[(4, 5, true), (10, 12, true)]);
    }
}
