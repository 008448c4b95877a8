//! Conditions: maps with exactly one head.

use crate::accounts;
use crate::contradictions;
use crate::diagnostic::{Diagnostic, Place};
use crate::event;
use crate::fields::Fields;
use crate::heads::{self, Found, Position};
use crate::limits;
use crate::matcher::{self, Subject};
use crate::meaning::Condition;
use crate::membership;
use crate::sample;
use crate::scope::Scope;
use crate::tree::{Data, Key, Node};
use crate::when;

/// Reads one condition and everything below it.
pub(crate) fn condition(node: &Node, depth: usize, scope: &mut Scope) -> Option<Condition> {
    limits::refuse_depth(depth, &node.place, scope)?;
    if let Data::List(_) = &node.data {
        let finding = node.wrong_type("a condition").help("put the list under `all:`, `any:` or `none:`");
        scope.report(finding);
        return None;
    }
    let mut fields = scope.keep(node.as_map())?;
    let (head, key, value) = match heads::take_one(&mut fields, Position::Condition, scope) {
        Found::One(head, key, value) => (head, key, value),
        Found::None => {
            heads::none_found(node, Position::Condition, scope);
            return None;
        }
        Found::Several => return None,
    };
    let condition = read(key, value, &mut fields, depth, scope);
    let clean = heads::refuse_rest(head, key, fields, Position::Condition, scope);
    condition.filter(|_| clean)
}

fn read<'a>(head: &'a Key, value: &'a Node, fields: &mut Fields<'a>, depth: usize, scope: &mut Scope) -> Option<Condition> {
    match head.text.as_str() {
        "all" => group(value, depth, scope).and_then(|members| conjunction(members, scope)),
        "any" => group(value, depth, scope).and_then(meanings).map(Condition::Any),
        "none" => group(value, depth, scope).and_then(meanings).map(Condition::None),
        "did" => {
            limits::count_leaves(1, &head.place, scope);
            event::did(value, fields, scope).map(Condition::Event)
        }
        "did_not" => {
            limits::count_leaves(1, &head.place, scope);
            event::did_not(value, fields, scope).map(Condition::Event)
        }
        "active_within" => {
            limits::count_leaves(1, &head.place, scope);
            let length = when::lookback(value, scope)?;
            scope.withins.push((length, value.place.clone()));
            Some(Condition::ActiveWithin(length))
        }
        "inactive_for" => {
            limits::count_leaves(1, &head.place, scope);
            when::lookback(value, scope).map(Condition::InactiveFor)
        }
        "traits" => {
            let matches = matcher::path_matches(value, Subject::Trait, scope);
            limits::count_leaves(value.as_map().map_or(1, |fields| fields.rest().len()), &head.place, scope);
            matches.map(Condition::Traits)
        }
        "in_audience" => membership::in_audience(value, fields, scope),
        "not_in_audience" => membership::not_in_audience(value, scope),
        "entered_audience" => {
            membership::recent_change(head, value, fields, scope).map(|(audience, within)| Condition::EnteredAudience { audience, within })
        }
        "exited_audience" => {
            membership::recent_change(head, value, fields, scope).map(|(audience, within)| Condition::ExitedAudience { audience, within })
        }
        "any_user" => accounts::users(head, value, depth, scope).map(Condition::AnyUser),
        "all_users" => accounts::users(head, value, depth, scope).map(Condition::AllUsers),
        "no_user" => accounts::users(head, value, depth, scope).map(Condition::NoUser),
        "account" => accounts::account(head, value, depth, scope).map(Condition::Account),
        "sample" => {
            limits::count_leaves(1, &head.place, scope);
            sample::sample(value, scope)
        }
        _ => None,
    }
}

/// The members of a group, with their places.
type Members = Vec<(Place, Option<Condition>)>;

fn group(node: &Node, depth: usize, scope: &mut Scope) -> Option<Members> {
    if let Data::Map(_) = &node.data {
        let finding = node.wrong_type("a list of conditions").help("begin each condition with `- `");
        scope.report(finding);
        condition(node, depth + 1, scope);
        return None;
    }
    let items = scope.items(node)?;
    Some(items.iter().map(|item| (item.place.clone(), condition(item, depth + 1, scope))).collect())
}

fn meanings(members: Members) -> Option<Vec<Condition>> {
    members.into_iter().map(|(_, condition)| condition).collect()
}

/// `all`, unless two members exclude each other.
fn conjunction(members: Members, scope: &mut Scope) -> Option<Condition> {
    let understood: Vec<(&Place, &Condition)> =
        members.iter().filter_map(|(place, condition)| condition.as_ref().map(|condition| (place, condition))).collect();
    for (index, (place, condition)) in understood.iter().enumerate() {
        if let Some((first, _)) = understood[..index].iter().find(|(_, other)| contradictions::exclude(other, condition, scope)) {
            let finding = Diagnostic::error("contradiction", "nobody can meet this and the condition above").at(place);
            scope.report(finding.label(first, "these two exclude each other").help("use `any`, or change one of them"));
            return None;
        }
    }
    meanings(members).map(Condition::All)
}
