//! Demands: the part of a filter that can only be judged event by event, because it compares with another value.
//!
//! A filter is cut in two: what compares with constants sifts whole columns ([`crate::filter`]); what refers to a trait of
//! the profile, or to the event before, is asked here of each event that is left.

use definitions::{Filter, PathMatch, ReferenceOf};

use crate::gather::{Gathered, Row};
use crate::matcher::{Judge, reference, refers};
use crate::operator::{Clock, References};

/// The part of a filter that sifts columns.
pub(crate) fn fixed(filter: &Filter) -> Filter {
    let any_refers = filter.any.iter().flatten().any(refers);
    Filter {
        all: filter.all.iter().filter(|condition| !refers(condition)).cloned().collect(),
        any: if any_refers { Vec::new() } else { filter.any.clone() },
    }
}

/// The part of a filter that is asked of each event.
pub(crate) fn varying(filter: &Filter) -> Filter {
    let any_refers = filter.any.iter().flatten().any(refers);
    Filter {
        all: filter.all.iter().filter(|condition| refers(condition)).cloned().collect(),
        any: if any_refers { filter.any.clone() } else { Vec::new() },
    }
}

/// Every condition of a filter.
pub(crate) fn conditions(filter: &Filter) -> impl Iterator<Item = &PathMatch> {
    filter.all.iter().chain(filter.any.iter().flatten())
}

/// The properties of the event before that a filter refers to.
pub(crate) fn parent_properties(filter: &Filter) -> impl Iterator<Item = &String> {
    let operators = conditions(filter).flat_map(|condition| &condition.matcher.operators);
    operators.filter_map(reference).filter(|reference| reference.of == ReferenceOf::Parent).filter_map(|reference| reference.path.first())
}

/// A demand made ready for a run over gathered events.
pub(crate) struct Demand {
    all: Vec<Look>,
    any: Vec<Vec<Look>>,
}

struct Look {
    column: usize,
    judge: Judge,
}

impl Demand {
    pub(crate) fn prepare(varying: &Filter, gathered: &Gathered<'_>, clock: Clock) -> Self {
        let look = |condition: &PathMatch| {
            let column = gathered.column(condition.path.first().map_or("", String::as_str));
            Look { column, judge: Judge::prepare(condition, clock) }
        };
        Self { all: varying.all.iter().map(look).collect(), any: varying.any.iter().map(|set| set.iter().map(look).collect()).collect() }
    }

    /// Whether an event meets it.
    pub(crate) fn is_met(&self, gathered: &Gathered<'_>, row: Row, references: &dyn References) -> bool {
        let holds = |look: &Look| look.judge.value_among(gathered.value(row, look.column).as_ref(), references).holds;
        self.all.iter().all(holds) && (self.any.is_empty() || self.any.iter().any(|set| set.iter().all(holds)))
    }
}
