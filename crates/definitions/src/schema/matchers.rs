//! Matchers in the schema: a bare value, or operators from the operator table.

use serde_json::{Map, Value, json};

use super::PATH_PATTERN;
use crate::operators::{OPERATORS, OperatorSpec, Takes};

/// A flag, number or text.
pub(super) fn scalar() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

/// `{ trait: name }` or `{ parent: property }`.
pub(super) fn reference() -> Value {
    let one = |key: &str, doc: &str| {
        let path = json!({ "type": "string", "pattern": PATH_PATTERN, "description": doc });
        json!({ "type": "object", "required": [key], "additionalProperties": false, "properties": { key: path } })
    };
    json!({ "oneOf": [one("trait", "A trait of the same profile."), one("parent", "A property of the event before, in a sequence.")] })
}

pub(super) fn matcher() -> Value {
    json!({ "anyOf": [scalar(), with_operators(Map::new(), &[])] })
}

/// Paths with their matchers.
pub(super) fn matchers() -> Value {
    json!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": { "pattern": PATH_PATTERN },
        "additionalProperties": { "$ref": "#/definitions/matcher" },
    })
}

/// `{ of: property, at_least: 500 }`.
pub(super) fn aggregate() -> Value {
    let of = json!({ "type": "string", "pattern": PATH_PATTERN, "description": "The property that is looked at." });
    with_operators([("of".to_owned(), of)].into_iter().collect(), &["of"])
}

/// A map with at least one operator; modifiers alone, and what else is `required`, ask nothing.
fn with_operators(mut properties: Map<String, Value>, required: &[&str]) -> Value {
    let mut idle: Vec<&str> = required.to_vec();
    for spec in OPERATORS {
        if matches!(spec.takes, Takes::Modifier) {
            idle.push(spec.name);
        }
        properties.insert(spec.name.to_owned(), operator(spec));
    }
    let mut object = json!({
        "type": "object",
        "minProperties": required.len() + 1,
        "additionalProperties": false,
        "properties": properties,
        "not": { "propertyNames": { "enum": idle } },
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn operator(spec: &OperatorSpec) -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    let several = |items: Value| json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": items });
    let constant = match spec.takes {
        Takes::Scalar(_) => scalar(),
        Takes::Scalars(_) => several(scalar()),
        Takes::Text(_) => text,
        Takes::Texts(_) => several(text),
        Takes::Number(_) => json!({ "type": "number" }),
        Takes::Flag(_) => json!({ "type": "boolean" }),
        Takes::Moment(_) => json!({ "$ref": "#/definitions/moment" }),
        Takes::Lookback(_) => json!({ "$ref": "#/definitions/duration" }),
        Takes::Modifier => json!({ "const": true }),
    };
    let mut value = match (spec.reference, constant.get("$ref")) {
        (Some(_), _) => json!({ "anyOf": [constant, { "$ref": "#/definitions/reference" }] }),
        (None, Some(_)) => json!({ "allOf": [constant] }),
        (None, None) => constant,
    };
    value["description"] = json!(spec.doc);
    value
}
