//! `:json` cells: lists, objects and huge whole numbers as compact JSON, read back exactly as they were.
//!
//! Reads numbers itself: a general JSON reader rounds whole numbers beyond 64 bits, and may miss a float's last bit.

use std::collections::BTreeMap;

use model::Value;
use serde_json::value::RawValue;

/// Writes a value as compact JSON.
pub(crate) fn write_json(value: &Value) -> String {
    serde_json::to_string(value).expect("values are JSON: their numbers are finite, their member names text")
}

/// Reads a `:json` cell. Nulls inside are dropped; a text that is no JSON (the lake writes none) is taken as text.
pub fn parse_json(text: &str) -> Value {
    read(text, DEPTH_MAX).unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// Messages nest half as deep at most; what nests deeper must not exhaust the stack.
const DEPTH_MAX: u32 = 256;

/// `None`: null, not JSON, or too deep.
fn read(text: &str, depth: u32) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let text = text.trim_ascii();
    match text.bytes().next()? {
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            Some(Value::List(items.into_iter().filter_map(|item| read(item.get(), depth)).collect()))
        }
        b'{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            Some(Value::Object(members.into_iter().filter_map(|(name, member)| Some((name, read(member.get(), depth)?))).collect()))
        }
        b'-' | b'0'..=b'9' => read_number(text),
        _ => serde_json::from_str(text).ok(),
    }
}

fn read_number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(integer) = text.parse::<i128>()
    {
        return Some(Value::from_integer(integer));
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Value) {
        assert_eq!(parse_json(text), *expected, "{text}");
    }

    #[test]
    fn numbers_lose_nothing() {
        check("9007199254740993", &Value::Integer(9_007_199_254_740_993));
        check(&i128::MIN.to_string(), &Value::Integer(i128::MIN));
        check("[170141183460469231731687303715884105727]", &Value::List(vec![Value::Integer(i128::MAX)]));
        check("5", &Value::Number(5.0));
        check("[0.1,1e300,-2.5e-10]", &Value::List(vec![0.1.into(), 1e300.into(), (-2.5e-10).into()]));
    }

    #[test]
    fn nulls_inside_are_dropped_and_nonsense_is_text() {
        check("[1,null]", &Value::List(vec![1.0.into()]));
        check(r#"{"a":null,"b":"x"}"#, &Value::Object(BTreeMap::from([("b".to_owned(), "x".into())])));
        check("{oops", &"{oops".into());
    }
}
