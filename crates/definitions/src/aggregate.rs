//! Aggregates beside `did`: one value made of a property over several events, and what it must be.
//!
//! The most frequent value must occur at least [`crate::meaning::MOST_FREQUENT_AT_LEAST`] times; an `at_least` beside `of` compares
//! the value itself. Numbers are made of numbers alone, so whatever compares them is a number too.

use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::matcher::{self, MatcherYaml, Subject};
use crate::meaning::{Aggregate, AggregateMatch, Comparison, Operator, Reducer, Scalar};
use crate::mention::{self, ReadAs};
use crate::path;
use crate::quote::quoted;
use crate::reducer::REDUCERS;
use crate::scope::Scope;
use crate::tree::{Data, Key, Node};
use crate::when;

/// The reducers that a condition can compare: all but the list of unique values, and the count, which has keys of its own.
pub(crate) fn inline() -> impl Iterator<Item = (&'static str, Reducer)> {
    REDUCERS.into_iter().filter(|(_, reducer)| !matches!(reducer, Reducer::Count | Reducer::Unique))
}

/// The aggregates beside a `did`, as typed.
pub(crate) struct AggregateYaml<'a> {
    given: Vec<(&'a Key, &'a Node, Reducer)>,
}

impl<'a> AggregateYaml<'a> {
    /// Takes whichever there are.
    pub(crate) fn take(fields: &mut Fields<'a>) -> Self {
        let given = inline().filter_map(|(name, reducer)| fields.take_entry(name).map(|(key, node)| (key, node, reducer)));
        let mut given: Vec<_> = given.collect();
        given.sort_by_key(|(key, ..)| key.place.span.start);
        Self { given }
    }

    /// The first one's key, if there is any.
    pub(crate) fn key(&self) -> Option<&'a Key> {
        self.given.first().map(|(key, ..)| *key)
    }

    /// Reads the one there is. Outer nothing: it was not understood; inner nothing: there is none.
    #[expect(clippy::option_option, reason = "outer: was it understood; inner: was it given")]
    pub(crate) fn read(&self, event: &str, scope: &mut Scope) -> Option<Option<AggregateMatch>> {
        let mut matches = Vec::with_capacity(self.given.len());
        for (key, node, reducer) in &self.given {
            matches.push(aggregate_match(key, node, *reducer, event, scope));
        }
        if let [(first, ..), others @ ..] = self.given.as_slice()
            && !others.is_empty()
        {
            for (other, ..) in others {
                let message = format!("a `did` has one aggregate; this one has {} and {}", quoted(&first.text), quoted(&other.text));
                let finding = Diagnostic::error("conflicting-keys", message).at(&other.place).label(&first.place, "the first one");
                scope.report(finding.help("write a `did` for each, under `all`"));
            }
            return None;
        }
        matches.pop().map_or(Some(None), |understood| understood.map(Some))
    }
}

fn aggregate_match(key: &Key, node: &Node, reducer: Reducer, event: &str, scope: &mut Scope) -> Option<AggregateMatch> {
    let Data::Map(_) = &node.data else {
        let finding = node.wrong_type("a property and what it must come to");
        scope.report(match &node.data {
            Data::Text(text) if when::is_length(text) => finding.help(format!("did you mean `within: {text}`?")),
            Data::Text(text) if !text.is_empty() => finding.help(format!("write `{}: {{ of: {text}, {} }}`", key.text, example(reducer))),
            _ => finding.help_or(format!("write `{}: {{ of: revenue, {} }}`", key.text, example(reducer))),
        });
        return None;
    };
    let mut fields = scope.keep(node.as_map())?;
    let of = fields.require("of").map_err(|finding| finding.help_or("name the property: `of: revenue`"));
    let of = scope.keep(of);
    let matcher = matcher::from_entries(&node.place, &fields.rest(), Subject::Aggregate(reducer), scope);
    let read_as = match reducer {
        Reducer::Sum | Reducer::Average | Reducer::Min | Reducer::Max => Some(ReadAs::Number),
        Reducer::First | Reducer::Last | Reducer::MostFrequent { .. } => {
            matcher.as_ref().and_then(|matcher| mention::read_as(&matcher.operators))
        }
        Reducer::Count | Reducer::Unique | Reducer::UniqueCount => None,
    };
    let path = of.and_then(|of| property(of, event, read_as, scope));
    Some(AggregateMatch { aggregate: Aggregate { reducer, path: path? }, matcher: matcher? })
}

/// The path to the property that a reducer looks at.
pub(crate) fn property(node: &Node, event: &str, read_as: Option<ReadAs>, scope: &mut Scope) -> Option<Vec<String>> {
    let text = scope.keep(node.as_text())?;
    let path = scope.keep(path::steps(text, &node.place))?;
    scope.name_property(event, &path, read_as, &node.place);
    Some(path)
}

fn name(reducer: Reducer) -> &'static str {
    REDUCERS.into_iter().find(|(_, known)| *known == reducer).map_or("count", |(name, _)| name)
}

fn example(reducer: Reducer) -> &'static str {
    match reducer {
        Reducer::First | Reducer::Last | Reducer::MostFrequent { .. } => "equals: Shoes",
        Reducer::Count | Reducer::Unique | Reducer::UniqueCount => "at_least: 3",
        Reducer::Sum | Reducer::Average | Reducer::Min | Reducer::Max => "at_least: 500",
    }
}

/// Notes operators that compare something else than what the reducer makes.
pub(crate) fn check(reducer: Reducer, typed: &MatcherYaml<'_>, scope: &mut Scope) {
    match reducer {
        Reducer::First | Reducer::Last | Reducer::MostFrequent { .. } | Reducer::Unique => return,
        Reducer::Sum | Reducer::Average | Reducer::Min | Reducer::Max => {}
        Reducer::Count | Reducer::UniqueCount => never_missing(typed, scope),
    }
    for (key, operator) in typed.operators.iter().filter(|(_, operator)| !compares_numbers(operator)) {
        let message = format!("`{}` makes a number, and {} compares something else", name(reducer), quoted(&key.text));
        let finding = Diagnostic::error("operator-does-not-fit", message).at(&key.place);
        scope.report(finding.help(match mention::read_as(std::slice::from_ref(operator)) {
            Some(ReadAs::Date) => "dates can be compared with `first` or `last`, and in `where`",
            Some(ReadAs::Flag | ReadAs::Number | ReadAs::Text) | None => {
                "give it numbers, without quotes: `above: 5`, `equals: 5`; texts can be compared in `where`"
            }
        }));
    }
}

fn compares_numbers(operator: &Operator) -> bool {
    let is_number = |scalar: &Scalar| matches!(scalar, Scalar::Number(_) | Scalar::Integer(_));
    match operator {
        Operator::Equals(scalar) | Operator::NotEquals(scalar) => is_number(scalar),
        Operator::OneOf(scalars) | Operator::NoneOf(scalars) => scalars.iter().all(is_number),
        Operator::Above(_) | Operator::AtLeast(_) | Operator::Below(_) | Operator::AtMost(_) | Operator::Exists(_) => true,
        Operator::Compare { comparison, .. } => match comparison {
            Comparison::Equals
            | Comparison::NotEquals
            | Comparison::Above
            | Comparison::AtLeast
            | Comparison::Below
            | Comparison::AtMost => true,
            Comparison::Contains
            | Comparison::NotContains
            | Comparison::StartsWith
            | Comparison::EndsWith
            | Comparison::Before
            | Comparison::After => false,
        },
        Operator::Contains(_)
        | Operator::NotContains(_)
        | Operator::ContainsAny(_)
        | Operator::StartsWith(_)
        | Operator::EndsWith(_)
        | Operator::Before(_)
        | Operator::After(_)
        | Operator::WithinLast(_)
        | Operator::WithinNext(_)
        | Operator::AnniversaryWithinNext(_)
        | Operator::Includes(_)
        | Operator::IncludesAny(_)
        | Operator::IncludesAll(_)
        | Operator::IncludesNone(_) => false,
    }
}

/// A number of values is 0 where there are none: it is always there.
fn never_missing(typed: &MatcherYaml<'_>, scope: &mut Scope) {
    for (key, _) in typed.operators.iter().filter(|(_, operator)| matches!(operator, Operator::Exists(_))) {
        let finding = Diagnostic::error("contradiction", "a number of values is always there: it is 0 when there are none").at(&key.place);
        scope.report(finding.help("write `equals: 0` or `at_least: 1`"));
    }
    if let Some(place) = typed.or_missing {
        let message = "`or_missing` changes nothing here: a number of values is 0 when there are none";
        scope.report(Diagnostic::warning("idle-modifier", message).at(place).help("leave it out"));
    }
}
