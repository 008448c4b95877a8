//! What the columns of a CSV file mean: the mapping applied to the header, then cells to messages.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use model::{CsvMapping, CsvMessage, Moment, Value};

use crate::message::{Given, Member, Message, MessageKind};
use crate::parse::{check_message_id, check_names};
use crate::rejection::{Rejection, RejectionReason};
use crate::when::{Stamp, Stamps};

/// Columns by their places.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    width: usize,
    message: Option<CsvMessage>,
    user_id: Option<usize>,
    anonymous_id: Option<usize>,
    email: Option<usize>,
    message_id: Option<usize>,
    timestamp: Option<(usize, Option<String>)>,
    /// Place and name of properties or traits.
    columns: Vec<(usize, String)>,
}

impl Plan {
    /// Finds the mapping's columns in the header; of two with one name, the last.
    ///
    /// # Errors
    /// The columns that are not there, and whether any other is.
    pub(crate) fn new(mapping: &CsvMapping, header: &[String]) -> Result<Self, (Vec<String>, bool)> {
        let places: BTreeMap<&str, usize> = header.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
        let (mut missing, mut any_there) = (Vec::new(), false);
        let mut place = |column: &String| {
            let place = places.get(column.as_str()).copied();
            any_there |= place.is_some();
            if place.is_none() && !missing.contains(column) {
                missing.push(column.clone());
            }
            place
        };
        let mut plan = Self {
            width: header.len(),
            message: Some(mapping.message.clone()),
            user_id: mapping.user_id.as_ref().and_then(&mut place),
            anonymous_id: mapping.anonymous_id.as_ref().and_then(&mut place),
            email: mapping.email.as_ref().and_then(&mut place),
            message_id: mapping.message_id.as_ref().and_then(&mut place),
            timestamp: mapping.timestamp.as_ref().and_then(|stamp| Some((place(&stamp.column)?, stamp.format.clone()))),
            columns: mapping.columns.iter().filter_map(|(column, name)| Some((place(column)?, name.clone()))).collect(),
        };
        if !missing.is_empty() {
            return Err((missing, any_there));
        }
        if mapping.columns.is_empty() {
            let named = [plan.user_id, plan.anonymous_id, plan.email, plan.message_id, plan.timestamp.as_ref().map(|(place, _)| *place)];
            let others = places.iter().filter(|(name, place)| !name.is_empty() && !named.contains(&Some(**place)));
            plan.columns = others.map(|(name, place)| (*place, (*name).to_owned())).collect();
        }
        Ok(plan)
    }

    /// What a row says.
    ///
    /// # Errors
    /// Why it is not taken.
    pub(crate) fn message<'c>(&'c self, cells: &[&'c str], now: Moment) -> Result<Message<'c>, Rejection> {
        if cells.len() != self.width {
            let message = format!("{} cells, and the header has {}", cells.len(), self.width);
            return Err(RejectionReason::WrongWidth.because(message));
        }
        let cell = |place: Option<usize>| place.map(|place| cells[place]).filter(|text| !text.is_empty()).map(Cow::Borrowed);
        let (user_id, anonymous_id, email) = (cell(self.user_id), cell(self.anonymous_id), cell(self.email));
        if user_id.is_none() && anonymous_id.is_none() && email.is_none() {
            return Err(RejectionReason::NoUser.because("the cells that would identify somebody are empty"));
        }
        let mut values: Vec<Member<'c>> = Vec::with_capacity(self.columns.len() + 1);
        for (place, name) in &self.columns {
            let text = cells[*place];
            if !text.is_empty() {
                let value = if self.is_text(*place) { Given::Text(Cow::Borrowed(text)) } else { value(text) };
                values.push((Cow::Borrowed(name), Some(value)));
            }
        }
        check_names("columns", &values)?;
        let (kind, event) = match &self.message {
            Some(CsvMessage::Track(event)) => (MessageKind::Track, Some(event.clone())),
            Some(CsvMessage::Identify) | None => {
                add_email(&mut values, email.as_ref());
                (MessageKind::Identify, None)
            }
        };
        Ok(Message {
            user_id,
            anonymous_id,
            message_id: check_message_id(cell(self.message_id))?,
            emails: email.into_iter().collect(),
            event,
            members: values,
            ..Message::empty(kind, self.stamps(cells)?.settle(now)?)
        })
    }

    /// Ids and e-mail addresses stay text even if they look like numbers.
    fn is_text(&self, place: usize) -> bool {
        [self.user_id, self.anonymous_id, self.email, self.message_id].contains(&Some(place))
    }

    fn stamps(&self, cells: &[&str]) -> Result<Stamps, Rejection> {
        let Some((place, format)) = &self.timestamp else { return Ok(Stamps::default()) };
        let text = cells[*place].trim();
        let stamp = match format {
            Some(format) => formatted(text, format),
            None => Stamp::parse(text),
        };
        match stamp {
            Some(stamp) => Ok(Stamps { timestamp: Some(stamp), ..Stamps::default() }),
            None if text.is_empty() => Err(RejectionReason::BadTimestamp.because("the timestamp's cell is empty")),
            None => {
                let expected = format.as_deref().unwrap_or("2025-03-01T12:00:00Z");
                Err(RejectionReason::BadTimestamp.because(format!("the timestamp is not written like `{expected}`")))
            }
        }
    }
}

/// The address is a trait as well, unless a column of its own says what that is.
pub(crate) fn add_email<'c>(traits: &mut Vec<Member<'c>>, email: Option<&Cow<'c, str>>) {
    if let Some(email) = email.filter(|_| traits.iter().all(|(name, _)| name != "email")) {
        traits.push((Cow::Borrowed("email"), Some(Given::Text(email.clone()))));
    }
}

/// A format without an offset was chosen, so UTC is what it means: nothing is missing.
fn formatted(text: &str, format: &str) -> Option<Stamp> {
    let moment = DateTime::parse_from_str(text, format)
        .map(|instant| instant.to_utc())
        .or_else(|_| NaiveDateTime::parse_from_str(text, format).map(|wall| wall.and_utc()))
        .or_else(|_| NaiveDate::parse_from_str(text, format).map(|day| day.and_time(NaiveTime::MIN).and_utc()));
    moment.ok().map(|instant| Stamp { moment: Moment::from(instant), zone_missing: false })
}

/// `true` and `false`, decimal numbers, and text. What would not read back as it was written (`007`, `1e5`, `+1`) is
/// text: it is a code, not a quantity.
pub(crate) fn value(text: &str) -> Given<'_> {
    match text {
        "true" => Given::Other(Value::Flag(true)),
        "false" => Given::Other(Value::Flag(false)),
        _ => number(text).map_or(Given::Text(Cow::Borrowed(text)), Given::Other),
    }
}

fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = all_digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(all_digits);
    if !plain {
        return None;
    }
    match fraction {
        None => text.parse().ok().map(Value::from_integer),
        Some(_) => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: impl Into<Value>) {
        let found = match value(text) {
            Given::Text(text) => Value::from(&*text),
            Given::Other(value) => value,
        };
        assert_eq!(found, expected.into(), "{text}");
    }

    #[test]
    fn cells_are_what_they_look_like() {
        check("19.90", 19.9);
        check("-3", -3.0);
        check("0", 0.0);
        check("0.5", 0.5);
        check("true", true);
        check("false", false);
        for text in ["007", "1e5", "+1", "TRUE", "1,5", ".5", "5.", "-", "NaN", "inf", " 1", "2025-03-01", "0x10"] {
            check(text, text);
        }
        check("9007199254740993", Value::Integer(9_007_199_254_740_993));
    }
}
