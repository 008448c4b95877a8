//! Schedules: cron expressions of five fields, in UTC, with the meaning that crontab gives them.
//!
//! The `cron` crate wants a field of seconds and counts the days of the week from 1 (Sunday) to 7; crontab counts
//! them from 0 (Sunday) and also calls Sunday 7. [`to_cron`] is the one place that translates.

use std::collections::BTreeSet;

use crate::quote::quoted;

/// A text that is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text} is not a schedule: {reason}")]
pub struct InvalidSchedule {
    /// The text, quoted.
    text: String,
    /// Why not.
    reason: String,
    /// What to write instead, if that can be told.
    pub help: Option<String>,
}

struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Field; 5] = [
    Field { name: "minute", min: 0, max: 59, names: &[] },
    Field { name: "hour", min: 0, max: 23, names: &[] },
    Field { name: "day of the month", min: 1, max: 31, names: &[] },
    Field { name: "month", min: 1, max: 12, names: &MONTHS },
    Field { name: "day of the week", min: 0, max: 7, names: &DAYS },
];

/// Shorthands of other crons, and what they mean.
const SHORTHANDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// Translates a crontab expression of five fields into one for the `cron` crate.
///
/// # Errors
/// When it is no such expression, names a day that never comes, or restricts both the day of the month and the day of
/// the week: crontab then means either, which the crate cannot say.
pub fn to_cron(text: &str) -> Result<String, InvalidSchedule> {
    let invalid = |reason: String, help: Option<&str>| InvalidSchedule { text: quoted(text), reason, help: help.map(str::to_owned) };
    let parts: Vec<&str> = text.split_whitespace().collect();
    if let Some((_, meaning)) = SHORTHANDS.iter().find(|(short, _)| parts == [*short] || parts == [&short[1..]]) {
        return Err(invalid("5 fields are needed".to_owned(), Some(&format!("write `{meaning}`"))));
    }
    let Ok(parts) = <[&str; 5]>::try_from(parts.as_slice()) else {
        let help = "minute, hour, day of the month, month, day of the week: `0 * * * *` is every hour on the hour";
        return Err(invalid(format!("5 fields are needed, found {}", parts.len()), Some(help)));
    };
    let mut sets = Vec::with_capacity(FIELDS.len());
    for (field, part) in FIELDS.iter().zip(parts) {
        sets.push(set(field, part).map_err(|reason| invalid(reason, None))?);
    }
    let [minutes, hours, days, months, weekdays] = sets.as_slice() else {
        return Err(invalid("it does not have 5 fields".to_owned(), None));
    };
    if days.is_some() && weekdays.is_some() {
        let help = "crontab would run on either; restrict one and leave `*` for the other";
        return Err(invalid("it restricts both the day of the month and the day of the week".to_owned(), Some(help)));
    }
    let weekdays = weekdays.as_ref().map(|set| set.iter().map(|day| day % 7 + 1).collect::<BTreeSet<u32>>());
    let translated = format!(
        "0 {} {} {} {} {}",
        list(minutes.as_ref()),
        list(hours.as_ref()),
        list(days.as_ref()),
        list(months.as_ref()),
        list(weekdays.as_ref())
    );
    if let Err(error) = translated.parse::<cron::Schedule>() {
        return Err(invalid(error.to_string(), None));
    }
    if let Some(days) = days
        && !some_month_has(days, months.as_ref())
    {
        return Err(invalid("no month it names has such a day".to_owned(), None));
    }
    Ok(translated)
}

fn some_month_has(days: &BTreeSet<u32>, months: Option<&BTreeSet<u32>>) -> bool {
    const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let first = days.first().copied().unwrap_or(1);
    (1..=12).zip(LONGEST).any(|(month, longest)| months.is_none_or(|months| months.contains(&month)) && first <= longest)
}

fn list(set: Option<&BTreeSet<u32>>) -> String {
    match set {
        None => "*".to_owned(),
        Some(set) => set.iter().map(u32::to_string).collect::<Vec<_>>().join(","),
    }
}

/// The numbers a field allows; `None` for `*`, which allows all.
fn set(field: &Field, text: &str) -> Result<Option<BTreeSet<u32>>, String> {
    if text == "*" {
        return Ok(None);
    }
    let mut numbers = BTreeSet::new();
    for item in text.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let step = match step {
            None => 1,
            Some(step) => step.parse::<usize>().ok().filter(|step| (1..=60).contains(step)).ok_or_else(|| wrong(field, item))?,
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (field.min, field.max.min(if field.names.len() == DAYS.len() { 6 } else { field.max })),
            Some((first, last)) => (number(field, first, item)?, number(field, last, item)?),
            None if step > 1 => return Err(wrong(field, item)),
            None => (number(field, range, item)?, number(field, range, item)?),
        };
        if first > last {
            return Err(wrong(field, item));
        }
        numbers.extend((first..=last).step_by(step));
    }
    Ok(Some(numbers))
}

fn number(field: &Field, text: &str, item: &str) -> Result<u32, String> {
    if let Some(index) = field.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return u32::try_from(index).map(|index| index + field.min).map_err(|_| wrong(field, item));
    }
    let digits = !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    number.filter(|number| (field.min..=field.max).contains(number)).ok_or_else(|| wrong(field, item))
}

fn wrong(field: &Field, item: &str) -> String {
    format!("{} is no {} from {} to {}", quoted(item), field.name, field.min, field.max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(to_cron(text).as_deref(), Ok(expected));
    }

    #[test]
    fn plain_fields_gain_seconds() {
        check("0 * * * *", "0 0 * * * *");
        check("*/15 6-8 1 jan,jul *", "0 0,15,30,45 6,7,8 1 1,7 *");
        check(" 5  4 * * * ", "0 5 4 * * *");
    }

    #[test]
    fn days_of_the_week_are_those_of_crontab() {
        check("0 0 * * 0", "0 0 0 * * 1");
        check("0 0 * * 7", "0 0 0 * * 1");
        check("0 0 * * 1-5", "0 0 0 * * 2,3,4,5,6");
        check("0 0 * * 5-7", "0 0 0 * * 1,6,7");
        check("0 0 * * Mon,THU", "0 0 0 * * 2,5");
        check("0 0 * * */2", "0 0 0 * * 1,3,5,7");
    }

    #[test]
    fn the_crate_agrees_on_the_day() {
        use chrono::{Datelike as _, TimeZone as _};
        let schedule: cron::Schedule = to_cron("0 12 * * 1").expect("valid").parse().expect("valid");
        let friday = chrono::Utc.with_ymd_and_hms(2025, 3, 7, 0, 0, 0).single().expect("a date");
        let next = schedule.after(&friday).next().expect("there is a Monday");
        assert_eq!(next.weekday(), chrono::Weekday::Mon);
        assert_eq!(next.day(), 10);
    }

    #[test]
    fn what_crontab_would_not_take_is_refused() {
        for text in [
            "",
            "0 * * *",
            "0 0 * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-1 * * * *",
            "a * * * *",
            "*/0 * * * *",
            "5/10 * * * *",
            "1,,2 * * * *",
            "@hourly",
            "0 0 1 * 1",
            "0 0 31 2 *",
            "0 0 -1 * *",
            "0 0 1- * *",
        ] {
            assert!(to_cron(text).is_err(), "{text}");
        }
        assert!(to_cron("0 0 29 2 *").is_ok());
    }
}
