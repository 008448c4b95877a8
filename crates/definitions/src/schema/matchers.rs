//! Matchers in the schema: a bare value, or operators from the operator table.

use serde_json::{Map, Value, json};

use super::PATH_PATTERN;
use crate::meaning::{Operator, Scalar};
use crate::operators::{OPERATORS, OperatorSpec, Takes};

/// What a matcher looks at, which decides what it may compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// A trait, or a property under a condition.
    Value,
    /// A property under a step: there is an event before, to refer to.
    StepValue,
    /// A number made of several events.
    Number,
}

impl Subject {
    /// The name of a definition for it.
    fn named(self, name: &str) -> String {
        match self {
            Self::Value => name.to_owned(),
            Self::StepValue => format!("step_{name}"),
            Self::Number => format!("number_{name}"),
        }
    }
}

/// The definitions about matchers, by name.
pub(super) fn definitions() -> Vec<(String, Value)> {
    let mut definitions = Vec::new();
    for subject in [Subject::Value, Subject::StepValue] {
        definitions.push((subject.named("reference"), reference(subject)));
        definitions.push((subject.named("matcher"), json!({ "anyOf": [scalar(), with_operators(Map::new(), &[], subject)] })));
        definitions.push((subject.named("matchers"), matchers(subject)));
    }
    for subject in [Subject::Value, Subject::Number] {
        let of = json!({ "type": "string", "pattern": PATH_PATTERN, "description": "The property that is looked at." });
        let properties = [("of".to_owned(), of)].into_iter().collect();
        definitions.push((subject.named("aggregate"), with_operators(properties, &["of"], subject)));
    }
    definitions
}

/// A flag, number or text.
pub(super) fn scalar() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

/// `{ trait: name }` or, in a step, `{ parent: property }`.
fn reference(subject: Subject) -> Value {
    let one = |key: &str, doc: &str| {
        let path = json!({ "type": "string", "pattern": PATH_PATTERN, "description": doc });
        json!({ "type": "object", "required": [key], "additionalProperties": false, "properties": { key: path } })
    };
    let of_trait = one("trait", "A trait of the same profile.");
    match subject {
        Subject::Value | Subject::Number => of_trait,
        Subject::StepValue => json!({ "oneOf": [of_trait, one("parent", "A property of the event before.")] }),
    }
}

/// Paths with their matchers.
fn matchers(subject: Subject) -> Value {
    json!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": { "pattern": PATH_PATTERN },
        "additionalProperties": { "$ref": format!("#/definitions/{}", subject.named("matcher")) },
    })
}

/// A map with at least one operator; modifiers alone, and what else is `required`, ask nothing.
fn with_operators(mut properties: Map<String, Value>, required: &[&str], subject: Subject) -> Value {
    let mut idle: Vec<&str> = required.to_vec();
    for spec in OPERATORS.iter().filter(|spec| subject != Subject::Number || compares_numbers(spec)) {
        if matches!(spec.takes, Takes::Modifier) {
            idle.push(spec.name);
        }
        properties.insert(spec.name.to_owned(), operator(spec, subject));
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

/// Whether an operator can compare numbers, or stand beside one that does.
fn compares_numbers(spec: &OperatorSpec) -> bool {
    match spec.takes {
        Takes::Scalar(meaning) => matches!(meaning(Scalar::Number(0.0)), Operator::Equals(_) | Operator::NotEquals(_)),
        Takes::Scalars(meaning) => matches!(meaning(Vec::new()), Operator::OneOf(_) | Operator::NoneOf(_)),
        Takes::Number(_) | Takes::Flag(_) | Takes::Modifier => true,
        Takes::Text(_) | Takes::Texts(_) | Takes::Moment(_) | Takes::Lookback(_) => false,
    }
}

fn operator(spec: &OperatorSpec, subject: Subject) -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    let number = json!({ "type": "number" });
    let constant = match subject {
        Subject::Value | Subject::StepValue => scalar(),
        Subject::Number => number.clone(),
    };
    let several = |items: Value| json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": items });
    let constant = match spec.takes {
        Takes::Scalar(_) => constant,
        Takes::Scalars(_) => several(constant),
        Takes::Text(_) => text,
        Takes::Texts(_) => several(text),
        Takes::Number(_) => number,
        Takes::Flag(_) => json!({ "type": "boolean" }),
        Takes::Moment(_) => json!({ "$ref": "#/definitions/moment" }),
        Takes::Lookback(_) => json!({ "$ref": "#/definitions/duration" }),
        Takes::Modifier => json!({ "const": true }),
    };
    let reference = match subject {
        Subject::Value | Subject::Number => "#/definitions/reference",
        Subject::StepValue => "#/definitions/step_reference",
    };
    let mut value = match (spec.reference, constant.get("$ref")) {
        (Some(_), _) => json!({ "anyOf": [constant, { "$ref": reference }] }),
        (None, Some(_)) => json!({ "allOf": [constant] }),
        (None, None) => constant,
    };
    value["description"] = json!(spec.doc);
    value
}
