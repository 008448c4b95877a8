//! Event conditions: `did` and `did_not` with counts, windows and filters.

use model::EventName;

use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::matcher;
use crate::meaning::{CountRange, EventCondition, Filter};
use crate::scope::Scope;
use crate::tree::{Key, Node};
use crate::window::WindowYaml;

type Entry<'a> = Option<(&'a Key, &'a Node)>;

/// An event condition as typed.
pub(crate) struct EventYaml<'a> {
    name: &'a Node,
    at_least: Entry<'a>,
    at_most: Entry<'a>,
    exactly: Entry<'a>,
    window: WindowYaml<'a>,
    filter: Option<&'a Node>,
    filter_any: Option<&'a Node>,
}

/// Reads `where` and `where_any`.
pub(crate) fn filter(fields: &mut Fields<'_>, scope: &mut Scope) -> Option<Filter> {
    read_filter(fields.take("where"), fields.take("where_any"), scope)
}

fn read_filter(all: Option<&Node>, any: Option<&Node>, scope: &mut Scope) -> Option<Filter> {
    let all = match all {
        Some(node) => matcher::path_matches(node, scope),
        None => Some(Vec::new()),
    };
    let any = match any {
        Some(node) => where_any(node, scope),
        None => Some(Vec::new()),
    };
    Some(Filter { all: all?, any: any? })
}

impl<'a> EventYaml<'a> {
    pub(crate) fn take_did(name: &'a Node, fields: &mut Fields<'a>) -> Self {
        let (at_least, at_most, exactly) = (fields.take_entry("at_least"), fields.take_entry("at_most"), fields.take_entry("exactly"));
        Self { at_least, at_most, exactly, ..Self::take_did_not(name, fields) }
    }

    pub(crate) fn take_did_not(name: &'a Node, fields: &mut Fields<'a>) -> Self {
        Self {
            name,
            at_least: None,
            at_most: None,
            exactly: None,
            window: WindowYaml::take(fields),
            filter: fields.take("where"),
            filter_any: fields.take("where_any"),
        }
    }

    pub(crate) fn did(&self, scope: &mut Scope) -> Option<EventCondition> {
        let count = self.count(scope);
        self.read(count, scope)
    }

    pub(crate) fn did_not(&self, scope: &mut Scope) -> Option<EventCondition> {
        self.read(Some(CountRange { at_least: 0, at_most: Some(0) }), scope)
    }

    fn read(&self, count: Option<CountRange>, scope: &mut Scope) -> Option<EventCondition> {
        let event = event_name(self.name, scope);
        let window = self.window.read(scope);
        let filter = read_filter(self.filter, self.filter_any, scope);
        Some(EventCondition { filter: filter?, window: window?, count: count?, ..EventCondition::did(event?) })
    }

    fn count(&self, scope: &mut Scope) -> Option<CountRange> {
        if let (Some((exactly, _)), Some((other, _))) = (self.exactly, self.at_least.or(self.at_most)) {
            let message = format!("`exactly` and `{}` exclude each other", other.text);
            let finding = Diagnostic::error("conflicting-keys", message).at(&other.place).label(&exactly.place, "`exactly` stands here");
            scope.report(finding.help("keep one of them"));
            return None;
        }
        if let Some((_, node)) = self.exactly {
            let exactly = times(node, scope)?;
            if exactly == 0 {
                let finding = Diagnostic::error("count-of-zero", "`exactly: 0` is `did_not`").at(&node.place);
                scope.report(finding.help("write `did_not` in place of `did`, and leave the count out"));
                return None;
            }
            return Some(CountRange { at_least: exactly, at_most: Some(exactly) });
        }
        let at_least = self.at_least.map(|(_, node)| times(node, scope));
        let at_most = self.at_most.map(|(_, node)| times(node, scope));
        if let (Some((key, _)), None) = (self.at_most, self.at_least) {
            let finding = Diagnostic::error("at-most-alone", "`at_most` needs `at_least` beside it").at(&key.place);
            let finding = finding.note("does this include people who never did it? products disagree");
            scope.report(finding.help("add `at_least: 0` to include people who never did it, `at_least: 1` to leave them out"));
            return None;
        }
        let (at_least, at_most) = (at_least.unwrap_or(Some(1))?, at_most.map_or(Some(None), |given| given.map(Some))?);
        self.refuse_odd_range(at_least, at_most, scope)?;
        Some(CountRange { at_least, at_most })
    }

    fn refuse_odd_range(&self, at_least: u32, at_most: Option<u32>, scope: &mut Scope) -> Option<()> {
        match (at_most, self.at_least, self.at_most) {
            (Some(0), _, Some((_, node))) => {
                let finding = Diagnostic::error("count-of-zero", "`at_most: 0` is `did_not`").at(&node.place);
                scope.report(finding.help("write `did_not` in place of `did`, and leave the count out"));
                None
            }
            (Some(at_most), Some((low, _)), Some((_, high))) if at_least > at_most => {
                let finding = Diagnostic::error("contradiction", format!("no count is at least {at_least} and at most {at_most}"));
                scope.report(finding.at(&high.place).label(&low.place, "this leaves none").help("swap the two"));
                None
            }
            (None, Some((_, node)), _) if at_least == 0 => {
                let finding = Diagnostic::error("count-of-zero", "`at_least: 0` alone holds for everybody").at(&node.place);
                scope.report(finding.help("write `at_least: 1`, or add `at_most`"));
                None
            }
            _ => Some(()),
        }
    }
}

fn times(node: &Node, scope: &mut Scope) -> Option<u32> {
    let number = scope.keep(node.as_integer())?;
    let count = u32::try_from(number);
    if count.is_err() {
        let finding = Diagnostic::error("wrong-type", format!("expected a count from 0 to {}, found `{number}`", u32::MAX));
        scope.report(finding.at(&node.place));
    }
    count.ok()
}

/// The name of an event as it arrives in messages.
pub(crate) fn event_name(node: &Node, scope: &mut Scope) -> Option<EventName> {
    let text = scope.keep(node.as_text())?;
    for (call, event, property) in [("page", EventName::PAGE_VIEWED, "page_name"), ("screen", EventName::SCREEN_VIEWED, "screen_name")] {
        if text.eq_ignore_ascii_case(call) {
            let message = format!("{call} calls appear as the event `{event}`");
            let finding = Diagnostic::warning("page-event", message).at(&node.place);
            scope.report(finding.help(format!("write `did: {event}`, and which one with `where: {{ {property}: Pricing }}`")));
        }
    }
    let name = EventName::parse(text).map_err(|error| {
        let message = format!("{} cannot be {}: {}", crate::quote::quoted(&error.text), error.what, error.rule);
        Diagnostic::error("invalid-event-name", message).at(&node.place)
    });
    scope.keep(name)
}

fn where_any(node: &Node, scope: &mut Scope) -> Option<Vec<Vec<crate::meaning::PathMatch>>> {
    let items = scope.items(node)?;
    if items.len() == 1 {
        let finding = Diagnostic::error("single-choice", "`where_any` with one set is `where`").at(&node.place);
        scope.report(finding.help("write `where`, or add another set"));
        matcher::path_matches(&items[0], scope);
        return None;
    }
    let mut sets = Vec::with_capacity(items.len());
    let mut complete = true;
    for item in items {
        match matcher::path_matches(item, scope) {
            Some(set) => sets.push(set),
            None => complete = false,
        }
    }
    complete.then_some(sets)
}
