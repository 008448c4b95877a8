//! Comparisons with a reference: another value of the same profile, or of the event before, in place of a constant.
//!
//! Each element of the referenced value becomes a constant, and its type decides how the other side is read. A positive
//! comparison holds when some pair does; a negative one when every pair complies and there is one. Without a usable
//! referenced element nothing holds.

use definitions::{Comparison, Reference, Scalar};
use model::{MomentSpec, Value};

use super::number::{self, Exact};
use super::text::{self, Spelling};
use super::{Clock, Date, Element, Finding, Quantifier, date, equality};
use crate::matcher::spread;

/// Where referenced values come from.
pub(crate) trait References {
    /// The values a reference leads to; none when there is nothing.
    fn values(&self, reference: &Reference) -> Vec<Value>;
}

/// For matchers without references.
pub(crate) struct NoReferences;

impl References for NoReferences {
    fn values(&self, _reference: &Reference) -> Vec<Value> {
        Vec::new()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Test {
    comparison: Comparison,
    with: Reference,
    spelling: Spelling,
    clock: Clock,
}

impl Test {
    pub(super) fn prepare(comparison: Comparison, with: &Reference, spelling: Spelling, clock: Clock) -> Self {
        Self { comparison, with: with.clone(), spelling, clock }
    }

    pub(super) fn judge(&self, present: bool, elements: &[Element<'_>], references: &dyn References) -> Finding {
        let values = references.values(&self.with);
        let mut constants = Vec::new();
        for value in &values {
            spread(value, &mut constants);
        }
        let mut whole = Finding::default();
        let (mut asked, mut holding) = (0, 0);
        for constant in constants {
            let Some(test) = self.against(constant) else { continue };
            let finding = test.judge(present, elements, &NoReferences);
            asked += 1;
            holding += usize::from(finding.holds);
            whole.unreadable |= finding.unreadable;
            whole.zone_missing |= finding.zone_missing;
        }
        whole.holds = match self.quantifier() {
            Quantifier::Any => holding > 0,
            Quantifier::Every => holding > 0 && holding == asked,
        };
        whole
    }

    pub(super) fn quantifier(&self) -> Quantifier {
        match self.comparison {
            Comparison::NotEquals | Comparison::NotContains => Quantifier::Every,
            Comparison::Equals
            | Comparison::Contains
            | Comparison::StartsWith
            | Comparison::EndsWith
            | Comparison::Above
            | Comparison::AtLeast
            | Comparison::Below
            | Comparison::AtMost
            | Comparison::Before
            | Comparison::After => Quantifier::Any,
        }
    }

    /// The comparison with a constant, if the element can be one.
    fn against(&self, constant: Element<'_>) -> Option<super::Test> {
        // Every text contains the empty one: nothing is asked by it, as with a constant.
        let needle =
            || text::read(constant, Spelling { ignore_case: false }).map(std::borrow::Cow::into_owned).filter(|needle| !needle.is_empty());
        let number = || Exact::read(constant);
        let scalar = || scalar(constant).map(|constant| [constant]);
        let Self { spelling, clock, .. } = *self;
        Some(match self.comparison {
            Comparison::Equals => super::Test::Equality(equality::Test::one_of(&scalar()?, spelling)),
            Comparison::NotEquals => super::Test::Equality(equality::Test::none_of(&scalar()?, spelling)),
            Comparison::Contains => super::Test::Text(text::Test::contains(&[needle()?], spelling)),
            Comparison::NotContains => super::Test::Text(text::Test::not_contains(&needle()?, spelling)),
            Comparison::StartsWith => super::Test::Text(text::Test::starts_with(&needle()?, spelling)),
            Comparison::EndsWith => super::Test::Text(text::Test::ends_with(&needle()?, spelling)),
            Comparison::Above => super::Test::Number(number::Test::Above(number()?)),
            Comparison::AtLeast => super::Test::Number(number::Test::AtLeast(number()?)),
            Comparison::Below => super::Test::Number(number::Test::Below(number()?)),
            Comparison::AtMost => super::Test::Number(number::Test::AtMost(number()?)),
            Comparison::Before => super::Test::Date(date::Test::before(moment(constant)?, clock)),
            Comparison::After => super::Test::Date(date::Test::after(moment(constant)?, clock)),
        })
    }
}

fn scalar(element: Element<'_>) -> Option<Scalar> {
    match element {
        Element::Flag(flag) => Some(Scalar::Flag(flag)),
        Element::Number(number) => Some(Scalar::Number(number)),
        Element::Integer(integer) => Some(Scalar::Integer(integer)),
        Element::Text(text) => Some(Scalar::Text(text.to_owned())),
        Element::Object => None,
    }
}

fn moment(element: Element<'_>) -> Option<MomentSpec> {
    match date::read(element)? {
        (Date::Day(day), _) => Some(MomentSpec::Date(day)),
        (Date::Instant(moment), _) => Some(MomentSpec::At(moment)),
    }
}
