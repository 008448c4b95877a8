//! What matchers mean: a path to a value, and what the value must be.

use model::{Lookback, MomentSpec};
use serde::Serialize;

/// Which events count: all of `all` match and, when `any` is not empty, all of at least one of its sets.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Filter {
    /// From `where`.
    pub all: Vec<PathMatch>,
    /// From `where_any`.
    pub any: Vec<Vec<PathMatch>>,
}

/// A matcher applied to the value at a path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PathMatch {
    /// The way to the value: the first step names the trait or property, the others walk into objects. Arrays on the
    /// way are stepped through: the path then has several values.
    pub path: Vec<String>,
    /// What the value must be.
    pub matcher: Matcher,
}

/// What a value must be: every operator holds, or the value is missing and that is allowed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matcher {
    /// All of these hold.
    pub operators: Vec<Operator>,
    /// Compare text without regard to case.
    pub ignore_case: bool,
    /// A missing value passes.
    pub or_missing: bool,
}

/// One comparison. The constant's type decides how the value is read; a value that cannot be read so does not match.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// Exactly this (any element of a list).
    Equals(Scalar),
    /// Present and not this (every element of a list).
    NotEquals(Scalar),
    /// Exactly one of these.
    OneOf(Vec<Scalar>),
    /// Present and none of these.
    NoneOf(Vec<Scalar>),
    /// Text contains this.
    Contains(String),
    /// Text is present and does not contain this.
    NotContains(String),
    /// Text contains at least one of these.
    ContainsAny(Vec<String>),
    /// Text starts with this.
    StartsWith(String),
    /// Text ends with this.
    EndsWith(String),
    /// Number is greater.
    Above(f64),
    /// Number is this or greater.
    AtLeast(f64),
    /// Number is smaller.
    Below(f64),
    /// Number is this or smaller.
    AtMost(f64),
    /// `true`: a value is present; `false`: none is. The only operator that holds for a missing value.
    Exists(bool),
    /// Date is earlier than this moment.
    Before(MomentSpec),
    /// Date is this moment or later.
    After(MomentSpec),
    /// Date lies between that long ago (included) and the as-of (not included).
    WithinLast(Lookback),
    /// Date lies between the as-of (included) and that far ahead (not included).
    WithinNext(Lookback),
    /// An anniversary of the date lies in the days from today (included) to that far ahead (not included).
    AnniversaryWithinNext(Lookback),
    /// A list with this element; a value that is no list is a list of one.
    Includes(Scalar),
    /// A list with at least one of these elements.
    IncludesAny(Vec<Scalar>),
    /// A list with every one of these elements.
    IncludesAll(Vec<Scalar>),
    /// A list with at least one element and none of these.
    IncludesNone(Vec<Scalar>),
    /// Compared with another value of the same profile or of the event before, whose type then decides.
    Compare {
        /// How.
        comparison: Comparison,
        /// With what.
        with: Reference,
    },
}

/// The comparisons whose right-hand side may be a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// As [`Operator::Equals`].
    Equals,
    /// As [`Operator::NotEquals`].
    NotEquals,
    /// As [`Operator::Contains`].
    Contains,
    /// As [`Operator::NotContains`].
    NotContains,
    /// As [`Operator::StartsWith`].
    StartsWith,
    /// As [`Operator::EndsWith`].
    EndsWith,
    /// As [`Operator::Above`].
    Above,
    /// As [`Operator::AtLeast`].
    AtLeast,
    /// As [`Operator::Below`].
    Below,
    /// As [`Operator::AtMost`].
    AtMost,
    /// As [`Operator::Before`].
    Before,
    /// As [`Operator::After`].
    After,
}

/// A value that stands in place of a constant. A missing one makes the comparison false.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reference {
    /// Whose value.
    pub of: ReferenceOf,
    /// The way to it.
    pub path: Vec<String>,
}

/// Whose value a reference means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceOf {
    /// A trait of the same profile, as of the run; a computed one too.
    Trait,
    /// A property of the event before, in a sequence.
    Parent,
}

/// A constant in a definition.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` or `false`.
    Flag(bool),
    /// A number that a 64-bit float holds exactly as written.
    Number(f64),
    /// A whole number beyond 2^53.
    Integer(i128),
    /// Text, NFC.
    Text(String),
}
