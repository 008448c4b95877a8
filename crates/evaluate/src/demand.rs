//! Demands: a filter asked event by event.
//!
//! A filter is cut in three. What compares with constants sifts whole columns ([`crate::filter`]), or is asked here where
//! few events are looked at. What refers to a trait of the profile is asked of each event that is left, once. What refers
//! to the event before, in a sequence, is asked of each pair of events.

use definitions::{Filter, Operator, PathMatch, ReferenceOf};
use lake::{Cell, Frame};

use crate::matcher::{Judge, reference, refers};
use crate::operator::{Clock, Element, References};

/// When a part of a filter can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    /// By the event alone.
    Event,
    /// By the event and its owner.
    Owner,
    /// By the event and the one before it.
    Pair,
}

/// The part of a filter that can be told by so much and no less. `where_any` is told together.
pub(crate) fn part(filter: &Filter, told: Told) -> Filter {
    let of_all = |condition: &&PathMatch| told_by(condition) == told;
    let any = filter.any.iter().flatten().map(told_by).max();
    Filter {
        all: filter.all.iter().filter(of_all).cloned().collect(),
        any: if any == Some(told) { filter.any.clone() } else { Vec::new() },
    }
}

fn told_by(condition: &PathMatch) -> Told {
    let references = || condition.matcher.operators.iter().filter_map(reference);
    if references().any(|reference| reference.of == ReferenceOf::Parent) {
        Told::Pair
    } else if refers(condition) {
        Told::Owner
    } else {
        Told::Event
    }
}

/// Both parts in one.
pub(crate) fn both(one: Filter, other: Filter) -> Filter {
    let all = [one.all, other.all].concat();
    debug_assert!(one.any.is_empty() || other.any.is_empty(), "`where_any` is told together");
    Filter { all, any: if one.any.is_empty() { other.any } else { one.any } }
}

/// Every condition of a filter.
pub(crate) fn conditions(filter: &Filter) -> impl Iterator<Item = &PathMatch> {
    filter.all.iter().chain(filter.any.iter().flatten())
}

/// The properties a filter looks at.
pub(crate) fn properties(filter: &Filter) -> impl Iterator<Item = &String> {
    conditions(filter).filter_map(|condition| condition.path.first())
}

/// The properties of the event before that a filter refers to.
pub(crate) fn parent_properties(filter: &Filter) -> impl Iterator<Item = &String> {
    let operators = conditions(filter).flat_map(|condition| &condition.matcher.operators);
    operators.filter_map(reference).filter(|reference| reference.of == ReferenceOf::Parent).filter_map(|reference| reference.path.first())
}

/// Whether an operator compares with the as-of, or with a moment so long before or after it.
pub(crate) fn tells_time(operator: &Operator) -> bool {
    use model::MomentSpec::{Ago, At, Date, FromNow, Now, Today};
    match operator {
        Operator::Before(spec) | Operator::After(spec) => match spec {
            Date(_) | At(_) => false,
            Ago(_) | FromNow(_) | Now | Today => true,
        },
        Operator::WithinLast(_) | Operator::WithinNext(_) | Operator::AnniversaryWithinNext(_) => true,
        Operator::Equals(_)
        | Operator::NotEquals(_)
        | Operator::OneOf(_)
        | Operator::NoneOf(_)
        | Operator::Contains(_)
        | Operator::NotContains(_)
        | Operator::ContainsAny(_)
        | Operator::StartsWith(_)
        | Operator::EndsWith(_)
        | Operator::Above(_)
        | Operator::AtLeast(_)
        | Operator::Below(_)
        | Operator::AtMost(_)
        | Operator::Exists(_)
        | Operator::Includes(_)
        | Operator::IncludesAny(_)
        | Operator::IncludesAll(_)
        | Operator::IncludesNone(_)
        | Operator::Compare { .. } => false,
    }
}

/// Whether what a matcher asks depends on when it is asked, though the value stays the same.
pub(crate) fn moves_with_time(condition: &PathMatch) -> bool {
    condition.matcher.operators.iter().any(tells_time)
}

/// A filter made ready for a run over events whose properties are at hand.
#[derive(Debug)]
pub(crate) struct Demand {
    all: Vec<Look>,
    any: Vec<Vec<Look>>,
}

#[derive(Debug)]
struct Look {
    column: usize,
    judge: Judge,
}

impl Demand {
    /// `properties` are those at hand, in the order of their columns.
    pub(crate) fn prepare(filter: &Filter, properties: &[String], clock: Clock) -> Self {
        let look = |condition: &PathMatch| {
            let name = condition.path.first().map_or("", String::as_str);
            let column = properties.iter().position(|known| known == name).expect("every property looked at was asked for");
            Look { column, judge: Judge::prepare(condition, clock) }
        };
        Self { all: filter.all.iter().map(look).collect(), any: filter.any.iter().map(|set| set.iter().map(look).collect()).collect() }
    }

    /// Whether every event meets it.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty() && self.any.is_empty()
    }

    /// Whether the event in a row meets it.
    pub(crate) fn is_met(&self, frame: &Frame, row: usize, references: &dyn References) -> bool {
        let holds = |look: &Look| look.holds(frame, row, references);
        self.all.iter().all(holds) && (self.any.is_empty() || self.any.iter().any(|set| set.iter().all(holds)))
    }
}

impl Look {
    fn holds(&self, frame: &Frame, row: usize, references: &dyn References) -> bool {
        let finding = match frame.columns[self.column].cell(row) {
            None | Some(Cell::Gone) => self.judge.value_among(None, references),
            Some(Cell::Number(number)) => self.judge.scalar_among(Element::Number(number), references),
            Some(Cell::Flag(flag)) => self.judge.scalar_among(Element::Flag(flag), references),
            Some(Cell::Text(text)) => self.judge.scalar_among(Element::Text(text), references),
            Some(Cell::Json(json)) => self.judge.value_among(Some(&lake::parse_json(json)), references),
        };
        finding.holds
    }
}
