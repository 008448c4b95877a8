//! What a computed trait is made of: exactly one of the ten reducers.

use crate::aggregate;
use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::meaning::{Aggregate, MOST_FREQUENT_AT_LEAST, Reducer};
use crate::mention::ReadAs;
use crate::quote::alternatives;
use crate::scope::Scope;
use crate::tree::{Data, Key, Node};

/// The keys, and what each makes of the events.
pub(crate) const REDUCERS: [(&str, Reducer); 10] = [
    ("count", Reducer::Count),
    ("sum", Reducer::Sum),
    ("average", Reducer::Average),
    ("min", Reducer::Min),
    ("max", Reducer::Max),
    ("first", Reducer::First),
    ("last", Reducer::Last),
    ("most_frequent", Reducer::MostFrequent { at_least: MOST_FREQUENT_AT_LEAST }),
    ("unique", Reducer::Unique),
    ("unique_count", Reducer::UniqueCount),
];

/// What other products call them.
pub(crate) const FOREIGN_REDUCERS: [(&str, &str); 14] = [
    ("avg", "average"),
    ("mean", "average"),
    ("total", "sum"),
    ("minimum", "min"),
    ("smallest", "min"),
    ("maximum", "max"),
    ("largest", "max"),
    ("mode", "most_frequent"),
    ("favourite", "most_frequent"),
    ("list", "unique"),
    ("distinct", "unique"),
    ("count_unique", "unique_count"),
    ("count_distinct", "unique_count"),
    ("distinct_count", "unique_count"),
];

/// The reducer's key as typed.
pub(crate) struct ReducerYaml<'a> {
    key: &'a Key,
    value: &'a Node,
    reducer: Reducer,
}

impl<'a> ReducerYaml<'a> {
    /// Takes every reducer. More than one is a mistake; none is left to the caller, who knows what else stands there.
    pub(crate) fn take(fields: &mut Fields<'a>, scope: &mut Scope) -> Vec<Self> {
        let mut taken: Vec<Self> = Vec::new();
        for (name, reducer) in REDUCERS {
            taken.extend(fields.take_entry(name).map(|(key, value)| Self { key, value, reducer }));
        }
        taken.sort_by_key(|typed| typed.key.place.span.start);
        if let [first, others @ ..] = taken.as_slice() {
            for other in others {
                let message = format!("a trait is made in one way; this one says `{}` and `{}`", first.key.text, other.key.text);
                let finding = Diagnostic::error("several-reducers", message).at(&other.key.place);
                scope.report(finding.label(&first.key.place, "the first").help("keep one; make another trait in a file of its own"));
            }
        }
        taken
    }

    /// Reads it; `event` is the event's name as written.
    pub(crate) fn read(&self, event: &str, scope: &mut Scope) -> Option<Aggregate> {
        match self.reducer {
            Reducer::Count => self.count(scope).map(|()| Aggregate { reducer: Reducer::Count, path: Vec::new() }),
            Reducer::MostFrequent { .. } if matches!(self.value.data, Data::Map(_)) => self.most_frequent(event, scope),
            Reducer::Sum
            | Reducer::Average
            | Reducer::Min
            | Reducer::Max
            | Reducer::First
            | Reducer::Last
            | Reducer::MostFrequent { .. }
            | Reducer::Unique
            | Reducer::UniqueCount => Some(Aggregate { reducer: self.reducer, path: self.path(self.value, event, scope)? }),
        }
    }

    /// `count` names no property: it is only ever `true`.
    fn count(&self, scope: &mut Scope) -> Option<()> {
        let finding = match &self.value.data {
            Data::Flag(true) => return Some(()),
            Data::Flag(false) => {
                let others = REDUCERS.iter().map(|(name, _)| *name).filter(|name| *name != "count");
                let finding = Diagnostic::error("only-true", "`count` is only ever `true`").at(&self.value.place);
                finding.help(format!("to make something else of the events, write {}", alternatives(others)))
            }
            Data::Text(text) => {
                let finding = self.value.wrong_type("`true`");
                finding.help(format!("events are counted as they are: `count: true`; to count different values, `unique_count: {text}`"))
            }
            Data::Null | Data::Number(_) | Data::List(_) | Data::Map(_) => self.value.wrong_type("`true`").help("write `count: true`"),
        };
        scope.report(finding);
        None
    }

    /// `{ of: category, at_least: 3 }`.
    fn most_frequent(&self, event: &str, scope: &mut Scope) -> Option<Aggregate> {
        let mut fields = scope.keep(self.value.as_map())?;
        let of = fields.require("of").map_err(|finding| finding.help_or("name the property: `{ of: category, at_least: 3 }`"));
        let path = scope.keep(of).and_then(|node| self.path(node, event, scope));
        let at_least = fields.take("at_least").map(|node| times(node, scope));
        scope.findings.extend(fields.finish());
        let at_least = at_least.unwrap_or(Some(MOST_FREQUENT_AT_LEAST))?;
        Some(Aggregate { reducer: Reducer::MostFrequent { at_least }, path: path? })
    }

    fn path(&self, node: &Node, event: &str, scope: &mut Scope) -> Option<Vec<String>> {
        if !matches!(node.data, Data::Text(_)) {
            let name = &self.key.text;
            let finding = node.wrong_type("the name of a property");
            let example = match &node.data {
                Data::Map(entries) => entries.iter().find(|(key, _)| key.text == "of").and_then(|(_, of)| of.as_text().ok()),
                Data::Null | Data::Flag(_) | Data::Number(_) | Data::Text(_) | Data::List(_) => None,
            };
            scope.report(finding.help(format!("write for example `{name}: {}`", example.unwrap_or("revenue"))));
            return None;
        }
        let read_as = match self.reducer {
            Reducer::Sum | Reducer::Average | Reducer::Min | Reducer::Max => Some(ReadAs::Number),
            Reducer::Count | Reducer::First | Reducer::Last | Reducer::MostFrequent { .. } | Reducer::Unique | Reducer::UniqueCount => None,
        };
        aggregate::property(node, event, read_as, scope)
    }
}

fn times(node: &Node, scope: &mut Scope) -> Option<u32> {
    let number = scope.keep(node.as_integer())?;
    let count = u32::try_from(number).ok().filter(|count| *count >= 1);
    if count.is_none() {
        let finding = Diagnostic::error("wrong-type", format!("expected a count from 1 on, found `{number}`")).at(&node.place);
        scope.report(finding.help(format!("left out, a value must occur {MOST_FREQUENT_AT_LEAST} times")));
    }
    count
}
