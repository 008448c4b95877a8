//! Sequences, and aggregates over events: judged owner by owner, over that owner's events in order of time.
//!
//! An event *counts* when it matches, lies in the window, is one of those `which` allows, and the rest of the sequence
//! follows it. The condition holds when the number that count is in the range and their aggregate matches. A step follows
//! an event when enough events of its own come after that one: later in time or, at the very same moment, further down
//! the same batch; and before `within` has passed, that moment not included. A step whose range has an upper end
//! (`did_not`, `exactly`, `at_most`) says something about the whole of its time, so it holds only once that has passed;
//! without `within` it says "not so far" and holds at once. Steps look at all events up to the as-of, in or outside the
//! window of the first.

use std::cell::RefCell;
use std::collections::BTreeSet;

use definitions::{Comparison, CountRange, EventCondition, Filter, Matcher, Operator, PathMatch, Reference, ReferenceOf, SamePath, Which};
use lake::Reader;
use model::{Collection, EventName, Lookback, Moment, Span};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::demand::{self, Demand};
use crate::error::EvaluateError;
use crate::filter::Sieve;
use crate::gather::{Gathered, Row, Wanted};
use crate::known::{About, KnownTraits, TraitNames};
use crate::leaf::Tally;
use crate::matcher::Judge;
use crate::operator::Clock;
use crate::owners::{Links, Owners};
use crate::reduce::Reduction;
use crate::segments::Snapshot;

/// How many owners one thread takes at a time.
const OWNERS_PER_TASK: usize = 8_192;

/// An event condition that counting alone does not answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SequenceLeaf {
    pub(crate) condition: EventCondition,
    /// Whose events.
    pub(crate) of: Collection,
    /// The traits it refers to.
    pub(crate) names: TraitNames,
}

/// Whether counting alone does not answer a condition.
pub(crate) fn needs_order(condition: &EventCondition) -> bool {
    condition.then.is_some()
        || condition.aggregate.is_some()
        || condition.which != Which::Any
        || demand::conditions(&condition.filter).any(crate::matcher::refers)
}

/// Every matcher of a condition.
pub(crate) fn matchers(condition: &EventCondition) -> Vec<&Matcher> {
    let mut found: Vec<_> = demand::conditions(&condition.filter).map(|condition| &condition.matcher).collect();
    found.extend(condition.aggregate.as_ref().map(|aggregate| &aggregate.matcher));
    let mut next = condition.then.as_deref();
    while let Some(step) = next {
        found.extend(demand::conditions(&step.filter).map(|condition| &condition.matcher));
        next = step.then.as_deref();
    }
    found
}

/// What all leaves of a run share.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) links: &'a Links,
    pub(crate) traits: &'a KnownTraits,
    pub(crate) clock: Clock,
}

impl<'a> Setting<'a> {
    pub(crate) fn owners(self, of: Collection) -> Owners<'a> {
        Owners { people: &self.snapshot.people, links: self.links, of }
    }
}

/// One event of a condition: the first, or that of a step with its `same` among its filter.
struct Link {
    event: EventName,
    filter: Filter,
    within: Option<Lookback>,
    count: CountRange,
}

fn chain(condition: &EventCondition) -> Vec<Link> {
    let EventCondition { event, filter, count, .. } = condition.clone();
    let mut links = vec![Link { event, filter, within: None, count }];
    let mut next = condition.then.as_deref();
    while let Some(step) = next {
        let mut filter = step.filter.clone();
        filter.all.extend(step.same.iter().map(equals_parent));
        links.push(Link { event: step.event.clone(), filter, within: step.within, count: step.count });
        next = step.then.as_deref();
    }
    links
}

fn equals_parent(same: &SamePath) -> PathMatch {
    let with = Reference { of: ReferenceOf::Parent, path: same.parent_path.clone() };
    let operators = vec![Operator::Compare { comparison: Comparison::Equals, with }];
    PathMatch { path: same.path.clone(), matcher: Matcher { operators, ignore_case: false, or_missing: false } }
}

/// The properties looked at event by event: by what varies, by the step that follows, and by the aggregate of the first.
fn columns(condition: &EventCondition, links: &[Link], place: usize) -> Vec<String> {
    let varying = demand::varying(&links[place].filter);
    let own = demand::conditions(&varying).filter_map(|condition| condition.path.first());
    let by_next = links.get(place + 1).into_iter().flat_map(|next| demand::parent_properties(&next.filter));
    let aggregate = condition.aggregate.as_ref().filter(|_| place == 0);
    let aggregated = aggregate.and_then(|aggregate| aggregate.aggregate.path.first());
    own.chain(by_next).chain(aggregated).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// One event of the condition with its rows.
struct Part<'a> {
    gathered: Gathered<'a>,
    demand: Demand,
    within: Option<Lookback>,
    count: CountRange,
}

impl SequenceLeaf {
    /// The profiles for which it holds.
    pub(crate) fn answer(&self, setting: Setting<'_>) -> Result<(RoaringBitmap, Tally), EvaluateError> {
        let Setting { snapshot, clock, .. } = setting;
        let condition = &self.condition;
        let links = chain(condition);
        let first = condition.window.resolve(clock.as_of, clock.zone);
        let later = Span { start: first.start, end: clock.as_of.moment().plus_micros(1) };

        let mut tally = Tally::default();
        let mut parts = Vec::with_capacity(links.len());
        for (place, link) in links.iter().enumerate() {
            let span = if place == 0 { first } else { later };
            parts.push(self.part(setting, link, span, &columns(condition, &links, place))?);
        }
        for part in &parts {
            tally += part.gathered.tally;
        }
        let judge = condition.aggregate.as_ref().map(|aggregate| {
            let whole = PathMatch { path: vec![String::new()], matcher: aggregate.matcher.clone() };
            (Reduction::over(&aggregate.aggregate, &parts[0].gathered), Judge::prepare(&whole, clock))
        });
        let reading = Reading { leaf: self, setting, parts: &parts, aggregate: judge.as_ref() };
        let profiles = snapshot.people.len();
        let tasks: Vec<usize> = (0..profiles).step_by(OWNERS_PER_TASK).collect();
        let answers: Vec<(RoaringBitmap, Tally)> = tasks
            .into_par_iter()
            .map(|start| reading.task(start..profiles.min(start + OWNERS_PER_TASK)))
            .collect::<Result<_, EvaluateError>>()?;
        let mut found = RoaringBitmap::new();
        for (bitmap, part) in answers {
            found |= bitmap;
            tally += part;
        }
        Ok((found, tally))
    }

    fn part<'a>(&self, setting: Setting<'a>, link: &Link, span: Span, columns: &[String]) -> Result<Part<'a>, EvaluateError> {
        let sieve = Sieve::prepare(&demand::fixed(&link.filter), setting.clock);
        let owners = setting.owners(self.of);
        let wanted = Wanted { event: &link.event, span, sieve: sieve.as_ref(), columns, owners };
        let gathered = Gathered::gather(setting.reader, setting.snapshot, wanted)?;
        let demand = Demand::prepare(&demand::varying(&link.filter), &gathered, setting.clock);
        Ok(Part { gathered, demand, within: link.within, count: link.count })
    }
}

/// A leaf with everything it looks at.
struct Reading<'a> {
    leaf: &'a SequenceLeaf,
    setting: Setting<'a>,
    parts: &'a [Part<'a>],
    aggregate: Option<&'a (Reduction<'a>, Judge)>,
}

impl Reading<'_> {
    fn task(&self, owners: std::ops::Range<usize>) -> Result<(RoaringBitmap, Tally), EvaluateError> {
        let mut found = RoaringBitmap::new();
        let mut tally = Tally::default();
        for owner in owners {
            if self.holds(owner, &mut tally)? {
                found.insert(u32::try_from(owner).expect("profile numbers are 32 bits"));
            }
        }
        Ok((found, tally))
    }

    fn holds(&self, owner: usize, tally: &mut Tally) -> Result<bool, EvaluateError> {
        let counted = self.counted(owner)?;
        let count = u32::try_from(counted.len()).unwrap_or(u32::MAX);
        if !self.leaf.condition.count.contains(count) {
            return Ok(false);
        }
        let Some((reduction, judge)) = self.aggregate else { return Ok(true) };
        let value = reduction.reduce(&counted, tally);
        let finding = judge.value_among(value.as_ref(), &self.about(owner, None));
        tally.note(finding);
        Ok(finding.holds)
    }

    /// The events that count.
    fn counted(&self, owner: usize) -> Result<Vec<Row>, EvaluateError> {
        let start = &self.parts[0];
        let rows = start.gathered.of(owner);
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let about = self.about(owner, None);
        let mut matching: Vec<Row> = rows.iter().copied().filter(|row| start.demand.is_met(&start.gathered, *row, &about)).collect();
        match self.leaf.condition.which {
            Which::Any => {}
            Which::First => matching.truncate(1),
            Which::Last => {
                matching.drain(..matching.len().saturating_sub(1));
            }
        }
        if self.parts.len() == 1 {
            return Ok(matching);
        }
        let memory: Memory = self.parts.iter().map(|part| RefCell::new(vec![None; part.gathered.of(owner).len()])).collect();
        let mut counted = Vec::new();
        for row in matching {
            if self.follows(1, row, owner, &memory)? {
                counted.push(row);
            }
        }
        Ok(counted)
    }

    /// Whether the step at this place of `parts` follows an event of the part before it.
    fn follows(&self, place: usize, before: Row, owner: usize, memory: &Memory) -> Result<bool, EvaluateError> {
        let part = &self.parts[place];
        let previous = &self.parts[place - 1].gathered;
        let clock = self.setting.clock;
        let end = part.within.map(|within| within.after(Moment::from_micros(before.at), clock.zone));
        if part.count.at_most.is_some() && end.is_some_and(|end| clock.as_of.moment() < end) {
            return Ok(false);
        }
        let about = self.about(owner, Some((previous, before)));
        let rows = part.gathered.of(owner);
        let first = rows.partition_point(|row| row.at < before.at);
        let mut count = 0_u32;
        for (number, row) in rows.iter().enumerate().skip(first) {
            if end.is_some_and(|end| row.at >= end.micros()) {
                break;
            }
            if row.at == before.at && !part.gathered.source_order(*row)?.is_after(previous.source_order(before)?) {
                continue;
            }
            if !part.demand.is_met(&part.gathered, *row, &about) || !self.goes_on(place, number, *row, owner, memory)? {
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

    /// Whether what must come after an event of this part does. That depends on the event alone, so it is remembered.
    fn goes_on(&self, place: usize, number: usize, row: Row, owner: usize, memory: &Memory) -> Result<bool, EvaluateError> {
        if place + 1 == self.parts.len() {
            return Ok(true);
        }
        if let Some(known) = memory[place].borrow()[number] {
            return Ok(known);
        }
        let follows = self.follows(place + 1, row, owner, memory)?;
        memory[place].borrow_mut()[number] = Some(follows);
        Ok(follows)
    }

    fn about<'s>(&'s self, owner: usize, parent: Option<(&'s Gathered<'s>, Row)>) -> About<'s> {
        About { traits: self.setting.traits, names: &self.leaf.names, profile: owner, parent }
    }
}

/// For each part, what is known of the events of one owner.
type Memory = Vec<RefCell<Vec<Option<bool>>>>;
