//! The JSON Schema (draft-07) of audience and trait files, for completion and hover texts in editors.
//!
//! It is made of the same tables that the checker reads by: `language`, `operators`, identifier kinds and units. It accepts
//! and refuses the same shapes as the checker; what needs more than a shape (references, cycles, contradictions) only
//! `muster check` knows. With a [`Vocabulary`] it offers the company's own names too; they are never demanded.

mod conditions;
mod matchers;
mod snippets;
mod vocabulary;

use std::collections::BTreeMap;

use model::IdentifierKind;
use serde_json::{Map, Value, json};

use crate::language::{
    AUDIENCE_KEYS, KeySpec, MODEL_KEYS, NUMBER_REDUCERS, PERSON_KEYS, REDUCER_KEYS, SOURCE_KEYS, Shape, TEXT_REDUCERS, TRAIT_KEYS, UNITS,
};

pub use vocabulary::Vocabulary;

/// How deep a sequence may go.
const STEPS_MAX: usize = 5;

const KEY_PATTERN: &str = "^[a-z][a-z0-9_]{0,79}$";
const INSTANT: &str = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})";
/// A step of a path holds something visible; a dot inside a name is escaped.
const PATH_PATTERN: &str = r"^\s*(\\.|[^.\s])(\\.|[^.])*(\.\s*(\\.|[^.\s])(\\.|[^.])*){0,15}$";

/// The schema; with the company's own names where they are known.
pub fn schema(vocabulary: &Vocabulary) -> Value {
    let mut definitions: BTreeMap<String, Value> = BTreeMap::new();
    definitions.insert("duration".to_owned(), length());
    definitions.insert("moment".to_owned(), moment());
    definitions.extend(matchers::definitions());
    definitions.insert("event_name".to_owned(), vocabulary.event_name());
    definitions.insert("audience_key".to_owned(), vocabulary.audience_key());
    definitions.insert("destination_key".to_owned(), vocabulary.destination_key());
    definitions.insert("condition".to_owned(), conditions::condition(vocabulary));
    for depth in 1..=STEPS_MAX {
        definitions.insert(format!("step_{depth}"), conditions::step(depth, vocabulary));
    }
    definitions.insert("person".to_owned(), object(PERSON_KEYS, 0));
    definitions.insert("audience_file".to_owned(), audience_file());
    definitions.insert("trait_file".to_owned(), trait_file(vocabulary));
    definitions.insert("model_file".to_owned(), model_file());
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Audience, computed trait or model",
        "description": "A definition file of muster: `audiences/*.yaml`, `traits/*.yaml` or `models/*.yaml`.",
        "oneOf": [
            { "$ref": "#/definitions/audience_file" },
            { "$ref": "#/definitions/trait_file" },
            { "$ref": "#/definitions/model_file" },
        ],
        "defaultSnippets": snippets::all(),
        "definitions": definitions,
    })
}

/// Accounts are known by their own identifiers, users by all the others. Which kinds the settings name is not known here.
fn audience_file() -> Value {
    let group = json!([IdentifierKind::GROUP_ID]);
    let items = |items: Value| json!({ "properties": { "identified_by": { "items": items } } });
    let of_accounts = json!({ "required": ["of"], "properties": { "of": { "const": "accounts" } } });
    let mut file = object(AUDIENCE_KEYS, 0);
    file["if"] = of_accounts;
    let of_users: Vec<&str> = IdentifierKind::KNOWN.into_iter().filter(|kind| *kind != IdentifierKind::GROUP_ID).collect();
    file["then"] = items(json!({ "not": { "enum": of_users } }));
    file["else"] = items(json!({ "not": { "enum": group } }));
    file
}

fn trait_file(vocabulary: &Vocabulary) -> Value {
    let mut file = object(TRAIT_KEYS, 0);
    let one: Vec<Value> = REDUCER_KEYS.iter().map(|name| json!({ "required": [name] })).collect();
    let mut all = vec![exclusive("within", &["from", "until"])];
    for (reducers, makes) in [(NUMBER_REDUCERS.as_slice(), "number"), (TEXT_REDUCERS.as_slice(), "string")] {
        let any: Vec<Value> = reducers.iter().map(|name| json!({ "required": [name] })).collect();
        all.push(json!({ "if": { "anyOf": any }, "then": { "properties": { "if_none": { "type": makes } } } }));
    }
    all.extend(vocabulary.properties_of("event", &["where", "where_any"]));
    if let Value::Object(file) = &mut file {
        file.insert("oneOf".to_owned(), Value::Array(one));
        file.insert("allOf".to_owned(), Value::Array(all));
    }
    file
}

/// Months are no fixed length, and a column may be called `1`.
fn model_file() -> Value {
    let mut file = object(MODEL_KEYS, 0);
    let types = json!(["string", "number"]);
    file["properties"]["primary_key"]["type"] = types.clone();
    file["properties"]["identify"]["minProperties"] = json!(1);
    for id in ["user_id", "anonymous_id", "email"] {
        file["properties"]["identify"]["properties"][id]["type"] = types.clone();
    }
    file["properties"]["every"]["not"] = json!({ "pattern": "month" });
    file
}

fn column() -> Value {
    json!({ "type": ["string", "number"], "minLength": 1 })
}

fn row_source() -> Value {
    let mut source = object(SOURCE_KEYS, 0);
    source["properties"]["database"]["oneOf"] = json!([{ "required": ["env"] }, { "required": ["file"] }]);
    source["properties"]["database"]["properties"]["env"]["pattern"] = json!("^[A-Za-z_][A-Za-z0-9_]*$");
    source["properties"]["sql"]["pattern"] = json!("\\S");
    source["oneOf"] = json!([
        { "required": ["file"], "not": { "anyOf": [{ "required": ["sql"] }, { "required": ["database"] }] } },
        { "required": ["sql", "database"], "not": { "required": ["file"] } },
    ]);
    source
}

/// A map of these keys and no others.
fn object(keys: &[KeySpec], depth: usize) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|key| (key.name.to_owned(), described(key, depth))).collect();
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut object = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// What may stand under a key, with its hover text.
fn described(key: &KeySpec, depth: usize) -> Value {
    let mut shape = shape(key.shape, depth);
    if shape.get("$ref").is_some() {
        // Draft 7 ignores whatever stands beside a reference.
        shape = json!({ "allOf": [shape] });
    }
    shape["description"] = json!(key.doc);
    shape
}

fn shape(shape: Shape, depth: usize) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::TextOf(least, most) => json!({ "type": "string", "minLength": least, "maxLength": most }),
        Shape::Title => json!({ "type": "string", "minLength": 1, "maxLength": 100, "pattern": "\\S" }),
        Shape::OwnKey => json!({ "type": "string", "pattern": KEY_PATTERN }),
        Shape::Audience => json!({ "$ref": "#/definitions/audience_key" }),
        Shape::Destination => json!({ "$ref": "#/definitions/destination_key" }),
        Shape::Event => json!({ "$ref": "#/definitions/event_name" }),
        Shape::Property | Shape::Trait => path(),
        Shape::Choice(words) => json!({ "enum": words }),
        Shape::Identifiers => {
            // Settings may name kinds of their own.
            let known = json!({ "type": "string", "pattern": "^[a-z][a-z0-9_.]*$", "examples": IdentifierKind::KNOWN });
            json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": known })
        }
        Shape::Line => json!({ "type": "string", "minLength": 1 }),
        Shape::Texts => json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": { "type": "string" } }),
        Shape::Audiences => json!({ "type": "array", "uniqueItems": true, "items": { "$ref": "#/definitions/audience_key" } }),
        Shape::Length => json!({ "$ref": "#/definitions/duration" }),
        Shape::Moment => json!({ "$ref": "#/definitions/moment" }),
        Shape::Instant => json!({ "type": "string", "pattern": format!("^{INSTANT}$"), "examples": ["2025-06-10T12:00:00Z"] }),
        Shape::Count(least) => json!({ "type": "integer", "minimum": least, "maximum": u32::MAX }),
        Shape::Percent => json!({ "type": "string", "pattern": "^[1-9][0-9]{0,2}%$", "examples": ["30%"] }),
        Shape::True => json!({ "const": true }),
        Shape::Scalar => matchers::scalar(),
        Shape::Values => json!({ "type": "object" }),
        Shape::Condition => json!({ "$ref": "#/definitions/condition" }),
        Shape::Conditions => json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/definitions/condition" } }),
        Shape::Step => json!({ "$ref": format!("#/definitions/step_{}", depth + 1) }),
        Shape::Matchers => json!({ "$ref": matchers_at(depth) }),
        Shape::MatcherSets => json!({ "type": "array", "minItems": 2, "items": { "$ref": matchers_at(depth) } }),
        Shape::Aggregate => json!({ "$ref": "#/definitions/aggregate" }),
        Shape::NumberAggregate => json!({ "$ref": "#/definitions/number_aggregate" }),
        Shape::MostFrequent => {
            let often = json!({ "type": "integer", "minimum": 1, "description": "How often it must occur." });
            let mut of = path();
            of["description"] = json!("The property whose commonest value is taken.");
            let long = json!({
                "type": "object", "additionalProperties": false, "required": ["of"], "properties": { "of": of, "at_least": often }
            });
            json!({ "anyOf": [path(), long] })
        }
        Shape::Same => {
            let pairs = json!({
                "type": "object", "minProperties": 1, "propertyNames": { "pattern": PATH_PATTERN }, "additionalProperties": path()
            });
            json!({ "anyOf": [path(), pairs] })
        }
        Shape::Sample => json!({
            "type": "object", "additionalProperties": false, "required": ["percent"],
            "properties": {
                "percent": { "type": "number", "exclusiveMinimum": 0, "maximum": 100, "description": "How many in a hundred." },
                "salt": { "type": "string", "description": "Different salts make independent samples." }
            }
        }),
        Shape::Map(keys) => {
            let mut map = object(keys, depth);
            map["minProperties"] = json!(1);
            map
        }
        Shape::Maps(keys) => json!({ "type": "array", "minItems": 1, "items": object(keys, depth) }),
        Shape::MapsOrNone(keys) => json!({ "type": "array", "items": object(keys, depth) }),
        Shape::Columns => json!({ "oneOf": [{ "const": "all" }, { "type": "object", "additionalProperties": column() }] }),
        Shape::RowSource => row_source(),
        Shape::Person => json!({ "$ref": "#/definitions/person" }),
        Shape::People => json!({ "type": "array", "items": { "$ref": "#/definitions/person" } }),
    }
}

/// Only after a first event is there one before, to refer to.
fn matchers_at(depth: usize) -> &'static str {
    if depth == 0 { "#/definitions/matchers" } else { "#/definitions/step_matchers" }
}

fn path() -> Value {
    json!({ "type": "string", "pattern": PATH_PATTERN })
}

/// `7 days`.
fn length() -> Value {
    json!({ "type": "string", "pattern": format!("^{}$", length_pattern()), "examples": ["7 days", "24 hours", "1 month"] })
}

fn length_pattern() -> String {
    let units: Vec<String> = UNITS.iter().flat_map(|unit| [(*unit).to_owned(), format!("{unit}s")]).collect();
    format!("[1-9][0-9]{{0,4}} ({})", units.join("|"))
}

fn moment() -> Value {
    let length = length_pattern();
    let pattern = format!("^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$|^{INSTANT}$|^{length} (ago|from now)$|^(now|today)$");
    json!({ "type": "string", "pattern": pattern, "examples": ["2025-11-24", "30 days ago", "today"] })
}

/// One key never stands beside any of the others.
fn exclusive(key: &str, others: &[&str]) -> Value {
    let pairs: Vec<Value> = others.iter().map(|other| json!({ "required": [key, other] })).collect();
    json!({ "not": { "anyOf": pairs } })
}
