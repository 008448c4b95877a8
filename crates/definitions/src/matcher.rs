//! Matchers: `{path: what the value must be}` for traits and properties.

use crate::diagnostic::{Diagnostic, Place};
use crate::fields::unknown_key;
use crate::matcher_checks;
use crate::meaning::{Matcher, Operator, PathMatch};
use crate::operators::{FOREIGN_OPERATORS, IGNORE_CASE, OPERATORS, OR_MISSING, OperatorSpec, Takes};
use crate::path;
use crate::scalar;
use crate::scope::{Scope, TraitReference, duplicate_item};
use crate::tree::{Data, Key, Node};
use crate::unsupported;
use crate::when;

/// Every path of a map with its matcher.
pub(crate) fn path_matches(node: &Node, scope: &mut Scope) -> Option<Vec<PathMatch>> {
    let entries = scope.keep(node.as_map())?.rest();
    if entries.is_empty() {
        let finding = Diagnostic::error("empty-map", "nothing is asked here").at(&node.place);
        scope.report(finding.help("name what must match: `plan: gold`, `total: { above: 50 }`"));
        return None;
    }
    let mut matches = Vec::with_capacity(entries.len());
    let mut complete = true;
    for (key, value) in entries {
        let path = scope.keep(path::steps(&key.text, &key.place));
        let matcher = matcher(value, scope);
        match (path, matcher) {
            (Some(path), Some(matcher)) => matches.push(PathMatch { path, matcher }),
            _ => complete = false,
        }
    }
    complete.then_some(matches)
}

/// A matcher as typed: what it asks, each with its place.
#[derive(Default)]
pub(crate) struct MatcherYaml<'a> {
    pub(crate) operators: Vec<(&'a Place, Operator)>,
    pub(crate) ignore_case: Option<&'a Place>,
    pub(crate) or_missing: Option<&'a Place>,
}

fn matcher(node: &Node, scope: &mut Scope) -> Option<Matcher> {
    let Data::Map(entries) = &node.data else {
        let constant = scalar::scalar(node, scope)?;
        return Some(Matcher { operators: vec![Operator::Equals(constant)], ignore_case: false, or_missing: false });
    };
    if is_reference(node, scope) {
        return None;
    }
    let mut typed = MatcherYaml::default();
    let mut complete = true;
    for (key, value) in entries {
        complete &= entry(key, value, &mut typed, scope);
    }
    complete &= matcher_checks::check(node, &typed, complete, scope);
    let operators = typed.operators.into_iter().map(|(_, operator)| operator).collect();
    complete.then_some(Matcher { operators, ignore_case: typed.ignore_case.is_some(), or_missing: typed.or_missing.is_some() })
}

/// Reads one operator; whether it could be understood.
fn entry<'a>(key: &'a Key, value: &Node, typed: &mut MatcherYaml<'a>, scope: &mut Scope) -> bool {
    if let Some(does) = unsupported::does(unsupported::MATCHER, &key.text) {
        scope.report(unsupported::refused(key, does));
        return false;
    }
    let Some(spec) = OPERATORS.iter().find(|spec| spec.name == key.text) else {
        let names: Vec<&'static str> = OPERATORS.iter().map(|spec| spec.name).collect();
        scope.report(unknown_operator(key, &names));
        return false;
    };
    if matches!(spec.takes, Takes::Modifier) {
        let place = only_true(key, value, scope);
        match spec.name {
            IGNORE_CASE => typed.ignore_case = place,
            OR_MISSING => typed.or_missing = place,
            _ => {}
        }
        return place.is_some();
    }
    if is_reference(value, scope) {
        return false;
    }
    let operator = operator(spec, value, scope);
    let understood = operator.is_some();
    typed.operators.extend(operator.map(|operator| (&key.place, operator)));
    understood
}

fn operator(spec: &OperatorSpec, value: &Node, scope: &mut Scope) -> Option<Operator> {
    match spec.takes {
        Takes::Scalar(means) => scalar::scalar(value, scope).map(means),
        Takes::Scalars(means) => each(value, scope, scalar::scalar).map(means),
        Takes::Text(means) => scalar::needle(value, scope).map(means),
        Takes::Texts(means) => each(value, scope, scalar::needle).map(means),
        Takes::Number(means) => scalar::number(value, scope).map(means),
        Takes::Flag(means) => scope.keep(value.as_flag()).map(means),
        Takes::Moment(means) => when::moment(value, scope).map(means),
        Takes::Lookback(means) => when::lookback(value, scope).map(means),
        Takes::Modifier => None,
    }
}

/// The items of a list that must hold some, each different.
fn each<T: PartialEq>(node: &Node, scope: &mut Scope, read: fn(&Node, &mut Scope) -> Option<T>) -> Option<Vec<T>> {
    let items = scope.items(node)?;
    let mut values = Vec::with_capacity(items.len());
    let mut complete = true;
    for item in items {
        match read(item, scope) {
            Some(value) if values.contains(&value) => {
                scope.report(duplicate_item(item));
                complete = false;
            }
            Some(value) => values.push(value),
            None => complete = false,
        }
    }
    complete.then_some(values)
}

/// Notes `{trait: ...}` or `{parent: ...}` in place of a constant.
fn is_reference(node: &Node, scope: &mut Scope) -> bool {
    let Data::Map(entries) = &node.data else { return false };
    let [(key, value)] = entries.as_slice() else { return false };
    let Some(does) = unsupported::does(unsupported::REFERENCE, &key.text) else { return false };
    let Data::Text(path) = &value.data else { return false };
    if key.text == "trait" {
        let name = path.split('.').next().unwrap_or_default().to_owned();
        scope.trait_references.push(TraitReference { name, of: scope.collection, place: value.place.clone() });
    }
    scope.report(unsupported::not_supported(&format!("`{{ {}: ... }}`", key.text), does).at(&key.place));
    true
}

/// The place of a modifier that is set; modifiers are never switched off.
fn only_true<'a>(key: &'a Key, value: &Node, scope: &mut Scope) -> Option<&'a Place> {
    let off = match &value.data {
        Data::Flag(true) => return Some(&key.place),
        Data::Flag(false) => true,
        Data::Text(text) => matches!(text.as_str(), "no" | "off"),
        Data::Null | Data::Number(_) | Data::List(_) | Data::Map(_) => false,
    };
    if !off {
        scope.report(value.wrong_type("`true`"));
        return None;
    }
    let finding = Diagnostic::error("only-true", format!("`{}` is only ever `true`", key.text)).at(&value.place);
    scope.report(finding.help("leave it out"));
    None
}

fn unknown_operator(key: &Key, names: &[&'static str]) -> Diagnostic {
    let mut finding = unknown_key(key, names, FOREIGN_OPERATORS);
    finding.message = finding.message.replacen("unknown key", "unknown operator", 1);
    if finding.help.is_some() {
        return finding;
    }
    let text = crate::quote::alternatives(names.iter().copied());
    finding.help(format!("an operator is {text}"))
}
