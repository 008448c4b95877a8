//! The operators of matchers, in one table: it drives reading, suggestions and documentation.

use model::{Lookback, MomentSpec};

use crate::meaning::{Operator, Scalar};

/// An operator as people write it.
#[derive(Debug, Clone, Copy)]
pub struct OperatorSpec {
    /// Its key.
    pub name: &'static str,
    /// What its value must be, and what it then means.
    pub takes: Takes,
    /// When it holds, in one sentence.
    pub doc: &'static str,
}

/// What the value of an operator must be.
#[derive(Debug, Clone, Copy)]
pub enum Takes {
    /// A flag, number or text.
    Scalar(fn(Scalar) -> Operator),
    /// Several of them.
    Scalars(fn(Vec<Scalar>) -> Operator),
    /// A piece of text.
    Text(fn(String) -> Operator),
    /// Several pieces of text.
    Texts(fn(Vec<String>) -> Operator),
    /// A number.
    Number(fn(f64) -> Operator),
    /// `true` or `false`.
    Flag(fn(bool) -> Operator),
    /// A moment, fixed or relative.
    Moment(fn(MomentSpec) -> Operator),
    /// A length of time.
    Lookback(fn(Lookback) -> Operator),
    /// Only `true`: it changes how the operators beside it compare.
    Modifier,
}

const fn spec(name: &'static str, takes: Takes, doc: &'static str) -> OperatorSpec {
    OperatorSpec { name, takes, doc }
}

/// Compares text without regard to case.
pub(crate) const IGNORE_CASE: &str = "ignore_case";
/// Lets a missing value pass.
pub(crate) const OR_MISSING: &str = "or_missing";

/// Every operator and modifier.
pub const OPERATORS: &[OperatorSpec] = &[
    spec("equals", Takes::Scalar(Operator::Equals), "The value is exactly this; a bare value means the same."),
    spec("not_equals", Takes::Scalar(Operator::NotEquals), "A value is present and is not this."),
    spec("one_of", Takes::Scalars(Operator::OneOf), "The value is exactly one of these."),
    spec("none_of", Takes::Scalars(Operator::NoneOf), "A value is present and is none of these."),
    spec("exists", Takes::Flag(Operator::Exists), "`true`: a value is present; `false`: it is missing or null."),
    spec("contains", Takes::Text(Operator::Contains), "The text contains this piece of text."),
    spec("not_contains", Takes::Text(Operator::NotContains), "A text is present and does not contain this."),
    spec("contains_any", Takes::Texts(Operator::ContainsAny), "The text contains at least one of these."),
    spec("starts_with", Takes::Text(Operator::StartsWith), "The text starts with this."),
    spec("ends_with", Takes::Text(Operator::EndsWith), "The text ends with this."),
    spec("above", Takes::Number(Operator::Above), "The number is greater."),
    spec("at_least", Takes::Number(Operator::AtLeast), "The number is this or greater."),
    spec("below", Takes::Number(Operator::Below), "The number is smaller."),
    spec("at_most", Takes::Number(Operator::AtMost), "The number is this or smaller."),
    spec("before", Takes::Moment(Operator::Before), "The date is earlier than this moment."),
    spec("after", Takes::Moment(Operator::After), "The date is this moment or later."),
    spec("within_last", Takes::Lookback(Operator::WithinLast), "The date lies between that long ago and now."),
    spec("within_next", Takes::Lookback(Operator::WithinNext), "The date lies between now and that far ahead."),
    spec(IGNORE_CASE, Takes::Modifier, "Compares text without regard to case."),
    spec(OR_MISSING, Takes::Modifier, "A missing value passes too."),
];

/// What other products call these operators.
pub(crate) const FOREIGN_OPERATORS: &[(&str, &str)] = &[
    ("=", "equals"),
    ("==", "equals"),
    ("is", "equals"),
    ("eq", "equals"),
    ("exact", "equals"),
    ("!=", "not_equals"),
    ("is_not", "not_equals"),
    ("ne", "not_equals"),
    ("neq", "not_equals"),
    ("differs", "not_equals"),
    ("in", "one_of"),
    ("any_of", "one_of"),
    ("not_in", "none_of"),
    (">", "above"),
    ("gt", "above"),
    ("greater_than", "above"),
    ("more_than", "above"),
    (">=", "at_least"),
    ("gte", "at_least"),
    ("min", "at_least"),
    ("<", "below"),
    ("lt", "below"),
    ("less_than", "below"),
    ("<=", "at_most"),
    ("lte", "at_most"),
    ("max", "at_most"),
    ("like", "contains"),
    ("regex", "contains"),
    ("matches", "contains"),
    ("icontains", "contains"),
    ("omits", "not_contains"),
    ("prefix", "starts_with"),
    ("suffix", "ends_with"),
    ("is_set", "exists"),
    ("absent", "exists"),
    ("present", "exists"),
    ("missing", "exists"),
    ("since", "after"),
    ("until", "before"),
    ("within", "within_last"),
    ("before_date", "before"),
    ("after_date", "after"),
    ("case_insensitive", "ignore_case"),
    ("or_null", "or_missing"),
];
