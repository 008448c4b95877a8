//! The operators of matchers, in one table: it drives reading, suggestions and documentation.

use model::{Lookback, MomentSpec};

use crate::meaning::{Comparison, Operator, Scalar};

/// An operator as people write it.
#[derive(Debug, Clone, Copy)]
pub struct OperatorSpec {
    /// Its key.
    pub name: &'static str,
    /// What its value must be, and what it then means.
    pub takes: Takes,
    /// What it means when `{ trait: name }` or `{ parent: property }` stands in place of the constant, if it may.
    pub reference: Option<Comparison>,
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
    OperatorSpec { name, takes, reference: None, doc }
}

const fn comparing(name: &'static str, takes: Takes, reference: Comparison, doc: &'static str) -> OperatorSpec {
    OperatorSpec { name, takes, reference: Some(reference), doc }
}

/// Compares text without regard to case.
pub(crate) const IGNORE_CASE: &str = "ignore_case";
/// Lets a missing value pass.
pub(crate) const OR_MISSING: &str = "or_missing";

/// Every operator and modifier.
pub const OPERATORS: &[OperatorSpec] = &[
    comparing("equals", Takes::Scalar(Operator::Equals), Comparison::Equals, "The value is exactly this; a bare value means the same."),
    comparing("not_equals", Takes::Scalar(Operator::NotEquals), Comparison::NotEquals, "A value is present and is not this."),
    spec("one_of", Takes::Scalars(Operator::OneOf), "The value is exactly one of these."),
    spec("none_of", Takes::Scalars(Operator::NoneOf), "A value is present and is none of these."),
    spec("exists", Takes::Flag(Operator::Exists), "`true`: a value is present; `false`: it is missing or null."),
    comparing("contains", Takes::Text(Operator::Contains), Comparison::Contains, "The text contains this piece of text."),
    comparing("not_contains", Takes::Text(Operator::NotContains), Comparison::NotContains, "A text is present and does not contain this."),
    spec("contains_any", Takes::Texts(Operator::ContainsAny), "The text contains at least one of these."),
    comparing("starts_with", Takes::Text(Operator::StartsWith), Comparison::StartsWith, "The text starts with this."),
    comparing("ends_with", Takes::Text(Operator::EndsWith), Comparison::EndsWith, "The text ends with this."),
    comparing("above", Takes::Number(Operator::Above), Comparison::Above, "The number is greater."),
    comparing("at_least", Takes::Number(Operator::AtLeast), Comparison::AtLeast, "The number is this or greater."),
    comparing("below", Takes::Number(Operator::Below), Comparison::Below, "The number is smaller."),
    comparing("at_most", Takes::Number(Operator::AtMost), Comparison::AtMost, "The number is this or smaller."),
    comparing("before", Takes::Moment(Operator::Before), Comparison::Before, "The date is earlier than this moment."),
    comparing("after", Takes::Moment(Operator::After), Comparison::After, "The date is this moment or later."),
    spec("within_last", Takes::Lookback(Operator::WithinLast), "The date lies between that long ago and now."),
    spec("within_next", Takes::Lookback(Operator::WithinNext), "The date lies between now and that far ahead."),
    spec(
        "anniversary_within_next",
        Takes::Lookback(Operator::AnniversaryWithinNext),
        "The date's day of the year comes round in the days from today to that far ahead.",
    ),
    spec("includes", Takes::Scalar(Operator::Includes), "The list has this element; one value is a list of one."),
    spec("includes_any", Takes::Scalars(Operator::IncludesAny), "The list has at least one of these elements."),
    spec("includes_all", Takes::Scalars(Operator::IncludesAll), "The list has every one of these elements."),
    spec("includes_none", Takes::Scalars(Operator::IncludesNone), "The list has an element, and none of these."),
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
    ("anniversary", "anniversary_within_next"),
    ("birthday", "anniversary_within_next"),
    ("has", "includes"),
    ("has_any", "includes_any"),
    ("has_all", "includes_all"),
    ("contains_all", "includes_all"),
    ("excludes", "includes_none"),
    ("case_insensitive", "ignore_case"),
    ("or_null", "or_missing"),
];
