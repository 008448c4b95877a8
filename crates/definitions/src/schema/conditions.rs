//! Conditions and the steps of sequences in the schema: one alternative for each head.

use serde_json::{Value, json};

use super::{STEPS_MAX, described, exclusive};
use crate::language::{CONDITION_HEADS, HeadSpec, KeySpec, STEP_HEADS, Shape, companion};
use crate::schema::Vocabulary;

const COUNTS: [&str; 3] = ["at_least", "at_most", "exactly"];

pub(super) fn condition(vocabulary: &Vocabulary) -> Value {
    let alternatives: Vec<Value> = CONDITION_HEADS.iter().map(|head| alternative(head, 0, vocabulary)).collect();
    json!({ "oneOf": alternatives })
}

/// A step that follows so many events.
pub(super) fn step(depth: usize, vocabulary: &Vocabulary) -> Value {
    let alternatives: Vec<Value> = STEP_HEADS.iter().map(|head| alternative(head, depth, vocabulary)).collect();
    json!({ "oneOf": alternatives })
}

fn alternative(head: &HeadSpec, depth: usize, vocabulary: &Vocabulary) -> Value {
    let beside = head.beside.iter().filter_map(|name| companion(name));
    // The last step goes no further.
    let beside: Vec<&KeySpec> = beside.filter(|key| key.shape != Shape::Step || depth < STEPS_MAX).collect();
    let has = |name: &str| beside.iter().any(|key| key.name == name);
    let mut properties = serde_json::Map::new();
    let mut traits = described(&head.key, depth);
    if head.key.name == "traits" {
        traits["properties"] = vocabulary.traits();
    }
    properties.insert(head.key.name.to_owned(), traits);
    properties.extend(beside.iter().map(|key| (key.name.to_owned(), described(key, depth))));

    let mut rules = Vec::new();
    let aggregates: Vec<&str> = beside.iter().filter(|key| key.shape.is_aggregate()).map(|key| key.name).collect();
    if has("within") && has("from") {
        rules.push(exclusive("within", &["from", "until"]));
    }
    if has("exactly") {
        rules.push(exclusive("exactly", &["at_least", "at_most"]));
        let zero = json!({ "required": ["at_least"], "properties": { "at_least": { "maximum": 0 } } });
        rules.push(json!({ "if": zero, "then": { "required": ["at_most"] } }));
    }
    for (index, aggregate) in aggregates.iter().enumerate().skip(1) {
        rules.push(exclusive(aggregate, &aggregates[..index]));
    }
    if has("which") {
        let one = json!({ "required": ["which"], "properties": { "which": { "enum": ["first", "last"] } } });
        let several: Vec<Value> = COUNTS.iter().chain(&aggregates).map(|name| json!({ "required": [name] })).collect();
        rules.push(json!({ "if": one, "then": { "not": { "anyOf": several } } }));
    }
    if head.key.shape == Shape::Event {
        let mut with_properties = vec!["where", "where_any"];
        with_properties.extend(&aggregates);
        rules.extend(vocabulary.properties_of(head.key.name, &with_properties));
    }

    let mut required = vec![head.key.name];
    required.extend(head.needs);
    let mut object = json!({ "type": "object", "required": required, "additionalProperties": false, "properties": properties });
    let mut needs = serde_json::Map::new();
    if has("at_most") {
        needs.insert("at_most".to_owned(), json!(["at_least"]));
    }
    if has("which") {
        needs.insert("which".to_owned(), json!(["then"]));
    }
    if !needs.is_empty() {
        object["dependencies"] = Value::Object(needs);
    }
    if !rules.is_empty() {
        object["allOf"] = Value::Array(rules);
    }
    object
}
