//! Operators: comparing one element of a value with the constants of a definition.
//!
//! The constant decides how an element is read; one that cannot be read so does not match, under a negative operator
//! either, and is counted. A value with several elements (a list, or a path through one) matches a positive operator
//! when any element does, and a negative one when every element does and there is at least one. Several positive ones
//! are asked of the same element ([`crate::matcher`]); list operators speak of the list. Presence alone looks
//! at the value as a whole, so an empty list exists and yet no element of it matches anything.
//! One file per family; nothing here knows columns, paths or profiles.

mod anniversary;
mod compare;
mod date;
mod equality;
mod number;
mod presence;
mod text;

use chrono::NaiveDate;
use definitions::Operator;
use model::{AsOf, Moment, WorkspaceZone};

pub(crate) use compare::{NoReferences, References};
pub(crate) use number::Exact;
pub(crate) use text::{Spelling, read as read_text};

/// One value without further parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Element<'a> {
    Flag(bool),
    Number(f64),
    Integer(i128),
    Text(&'a str),
    /// Never equal to a constant, and has no text.
    Object,
}

/// What comparing an element with a constant said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Holds,
    Fails,
    /// The element cannot be read as the constant's type.
    Unreadable,
}

impl From<bool> for Verdict {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

/// What the definitions leave open until a run: the as-of and the zone its calendar days lie in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) as_of: AsOf,
    pub(crate) zone: WorkspaceZone,
}

/// An operator made ready for a run: constants in the form they are compared in, moments resolved.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Equality(equality::Test),
    /// Each of them holds, for whichever element.
    Each(Vec<equality::Test>),
    Text(text::Test),
    Number(number::Test),
    Date(date::Test),
    Anniversary(anniversary::Test),
    Presence(presence::Test),
    Compare(compare::Test),
}

/// How many elements must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// Positive operators: at least one.
    Any,
    /// Negative operators: every one, and there is one.
    Every,
}

impl Test {
    pub(crate) fn prepare(operator: &Operator, spelling: Spelling, clock: Clock) -> Self {
        match operator {
            Operator::Equals(constant) => Self::Equality(equality::Test::one_of(std::slice::from_ref(constant), spelling)),
            Operator::Includes(constant) => Self::Each(vec![equality::Test::one_of(std::slice::from_ref(constant), spelling)]),
            Operator::IncludesAny(constants) => Self::Each(vec![equality::Test::one_of(constants, spelling)]),
            Operator::NotEquals(constant) => Self::Equality(equality::Test::none_of(std::slice::from_ref(constant), spelling)),
            Operator::OneOf(constants) => Self::Equality(equality::Test::one_of(constants, spelling)),
            Operator::NoneOf(constants) | Operator::IncludesNone(constants) => Self::Equality(equality::Test::none_of(constants, spelling)),
            Operator::Contains(needle) => Self::Text(text::Test::contains(std::slice::from_ref(needle), spelling)),
            Operator::NotContains(needle) => Self::Text(text::Test::not_contains(needle, spelling)),
            Operator::ContainsAny(needles) => Self::Text(text::Test::contains(needles, spelling)),
            Operator::StartsWith(needle) => Self::Text(text::Test::starts_with(needle, spelling)),
            Operator::EndsWith(needle) => Self::Text(text::Test::ends_with(needle, spelling)),
            Operator::Above(bound) => Self::Number(number::Test::Above(Exact::Float(*bound))),
            Operator::AtLeast(bound) => Self::Number(number::Test::AtLeast(Exact::Float(*bound))),
            Operator::Below(bound) => Self::Number(number::Test::Below(Exact::Float(*bound))),
            Operator::AtMost(bound) => Self::Number(number::Test::AtMost(Exact::Float(*bound))),
            Operator::Exists(expected) => Self::Presence(presence::Test { expected: *expected }),
            Operator::Before(spec) => Self::Date(date::Test::before(*spec, clock)),
            Operator::After(spec) => Self::Date(date::Test::after(*spec, clock)),
            Operator::WithinLast(lookback) => Self::Date(date::Test::within_last(*lookback, clock)),
            Operator::WithinNext(lookback) => Self::Date(date::Test::within_next(*lookback, clock)),
            Operator::AnniversaryWithinNext(lookback) => Self::Anniversary(anniversary::Test::prepare(*lookback, clock)),
            Operator::IncludesAll(constants) => {
                let each = constants.iter().map(|constant| equality::Test::one_of(std::slice::from_ref(constant), spelling));
                Self::Each(each.collect())
            }
            Operator::Compare { comparison, with } => Self::Compare(compare::Test::prepare(*comparison, with, spelling, clock)),
        }
    }

    /// Whether the value as a whole passes: `present` tells whether the path led anywhere.
    pub(crate) fn judge(&self, present: bool, elements: &[Element<'_>], references: &dyn References) -> Finding {
        match self {
            Self::Presence(test) => Finding { holds: test.holds(present), ..Finding::default() },
            Self::Equality(test) => quantify(test.quantifier(), elements, |element| test.verdict(element)),
            Self::Each(tests) => {
                let mut whole = Finding { holds: true, ..Finding::default() };
                for test in tests {
                    let finding = quantify(test.quantifier(), elements, |element| test.verdict(element));
                    whole.holds &= finding.holds;
                    whole.unreadable |= finding.unreadable;
                }
                whole
            }
            Self::Text(test) => quantify(test.quantifier(), elements, |element| test.verdict(element)),
            Self::Number(test) => quantify(Quantifier::Any, elements, |element| test.verdict(element)),
            Self::Date(test) => {
                let finding = quantify(Quantifier::Any, elements, |element| test.verdict(element));
                Finding { zone_missing: elements.iter().any(|element| date::lacks_zone(*element)), ..finding }
            }
            Self::Anniversary(test) => {
                let finding = quantify(Quantifier::Any, elements, |element| test.verdict(element));
                Finding { zone_missing: elements.iter().any(|element| date::lacks_zone(*element)), ..finding }
            }
            Self::Compare(test) => test.judge(present, elements, references),
        }
    }

    /// Whether it asks something of one element, rather than of every one or of the value as a whole.
    pub(crate) fn asks_one_element(&self) -> bool {
        match self {
            Self::Equality(test) => test.quantifier() == Quantifier::Any,
            Self::Text(test) => test.quantifier() == Quantifier::Any,
            Self::Compare(test) => test.quantifier() == Quantifier::Any,
            Self::Number(_) | Self::Date(_) | Self::Anniversary(_) => true,
            Self::Each(_) | Self::Presence(_) => false,
        }
    }

    /// The finite numbers that pass, when this test asks of a number only where it lies: both ends included.
    pub(crate) fn interval(&self) -> Option<(f64, f64)> {
        match self {
            Self::Number(test) => test.interval(),
            Self::Equality(test) => test.interval(),
            Self::Each(_) | Self::Text(_) | Self::Date(_) | Self::Anniversary(_) | Self::Presence(_) | Self::Compare(_) => None,
        }
    }
}

/// What a test found in one value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) holds: bool,
    /// An element could not be read as the constant's type.
    pub(crate) unreadable: bool,
    /// A timestamp without an offset was read as UTC.
    pub(crate) zone_missing: bool,
}

fn quantify(quantifier: Quantifier, elements: &[Element<'_>], verdict: impl Fn(Element<'_>) -> Verdict) -> Finding {
    let mut holding = 0;
    let mut unreadable = false;
    for element in elements {
        match verdict(*element) {
            Verdict::Holds => holding += 1,
            Verdict::Fails => {}
            Verdict::Unreadable => unreadable = true,
        }
    }
    let holds = match quantifier {
        Quantifier::Any => holding > 0,
        Quantifier::Every => holding > 0 && holding == elements.len(),
    };
    Finding { holds, unreadable, zone_missing: false }
}

/// A date as a value says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Date {
    /// A bare date: the whole day in the workspace zone.
    Day(NaiveDate),
    /// A timestamp.
    Instant(Moment),
}
