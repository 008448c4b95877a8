//! Conditions that exclude each other when they stand in one `all`.
//!
//! Only what is so for every profile and every as-of is a contradiction; whatever might hold for somebody is not.

use model::Window;

use crate::meaning::{Condition, EventCondition, Filter};
use crate::scope::Scope;

/// Whether nobody can meet both.
pub(crate) fn exclude(one: &Condition, other: &Condition, scope: &Scope) -> bool {
    denies(one, other, scope) || denies(other, one, scope)
}

/// Whether the first leaves no room for the second.
fn denies(first: &Condition, second: &Condition, scope: &Scope) -> bool {
    match first {
        Condition::Event(few) => matches!(second, Condition::Event(many) if leaves_too_few(few, many, scope)),
        Condition::InactiveFor(quiet) => is_active_in(second, Window::Within(*quiet), scope),
        Condition::NotInAudience(out) => {
            matches!(second, Condition::InAudience(audience) | Condition::MemberFor { audience, .. } if audience == out)
        }
        Condition::All(_)
        | Condition::Any(_)
        | Condition::None(_)
        | Condition::Traits(_)
        | Condition::ActiveWithin(_)
        | Condition::InAudience(_)
        | Condition::MemberFor { .. }
        | Condition::EnteredAudience { .. }
        | Condition::ExitedAudience { .. }
        | Condition::AnyUser(_)
        | Condition::AllUsers(_)
        | Condition::NoUser(_)
        | Condition::Account(_)
        | Condition::Sample { .. } => false,
    }
}

/// Whether the condition needs an event in this window.
fn is_active_in(condition: &Condition, window: Window, scope: &Scope) -> bool {
    if let Condition::ActiveWithin(active) = condition {
        return scope.covers(window, Window::Within(*active));
    }
    matches!(condition, Condition::Event(event) if event.count.at_least > 0 && scope.covers(window, event.window))
}

fn leaves_too_few(few: &EventCondition, many: &EventCondition, scope: &Scope) -> bool {
    few.count.at_most.is_some_and(|most| most < many.count.at_least) && counts_all_of(few, many, scope)
}

/// Whether everything that `inner` counts is counted by `outer` too.
fn counts_all_of(outer: &EventCondition, inner: &EventCondition, scope: &Scope) -> bool {
    if outer.event != inner.event {
        return false;
    }
    let same_events = outer.filter == inner.filter && outer.window == inner.window;
    // A sequence counts fewer events than its first event alone would.
    if outer.then.is_some() {
        return same_events && outer.then == inner.then && outer.which == inner.which;
    }
    let no_filter = outer.filter == Filter::default();
    same_events || ((no_filter || outer.filter == inner.filter) && scope.covers(outer.window, inner.window))
}
