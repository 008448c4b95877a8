//! Filters: `where` and `where_any`, which of an event's occurrences count.

use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::matcher::{self, Subject};
use crate::meaning::{Filter, PathMatch};
use crate::scope::Scope;
use crate::tree::Node;

/// A filter's keys as typed.
#[derive(Clone, Copy)]
pub(crate) struct FilterYaml<'a> {
    all: Option<&'a Node>,
    any: Option<&'a Node>,
}

impl<'a> FilterYaml<'a> {
    /// Takes `where` and `where_any`.
    pub(crate) fn take(fields: &mut Fields<'a>) -> Self {
        Self { all: fields.take("where"), any: fields.take("where_any") }
    }

    /// Reads them; without either, every occurrence counts. Nothing when they were not understood.
    pub(crate) fn read(&self, subject: Subject<'_>, scope: &mut Scope) -> Option<Filter> {
        let all = self.all.map_or(Some(Vec::new()), |node| matcher::path_matches(node, subject, scope));
        let any = self.any.map_or(Some(Vec::new()), |node| sets(node, subject, scope));
        Some(Filter { all: all?, any: any? })
    }
}

fn sets(node: &Node, subject: Subject<'_>, scope: &mut Scope) -> Option<Vec<Vec<PathMatch>>> {
    let items = scope.items(node)?;
    if let [only] = items {
        let finding = Diagnostic::error("single-choice", "`where_any` with one set is `where`").at(&node.place);
        scope.report(finding.help("write `where`, or add another set"));
        matcher::path_matches(only, subject, scope);
        return None;
    }
    let mut sets = Vec::with_capacity(items.len());
    let mut complete = true;
    for item in items {
        match matcher::path_matches(item, subject, scope) {
            Some(set) => sets.push(set),
            None => complete = false,
        }
    }
    complete.then_some(sets)
}
