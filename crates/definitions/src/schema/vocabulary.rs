//! The company's own names in the schema: offered for completion, with how often and when they were seen; never demanded.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{KEY_PATTERN, PATH_PATTERN};
use crate::meaning::Catalog;
use crate::observed::{Observed, ObservedValues};

/// The names that completion offers.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// What traffic has shown.
    pub observed: Observed,
    /// The audiences by key, with their descriptions.
    pub audiences: BTreeMap<String, String>,
    /// The destinations by key, with their descriptions.
    pub destinations: BTreeMap<String, String>,
    /// The computed traits by key, with their descriptions.
    pub computed: BTreeMap<String, String>,
}

impl Vocabulary {
    /// The names of a catalog and of its traffic.
    pub fn new(catalog: &Catalog, observed: Observed) -> Self {
        let audiences = catalog.audiences.values().map(|audience| (audience.key.to_string(), audience.description.clone()));
        let destinations = catalog.destinations.values();
        let destinations = destinations.map(|place| (place.key.to_string(), place.description.clone().unwrap_or_default()));
        let computed = catalog.traits.values().map(|computed| (computed.key.to_string(), computed.description.clone()));
        Self { observed, audiences: audiences.collect(), destinations: destinations.collect(), computed: computed.collect() }
    }

    pub(super) fn event_name(&self) -> Value {
        let any = json!({ "type": "string", "minLength": 1, "maxLength": 200, "pattern": "\\S", "examples": ["Order Completed"] });
        let seen = self.observed.events.iter().map(|(name, event)| {
            let days = format!("first on {}, last on {}", event.first_at.day(), event.last_at.day());
            (name.as_str(), format!("{} events, {days}.", event.count))
        });
        offered(seen, any)
    }

    pub(super) fn audience_key(&self) -> Value {
        offered(self.audiences.iter().map(|(key, doc)| (key.as_str(), doc.clone())), json!({ "type": "string", "pattern": KEY_PATTERN }))
    }

    pub(super) fn destination_key(&self) -> Value {
        offered(self.destinations.iter().map(|(key, doc)| (key.as_str(), doc.clone())), json!({ "type": "string", "pattern": KEY_PATTERN }))
    }

    /// The traits as keys of a map of matchers.
    pub(super) fn traits(&self) -> Value {
        let mut properties = Map::new();
        for (name, values) in &self.observed.traits {
            properties.insert(escaped(name), described(&seen(values)));
        }
        for (name, doc) in &self.computed {
            properties.insert(name.clone(), described(&format!("{doc} (computed)")));
        }
        Value::Object(properties)
    }

    /// For each event seen: under its name, these keys offer its properties.
    pub(super) fn properties_of(&self, event_key: &str, keys: &[&str]) -> Vec<Value> {
        let events = self.observed.events.iter().filter(|(_, event)| !event.properties.is_empty());
        let rule = |(name, event): (&model::EventName, &crate::observed::ObservedEvent)| {
            let properties: Map<String, Value> =
                event.properties.iter().map(|(name, values)| (escaped(name), described(&seen(values)))).collect();
            let names = event.properties.iter().map(|(name, values)| (escaped(name), seen(values)));
            let of = offered(names, json!({ "type": "string", "pattern": PATH_PATTERN }));
            let under = |key: &&str| match *key {
                "where" => json!({ "properties": properties }),
                "where_any" => json!({ "items": { "properties": properties } }),
                _ => json!({ "properties": { "of": of } }),
            };
            let then: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), under(key))).collect();
            json!({ "if": { "required": [event_key], "properties": { event_key: { "const": name.as_str() } } }, "then": { "properties": then } })
        };
        events.map(rule).collect()
    }
}

/// Known names first, each with what is known of it; then anything else that may stand there.
fn offered<N: Into<String>>(known: impl Iterator<Item = (N, String)>, any: Value) -> Value {
    let mut alternatives: Vec<Value> = known.map(|(name, doc)| json!({ "enum": [name.into()], "description": doc })).collect();
    if alternatives.is_empty() {
        return any;
    }
    alternatives.push(any);
    json!({ "anyOf": alternatives })
}

/// Only a hover text: what may stand there is said where every path is.
fn described(doc: &str) -> Value {
    json!({ "description": doc })
}

/// `12 numbers, 3 texts`.
fn seen(values: &ObservedValues) -> String {
    let word = |value_type: model::ValueType| match value_type {
        model::ValueType::Number => "with a number",
        model::ValueType::Text => "with a text",
        model::ValueType::Flag => "with a flag",
        model::ValueType::Json => "with a list or object",
        model::ValueType::Gone => "taken away",
    };
    let parts: Vec<String> = values.types.iter().map(|(value_type, rows)| format!("{rows} {}", word(*value_type))).collect();
    format!("Seen {}.", parts.join(", "))
}

/// A name as one step of a path.
fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('.', "\\.")
}
