//! `equals`, `not_equals`, `one_of`, `none_of`.
//!
//! `equals` is `one_of` a single constant and `not_equals` is `none_of` it, so that `none_of: [a, b]` always says what
//! `not_equals: a` and `not_equals: b` say together. Each constant reads the element by its own type.

use definitions::Scalar;

use super::number::Exact;
use super::text::{self, Spelling};
use super::{Element, Quantifier, Verdict};

#[derive(Debug, Clone)]
pub(crate) struct Test {
    constants: Vec<Constant>,
    spelling: Spelling,
    quantifier: Quantifier,
}

#[derive(Debug, Clone)]
enum Constant {
    Flag(bool),
    Number(Exact),
    Text(String),
}

impl Test {
    pub(super) fn one_of(constants: &[Scalar], spelling: Spelling) -> Self {
        Self::new(constants, spelling, Quantifier::Any)
    }

    pub(super) fn none_of(constants: &[Scalar], spelling: Spelling) -> Self {
        Self::new(constants, spelling, Quantifier::Every)
    }

    fn new(constants: &[Scalar], spelling: Spelling, quantifier: Quantifier) -> Self {
        let constants = constants.iter().map(|constant| match constant {
            Scalar::Flag(flag) => Constant::Flag(*flag),
            Scalar::Number(number) => Constant::Number(Exact::Float(*number)),
            Scalar::Integer(integer) => Constant::Number(Exact::Integer(*integer)),
            Scalar::Text(text) => Constant::Text(spelling.of(text).into_owned()),
        });
        Self { constants: constants.collect(), spelling, quantifier }
    }

    pub(super) fn quantifier(&self) -> Quantifier {
        self.quantifier
    }

    pub(super) fn verdict(&self, element: Element<'_>) -> Verdict {
        let mut unreadable = 0;
        for constant in &self.constants {
            match (equals(constant, element, self.spelling), self.quantifier) {
                (Some(true), Quantifier::Any) => return Verdict::Holds,
                (Some(true), Quantifier::Every) => return Verdict::Fails,
                (Some(false), _) => {}
                (None, _) => unreadable += 1,
            }
        }
        match self.quantifier {
            Quantifier::Any if unreadable == self.constants.len() => Verdict::Unreadable,
            Quantifier::Any => Verdict::Fails,
            Quantifier::Every if unreadable > 0 => Verdict::Unreadable,
            Quantifier::Every => Verdict::Holds,
        }
    }

    pub(super) fn interval(&self) -> Option<(f64, f64)> {
        match (self.quantifier, self.constants.as_slice()) {
            (Quantifier::Any, [Constant::Number(Exact::Float(number))]) => Some((*number, *number)),
            _ => None,
        }
    }
}

/// `None` when the element cannot be read as the constant's type.
fn equals(constant: &Constant, element: Element<'_>, spelling: Spelling) -> Option<bool> {
    match constant {
        Constant::Flag(expected) => flag(element).map(|flag| flag == *expected),
        Constant::Number(expected) => Exact::read(element).map(|number| number.compare(*expected).is_eq()),
        Constant::Text(expected) => text::read(element, spelling).map(|text| text == *expected),
    }
}

fn flag(element: Element<'_>) -> Option<bool> {
    match element {
        Element::Flag(flag) => Some(flag),
        Element::Text("true") => Some(true),
        Element::Text("false") => Some(false),
        Element::Text(_) | Element::Number(_) | Element::Integer(_) | Element::Object => None,
    }
}
