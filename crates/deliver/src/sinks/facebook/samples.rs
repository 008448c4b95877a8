//! Which rows of a request Facebook says are invalid: a map from the row as JSON text to a reason, a list, or nothing.

use std::collections::HashMap;

use serde_json::Value;

use super::client::integer;

/// When a list of samples names no reasons.
const UNNAMED_REASON: &str = "invalid entry";

/// What an answer says about the rows of its request.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Samples {
    /// Roughly how many rows were invalid.
    pub(super) invalid: u64,
    /// Rows received; of the whole session so far.
    received: Option<u64>,
    /// From a row's cells as compact JSON text to the reason.
    pub(super) reasons: HashMap<String, String>,
}

impl Samples {
    /// Reads an answer. Anything unexpected in it is taken as saying nothing.
    pub(super) fn read(answer: &Value) -> Self {
        let count = |name: &str| integer(&answer[name]).and_then(|count| u64::try_from(count).ok());
        let reasons = match &answer["invalid_entry_samples"] {
            Value::Object(samples) => {
                samples.iter().map(|(row, reason)| (compact(row), reason.as_str().unwrap_or(UNNAMED_REASON).to_owned())).collect()
            }
            Value::Array(samples) => samples.iter().filter_map(listed).map(|row| (row, UNNAMED_REASON.to_owned())).collect(),
            _ => HashMap::new(),
        };
        Self { invalid: count("num_invalid_entries").unwrap_or(0), received: count("num_received"), reasons }
    }

    /// How many of the rows expected in the session so far were counted; all where nothing is said. A repeat may count more.
    pub(super) fn counted(&self, expected: u64) -> u64 {
        self.received.map_or(expected, |received| received.min(expected))
    }
}

/// A listed sample: the row's JSON text, or the row itself.
fn listed(sample: &Value) -> Option<String> {
    match sample {
        Value::String(row) => Some(compact(row)),
        Value::Array(_) => Some(sample.to_string()),
        _ => None,
    }
}

/// The text as we would write it, whatever spaces or escapes it came with.
fn compact(row: &str) -> String {
    serde_json::from_str::<Value>(row).map_or_else(|_| row.to_owned(), |row| row.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(samples: &Value, expected: &[(&str, &str)]) {
        let read = Samples::read(&json!({ "num_received": 3, "num_invalid_entries": "1", "invalid_entry_samples": samples }));
        let expected = expected.iter().map(|(row, reason)| ((*row).to_owned(), (*reason).to_owned())).collect();
        assert_eq!(read, Samples { invalid: 1, received: Some(3), reasons: expected });
    }

    #[test]
    fn all_three_forms_are_read() {
        check(&json!({ "[\"\",\"ab\"]": "empty external ID" }), &[("[\"\",\"ab\"]", "empty external ID")]);
        check(&json!({ "[\"\", \"ab\"]": "empty external ID" }), &[("[\"\",\"ab\"]", "empty external ID")]);
        check(&json!(["[\"u\",\"ab\"]", ["v", "cd"]]), &[("[\"u\",\"ab\"]", UNNAMED_REASON), ("[\"v\",\"cd\"]", UNNAMED_REASON)]);
        check(&json!({}), &[]);
        check(&json!([]), &[]);
        check(&Value::Null, &[]);
    }
}
