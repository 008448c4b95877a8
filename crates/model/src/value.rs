//! Values of traits and properties: what JSON can say, with numbers kept as they were meant.
//!
//! **Invariant:** a `Value` is never null: a null trait or property is a missing one.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// Whole numbers up to this size are exact as 64-bit floats (2^53).
pub const NUMBER_EXACT_MAX: u64 = 1 << 53;

/// A value of a trait or property.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Flag(bool),
    /// Any finite number that a 64-bit float holds as it was written.
    Number(f64),
    /// A whole number beyond 2^53, which a float would round.
    Integer(i128),
    /// Text, which may be empty.
    Text(String),
    /// An array; nulls inside are dropped.
    List(Vec<Value>),
    /// An object; null members are dropped.
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// The text rendering that text operators see: shortest decimal for numbers, `true`/`false` for flags.
    /// `None` for arrays and objects, which have none.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Flag(flag) => Some(flag.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Integer(integer) => Some(integer.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::List(_) | Self::Object(_) => None,
        }
    }

    /// A whole number, exact: as a float while that loses nothing.
    pub fn from_integer(integer: i128) -> Self {
        if integer.unsigned_abs() <= u128::from(NUMBER_EXACT_MAX) {
            #[expect(clippy::cast_precision_loss, reason = "checked: at most 2^53")]
            return Self::Number(integer as f64);
        }
        Self::Integer(integer)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serialize_number(*number, serializer),
            Self::Integer(integer) => match (u64::try_from(*integer), i64::try_from(*integer)) {
                (Ok(positive), _) => serializer.serialize_u64(positive),
                (_, Ok(negative)) => serializer.serialize_i64(negative),
                _ => serializer.serialize_i128(*integer),
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => items.serialize(serializer),
            Self::Object(members) => members.serialize(serializer),
        }
    }
}

/// Writes `5` rather than `5.0`: a whole number reads back as it was sent.
fn serialize_number<S: Serializer>(number: f64, serializer: S) -> Result<S::Ok, S::Error> {
    if number.fract() == 0.0 && number.abs() <= NUMBER_EXACT_MAX as f64 {
        #[expect(clippy::cast_possible_truncation, reason = "checked: whole and at most 2^53")]
        return serializer.serialize_i64(number as i64);
    }
    serializer.serialize_f64(number)
}

impl<'de> Deserialize<'de> for Value {
    /// Reads any JSON value but null; nulls inside arrays and objects are dropped.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value other than null")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<Value, E> {
        Ok(Value::from_integer(i128::from(integer)))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<Value, E> {
        Ok(Value::from_integer(i128::from(integer)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Option<Value>>()? {
            items.extend(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, member)) = map.next_entry::<String, Option<Value>>()? {
            match member {
                Some(member) => members.insert(name, member),
                None => members.remove(&name), // duplicate names: the last one wins, a null included
            };
        }
        Ok(Value::Object(members))
    }
}
