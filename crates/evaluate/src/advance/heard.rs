//! Trait leaves from one moment to the next: only profiles of whom something newer was said are judged again.
//!
//! A matcher whose meaning moves with the as-of ("within the last 30 days") is asked of everybody again: values stand
//! still there while time goes by.

use std::sync::Arc;

use definitions::PathMatch;
use model::{Moment, Segment, Span};
use roaring::RoaringBitmap;

use super::counted::{Flip, Step};
use super::{number, range};
use crate::demand::moves_with_time;
use crate::embedded::{LeafEngine, Part};
use crate::error::EvaluateError;
use crate::leaf::{LeafId, Tally};
use crate::matcher::Judge;
use crate::newest::Newest;
use crate::operator::Clock;
use crate::traits::judge_all;

/// One trait, and the leaves that look at it.
pub(crate) struct HeardTrait {
    name: String,
    newest: Arc<Newest>,
    leaves: Vec<(LeafId, PathMatch)>,
}

impl HeardTrait {
    /// Judges everybody once.
    pub(crate) fn begin(name: String, leaves: Vec<(LeafId, PathMatch)>, engine: &LeafEngine<'_>) -> Result<(Self, Part), EvaluateError> {
        let clock = engine.clock;
        let newest = engine.standing.find(engine.reader, engine.snapshot, &name, clock.as_of)?;
        let mut tally = Tally { rows: newest.rows, ..Tally::default() };
        let judged =
            leaves.iter().map(|(id, condition)| (*id, judge_all(&newest, &Judge::prepare(condition, clock), &mut tally))).collect();
        Ok((Self { name, newest, leaves }, (judged, tally)))
    }

    /// Moves on to a later moment.
    pub(crate) fn step(&mut self, step: Step<'_>) -> Result<(Vec<Flip>, Tally), EvaluateError> {
        let looked_at = self.newest.rows;
        let asked = hear(Arc::make_mut(&mut self.newest), &self.name, step)?;
        let mut tally = Tally { rows: self.newest.rows - looked_at, ..Tally::default() };
        let flips = self.leaves.iter().map(|(id, condition)| judge(&self.newest, *id, condition, &asked, step.clock, &mut tally));
        Ok((flips.collect(), tally))
    }
}

/// Takes note of what was said of a trait since the last moment, and of what is due since. Returns the profiles whose value
/// may be another: those of whom something newer was said, those that were merged, and new ones.
pub(crate) fn hear(newest: &mut Newest, name: &str, step: Step<'_>) -> Result<RoaringBitmap, EvaluateError> {
    let end = step.clock.as_of.moment().plus_micros(1);
    let due = Span { start: step.since.moment().plus_micros(1), end };
    let arrived = Span { start: Moment::from_micros(i64::MIN), end };
    let touches = |segment: &&Segment| segment.first_at < due.end && due.start <= segment.last_at;
    let known = step.known.of_traits(due).iter().copied().filter(touches).map(|segment| (segment, due));
    let news = step.news.of_traits(arrived).iter().copied().map(|segment| (segment, arrived));
    let said: Vec<(&Segment, Span)> = known.chain(news).collect();

    newest.grow(step.canonical.len());
    let mut changed: Vec<u32> = step.arrived.clone().collect();
    for (merged, survivor) in step.merges {
        newest.merge(step.reader, *merged, *survivor)?;
        changed.extend([*merged, *survivor]);
    }
    if !said.is_empty() {
        for profile in newest.hear(step.reader, name, &said)? {
            let survivor = step.canonical.get(profile as usize).map_or(profile, |survivor| survivor.0);
            if survivor != profile {
                newest.merge(step.reader, profile, survivor)?;
            }
            changed.push(survivor);
        }
    }
    Ok(changed.into_iter().collect())
}

fn judge(newest: &Newest, leaf: LeafId, condition: &PathMatch, asked: &RoaringBitmap, clock: Clock, tally: &mut Tally) -> Flip {
    let judge = Judge::prepare(condition, clock);
    if moves_with_time(condition) {
        return Flip { leaf, asked: range(0..number(newest.profiles())), holds: judge_all(newest, &judge, tally) };
    }
    let missing = judge.missing();
    let mut holds = RoaringBitmap::new();
    for profile in asked {
        let finding = newest.value(profile as usize).map_or(missing, |value| judge.value(&value));
        tally.note(finding);
        if finding.holds {
            holds.insert(profile);
        }
    }
    Flip { leaf, asked: asked.clone(), holds }
}
