//! Events: which of them count, and whether what must follow does.

use definitions::{EventCondition, Filter, PathMatch, Step, Which};
use model::{Collection, EventName, Fact, FactKind, Moment, ProfileId, Value, Window};

use super::values::{elements, equals, scalar, walk};
use super::{Oracle, aggregates};

/// A fact that is an event.
#[derive(Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) fact: &'a Fact,
    name: &'a EventName,
    properties: &'a [(String, Value)],
}

impl<'a> Event<'a> {
    fn property(&self, name: &str) -> Option<&'a Value> {
        self.properties.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The values that a path leads to.
    pub(super) fn reached(&self, path: &[String]) -> Vec<&'a Value> {
        self.property(&path[0]).into_iter().flat_map(|value| walk(value, &path[1..])).collect()
    }

    fn is_after(&self, other: &Self) -> bool {
        let (mine, others) = (self.fact, other.fact);
        mine.occurred_at > others.occurred_at || (mine.occurred_at == others.occurred_at && mine.source_order.is_after(others.source_order))
    }
}

impl Oracle<'_> {
    /// What a user did; of an account what all its users did, and it itself.
    pub(super) fn events_of(&self, profile: ProfileId) -> Vec<Event<'_>> {
        let mut whose = vec![profile];
        if self.collection(profile) == Collection::Accounts {
            whose.extend(self.users_of(profile));
        }
        let mut events = Vec::new();
        for profile in whose {
            for fact in self.facts_of(profile) {
                if let FactKind::Event { name, properties } = &fact.kind {
                    events.push(Event { fact, name, properties });
                }
            }
        }
        events
    }

    pub(super) fn event_holds(&self, condition: &EventCondition, profile: ProfileId) -> bool {
        let all = self.events_of(profile);
        let mut starts = all.clone();
        starts.retain(|event| self.counts(event, &condition.event, &condition.filter, profile, None));
        starts.retain(|event| self.lies_in(condition.window, event.fact.occurred_at));
        aggregates::sort(&mut starts);
        let chosen = match condition.which {
            Which::Any => starts,
            Which::First => starts.first().copied().into_iter().collect(),
            Which::Last => starts.last().copied().into_iter().collect(),
        };
        let follows = |event: &Event<'_>| condition.then.as_ref().is_none_or(|step| self.step_holds(step, event, &all, profile));
        let counted: Vec<Event<'_>> = chosen.into_iter().filter(follows).collect();
        let aggregate_holds = condition.aggregate.as_ref().is_none_or(|asked| {
            let value = aggregates::aggregate(&asked.aggregate, &counted);
            self.matcher_holds(&asked.matcher, value.iter().collect(), profile, None)
        });
        condition.count.contains(u32::try_from(counted.len()).expect("few events in a test")) && aggregate_holds
    }

    /// Whether as many events follow this one as must.
    fn step_holds(&self, step: &Step, parent: &Event<'_>, all: &[Event<'_>], profile: ProfileId) -> bool {
        let zone = self.catalog.settings.zone;
        let end = step.within.map(|length| length.after(parent.fact.occurred_at, zone));
        let is_over = end.is_none_or(|end| self.as_of.moment() >= end);
        if step.count.at_most.is_some() && !is_over {
            return false;
        }
        let counts = |event: &&Event<'_>| {
            event.is_after(parent)
                && end.is_none_or(|end| event.fact.occurred_at < end)
                && self.counts(event, &step.event, &step.filter, profile, Some(parent))
                && step.same.iter().all(|same| any_pair_equal(&parent.reached(&same.parent_path), &event.reached(&same.path)))
                && step.then.as_ref().is_none_or(|next| self.step_holds(next, event, all, profile))
        };
        step.count.contains(u32::try_from(all.iter().filter(counts).count()).expect("few events in a test"))
    }

    /// Whether it has this name and passes the filter.
    pub(super) fn counts(
        &self,
        event: &Event<'_>,
        name: &EventName,
        filter: &Filter,
        profile: ProfileId,
        parent: Option<&Event<'_>>,
    ) -> bool {
        let matches = |path_match: &PathMatch| self.matches(path_match, event.property(&path_match.path[0]), profile, parent);
        event.name == name
            && filter.all.iter().all(matches)
            && (filter.any.is_empty() || filter.any.iter().any(|set| set.iter().all(matches)))
    }

    pub(super) fn lies_in(&self, window: Window, at: Moment) -> bool {
        let zone = self.catalog.settings.zone;
        match window {
            Window::Ever => true,
            Window::Within(length) => at >= length.before(self.as_of.moment(), zone),
            Window::Between { from, until } => {
                from.is_none_or(|spec| at >= spec.resolve(self.as_of, zone)) && until.is_none_or(|spec| at < spec.resolve(self.as_of, zone))
            }
        }
    }
}

/// The event before decides how both are read, as a constant would.
fn any_pair_equal(before: &[&Value], after: &[&Value]) -> bool {
    let constants = before.iter().flat_map(|value| elements(value)).filter_map(scalar);
    let values: Vec<&Value> = after.iter().flat_map(|value| elements(value)).collect();
    constants.into_iter().any(|constant| values.iter().any(|value| equals(value, &constant, false) == Some(true)))
}
