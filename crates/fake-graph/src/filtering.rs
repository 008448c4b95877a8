//! `filtering`: a list of conditions on `name` and `subtype`, all of which must hold.

use serde_json::Value;

use crate::errors::{GraphError, GraphResult};
use crate::params::Params;

/// One condition on one field.
pub(crate) struct Filter {
    field: Field,
    test: Test,
}

#[derive(Clone, Copy)]
enum Field {
    Name,
    Subtype,
}

enum Test {
    Equal(String),
    NotEqual(String),
    Contain(String),
    StartsWith(String),
    In(Vec<String>),
}

impl Filter {
    pub(crate) fn parse_all(params: &Params) -> GraphResult<Vec<Self>> {
        let Some(value) = params.get("filtering") else { return Ok(Vec::new()) };
        let Value::Array(items) = value else {
            return Err(GraphError::invalid("Param filtering must be an array").blame("filtering"));
        };
        items.iter().map(Self::parse).collect()
    }

    pub(crate) fn keeps(&self, name: &str, subtype: &str) -> bool {
        let text = match self.field {
            Field::Name => name,
            Field::Subtype => subtype,
        };
        match &self.test {
            Test::Equal(value) => text == value,
            Test::NotEqual(value) => text != value,
            Test::Contain(value) => text.to_lowercase().contains(&value.to_lowercase()),
            Test::StartsWith(value) => text.to_lowercase().starts_with(&value.to_lowercase()),
            Test::In(values) => values.iter().any(|value| text == value),
        }
    }

    fn parse(item: &Value) -> GraphResult<Self> {
        let refused = |what: &str| GraphError::invalid(&format!("Filtering {what} is invalid")).blame("filtering");
        let field = match item["field"].as_str() {
            Some("name") => Field::Name,
            Some("subtype") => Field::Subtype,
            _ => return Err(refused("field")),
        };
        let text = || item["value"].as_str().map(str::to_owned).ok_or_else(|| refused("value"));
        let test = match item["operator"].as_str() {
            Some("EQUAL") => Test::Equal(text()?),
            Some("NOT_EQUAL") => Test::NotEqual(text()?),
            Some("CONTAIN") => Test::Contain(text()?),
            Some("STARTS_WITH") => Test::StartsWith(text()?),
            Some("IN") => {
                let values = item["value"].as_array().ok_or_else(|| refused("value"))?;
                Test::In(values.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            _ => return Err(refused("operator")),
        };
        Ok(Self { field, test })
    }
}
