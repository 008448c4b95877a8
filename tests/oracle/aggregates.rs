//! Aggregates: one value made of a property over several events.

use std::collections::{BTreeMap, BTreeSet};

use definitions::{Aggregate, Reducer, UNIQUE_MAX};
use model::Value;

use super::events::Event;
use super::values::{decimal, elements, number};

const MILLION: i128 = 1_000_000;
const SUMMED_MAX: f64 = 1e20;

/// In order of time; what happened at once in the order it was received, then as it stood in its batch, then by message key.
pub(super) fn sort(events: &mut [Event<'_>]) {
    events.sort_by_key(|event| (event.fact.occurred_at, event.fact.received_at, event.fact.source_order, event.fact.message_key));
}

pub(super) fn aggregate(aggregate: &Aggregate, events: &[Event<'_>]) -> Option<Value> {
    let mut events = events.to_vec();
    sort(&mut events);
    if aggregate.reducer == Reducer::Count {
        return Some(Value::from_integer(events.len() as i128));
    }
    let reached: Vec<Vec<&Value>> = events.iter().map(|event| event.reached(&aggregate.path)).collect();
    let all: Vec<&Value> = reached.iter().flatten().flat_map(|value| elements(value)).collect();
    let texts: Vec<String> = all.iter().filter_map(|value| value.to_text()).collect();
    match aggregate.reducer {
        Reducer::Count => unreachable!("answered above"),
        Reducer::Sum => total(&all).map(|(total, _)| of_millionths(total)),
        Reducer::Average => total(&all).map(|(total, count)| of_millionths(divided(total, count))),
        Reducer::Min => extreme(&all, std::cmp::Ordering::Less),
        Reducer::Max => extreme(&all, std::cmp::Ordering::Greater),
        Reducer::First => reached.iter().find(|values| !values.is_empty()).map(|values| together(values)),
        Reducer::Last => reached.iter().rev().find(|values| !values.is_empty()).map(|values| together(values)),
        Reducer::MostFrequent { at_least } => {
            let mut times: BTreeMap<&str, u32> = BTreeMap::new();
            for text in &texts {
                *times.entry(text).or_default() += 1;
            }
            let most = times.values().copied().max()?;
            let (first, _) = times.into_iter().find(|(_, count)| *count == most)?;
            (most >= at_least).then(|| Value::from(first))
        }
        Reducer::Unique => {
            let mut unique: BTreeSet<&str> = BTreeSet::new();
            for text in &texts {
                if unique.len() < UNIQUE_MAX {
                    unique.insert(text);
                }
            }
            (!unique.is_empty()).then(|| Value::List(unique.into_iter().map(Value::from).collect()))
        }
        Reducer::UniqueCount => Some(Value::from_integer(texts.iter().collect::<BTreeSet<_>>().len() as i128)),
    }
}

/// The sum in millionths, and of how many numbers.
fn total(values: &[&Value]) -> Option<(i128, i128)> {
    let millionths: Vec<i128> = values.iter().filter_map(|value| millionths(value)).collect();
    (!millionths.is_empty()).then(|| (millionths.iter().sum(), millionths.len() as i128))
}

/// A whole number exactly; any other to the nearest millionth, half of one away from zero.
fn millionths(value: &Value) -> Option<i128> {
    let (whole, float) = match number(value)? {
        Value::Integer(integer) => (Some(integer), integer as f64),
        #[expect(clippy::cast_possible_truncation, reason = "larger ones are left out below")]
        Value::Number(float) => ((float.fract() == 0.0).then_some(float as i128), float),
        Value::Flag(_) | Value::Text(_) | Value::List(_) | Value::Object(_) => return None,
    };
    if float.abs() > SUMMED_MAX {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 10^26")]
    let rounded = (float * 1e6).round() as i128;
    Some(whole.map_or(rounded, |whole| whole * MILLION))
}

/// Half a millionth goes away from zero.
fn divided(total: i128, count: i128) -> i128 {
    let rest = total % count;
    let toward_zero = total / count;
    if rest.abs() * 2 >= count { toward_zero + total.signum() } else { toward_zero }
}

fn of_millionths(millionths: i128) -> Value {
    if millionths % MILLION == 0 {
        return Value::from_integer(millionths / MILLION);
    }
    let sign = if millionths < 0 { "-" } else { "" };
    let text = format!("{sign}{}.{:06}", millionths.abs() / MILLION, millionths.abs() % MILLION);
    Value::Number(text.parse().expect("a decimal number"))
}

fn extreme(values: &[&Value], wanted: std::cmp::Ordering) -> Option<Value> {
    let mut best: Option<&Value> = None;
    for value in values {
        let Some(found) = decimal(value) else { continue };
        if best.and_then(decimal).is_none_or(|best| found.partial_cmp(&best) == Some(wanted)) {
            best = Some(value);
        }
    }
    best.and_then(number)
}

fn together(values: &[&Value]) -> Value {
    match values {
        [only] => (*only).clone(),
        several => Value::List(several.iter().map(|value| (*value).clone()).collect()),
    }
}
