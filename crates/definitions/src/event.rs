//! Event conditions: `did` and `did_not` with counts, windows, filters, an aggregate and what follows.
//!
//! Where a condition speaks of an account, so do its events: `did`, `did_not`, `active_within`, `inactive_for`,
//! sequences and aggregates look at the events of all the account's users together, as one history. To ask it of each
//! user alone, they stand under `any_user`, `all_users` or `no_user`.

use model::EventName;

use crate::aggregate::AggregateYaml;
use crate::counts::{self, CountYaml};
use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::filter::FilterYaml;
use crate::matcher::Subject;
use crate::meaning::EventCondition;
use crate::scope::Scope;
use crate::sequence::SequenceYaml;
use crate::tree::{Data, Node};
use crate::window::WindowYaml;

/// Reads `did` and what stands beside it.
pub(crate) fn did<'a>(name: &'a Node, fields: &mut Fields<'a>, scope: &mut Scope) -> Option<EventCondition> {
    let count = CountYaml::take(fields);
    let aggregate = AggregateYaml::take(fields);
    let sequence = SequenceYaml::take(fields);
    let base = base(name, fields, scope);
    let known_as = written_name(name);
    let count_read = count.read(scope);
    let aggregate_read = aggregate.read(known_as, scope);
    let sequence_read = sequence.read(known_as, count.key().or(aggregate.key()), scope);
    let (which, then) = sequence_read?;
    Some(EventCondition { count: count_read?, aggregate: aggregate_read?, which, then, ..base? })
}

/// Reads `did_not` and what stands beside it.
pub(crate) fn did_not<'a>(name: &'a Node, fields: &mut Fields<'a>, scope: &mut Scope) -> Option<EventCondition> {
    Some(EventCondition { count: counts::NEVER, ..base(name, fields, scope)? })
}

fn base<'a>(name: &'a Node, fields: &mut Fields<'a>, scope: &mut Scope) -> Option<EventCondition> {
    let event = event_name(name, scope);
    let window = WindowYaml::take(fields).read(scope);
    let filter = FilterYaml::take(fields).read(Subject::Property { event: written_name(name), parent: None }, scope);
    Some(EventCondition { filter: filter?, window: window?, ..EventCondition::did(event?) })
}

/// The event's name as written, for speaking of its properties though the name itself was refused; empty when it is
/// no text.
pub(crate) fn written_name(node: &Node) -> &str {
    match &node.data {
        Data::Text(text) => text,
        Data::Null | Data::Flag(_) | Data::Number(_) | Data::List(_) | Data::Map(_) => "",
    }
}

/// The name of an event.
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
    let name = scope.keep(name)?;
    scope.name_event(name.as_str(), &node.place);
    Some(name)
}
