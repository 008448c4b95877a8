//! Random matchers and filters: every operator and modifier, in combinations that can be spelled.

use definitions::{Comparison, Filter, Matcher, Operator, PathMatch, Reference, ReferenceOf, Scalar};
use model::{Lookback, MomentSpec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use unicode_normalization::UnicodeNormalization as _;

use crate::histories::{INTEGERS, MEMBERS, NAMES, NUMBERS, TEXTS, moment};
use crate::spelling::operator_name;

const LOOKBACKS: [&str; 12] = [
    "1 day",
    "7 days",
    "30 days",
    "12 hours",
    "720 hours",
    "1 minute",
    "1 week",
    "1 month",
    "2 months",
    "14 days",
    "8 days",
    "99999 months",
];

/// Whose values a matcher may be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// The profile's traits.
    Profile,
    /// The event before, too.
    Parent,
}

pub(crate) fn filter(sight: Sight) -> impl Strategy<Value = Filter> {
    let set = move |sizes| path_matches(sight, sizes);
    let all = prop_oneof![Just(Vec::new()), set(1..3)];
    let any = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(set(1..3), 2..4)];
    prop_oneof![2 => Just(Filter::default()), 1 => (all, any).prop_map(|(all, any)| Filter { all, any })]
}

/// Filters that look at the same property or two and differ in what they ask of it, thresholds above all.
pub(crate) fn filters_alike() -> impl Strategy<Value = Vec<Filter>> {
    let at = |name: &str, matcher: Matcher| PathMatch { path: vec![name.to_owned()], matcher };
    let number = move || number_matcher().prop_map(move |matcher| at("r", matcher));
    let text = move || matcher_of(texts()).prop_map(move |matcher| at("q", matcher));
    let alone = number().prop_map(|number| Filter { all: vec![number], any: Vec::new() });
    let both = (text(), number()).prop_map(|(text, number)| Filter { all: vec![text, number], any: Vec::new() });
    let either = (text(), number()).prop_map(|(text, number)| Filter { all: Vec::new(), any: vec![vec![text], vec![number]] });
    let many = |filter: BoxedStrategy<Filter>| prop::collection::vec(filter, 2..6);
    prop_oneof![many(alone.boxed()), many(prop_oneof![2 => both, 1 => either].boxed())]
}

/// Matchers of different paths.
pub(crate) fn path_matches(sight: Sight, sizes: std::ops::Range<usize>) -> impl Strategy<Value = Vec<PathMatch>> {
    let any = (path(), matcher(sight)).prop_map(|(path, matcher)| PathMatch { path, matcher });
    // What is asked of texts and numbers is mostly asked where there are some.
    let at = |name: &str, matcher: Matcher| PathMatch { path: vec![name.to_owned()], matcher };
    let text = matcher_of(prop_oneof![2 => dates(), 1 => texts()]).prop_map(move |matcher| at("q", matcher));
    let number = number_matcher().prop_map(move |matcher| at("r", matcher));
    let path_match = prop_oneof![2 => any, 1 => text, 1 => number];
    prop::collection::vec(path_match, sizes).prop_map(|mut matches| {
        let mut seen: Vec<Vec<String>> = Vec::new();
        matches.retain(|path_match| {
            let new = !seen.contains(&path_match.path);
            seen.push(path_match.path.clone());
            new
        });
        matches
    })
}

pub(crate) fn path() -> impl Strategy<Value = Vec<String>> {
    let path = prop_oneof![
        4 => select(NAMES.to_vec()).prop_map(|name| vec![name]),
        1 => (select(NAMES.to_vec()), select(MEMBERS.to_vec())).prop_map(|(name, member)| vec![name, member]),
        1 => (select(NAMES.to_vec()), select(MEMBERS.to_vec()), select(MEMBERS.to_vec())).prop_map(|(name, a, b)| vec![name, a, b]),
    ];
    path.prop_map(|path| path.into_iter().map(str::to_owned).collect())
}

/// Any operators.
pub(crate) fn matcher(sight: Sight) -> impl Strategy<Value = Matcher> {
    matcher_of(operator(sight))
}

/// Operators that compare numbers.
pub(crate) fn number_matcher() -> impl Strategy<Value = Matcher> {
    let comparison = select(vec![Comparison::Equals, Comparison::NotEquals, Comparison::Above, Comparison::AtMost]);
    let compared = (comparison, reference(Sight::Profile)).prop_map(|(comparison, with)| Operator::Compare { comparison, with });
    let equal = prop_oneof![
        number().prop_map(|number| Operator::Equals(Scalar::Number(number))),
        number().prop_map(|number| Operator::NotEquals(Scalar::Number(number))),
        select(INTEGERS.to_vec()).prop_map(|integer| Operator::OneOf(vec![Scalar::Integer(integer), Scalar::Number(1.0)])),
    ];
    matcher_of(prop_oneof![4 => bounds(), 2 => equal, 1 => compared])
}

fn bounds() -> impl Strategy<Value = Operator> {
    prop_oneof![
        number().prop_map(Operator::Above),
        number().prop_map(Operator::AtLeast),
        number().prop_map(Operator::Below),
        number().prop_map(Operator::AtMost),
    ]
}

/// Operators of different names; `exists` alone and without `or_missing`.
fn matcher_of(operator: impl Strategy<Value = Operator>) -> impl Strategy<Value = Matcher> {
    (prop::collection::vec(operator, 1..3), any::<bool>(), prop::bool::weighted(0.2)).prop_map(
        |(mut operators, ignore_case, or_missing)| {
            let mut seen = Vec::new();
            operators.retain(|operator| {
                let name = operator_name(operator);
                let new = !seen.contains(&name);
                seen.push(name);
                new
            });
            if let Some(exists) = operators.iter().find(|operator| matches!(operator, Operator::Exists(_))) {
                return Matcher { operators: vec![exists.clone()], ignore_case: false, or_missing: false };
            }
            Matcher { operators, ignore_case, or_missing }
        },
    )
}

fn operator(sight: Sight) -> impl Strategy<Value = Operator> {
    let lists = prop_oneof![
        scalar().prop_map(Operator::Includes),
        scalars().prop_map(Operator::IncludesAny),
        scalars().prop_map(Operator::IncludesAll),
        scalars().prop_map(Operator::IncludesNone),
    ];
    let compared = (comparison(), reference(sight)).prop_map(|(comparison, with)| Operator::Compare { comparison, with });
    prop_oneof![
        3 => scalar().prop_map(Operator::Equals),
        2 => scalar().prop_map(Operator::NotEquals),
        2 => scalars().prop_map(Operator::OneOf),
        2 => scalars().prop_map(Operator::NoneOf),
        4 => texts(),
        4 => bounds(),
        2 => any::<bool>().prop_map(Operator::Exists),
        4 => dates(),
        4 => lists,
        6 => compared,
    ]
}

fn texts() -> impl Strategy<Value = Operator> {
    prop_oneof![
        needle().prop_map(Operator::Contains),
        needle().prop_map(Operator::NotContains),
        subsequence(NEEDLES.to_vec(), 1..3).prop_map(|needles| Operator::ContainsAny(needles.into_iter().map(composed).collect())),
        needle().prop_map(Operator::StartsWith),
        needle().prop_map(Operator::EndsWith),
    ]
}

fn dates() -> impl Strategy<Value = Operator> {
    prop_oneof![
        1 => moment_spec().prop_map(Operator::Before),
        1 => moment_spec().prop_map(Operator::After),
        1 => lookback().prop_map(Operator::WithinLast),
        1 => lookback().prop_map(Operator::WithinNext),
        2 => lookback().prop_map(Operator::AnniversaryWithinNext),
    ]
}

fn reference(sight: Sight) -> impl Strategy<Value = Reference> {
    let parent_weight = if sight == Sight::Parent { 2 } else { 0 };
    let of = prop_oneof![1 => Just(ReferenceOf::Trait), parent_weight => Just(ReferenceOf::Parent)];
    (of, path()).prop_map(|(of, path)| Reference { of, path })
}

fn comparison() -> impl Strategy<Value = Comparison> {
    select(vec![
        Comparison::Equals,
        Comparison::NotEquals,
        Comparison::Contains,
        Comparison::NotContains,
        Comparison::StartsWith,
        Comparison::EndsWith,
        Comparison::Above,
        Comparison::AtLeast,
        Comparison::Below,
        Comparison::AtMost,
        Comparison::Before,
        Comparison::After,
    ])
}

pub(crate) fn lookback() -> impl Strategy<Value = Lookback> {
    select(LOOKBACKS.to_vec()).prop_map(|text| Lookback::parse(text).expect("plain"))
}

pub(crate) fn moment_spec() -> impl Strategy<Value = MomentSpec> {
    prop_oneof![
        moment().prop_map(|moment| MomentSpec::Date(moment.day())),
        moment().prop_map(MomentSpec::At),
        lookback().prop_map(MomentSpec::Ago),
        lookback().prop_map(MomentSpec::FromNow),
        Just(MomentSpec::Now),
        Just(MomentSpec::Today),
    ]
}

pub(crate) fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        4 => select(TEXTS.to_vec()).prop_map(|text| Scalar::Text(composed(text))),
        2 => number().prop_map(Scalar::Number),
        1 => select(INTEGERS.to_vec()).prop_map(Scalar::Integer),
        1 => any::<bool>().prop_map(Scalar::Flag),
    ]
}

/// Different constants.
fn scalars() -> impl Strategy<Value = Vec<Scalar>> {
    prop::collection::vec(scalar(), 1..4).prop_map(|mut scalars| {
        let mut seen: Vec<Scalar> = Vec::new();
        scalars.retain(|scalar| {
            let new = !seen.contains(scalar);
            seen.push(scalar.clone());
            new
        });
        scalars
    })
}

pub(crate) fn number() -> impl Strategy<Value = f64> {
    select(NUMBERS.to_vec())
}

const NEEDLES: [&str; 11] = ["vip", "VIP", "5", "e\u{301}", "\u{c9}", "οσ", "ΟΔ", "2025", "tru", "T00", "007"];

fn needle() -> impl Strategy<Value = String> {
    select(NEEDLES.to_vec()).prop_map(composed)
}

/// Constants are NFC, as definitions are read.
pub(crate) fn composed(text: &str) -> String {
    text.nfc().collect()
}
