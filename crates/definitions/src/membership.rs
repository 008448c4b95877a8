//! Memberships: `in_audience`, `not_in_audience`, and what the recorded runs say of them.
//!
//! `for_at_least`, `entered_audience` and `exited_audience` are answered from the recorded changes of each run, not by
//! asking again what would have been so.

use model::{AudienceKey, Lookback};

use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::limits;
use crate::meaning::Condition;
use crate::quote::quoted;
use crate::scope::{Reference, Scope};
use crate::tree::{Key, Node};
use crate::when;

/// `in_audience`, with `for_at_least` beside it or without.
pub(crate) fn in_audience<'a>(value: &'a Node, fields: &mut Fields<'a>, scope: &mut Scope) -> Option<Condition> {
    let audience = audience(value, scope);
    match fields.take("for_at_least") {
        None => audience.map(Condition::InAudience),
        Some(node) => {
            let at_least = when::lookback(node, scope);
            Some(Condition::MemberFor { audience: audience?, at_least: at_least? })
        }
    }
}

/// `not_in_audience`.
pub(crate) fn not_in_audience(value: &Node, scope: &mut Scope) -> Option<Condition> {
    audience(value, scope).map(Condition::NotInAudience)
}

/// The audience of `entered_audience` or `exited_audience`, and the `within` that must stand beside it.
pub(crate) fn recent_change<'a>(
    head: &'a Key,
    value: &'a Node,
    fields: &mut Fields<'a>,
    scope: &mut Scope,
) -> Option<(AudienceKey, Lookback)> {
    let audience = audience(value, scope);
    let Some(within) = fields.take("within") else {
        let finding = Diagnostic::error("missing-key", format!("{} needs `within` beside it", quoted(&head.text)));
        scope.report(finding.at(&head.place).help("say how recently: `within: 7 days`"));
        return None;
    };
    let within = when::lookback(within, scope);
    Some((audience?, within?))
}

fn audience(node: &Node, scope: &mut Scope) -> Option<AudienceKey> {
    limits::count_leaves(1, &node.place, scope);
    let text = scope.keep(node.as_text())?;
    let key = AudienceKey::parse(text).map_err(|error| {
        let message = format!("{} cannot be {}: {}", quoted(&error.text), error.what, error.rule);
        Diagnostic::error("invalid-key", message).at(&node.place)
    });
    let to = scope.keep(key)?;
    let of = scope.collection;
    scope.references.push(Reference { to: to.clone(), of, place: node.place.clone() });
    Some(to)
}
