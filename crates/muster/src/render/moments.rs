//! Moments in JSON: RFC 3339 in UTC, whatever they are inside.
//!
//! Reports of other crates hold moments as numbers of microseconds, which the store and caches read back. Which of their
//! numbers are moments is told by the names that moments have here. **It never** looks at what people said: a property of theirs may
//! be called `created_at` and be a number.

use model::Moment;
use serde::Serialize;
use serde_json::Value as Json;

/// A report as programs read it.
pub(crate) fn readable(report: &impl Serialize) -> serde_json::Result<Json> {
    let mut json = serde_json::to_value(report)?;
    tell(&mut json);
    Ok(json)
}

fn tell(json: &mut Json) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(tell),
        Json::Object(members) => {
            for (name, value) in members {
                match value.as_i64().filter(|_| is_moment(name)) {
                    Some(micros) => *value = Moment::from_micros(micros).rfc3339().into(),
                    None => tell(value),
                }
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn is_moment(name: &str) -> bool {
    matches!(name, "as_of" | "at" | "since") || name.ends_with("_at")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_called_like_a_moment_is_told_as_one() {
        let report = json!({
            "as_of": 1_746_230_400_000_000_i64,
            "rows": 1_746_230_400_000_000_i64,
            "syncs": [{ "updated_at": 1, "held": { "since": null }, "told_at": "2025-03-03T00:00:00Z" }],
        });
        let expected = json!({
            "as_of": "2025-05-03T00:00:00Z",
            "rows": 1_746_230_400_000_000_i64,
            "syncs": [{ "updated_at": "1970-01-01T00:00:00.000001Z", "held": { "since": null }, "told_at": "2025-03-03T00:00:00Z" }],
        });
        assert_eq!(readable(&report).expect("JSON"), expected);
    }
}
