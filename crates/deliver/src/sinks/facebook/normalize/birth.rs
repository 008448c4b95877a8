//! `DOBY`, `DOBM`, `DOBD`: a date of birth in three keys, given whole or in parts.

use chrono::{Datelike as _, NaiveDate};

use super::text;

const YEAR_MIN: i32 = 1900;
const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// A date of birth taken apart, each part as its key takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sinks::facebook) struct BirthDate {
    pub(in crate::sinks::facebook) year: String,
    pub(in crate::sinks::facebook) month: String,
    pub(in crate::sinks::facebook) day: String,
}

/// Takes an ISO 8601 date (`1990-05-17`, with a time or without, or `19900517`) apart. Any other order of day and month
/// would be a guess.
pub(in crate::sinks::facebook) fn split(raw: &str) -> Option<BirthDate> {
    let trimmed = text::trimmed(raw);
    let date_part = trimmed.split(['T', 't', ' ']).next().unwrap_or(trimmed);
    let format = match date_part.len() {
        10 => "%Y-%m-%d",
        8 if date_part.bytes().all(|byte| byte.is_ascii_digit()) => "%Y%m%d",
        _ => return None,
    };
    let date = NaiveDate::parse_from_str(date_part, format).ok()?;
    Some(BirthDate { year: date.year().to_string(), month: date.month().to_string(), day: date.day().to_string() })
}

/// Four digits that a living person may have been born in.
pub(super) fn year(trimmed: &str, year_max: i32) -> Option<String> {
    let year = whole_number(trimmed)?;
    let digits = text::ascii_digits(trimmed);
    let four = digits.split('.').next().is_some_and(|whole| whole.len() == 4);
    (four && (YEAR_MIN..=year_max).contains(&year)).then(|| year.to_string())
}

/// Two digits, from a number or an English name.
pub(super) fn month(trimmed: &str) -> Option<String> {
    let by_name = || {
        let name = trimmed.trim_end_matches('.').to_lowercase();
        let is_short = (3..=4).contains(&name.len());
        let index = MONTHS.iter().position(|month| *month == name || (is_short && month.starts_with(&name)))?;
        i32::try_from(index + 1).ok()
    };
    two_digits(whole_number(trimmed).or_else(by_name)?, 12)
}

/// Two digits.
pub(super) fn day(trimmed: &str) -> Option<String> {
    two_digits(whole_number(trimmed)?, 31)
}

fn two_digits(number: i32, max: i32) -> Option<String> {
    (1..=max).contains(&number).then(|| format!("{number:02}"))
}

/// Whole numbers, also when a spreadsheet wrote them as `1990.0`.
fn whole_number(trimmed: &str) -> Option<i32> {
    let digits = text::ascii_digits(trimmed);
    let whole = match digits.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => &digits,
    };
    let plain = !whole.is_empty() && whole.len() <= 4 && whole.bytes().all(|byte| byte.is_ascii_digit());
    whole.parse().ok().filter(|_| plain)
}
