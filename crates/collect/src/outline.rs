//! The outline of a JSON object: the members that matter, each as it was written, found in one pass that goes no deeper.
//!
//! `serde_json` passes over what is within without recursion, so depth costs nothing here; of a key named twice the last one
//! counts.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object by name, as they were written.
pub(crate) type Members<'b> = BTreeMap<String, &'b RawValue>;

/// What an envelope says of all its messages. Null is absent.
#[derive(Debug, Default)]
pub(crate) struct Envelope<'b> {
    pub(crate) write_key: Option<&'b RawValue>,
    pub(crate) sent_at: Option<&'b RawValue>,
    pub(crate) context: Option<&'b RawValue>,
    pub(crate) batch: Option<&'b RawValue>,
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Name {
    WriteKey,
    SentAt,
    Context,
    Batch,
    #[serde(other)]
    Other,
}

impl<'de: 'b, 'b> Deserialize<'de> for Envelope<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(name) = map.next_key()? {
            match name {
                Name::WriteKey => envelope.write_key = map.next_value()?,
                Name::SentAt => envelope.sent_at = map.next_value()?,
                Name::Context => envelope.context = map.next_value()?,
                Name::Batch => envelope.batch = map.next_value()?,
                Name::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(envelope)
    }
}

/// Whether it is null, or an empty text.
pub(crate) fn says_nothing(value: &RawValue) -> bool {
    matches!(value.get(), "null" | "\"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_two_counts_and_null_is_absent() {
        let text = r#"{"sentAt":1,"batch":[{"batch":3}],"sentAt":"2","context":null,"writeKey":"a","write\u004bey":"b"}"#;
        let envelope: Envelope<'_> = serde_json::from_str(text).expect("an object");
        let texts = [envelope.write_key, envelope.sent_at, envelope.context, envelope.batch].map(|raw| raw.map(RawValue::get));
        assert_eq!(texts, [Some("\"b\""), Some("\"2\""), None, Some("[{\"batch\":3}]")]);
    }

    #[test]
    fn depth_costs_nothing() {
        let text = format!("{{\"properties\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert!(serde_json::from_str::<Envelope<'_>>(&text).expect("an object").batch.is_none());
        assert!(serde_json::from_str::<Envelope<'_>>(&"[".repeat(1_000_000)).is_err());
    }
}
