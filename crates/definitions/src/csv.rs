//! `csv` in the settings: how columns become messages.

use std::collections::BTreeMap;

use chrono::format::{Item, StrftimeItems};
use model::{CsvMapping, CsvMessage, CsvTimestamp, EventName};

use crate::diagnostic::Diagnostic;
use crate::fields::Fields;
use crate::quote::quoted;
use crate::scope::Scope;
use crate::tree::{Data, Node};

/// Reads every mapping by name.
pub(crate) fn mappings(node: &Node, scope: &mut Scope) -> BTreeMap<String, CsvMapping> {
    let Some(fields) = scope.keep(node.as_map()) else { return BTreeMap::new() };
    let mut mappings = BTreeMap::new();
    for (key, value) in fields.rest() {
        if let Some(mapping) = mapping(value, scope) {
            mappings.insert(key.text.clone(), mapping);
        }
    }
    mappings
}

fn mapping(node: &Node, scope: &mut Scope) -> Option<CsvMapping> {
    let mut fields = scope.keep(node.as_map())?;
    let message = message(&mut fields, scope);
    let column = |name: &'static str, fields: &mut Fields<'_>, scope: &mut Scope| fields.take(name).and_then(|node| column(node, scope));
    let identifiers = ["user_id", "anonymous_id", "email"];
    let identified = identifiers.iter().any(|name| fields.key_place(name).is_some());
    let user_id = column("user_id", &mut fields, scope);
    let anonymous_id = column("anonymous_id", &mut fields, scope);
    let email = column("email", &mut fields, scope);
    let message_id = column("message_id", &mut fields, scope);
    if !identified {
        let finding = Diagnostic::error("missing-key", "nothing says whom a row is about").at(fields.place());
        scope.report(finding.help("name the column of at least one of `user_id`, `anonymous_id` or `email`"));
    }
    let timestamp = fields.take("timestamp").and_then(|node| timestamp(node, scope));
    let columns = fields.take("columns").map(|node| columns(node, scope)).unwrap_or_default();
    let delimiter = fields.take("delimiter").map_or(Some(','), |node| delimiter(node, scope));
    scope.findings.extend(fields.finish());
    Some(CsvMapping { message: message?, user_id, anonymous_id, email, message_id, timestamp, columns, delimiter: delimiter? })
}

fn message(fields: &mut Fields<'_>, scope: &mut Scope) -> Option<CsvMessage> {
    let (event, message) = (fields.take_entry("event"), fields.take_entry("message"));
    let help = "write `event: Order Completed` for events, or `message: identify` for traits";
    match (event, message) {
        (Some((event, _)), Some((message, _))) => {
            let finding = Diagnostic::error("conflicting-keys", "`event` and `message` exclude each other").at(&message.place);
            scope.report(finding.label(&event.place, "`event` stands here").help("keep one of them"));
            None
        }
        (None, None) => {
            scope.report(Diagnostic::error("missing-key", "nothing says what a row is").at(fields.place()).help(help));
            None
        }
        (Some((_, node)), None) => {
            let text = scope.keep(node.as_text())?;
            let name = EventName::parse(text).map_err(|error| {
                let message = format!("{} cannot be {}: {}", quoted(&error.text), error.what, error.rule);
                Diagnostic::error("invalid-event-name", message).at(&node.place)
            });
            scope.keep(name).map(CsvMessage::Track)
        }
        (None, Some((_, node))) => {
            let text = scope.keep(node.as_text())?;
            if text == "identify" {
                return Some(CsvMessage::Identify);
            }
            scope.report(Diagnostic::error("unknown-value", format!("{} is no kind of row", quoted(text))).at(&node.place).help(help));
            None
        }
    }
}

/// The name of a column.
pub(crate) fn column(node: &Node, scope: &mut Scope) -> Option<String> {
    // A column may well be called `1`: the header of a CSV file is text in any case.
    let text = if let Data::Number(number) = &node.data { number } else { scope.keep(node.as_text())? };
    if text.is_empty() {
        let finding = Diagnostic::error("unknown-value", "a column has no name").at(&node.place);
        scope.report(finding.help("name the column as the first line of the file does"));
        return None;
    }
    Some(text.to_owned())
}

fn timestamp(node: &Node, scope: &mut Scope) -> Option<CsvTimestamp> {
    let Data::Map(_) = &node.data else {
        return column(node, scope).map(|column| CsvTimestamp { column, format: None });
    };
    let mut fields = scope.keep(node.as_map())?;
    let name = fields.require("column").map_err(|finding| finding.help_or("write `{ column: date, format: \"%Y%m%d\" }`"));
    let name = scope.keep(name).and_then(|node| column(node, scope));
    let format = fields.take("format").map_or(Some(None), |node| time_format(node, scope).map(Some));
    scope.findings.extend(fields.finish());
    Some(CsvTimestamp { column: name?, format: format? })
}

fn time_format(node: &Node, scope: &mut Scope) -> Option<String> {
    let text = scope.keep(node.as_text())?;
    let items: Vec<Item<'_>> = StrftimeItems::new(text).collect();
    let reads_something = items.iter().any(|item| matches!(item, Item::Numeric(..) | Item::Fixed(..)));
    if items.contains(&Item::Error) || !reads_something {
        let finding = Diagnostic::error("invalid-time-format", format!("{} is no format of dates", quoted(text))).at(&node.place);
        scope
            .report(finding.help("write the year as `%Y`, month `%m`, day `%d`, hour `%H`, minute `%M`, second `%S`: `%Y-%m-%d %H:%M:%S`"));
        return None;
    }
    Some(text.to_owned())
}

fn columns(node: &Node, scope: &mut Scope) -> BTreeMap<String, String> {
    let mut columns: BTreeMap<String, String> = BTreeMap::new();
    let Some(fields) = scope.keep(node.as_map()) else { return columns };
    for (key, value) in fields.rest() {
        let Some(property) = column(value, scope) else { continue };
        if columns.values().any(|known| *known == property) {
            let finding = Diagnostic::error("duplicate-item", format!("two columns become the property {}", quoted(&property)));
            scope.report(finding.at(&value.place).help("give each property a name of its own"));
            continue;
        }
        columns.insert(key.text.clone(), property);
    }
    columns
}

fn delimiter(node: &Node, scope: &mut Scope) -> Option<char> {
    let text = scope.keep(node.as_text())?;
    let mut chars = text.chars();
    if let (Some(c), None) = (chars.next(), chars.next())
        && c.is_ascii()
        && !c.is_ascii_alphanumeric()
        && !matches!(c, '"' | '\n' | '\r' | '\0')
    {
        return Some(c);
    }
    let finding = Diagnostic::error("unknown-value", format!("{} is no delimiter", quoted(text))).at(&node.place);
    scope.report(finding.help("write one character: `\",\"`, `\";\"` or `\"\\t\"`"));
    None
}
