//! Sequences, and aggregates over events: judged owner by owner, over that owner's events in order of time.
//!
//! An event *counts* when it matches, lies in the window, is one of those `which` allows, and the rest of the sequence
//! follows it. The condition holds when the number that count is in the range and their aggregate matches. A step follows
//! an event when enough events of its own come after that one: later in time or, at the very same moment, further down
//! the same batch; and before `within` has passed, that moment not included. A step whose range has an upper end
//! (`did_not`, `exactly`, `at_most`) says something about the whole of its time, so it holds only once that has passed;
//! without `within` it says "not so far" and holds at once. Steps look at all events up to the as-of, in or outside the
//! window of the first.
//!
//! Here a condition is taken apart and its events gathered; [`crate::follow`] judges one owner.

use std::collections::BTreeSet;

use definitions::{AggregateMatch, CountRange, EventCondition, Filter, Matcher, PathMatch, SamePath, Which};
use model::{Collection, EventName, Lookback, Span};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::demand::{self, Demand, Told};
use crate::error::EvaluateError;
use crate::follow::{Part, Reading, Scratch};
use crate::gather::Wanted;
use crate::gathered::Gathered;
use crate::known::TraitNames;
use crate::leaf::Tally;
use crate::matcher::Judge;
use crate::reduce::{self, Reduction};
use crate::same::Same;
pub(crate) use crate::setting::Setting;
use crate::setting::Whom;
use crate::summed;

/// How many owners one task takes when only some are asked about.
const OWNERS_PER_TASK: usize = 64;

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

/// One event of a condition: the first, or that of a step.
pub(crate) struct Link<'c> {
    pub(crate) event: &'c EventName,
    filter: &'c Filter,
    same: &'c [SamePath],
    pub(crate) within: Option<Lookback>,
    pub(crate) count: CountRange,
    /// The part of the filter that is told by the event alone.
    pub(crate) by_event: Filter,
}

/// The first event of a condition and its steps, in their order.
pub(crate) fn chain(condition: &EventCondition) -> Vec<Link<'_>> {
    let by_event = |filter| demand::part(filter, Told::Event);
    let EventCondition { event, filter, count, .. } = condition;
    let mut links = vec![Link { event, filter, same: &[], within: None, count: *count, by_event: by_event(filter) }];
    let mut next = condition.then.as_deref();
    while let Some(step) = next {
        let (event, filter, same) = (&step.event, &step.filter, step.same.as_slice());
        links.push(Link { event, filter, same, within: step.within, count: step.count, by_event: by_event(filter) });
        next = step.then.as_deref();
    }
    links
}

/// The properties looked at event by event: by what varies, by the step that follows, and by the aggregate of the first.
fn properties(condition: &EventCondition, links: &[Link<'_>], place: usize) -> Vec<String> {
    let link = &links[place];
    let (by_owner, by_pair) = (demand::part(link.filter, Told::Owner), demand::part(link.filter, Told::Pair));
    let own = demand::properties(&by_owner).chain(demand::properties(&by_pair));
    let same = link.same.iter().filter_map(|same| same.path.first());
    let next = links.get(place + 1);
    let by_next = next.into_iter().flat_map(|next| demand::parent_properties(next.filter));
    let same_as_next = next.into_iter().flat_map(|next| next.same).filter_map(|same| same.parent_path.first());
    let aggregate = condition.aggregate.as_ref().filter(|_| place == 0);
    let aggregated = aggregate.and_then(|aggregate| aggregate.aggregate.path.first());
    let all = own.chain(same).chain(by_next).chain(same_as_next).chain(aggregated);
    all.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

impl SequenceLeaf {
    /// Those of whom is asked for whom it holds. What it says of a profile is the same whoever else is asked about.
    pub(crate) fn answer(&self, setting: Setting<'_>, whom: Whom<'_>) -> Result<(RoaringBitmap, Tally), EvaluateError> {
        if let (Whom::All, Some(answer)) = (whom, summed::answer(self, setting)?) {
            return Ok(answer);
        }
        let condition = &self.condition;
        let links = chain(condition);
        let properties: Vec<Vec<String>> = (0..links.len()).map(|place| properties(condition, &links, place)).collect();
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(links.len());
        for (place, link) in links.iter().enumerate() {
            let part = self.part(setting, whom, (place, link), &properties[place], parts.last())?;
            parts.push(part);
        }
        let mut tally = Tally::default();
        for part in &parts {
            tally += part.gathered.tally;
        }
        let aggregate = condition.aggregate.as_ref().map(|aggregate| {
            (Reduction::over(&aggregate.aggregate, &parts[0].gathered), Judge::prepare(&aggregated(aggregate), setting.clock))
        });
        let reading = Reading { leaf: self, setting, parts: &parts, aggregate: aggregate.as_ref() };
        let answers: Vec<(RoaringBitmap, Tally)> = match whom {
            Whom::All => {
                let shares = parts[0].gathered.shares(setting.snapshot.people.len());
                shares.into_par_iter().map(|share| task(&reading, share)).collect::<Result<_, EvaluateError>>()?
            }
            Whom::These(owners) => {
                let profiles = setting.snapshot.people.len();
                let owners: Vec<u32> = owners.iter().take_while(|owner| (*owner as usize) < profiles).collect();
                let tasks = owners.par_chunks(OWNERS_PER_TASK);
                tasks.map(|owners| task(&reading, owners.iter().copied())).collect::<Result<_, EvaluateError>>()?
            }
        };
        let mut found = RoaringBitmap::new();
        for (bitmap, part) in answers {
            found |= bitmap;
            tally += part;
        }
        Ok((found, tally))
    }

    fn part<'a>(
        &'a self,
        setting: Setting<'a>,
        whom: Whom<'_>,
        (place, link): (usize, &'a Link<'a>),
        properties: &'a [String],
        before: Option<&Part<'_>>,
    ) -> Result<Part<'a>, EvaluateError> {
        let condition = &self.condition;
        let clock = setting.clock;
        let first = condition.window.resolve(clock.as_of, clock.zone);
        let later = Span::between(first.start, clock.as_of.moment().plus_micros(1));
        let indifferent = condition.then.is_none()
            && condition.which == Which::Any
            && condition.aggregate.as_ref().is_none_or(|aggregate| !reduce::minds_order(aggregate.aggregate.reducer));
        let wanted = Wanted {
            event: link.event,
            span: if place == 0 { first } else { later },
            filter: &link.by_event,
            properties,
            owners: setting.owners(self.of),
            in_order: !indifferent,
        };
        let gathered = Gathered::gather(setting, wanted, whom)?;
        let of_each = demand::both(gathered.unasked.clone(), demand::part(link.filter, Told::Owner));
        let of_pairs = demand::part(link.filter, Told::Pair);
        let at_hand = gathered.properties();
        let same = link.same.iter().filter_map(|same| Some(Same::prepare(same, &before?.gathered, &gathered, clock)));
        Ok(Part {
            of_each: Demand::prepare(&of_each, at_hand, clock),
            of_pairs: Demand::prepare(&of_pairs, at_hand, clock),
            same: same.collect(),
            gathered,
            within: link.within,
            count: link.count,
        })
    }
}

/// What is asked of an aggregate as a whole.
pub(crate) fn aggregated(aggregate: &AggregateMatch) -> PathMatch {
    PathMatch { path: vec![String::new()], matcher: aggregate.matcher.clone() }
}

fn task(reading: &Reading<'_>, owners: impl Iterator<Item = u32>) -> Result<(RoaringBitmap, Tally), EvaluateError> {
    let mut scratch = Scratch::for_parts(reading.parts.len());
    let mut tally = Tally::default();
    let mut found = Vec::new();
    for owner in owners {
        if reading.holds(owner, &mut scratch, &mut tally)? {
            found.push(owner);
        }
    }
    Ok((RoaringBitmap::from_sorted_iter(found).expect("owners ascend"), tally))
}
