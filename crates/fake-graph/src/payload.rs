//! The `payload` of an upload: its schema, its rows, and which rows are worth nothing.
//!
//! What is wrong with the whole request is an error here; what is wrong with one row is a reason, and the row is
//! counted as invalid while the others go in.

use serde_json::Value;

use crate::errors::{GraphError, GraphResult};
use crate::keys::Key;
use crate::params::{Params, scalar_text};
use crate::pii;
use crate::rows::Row;

/// The most rows that one request may carry.
pub(crate) const ROWS_MAX: usize = 10_000;

/// A payload whose form is right.
pub(crate) struct Upload {
    pub(crate) schema: Vec<Key>,
    /// As they came, for the samples.
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Whether the audience carries a value per person; `Unknown` where a call has no single audience.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Valued {
    Yes,
    No,
    Unknown,
}

impl Upload {
    pub(crate) fn parse(params: &Params, valued: Valued) -> GraphResult<Self> {
        let Some(payload) = params.get("payload") else {
            return Err(GraphError::invalid("The parameter payload is required").blame("payload"));
        };
        let Value::Object(payload) = payload else {
            return Err(GraphError::invalid("Param payload must be an object").blame("payload"));
        };
        let (schema, shape) = parse_schema(payload.get("schema"))?;
        check_companions(&schema, payload, valued)?;
        let Some(Value::Array(data)) = payload.get("data") else {
            return Err(mismatch());
        };
        if data.len() > ROWS_MAX {
            return Err(GraphError::invalid("The number of users in one request must not exceed 10000").blame("payload"));
        }
        if data.is_empty() {
            return Err(mismatch());
        }
        let rows = data.iter().map(|row| parse_row(row, &schema, shape)).collect::<GraphResult<_>>()?;
        Ok(Self { schema, rows })
    }
}

/// The row to store, or why it is invalid.
pub(crate) fn check_row(schema: &[Key], cells: &[Value]) -> Result<Row, &'static str> {
    let mut row = Row::new();
    for (key, cell) in schema.iter().zip(cells) {
        let text = cell_text(cell);
        if *key == Key::EXTERN_ID && text.is_empty() {
            return Err("empty external ID");
        }
        if *key == Key::LOOKALIKE_VALUE && !text.parse::<f64>().is_ok_and(|value| value.is_finite() && value >= 0.0) {
            return Err("invalid lookalike value");
        }
        if key.is_hashed() && !text.is_empty() && !pii::is_hash(&text) {
            return Err("invalid hash");
        }
        if !text.is_empty() {
            row.insert(*key, text);
        }
    }
    if !row.keys().any(|key| key.identifies()) {
        return Err("empty row");
    }
    Ok(row)
}

/// A cell as text; an empty list is an empty cell.
pub(crate) fn cell_text(cell: &Value) -> String {
    match cell {
        Value::Array(items) if items.is_empty() => String::new(),
        Value::Array(_) => cell.to_string(),
        other => scalar_text(other).unwrap_or_default(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A string schema: rows are cells, or lists of one cell.
    Single,
    /// A list schema: rows are lists.
    Multi,
}

fn parse_schema(schema: Option<&Value>) -> GraphResult<(Vec<Key>, Shape)> {
    let (names, shape) = match schema {
        Some(Value::String(name)) => (vec![name.as_str()], Shape::Single),
        Some(Value::Array(names)) => (names.iter().map(|name| name.as_str().unwrap_or_default()).collect(), Shape::Multi),
        _ => return Err(GraphError::invalid("The schema of the payload is missing").blame("payload")),
    };
    let mut keys = Vec::new();
    for name in names {
        let Some(key) = Key::parse(name) else {
            return Err(GraphError::invalid(&format!("Invalid schema: '{name}' is not a known key")).blame("payload"));
        };
        if keys.contains(&key) {
            return Err(GraphError::invalid(&format!("Invalid schema: '{name}' is named twice")).blame("payload"));
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(GraphError::invalid("Invalid schema: it names no key").blame("payload"));
    }
    Ok((keys, shape))
}

fn check_companions(schema: &[Key], payload: &serde_json::Map<String, Value>, valued: Valued) -> GraphResult<()> {
    let has_value = schema.contains(&Key::LOOKALIKE_VALUE);
    if has_value && valued == Valued::No {
        return Err(GraphError::invalid("LOOKALIKE_VALUE is only for value based custom audiences").blame("payload"));
    }
    if !has_value && valued == Valued::Yes {
        return Err(GraphError::invalid("LOOKALIKE_VALUE is required for value based custom audiences").blame("payload"));
    }
    if schema.contains(&Key::UID) && !payload.contains_key("app_ids") {
        return Err(GraphError::invalid("app_ids is required for this schema").blame("payload"));
    }
    if schema.contains(&Key::PAGEUID) && !payload.contains_key("page_ids") {
        return Err(GraphError::invalid("page_ids is required for this schema").blame("payload"));
    }
    Ok(())
}

fn parse_row(row: &Value, schema: &[Key], shape: Shape) -> GraphResult<Vec<Value>> {
    let cells = match row {
        Value::Array(cells) => cells.clone(),
        cell if shape == Shape::Single => vec![cell.clone()],
        _ => return Err(mismatch()),
    };
    let fits = |(key, cell): (&Key, &Value)| match cell {
        Value::String(_) | Value::Number(_) => true,
        Value::Array(_) => *key == Key::DATA_PROCESSING_OPTIONS,
        Value::Null | Value::Bool(_) | Value::Object(_) => false,
    };
    if cells.len() != schema.len() || !schema.iter().zip(&cells).all(fits) {
        return Err(mismatch());
    }
    Ok(cells)
}

fn mismatch() -> GraphError {
    GraphError::invalid("Data is missing or does not match schema").blame("payload")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HASH: &str = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79";

    fn parse(payload: &Value, valued: Valued) -> GraphResult<Upload> {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
        Upload::parse(&Params::from_query(&query), valued)
    }

    #[test]
    fn forms_that_are_taken_and_forms_that_are_not() {
        let cases = [
            (json!({ "schema": ["EMAIL"], "data": [[HASH]] }), true),
            (json!({ "schema": "EMAIL_SHA256", "data": [HASH] }), true),
            (json!({ "schema": "EMAIL_SHA256", "data": [[HASH]] }), true),
            (json!({ "schema": ["EMAIL"], "data": [HASH] }), false),
            (json!({ "schema": ["EMAIL"], "data": [[HASH, HASH]] }), false),
            (json!({ "schema": ["EMAIL"], "data": [[null]] }), false),
            (json!({ "schema": ["EMAIL"], "data": [] }), false),
            (json!({ "schema": ["EMAIL"] }), false),
            (json!({ "schema": ["SHOE_SIZE"], "data": [["44"]] }), false),
            (json!({ "schema": ["EMAIL", "EMAIL"], "data": [[HASH, HASH]] }), false),
            (json!({ "schema": ["EMAIL", "DATA_PROCESSING_OPTIONS"], "data": [[HASH, ["LDU"]]] }), true),
            (json!({ "schema": ["EMAIL", "LOOKALIKE_VALUE"], "data": [[HASH, 1]] }), false),
            (json!({ "schema": "UID", "data": ["1"] }), false),
            (json!({ "schema": "UID", "data": ["1"], "app_ids": ["2"] }), true),
            (json!("EMAIL"), false),
        ];
        for (payload, taken) in cases {
            assert_eq!(parse(&payload, Valued::No).is_ok(), taken, "{payload}");
        }
        let without_value = json!({ "schema": ["EMAIL"], "data": [[HASH]] });
        assert!(parse(&without_value, Valued::Yes).is_err(), "a value based audience needs values");
        let many: Vec<Value> = vec![json!([HASH]); ROWS_MAX + 1];
        assert!(parse(&json!({ "schema": ["EMAIL"], "data": many }), Valued::No).is_err(), "too many rows");
    }

    #[test]
    fn one_bad_row_has_a_reason() {
        let schema = [Key::EXTERN_ID, Key::parse("EMAIL").unwrap(), Key::LOOKALIKE_VALUE];
        let reason = |cells: Value| check_row(&schema, cells.as_array().unwrap()).err();
        assert_eq!(reason(json!(["u", HASH, 1.5])), None);
        assert_eq!(reason(json!(["", HASH, 1])), Some("empty external ID"));
        assert_eq!(reason(json!(["u", HASH.to_uppercase(), 1])), Some("invalid hash"));
        assert_eq!(reason(json!(["u", HASH, "much"])), Some("invalid lookalike value"));
        assert_eq!(check_row(&schema[1..], json!(["", 1]).as_array().unwrap()), Err("empty row"));
    }
}
