//! A condition in one line, close to how it is written: for reports that name one among several.
//!
//! It names head, count and window in full, and of matchers only the paths; it is for people, not for reading back.

use model::{MomentSpec, Window};

use crate::meaning::{Condition, CountRange, EventCondition, Filter, PathMatch, Step};

/// The condition in one line, such as `did: Order Completed, within: 30 days`.
pub fn phrase(condition: &Condition) -> String {
    match condition {
        Condition::All(parts) => group("all", parts),
        Condition::Any(parts) => group("any", parts),
        Condition::None(parts) => group("none", parts),
        Condition::Event(event) => event_phrase(event),
        Condition::Traits(matches) => format!("traits: {}", paths(matches)),
        Condition::ActiveWithin(lookback) => format!("active_within: {lookback}"),
        Condition::InactiveFor(lookback) => format!("inactive_for: {lookback}"),
        Condition::InAudience(audience) => format!("in_audience: {audience}"),
        Condition::NotInAudience(audience) => format!("not_in_audience: {audience}"),
        Condition::MemberFor { audience, at_least } => format!("in_audience: {audience}, for_at_least: {at_least}"),
        Condition::EnteredAudience { audience, within } => format!("entered_audience: {audience}, within: {within}"),
        Condition::ExitedAudience { audience, within } => format!("exited_audience: {audience}, within: {within}"),
        Condition::AnyUser(inner) => format!("any_user: {{ {} }}", phrase(inner)),
        Condition::AllUsers(inner) => format!("all_users: {{ {} }}", phrase(inner)),
        Condition::NoUser(inner) => format!("no_user: {{ {} }}", phrase(inner)),
        Condition::Account(inner) => format!("account: {{ {} }}", phrase(inner)),
        Condition::Sample { percent, salt } => format!("sample: {percent} percent, salt: {salt}"),
    }
}

fn group(head: &str, parts: &[Condition]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| format!("{{ {} }}", phrase(part))).collect();
    format!("{head}: [{}]", parts.join(", "))
}

fn event_phrase(event: &EventCondition) -> String {
    let mut text = counted(event.event.as_str(), event.count);
    text.push_str(&filter(&event.filter));
    text.push_str(&window(event.window));
    if let Some(aggregate) = &event.aggregate {
        text.push_str(&format!(", over `{}`", aggregate.aggregate.path.join(".")));
    }
    if let Some(step) = &event.then {
        text.push_str(&format!(", then: {{ {} }}", step_phrase(step)));
    }
    text
}

fn step_phrase(step: &Step) -> String {
    let mut text = counted(step.event.as_str(), step.count);
    text.push_str(&filter(&step.filter));
    if let Some(within) = step.within {
        text.push_str(&format!(", within: {within}"));
    }
    if let Some(then) = &step.then {
        text.push_str(&format!(", then: {{ {} }}", step_phrase(then)));
    }
    text
}

fn counted(event: &str, count: CountRange) -> String {
    match (count.at_least, count.at_most) {
        (0, Some(0)) => format!("did_not: {event}"),
        (1, None) => format!("did: {event}"),
        (at_least, None) => format!("did: {event}, at_least: {at_least}"),
        (at_least, Some(at_most)) if at_least == at_most => format!("did: {event}, exactly: {at_least}"),
        (at_least, Some(at_most)) => format!("did: {event}, at_least: {at_least}, at_most: {at_most}"),
    }
}

fn filter(filter: &Filter) -> String {
    let mut text = String::new();
    if !filter.all.is_empty() {
        text.push_str(&format!(", where: {}", paths(&filter.all)));
    }
    if !filter.any.is_empty() {
        let sets: Vec<String> = filter.any.iter().map(|set| paths(set)).collect();
        text.push_str(&format!(", where_any: {}", sets.join(" or ")));
    }
    text
}

fn paths(matches: &[PathMatch]) -> String {
    let names: Vec<String> = matches.iter().map(|condition| format!("`{}`", condition.path.join("."))).collect();
    names.join(", ")
}

fn window(window: Window) -> String {
    match window {
        Window::Ever => String::new(),
        Window::Within(lookback) => format!(", within: {lookback}"),
        Window::Between { from, until } => {
            let end = |name: &str, end: Option<MomentSpec>| end.map_or_else(String::new, |end| format!(", {name}: {}", moment(end)));
            format!("{}{}", end("from", from), end("until", until))
        }
    }
}

fn moment(spec: MomentSpec) -> String {
    match spec {
        MomentSpec::Date(day) => day.to_string(),
        MomentSpec::At(moment) => moment.to_string(),
        MomentSpec::Ago(lookback) => format!("{lookback} ago"),
        MomentSpec::FromNow(lookback) => format!("{lookback} from now"),
        MomentSpec::Now => "now".to_owned(),
        MomentSpec::Today => "today".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use model::{EventName, Lookback};

    use super::*;

    #[test]
    fn conditions_read_as_they_are_written() {
        let week = Window::Within(Lookback::parse("7 days").expect("plain"));
        let did = EventCondition { window: week, ..EventCondition::did(EventName::parse("A").expect("plain")) };
        let none = CountRange { at_least: 0, at_most: Some(0) };
        let did_not = Condition::Event(EventCondition { count: none, window: Window::Ever, ..did.clone() });
        let both = Condition::Any(vec![Condition::Event(did), did_not]);
        assert_eq!(phrase(&both), "any: [{ did: A, within: 7 days }, { did_not: A }]");
    }
}
