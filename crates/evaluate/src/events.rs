//! Event leaves: which of them count the same rows, and which share a pass over them.
//!
//! Leaves with the same event and filter form a group and differ only in window and count. Groups of one event share a
//! pass ([`crate::pass`]), so that rows are looked up together.

use std::collections::{BTreeMap, BTreeSet};

use definitions::{CountRange, Filter};
use model::{Collection, EventName, Segment, Span, Window};

use crate::demand;
use crate::leaf::{Leaf, LeafId};
use crate::operator::Clock;
use crate::timeline::Timeline;

/// The groups of one pass at most: each has counters of its own, 64 KiB of them for each thread.
const GROUPS_MAX: usize = 64;

/// The leaves that count the same rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// The event; every one there is when absent.
    pub(crate) event: Option<EventName>,
    pub(crate) filter: Filter,
    /// Whose events.
    pub(crate) of: Collection,
    pub(crate) leaves: Vec<CountedLeaf>,
}

/// Groups that share a pass: of one event, and agreed on whose events they mean.
pub(crate) type Set = Vec<Group>;

/// A leaf that counting answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CountedLeaf {
    pub(crate) id: LeafId,
    pub(crate) window: Window,
    pub(crate) count: CountRange,
}

/// The groups of these leaves, in order of their first ones. Activity is a group of all events.
pub(crate) fn groups(leaves: &[(LeafId, &Leaf)]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_event: BTreeMap<Option<&EventName>, Vec<usize>> = BTreeMap::new();
    let mut add = |event, filter: &Filter, of: Collection, leaf: CountedLeaf| {
        let known = by_event.entry(event).or_default();
        if let Some(known) = known.iter().find(|known| groups[**known].of == of && groups[**known].filter == *filter) {
            groups[*known].leaves.push(leaf);
        } else {
            known.push(groups.len());
            groups.push(Group { event: event.cloned(), filter: filter.clone(), of, leaves: vec![leaf] });
        }
    };
    for (id, leaf) in leaves {
        let id = *id;
        match leaf {
            Leaf::Event(leaf) => {
                add(Some(&leaf.event), &leaf.filter, leaf.of, CountedLeaf { id, window: leaf.window, count: leaf.count });
            }
            Leaf::Activity(leaf) => {
                let count = CountRange { at_least: 1, at_most: None };
                add(None, &Filter::default(), leaf.of, CountedLeaf { id, window: Window::Within(leaf.within), count });
            }
            Leaf::Sequence(_) | Leaf::Trait(_) | Leaf::Compared(_) => {}
        }
    }
    groups
}

/// The sets of these groups, event by event.
pub(crate) fn sets(groups: Vec<Group>) -> Vec<Vec<Set>> {
    let mut events: Vec<Vec<Set>> = Vec::new();
    for group in groups {
        let place = events.iter().position(|sets| sets[0][0].event == group.event).unwrap_or_else(|| {
            events.push(Vec::new());
            events.len() - 1
        });
        let sets = &mut events[place];
        match sets.iter_mut().find(|set| set[0].of == group.of && set.len() < GROUPS_MAX) {
            Some(set) => set.push(group),
            None => sets.push(vec![group]),
        }
    }
    // Those that look at the same properties stand together.
    events.iter_mut().flatten().for_each(|set| set.sort_by(|one, other| one.properties().cmp(&other.properties())));
    events
}

impl Group {
    /// The properties that decide whether a row counts.
    pub(crate) fn properties(&self) -> BTreeSet<&str> {
        demand::properties(&self.filter).map(String::as_str).collect()
    }

    /// The windows of the leaves.
    pub(crate) fn spans(&self, clock: Clock) -> Vec<Span> {
        self.leaves.iter().map(|leaf| leaf.window.resolve(clock.as_of, clock.zone)).collect()
    }

    /// The segments of its events that may have rows in a span.
    pub(crate) fn segments<'a>(&self, timeline: &'a Timeline<'_>, span: Span) -> Vec<&'a Segment> {
        match &self.event {
            Some(event) => timeline.of_event(event, span).to_vec(),
            None => timeline.events().flat_map(|event| timeline.of_event(event, span)).copied().collect(),
        }
    }
}
