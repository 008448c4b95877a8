//! Matchers: a path and its operators, made ready for a run and applied to one value at a time.
//!
//! All operators of one matcher that ask something of an element ask it of the same element: `{ above: 10, below: 20 }`
//! over a list wants a number between, not one above and another below. List operators speak of the whole list.
//! Two-valued: a missing value fails everything but `exists: false`, unless `or_missing` lets it pass. For
//! `or_missing` an empty list is missing too: there is nothing in it to compare.

use definitions::{Operator, PathMatch, Reference};
use model::Value;

use crate::operator::{Clock, Element, Finding, NoReferences, References, Spelling, Test};

/// A path and its operators, ready for a run.
#[derive(Debug, Clone)]
pub(crate) struct Judge {
    /// The steps after the first, which names the trait or property and is the column's business.
    steps: Vec<String>,
    tests: Vec<Test>,
    or_missing: bool,
}

impl Judge {
    pub(crate) fn prepare(condition: &PathMatch, clock: Clock) -> Self {
        let spelling = Spelling { ignore_case: condition.matcher.ignore_case };
        let tests = condition.matcher.operators.iter().map(|operator| Test::prepare(operator, spelling, clock));
        Self { steps: condition.path.iter().skip(1).cloned().collect(), tests: tests.collect(), or_missing: condition.matcher.or_missing }
    }

    /// Judges the absence of a value.
    pub(crate) fn missing(&self) -> Finding {
        self.judge(false, &[], &NoReferences)
    }

    /// Judges a trait or property that has no parts; a longer path leads nowhere from it.
    pub(crate) fn scalar(&self, element: Element<'_>) -> Finding {
        if self.steps.is_empty() { self.judge(true, &[element], &NoReferences) } else { self.missing() }
    }

    /// Judges a trait or property that has no parts, where operators may refer to other values.
    pub(crate) fn scalar_among(&self, element: Element<'_>, references: &dyn References) -> Finding {
        if self.steps.is_empty() { self.judge(true, &[element], references) } else { self.judge(false, &[], references) }
    }

    /// Judges any trait or property.
    pub(crate) fn value(&self, value: &Value) -> Finding {
        self.value_among(Some(value), &NoReferences)
    }

    /// Judges a trait or property, or its absence, where operators may refer to other values.
    pub(crate) fn value_among(&self, value: Option<&Value>, references: &dyn References) -> Finding {
        let mut reached = Vec::new();
        if let Some(value) = value {
            reach(value, &self.steps, &mut reached);
        }
        let mut elements = Vec::new();
        for value in &reached {
            spread(value, &mut elements);
        }
        self.judge(!reached.is_empty(), &elements, references)
    }

    fn judge(&self, present: bool, elements: &[Element<'_>], references: &dyn References) -> Finding {
        let mut whole = Finding { holds: true, ..Finding::default() };
        for test in &self.tests {
            let finding = test.judge(present, elements, references);
            whole.holds &= finding.holds;
            whole.unreadable |= finding.unreadable;
            whole.zone_missing |= finding.zone_missing;
        }
        if whole.holds && elements.len() > 1 {
            // What is asked of an element is asked of one and the same: above 10 and below 20 is a number between.
            let of_one: Vec<&Test> = self.tests.iter().filter(|test| test.asks_one_element()).collect();
            let meets_all = |element: &Element<'_>| of_one.iter().all(|test| test.judge(true, &[*element], references).holds);
            whole.holds = of_one.len() < 2 || elements.iter().any(meets_all);
        }
        whole.holds |= self.or_missing && elements.is_empty();
        whole
    }

    /// The finite numbers that pass, both ends included, when the operators ask only where a number lies. Such
    /// columns need no look at each value's type.
    pub(crate) fn interval(&self) -> Option<(f64, f64)> {
        if !self.steps.is_empty() || self.tests.is_empty() {
            return None;
        }
        self.tests.iter().map(Test::interval).try_fold((f64::NEG_INFINITY, f64::INFINITY), |(low, high), interval| {
            let (from, to) = interval?;
            Some((low.max(from), high.min(to)))
        })
    }
}

/// What an operator compares with, when that is no constant.
pub(crate) fn reference(operator: &Operator) -> Option<&Reference> {
    if let Operator::Compare { with, .. } = operator { Some(with) } else { None }
}

/// Whether a matcher compares with another value than a constant: it is then judged profile by profile.
pub(crate) fn refers(condition: &PathMatch) -> bool {
    condition.matcher.operators.iter().any(|operator| reference(operator).is_some())
}

/// The values a path leads to: into objects by name, through arrays into each element.
pub(crate) fn reach<'a>(value: &'a Value, steps: &[String], reached: &mut Vec<&'a Value>) {
    let Some((step, rest)) = steps.split_first() else {
        reached.push(value);
        return;
    };
    match value {
        Value::Object(members) => {
            if let Some(member) = members.get(step) {
                reach(member, rest, reached);
            }
        }
        Value::List(items) => {
            for item in items {
                reach(item, steps, reached);
            }
        }
        Value::Flag(_) | Value::Number(_) | Value::Integer(_) | Value::Text(_) => {}
    }
}

/// The elements of a value: of a list those of its items, at any depth.
pub(crate) fn spread<'a>(value: &'a Value, elements: &mut Vec<Element<'a>>) {
    match value {
        Value::Flag(flag) => elements.push(Element::Flag(*flag)),
        Value::Number(number) => elements.push(Element::Number(*number)),
        Value::Integer(integer) => elements.push(Element::Integer(*integer)),
        Value::Text(text) => elements.push(Element::Text(text)),
        Value::Object(_) => elements.push(Element::Object),
        Value::List(items) => {
            for item in items {
                spread(item, elements);
            }
        }
    }
}
