//! What conditions name of the data: events, properties and traits, each with its place.
//!
//! Collected while a file is read, so that definitions can be held against what has been observed: a name that never
//! occurs, a number asked of a property that is always text. Nothing here knows what was observed.

use model::Collection;

use crate::diagnostic::Place;
use crate::meaning::{Operator, Scalar};

/// Something of the data that a condition names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What sort of thing.
    pub kind: Mentioned,
    /// Its name; of a property or trait the first step of the path.
    pub name: String,
    /// Where it is named.
    pub place: Place,
    /// How its value is read, when every operator reads it the same way and the path ends at the name.
    pub read_as: Option<ReadAs>,
}

/// What sort of thing is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mentioned {
    /// An event.
    Event,
    /// A property of this event.
    Property {
        /// The event's name.
        event: String,
    },
    /// A trait.
    Trait {
        /// Of users or of accounts.
        of: Collection,
    },
}

/// How a value is read when it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadAs {
    /// `true` or `false`.
    Flag,
    /// A number.
    Number,
    /// A piece of text.
    Text,
    /// A date or timestamp.
    Date,
}

/// How these operators read the value, when they agree.
pub fn read_as(operators: &[Operator]) -> Option<ReadAs> {
    let mut readings = operators.iter().flat_map(readings);
    let first = readings.next()?;
    readings.all(|reading| reading == first).then_some(first).flatten()
}

/// How one operator reads it, once for each constant; nothing where any value will do.
fn readings(operator: &Operator) -> Vec<Option<ReadAs>> {
    match operator {
        Operator::Equals(scalar) | Operator::NotEquals(scalar) | Operator::Includes(scalar) => vec![Some(of_scalar(scalar))],
        Operator::OneOf(scalars)
        | Operator::NoneOf(scalars)
        | Operator::IncludesAny(scalars)
        | Operator::IncludesAll(scalars)
        | Operator::IncludesNone(scalars) => scalars.iter().map(|scalar| Some(of_scalar(scalar))).collect(),
        Operator::Contains(_) | Operator::NotContains(_) | Operator::ContainsAny(_) | Operator::StartsWith(_) | Operator::EndsWith(_) => {
            vec![Some(ReadAs::Text)]
        }
        Operator::Above(_) | Operator::AtLeast(_) | Operator::Below(_) | Operator::AtMost(_) => vec![Some(ReadAs::Number)],
        Operator::Before(_)
        | Operator::After(_)
        | Operator::WithinLast(_)
        | Operator::WithinNext(_)
        | Operator::AnniversaryWithinNext(_) => vec![Some(ReadAs::Date)],
        Operator::Exists(_) => Vec::new(),
        // The other value decides, and what that is only the data knows.
        Operator::Compare { .. } => vec![None],
    }
}

fn of_scalar(scalar: &Scalar) -> ReadAs {
    match scalar {
        Scalar::Flag(_) => ReadAs::Flag,
        Scalar::Number(_) | Scalar::Integer(_) => ReadAs::Number,
        Scalar::Text(_) => ReadAs::Text,
    }
}
