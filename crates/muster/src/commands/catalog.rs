//! `muster catalog`: which events, properties and traits have come in so far, with types, counts and days.

use std::collections::BTreeMap;

use anyhow::bail;
use chrono::NaiveDate;
use definitions::observed::{Observed, ObservedEvent, ObservedValues};
use model::{EventName, ValueType};
use serde_json::{Value as Json, json};

use crate::cli::CatalogArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::opening::EnvironmentAndFiles;
use crate::render::numbers::{counted, grouped};
use crate::render::table::{Column, draw};
use crate::{opening, output};

/// Characters of a name that are shown; `--json` has all of it.
const NAME_CHARS: usize = 32;

pub(crate) async fn run(asked: &Asked, args: &CatalogArgs) -> anyhow::Result<Ending> {
    let catalog = opening::catalog(&asked.folder)?;
    let observed = engine::observed(&asked.folder, &catalog.settings, &EnvironmentAndFiles).await?.unwrap_or_default();
    let text = match &args.event {
        Some(name) => {
            let (name, event) = find(&observed, name)?;
            if asked.json { output::json(&event_json(name, event)).map(|()| None)? } else { Some(one(name, event)) }
        }
        None if asked.json => output::json(&all_json(&observed)).map(|()| None)?,
        None => Some(all(&observed)),
    };
    if let Some(text) = text {
        output::text(&text)?;
    }
    Ok(Ending::Done)
}

fn find<'o>(observed: &'o Observed, name: &str) -> anyhow::Result<(&'o EventName, &'o ObservedEvent)> {
    if let Some(found) = observed.events.iter().find(|(known, _)| known.as_str() == name) {
        return Ok(found);
    }
    match definitions::suggest(name, observed.events.keys().map(EventName::as_str)) {
        Some(near) => bail!("no event `{name}` has come in; did you mean `{near}`?"),
        None => bail!("no event `{name}` has come in; `muster catalog` lists those that have"),
    }
}

fn all(observed: &Observed) -> String {
    if observed.is_empty() {
        return "nothing has come in yet: `muster ingest` brings messages in; after an upgrade, `muster run` counts what is there\n"
            .to_owned();
    }
    let row = |(name, event): (&EventName, &ObservedEvent)| {
        let mixed = event.properties.values().filter(|values| values.is_mixed()).count() as u64;
        vec![
            short(name.as_str()),
            grouped(event.count),
            event.first_at.day().to_string(),
            event.last_at.day().to_string(),
            counted_properties(event.properties.len() as u64, mixed),
        ]
    };
    let columns = [Column::Text("event"), Column::Number("count"), Column::Text("first"), Column::Text("last"), Column::Text("properties")];
    let mut text = draw(&columns, &observed.events.iter().map(row).collect::<Vec<_>>());
    if !observed.traits.is_empty() {
        text.push('\n');
        text.push_str(&values("trait", &observed.traits));
    }
    if !observed.events.is_empty() {
        text.push_str("\n`muster catalog EVENT` lists the properties of one\n");
    }
    text
}

fn counted_properties(properties: u64, mixed: u64) -> String {
    if mixed == 0 { grouped(properties) } else { format!("{}, {} of mixed types", grouped(properties), grouped(mixed)) }
}

fn one(name: &EventName, event: &ObservedEvent) -> String {
    let mut text = format!("{}: {}, {} to {}\n", name.as_str(), counted(event.count, "event"), event.first_at.day(), event.last_at.day());
    let source = |(source, count): (&String, &u64)| {
        let source = if source.is_empty() { "before sources were counted" } else { source };
        format!("from {}: {}\n", short(source), grouped(*count))
    };
    text.extend(event.sources.iter().map(source));
    if !event.properties.is_empty() {
        text.push('\n');
        text.push_str(&values("property", &event.properties));
    }
    text
}

fn values(title: &'static str, values: &BTreeMap<String, ObservedValues>) -> String {
    let row = |(name, values): (&String, &ObservedValues)| {
        let (first, last) = values.days.map_or_else(Default::default, |(first, last)| (first.to_string(), last.to_string()));
        vec![short(name), grouped(values.rows()), first, last, types(values)]
    };
    let columns = [Column::Text(title), Column::Number("count"), Column::Text("first"), Column::Text("last"), Column::Text("types")];
    draw(&columns, &values.iter().map(row).collect::<Vec<_>>())
}

/// `number`, or `mixed: number 9, text 2`.
fn types(values: &ObservedValues) -> String {
    let said = values.types.iter().filter(|(value_type, _)| **value_type != ValueType::Gone);
    if values.is_mixed() {
        let parts: Vec<String> = said.map(|(value_type, rows)| format!("{} {}", word(*value_type), grouped(*rows))).collect();
        return format!("mixed: {}", parts.join(", "));
    }
    let mut words: Vec<&str> = said.map(|(value_type, _)| word(*value_type)).collect();
    if values.types.contains_key(&ValueType::Gone) {
        words.push("taken away");
    }
    words.join(", ")
}

fn word(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::Number => "number",
        ValueType::Text => "text",
        ValueType::Flag => "flag",
        ValueType::Json => "list or object",
        ValueType::Gone => "taken away",
    }
}

fn all_json(observed: &Observed) -> Json {
    json!({
        "events": observed.events.iter().map(|(name, event)| event_json(name, event)).collect::<Vec<_>>(),
        "traits": observed.traits.iter().map(|(name, values)| values_json(name, values)).collect::<Vec<_>>(),
    })
}

fn event_json(name: &EventName, event: &ObservedEvent) -> Json {
    json!({
        "event": name.as_str(),
        "count": event.count,
        "first_at": event.first_at.rfc3339(),
        "last_at": event.last_at.rfc3339(),
        "sources": event.sources,
        "properties": event.properties.iter().map(|(name, values)| values_json(name, values)).collect::<Vec<_>>(),
    })
}

fn values_json(name: &str, values: &ObservedValues) -> Json {
    let day = |of: fn((NaiveDate, NaiveDate)) -> NaiveDate| values.days.map(|days| of(days).to_string());
    json!({
        "name": name,
        "count": values.rows(),
        "types": values.types,
        "mixed": values.is_mixed(),
        "first_day": day(|(first, _)| first),
        "last_day": day(|(_, last)| last),
    })
}

/// A name, so long that a line holds it.
fn short(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if name.chars().count() <= NAME_CHARS { name } else { name.chars().take(NAME_CHARS - 1).chain(['…']).collect() }
}
