//! References: `{ trait: avg_order }` and `{ parent: price }` in place of a constant.
//!
//! They go with the operators that compare with one value, never without an operator: a bare `{ trait: x }` under a
//! path would leave open what is compared, and is refused.

use crate::diagnostic::{Diagnostic, Place};
use crate::fields::unknown_key;
use crate::matcher::Subject;
use crate::meaning::{Reference, ReferenceOf};
use crate::operators::OPERATORS;
use crate::path;
use crate::quote::{alternatives, quoted};
use crate::scope::Scope;
use crate::suggest::suggest;
use crate::tree::{Data, Key, Node};

/// The keys of references, and what other products call them.
const KNOWN: [&str; 2] = ["trait", "parent"];
const FOREIGN: &[(&str, &str)] =
    &[("traits", "trait"), ("user", "trait"), ("profile", "trait"), ("event", "parent"), ("property", "parent")];

/// The key of what looks like a reference.
pub(crate) fn key(node: &Node) -> Option<(&Key, &Node)> {
    let Data::Map(entries) = &node.data else { return None };
    entries.iter().find(|(key, _)| KNOWN.contains(&key.text.as_str())).map(|(key, value)| (key, value))
}

/// Whether somebody meant to write a reference.
pub(crate) fn is_meant(node: &Node) -> bool {
    let Data::Map(entries) = &node.data else { return false };
    let foreign = |key: &Key| FOREIGN.iter().any(|(word, _)| *word == key.text);
    entries.is_empty() || entries.iter().any(|(key, _)| foreign(key) || suggest(&key.text, KNOWN).is_some())
}

/// Reads a reference.
pub(crate) fn reference(node: &Node, subject: Subject<'_>, scope: &mut Scope) -> Option<Reference> {
    let mut fields = scope.keep(node.as_map())?;
    let of_trait = fields.take_entry("trait");
    let of_parent = fields.take_entry("parent");
    let rest = fields.rest();
    for (key, _) in &rest {
        scope.report(unknown_key(key, &KNOWN, FOREIGN));
    }
    match (of_trait, of_parent) {
        (Some((first, _)), Some((second, _))) => {
            let finding = Diagnostic::error("conflicting-keys", "a reference is to one value").at(&second.place);
            scope.report(finding.label(&first.place, "the other one").help("keep one of them"));
            None
        }
        (None, None) => {
            if rest.is_empty() {
                let finding = node.wrong_type("a value or a reference");
                scope.report(finding.help("a reference is `{ trait: name }` or, under `then`, `{ parent: property }`"));
            }
            None
        }
        (Some((_, value)), None) => {
            let path = to(value, scope)?;
            scope.name_trait(&path, None, &value.place);
            rest.is_empty().then_some(Reference { of: ReferenceOf::Trait, path })
        }
        (None, Some((key, value))) => {
            let path = to(value, scope);
            let parent = subject.parent();
            if parent.is_none() {
                scope.report(no_parent(&key.place));
            }
            let (path, parent) = (path?, parent?);
            scope.name_property(parent, &path, None, &value.place);
            rest.is_empty().then_some(Reference { of: ReferenceOf::Parent, path })
        }
    }
}

fn to(value: &Node, scope: &mut Scope) -> Option<Vec<String>> {
    let text = scope.keep(value.as_text())?;
    scope.keep(path::steps(text, &value.place))
}

fn no_parent(place: &Place) -> Diagnostic {
    let finding = Diagnostic::error("no-sequence", "`parent` is the event before, and none comes before this").at(place);
    finding.help("it goes in the `where` of a step under `then`; a trait of the profile is `{ trait: name }`")
}

/// The finding about a reference where no operator compares with it.
pub(crate) fn misplaced(operator: Option<&str>, key: &Key, value: &Node) -> Diagnostic {
    let comparing = || OPERATORS.iter().filter(|spec| spec.reference.is_some()).map(|spec| spec.name);
    let (message, help) = match (operator, &value.data) {
        (None, Data::Text(path)) => ("a reference needs an operator".to_owned(), format!("write `equals: {{ {}: {path} }}`", key.text)),
        (None, _) => ("a reference needs an operator".to_owned(), format!("write `equals: {{ {}: name }}`", key.text)),
        (Some(operator), _) => {
            let message = format!("{} compares with constants alone", quoted(operator));
            (message, format!("references go with {}", alternatives(comparing())))
        }
    };
    Diagnostic::error("misplaced-reference", message).at(&key.place).help(help)
}
