//! Values: the ways into them, and how they are read as texts, numbers and dates.

use chrono::NaiveDate;
use definitions::Scalar;
use model::{Moment, Value};
use unicode_normalization::UnicodeNormalization as _;

pub(super) fn walk<'a>(value: &'a Value, path: &[String]) -> Vec<&'a Value> {
    match (value, path) {
        (_, []) => vec![value],
        (Value::Object(members), [step, rest @ ..]) => members.get(step).map(|member| walk(member, rest)).unwrap_or_default(),
        (Value::List(items), _) => items.iter().flat_map(|item| walk(item, path)).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::List(items) => items.iter().flat_map(elements).collect(),
        other => vec![other],
    }
}

/// A value in the place of a constant; lists and objects cannot stand there.
pub(super) fn scalar(value: &Value) -> Option<Scalar> {
    match value {
        Value::Flag(flag) => Some(Scalar::Flag(*flag)),
        Value::Number(number) => Some(Scalar::Number(*number)),
        Value::Integer(integer) => Some(Scalar::Integer(*integer)),
        Value::Text(text) => Some(Scalar::Text(text.clone())),
        Value::List(_) | Value::Object(_) => None,
    }
}

pub(super) fn spell(text: &str, ignore_case: bool) -> String {
    let composed: String = text.nfc().collect();
    if !ignore_case {
        return composed;
    }
    let mut folded = String::new();
    for c in composed.chars() {
        folded.extend(c.to_lowercase());
    }
    folded.replace('\u{3c2}', "\u{3c3}") // a final sigma is a sigma
}

/// `None` when the value cannot be read as the constant's type.
pub(super) fn equals(value: &Value, constant: &Scalar, ignore_case: bool) -> Option<bool> {
    match constant {
        Scalar::Text(expected) => Some(spell(&value.to_text()?, ignore_case) == spell(expected, ignore_case)),
        Scalar::Number(expected) => Some(decimal(value)? == Decimal::of(*expected)),
        Scalar::Integer(expected) => Some(decimal(value)? == Decimal::read(&expected.to_string())?),
        Scalar::Flag(expected) => match value {
            Value::Flag(flag) => Some(flag == expected),
            Value::Text(text) if text == "true" => Some(*expected),
            Value::Text(text) if text == "false" => Some(!*expected),
            _ => None,
        },
    }
}

/// A decimal number as written, compared digit by digit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    /// Without leading zeroes.
    whole: String,
    /// Without trailing zeroes.
    fraction: String,
}

impl Decimal {
    pub(super) fn of(number: f64) -> Self {
        Self::read(&number.to_string()).expect("floats are shown as plain decimals")
    }

    fn read(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        if whole.is_empty() || !whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit()) {
            return None;
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, whole, fraction })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        let size = |number: &Self| (number.whole.len(), number.whole.clone(), number.fraction.clone());
        Some(match (self.negative, other.negative) {
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
            (false, true) => std::cmp::Ordering::Greater,
            (true, false) => std::cmp::Ordering::Less,
        })
    }
}

pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => Some(Decimal::of(*number)),
        Value::Integer(integer) => Decimal::read(&integer.to_string()),
        Value::Text(text) => Decimal::read(text),
        _ => None,
    }
}

/// The number that a value is read as, as a value.
pub(super) fn number(value: &Value) -> Option<Value> {
    let Value::Text(text) = value else {
        return decimal(value).map(|_| value.clone());
    };
    let Decimal { negative, whole, fraction } = Decimal::read(text)?;
    if fraction.is_empty() {
        let digits = if whole.is_empty() { "0" } else { &whole };
        let integer: i128 = digits.parse().expect("no longer number in a test");
        return Some(Value::from_integer(if negative { -integer } else { integer }));
    }
    Some(Value::Number(text.parse().expect("a decimal number")))
}

pub(super) enum Date {
    /// A whole day, told by the calendar on the wall of the workspace.
    Day(NaiveDate),
    Instant(Moment),
}

pub(super) fn date(value: &Value) -> Option<Date> {
    let Value::Text(text) = value else {
        return None;
    };
    if let Ok(day) = text.trim().parse::<NaiveDate>() {
        return Some(Date::Day(day));
    }
    Moment::parse(text).ok().map(Date::Instant)
}
