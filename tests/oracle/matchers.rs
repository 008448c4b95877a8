//! Matchers: every operator, on the values that a path leads to.

use chrono::{Datelike as _, NaiveDate};
use definitions::{Comparison, Matcher, Operator, PathMatch, Reference, ReferenceOf, Scalar};
use model::{Lookback, MomentSpec, ProfileId, Value};

use super::Oracle;
use super::events::Event;
use super::values::{Date, Decimal, date, decimal, elements, equals, scalar, spell, walk};

/// What a comparison with a reference says of a pair of elements: `None` when the left one cannot be read.
type Pair<'a> = Box<dyn Fn(&Value) -> Option<bool> + 'a>;

impl Oracle<'_> {
    /// Whether a trait or property, or its absence, passes.
    pub(super) fn matches(&self, path_match: &PathMatch, value: Option<&Value>, profile: ProfileId, parent: Option<&Event<'_>>) -> bool {
        let found: Vec<&Value> = value.into_iter().flat_map(|value| walk(value, &path_match.path[1..])).collect();
        self.matcher_holds(&path_match.matcher, found, profile, parent)
    }

    pub(super) fn matcher_holds(&self, matcher: &Matcher, found: Vec<&Value>, profile: ProfileId, parent: Option<&Event<'_>>) -> bool {
        let present = !found.is_empty();
        let elements: Vec<&Value> = found.into_iter().flat_map(elements).collect();
        if elements.is_empty() && matcher.or_missing {
            return true;
        }
        let holds = |operator: &Operator, elements: &[&Value]| match operator {
            Operator::Compare { comparison, with } => {
                let referenced = self.referenced(with, profile, parent);
                self.comparison_holds(*comparison, &referenced, matcher.ignore_case, elements)
            }
            plain => self.operator_holds(plain, matcher, present, elements),
        };
        // What is asked of an element is asked of one and the same element.
        let (of_one, others): (Vec<&Operator>, Vec<&Operator>) = matcher.operators.iter().partition(|operator| asks_one_element(operator));
        let one_meets_all = elements.iter().any(|element| of_one.iter().all(|operator| holds(operator, &[*element])));
        (of_one.is_empty() || one_meets_all) && others.into_iter().all(|operator| holds(operator, &elements))
    }

    fn operator_holds(&self, operator: &Operator, matcher: &Matcher, present: bool, elements: &[&Value]) -> bool {
        let any = |test: &dyn Fn(&Value) -> Option<bool>| elements.iter().any(|element| test(element) == Some(true));
        let every =
            |test: &dyn Fn(&Value) -> Option<bool>| !elements.is_empty() && elements.iter().all(|element| test(element) == Some(true));
        let spell = |text: &str| spell(text, matcher.ignore_case);
        let text = |value: &Value| value.to_text().map(|text| spell(&text));
        let equals = |value: &Value, constant: &Scalar| equals(value, constant, matcher.ignore_case);
        match operator {
            Operator::Exists(expected) => present == *expected,
            Operator::Equals(constant) | Operator::Includes(constant) => any(&|value| equals(value, constant)),
            Operator::OneOf(constants) | Operator::IncludesAny(constants) => {
                constants.iter().any(|constant| any(&|value| equals(value, constant)))
            }
            Operator::IncludesAll(constants) => constants.iter().all(|constant| any(&|value| equals(value, constant))),
            Operator::NotEquals(constant) => every(&|value| equals(value, constant).map(|equal| !equal)),
            Operator::NoneOf(constants) | Operator::IncludesNone(constants) => {
                constants.iter().all(|constant| every(&|value| equals(value, constant).map(|equal| !equal)))
            }
            Operator::Contains(needle) => any(&|value| Some(text(value)?.contains(&spell(needle)))),
            Operator::NotContains(needle) => every(&|value| Some(!text(value)?.contains(&spell(needle)))),
            Operator::ContainsAny(needles) => needles.iter().any(|needle| any(&|value| Some(text(value)?.contains(&spell(needle))))),
            Operator::StartsWith(needle) => any(&|value| Some(text(value)?.starts_with(&spell(needle)))),
            Operator::EndsWith(needle) => any(&|value| Some(text(value)?.ends_with(&spell(needle)))),
            Operator::Above(bound) => any(&|value| Some(decimal(value)? > Decimal::of(*bound))),
            Operator::AtLeast(bound) => any(&|value| Some(decimal(value)? >= Decimal::of(*bound))),
            Operator::Below(bound) => any(&|value| Some(decimal(value)? < Decimal::of(*bound))),
            Operator::AtMost(bound) => any(&|value| Some(decimal(value)? <= Decimal::of(*bound))),
            Operator::Before(spec) => any(&|value| Some(self.is_before(&date(value)?, *spec))),
            Operator::After(spec) => any(&|value| Some(!self.is_before(&date(value)?, *spec))),
            Operator::WithinLast(length) => any(&|value| {
                let date = date(value)?;
                Some(!self.is_before(&date, MomentSpec::Ago(*length)) && self.is_before(&date, MomentSpec::Now))
            }),
            Operator::WithinNext(length) => any(&|value| {
                let date = date(value)?;
                Some(!self.is_before(&date, MomentSpec::Now) && self.is_before(&date, MomentSpec::FromNow(*length)))
            }),
            Operator::AnniversaryWithinNext(length) => any(&|value| Some(self.has_anniversary(&date(value)?, *length))),
            Operator::Compare { .. } => unreachable!("answered by the caller"),
        }
    }

    /// The elements of a referenced value.
    fn referenced(&self, reference: &Reference, profile: ProfileId, parent: Option<&Event<'_>>) -> Vec<Value> {
        let found: Vec<Value> = match reference.of {
            ReferenceOf::Trait => {
                let value = self.trait_value(profile, &reference.path[0]);
                value.iter().flat_map(|value| walk(value, &reference.path[1..])).cloned().collect()
            }
            ReferenceOf::Parent => parent.map(|parent| parent.reached(&reference.path)).unwrap_or_default().into_iter().cloned().collect(),
        };
        found.iter().flat_map(elements).cloned().collect()
    }

    /// Each referenced element becomes a constant, if it can; with none there is nothing to compare with.
    fn comparison_holds(&self, comparison: Comparison, referenced: &[Value], ignore_case: bool, elements: &[&Value]) -> bool {
        let tests: Vec<Pair<'_>> = referenced.iter().filter_map(|constant| self.pair(comparison, constant, ignore_case)).collect();
        let mut pairs = tests.iter().flat_map(|test| elements.iter().map(move |element| test(element) == Some(true)));
        match comparison {
            Comparison::NotEquals | Comparison::NotContains => !tests.is_empty() && !elements.is_empty() && pairs.all(|complies| complies),
            Comparison::Equals
            | Comparison::Contains
            | Comparison::StartsWith
            | Comparison::EndsWith
            | Comparison::Above
            | Comparison::AtLeast
            | Comparison::Below
            | Comparison::AtMost
            | Comparison::Before
            | Comparison::After => pairs.any(|holds| holds),
        }
    }

    /// What is asked of an element on the left; `None` when the referenced one cannot stand on the right.
    fn pair<'a>(&'a self, comparison: Comparison, constant: &Value, ignore_case: bool) -> Option<Pair<'a>> {
        let needle = constant.to_text().map(|text| spell(&text, ignore_case)).filter(|needle| !needle.is_empty());
        let text = move |value: &Value| value.to_text().map(|text| spell(&text, ignore_case));
        let spec = date(constant).map(|date| match date {
            Date::Day(day) => MomentSpec::Date(day),
            Date::Instant(moment) => MomentSpec::At(moment),
        });
        Some(match comparison {
            Comparison::Equals => {
                let constant = scalar(constant)?;
                Box::new(move |value| equals(value, &constant, ignore_case))
            }
            Comparison::NotEquals => {
                let constant = scalar(constant)?;
                Box::new(move |value| Some(!equals(value, &constant, ignore_case)?))
            }
            Comparison::Contains => {
                let needle = needle?;
                Box::new(move |value| Some(text(value)?.contains(&needle)))
            }
            Comparison::NotContains => {
                let needle = needle?;
                Box::new(move |value| Some(!text(value)?.contains(&needle)))
            }
            Comparison::StartsWith => {
                let needle = needle?;
                Box::new(move |value| Some(text(value)?.starts_with(&needle)))
            }
            Comparison::EndsWith => {
                let needle = needle?;
                Box::new(move |value| Some(text(value)?.ends_with(&needle)))
            }
            Comparison::Above => {
                let bound = decimal(constant)?;
                Box::new(move |value| Some(decimal(value)? > bound))
            }
            Comparison::AtLeast => {
                let bound = decimal(constant)?;
                Box::new(move |value| Some(decimal(value)? >= bound))
            }
            Comparison::Below => {
                let bound = decimal(constant)?;
                Box::new(move |value| Some(decimal(value)? < bound))
            }
            Comparison::AtMost => {
                let bound = decimal(constant)?;
                Box::new(move |value| Some(decimal(value)? <= bound))
            }
            Comparison::Before => {
                let spec = spec?;
                Box::new(move |value| Some(self.is_before(&date(value)?, spec)))
            }
            Comparison::After => {
                let spec = spec?;
                Box::new(move |value| Some(!self.is_before(&date(value)?, spec)))
            }
        })
    }

    fn is_before(&self, date: &Date, spec: MomentSpec) -> bool {
        let zone = self.catalog.settings.zone;
        match date {
            Date::Day(day) => *day < spec.day(self.as_of, zone),
            Date::Instant(moment) => *moment < spec.resolve(self.as_of, zone),
        }
    }

    fn has_anniversary(&self, date: &Date, length: Lookback) -> bool {
        let zone = self.catalog.settings.zone;
        let first = match date {
            Date::Day(day) => *day,
            Date::Instant(moment) => moment.to_utc().with_timezone(&zone).date_naive(),
        };
        let today = MomentSpec::Today.day(self.as_of, zone);
        let end = length.days_after(today);
        (first.year()..=end.year()).any(|year| {
            let day = NaiveDate::from_ymd_opt(year, first.month(), first.day()).or_else(|| NaiveDate::from_ymd_opt(year, 2, 28));
            day.is_some_and(|day| today <= day && day < end)
        })
    }
}

/// Not of all elements, of the list or of the value as a whole.
fn asks_one_element(operator: &Operator) -> bool {
    !matches!(
        operator,
        Operator::Exists(_)
            | Operator::NotEquals(_)
            | Operator::NoneOf(_)
            | Operator::NotContains(_)
            | Operator::Includes(_)
            | Operator::IncludesAny(_)
            | Operator::IncludesAll(_)
            | Operator::IncludesNone(_)
            | Operator::Compare { comparison: Comparison::NotEquals | Comparison::NotContains, .. }
    )
}
