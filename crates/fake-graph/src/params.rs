//! One set of parameters from everywhere a client may put them.
//!
//! The query comes first, then the body, whatever the method: a urlencoded form, a multipart form or a JSON object.
//! A value that should be an object may be JSON text. Unknown parameters are kept, and ignored by whoever reads.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use serde_json::Value;

use crate::errors::{GraphError, GraphResult};

/// Parameters that are objects or lists, and arrive as JSON text in forms.
const STRUCTURED: [&str; 7] = ["payload", "session", "filtering", "batch", "audience_labels", "namespace", "prefill"];

/// The merged parameters of one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(BTreeMap<String, Value>);

impl Params {
    pub(crate) fn from_query(query: &str) -> Self {
        let mut params = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            params.put(&name, Value::String(value.into_owned()));
        }
        params
    }

    /// Adds what the body says; where both speak, the body wins.
    pub(crate) async fn merge_body(&mut self, content_type: &str, body: &Bytes) -> GraphResult<()> {
        if body.is_empty() {
            return Ok(());
        }
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind == "multipart/form-data" {
            return self.merge_multipart(content_type, body).await;
        }
        if kind == "application/json" || (kind.is_empty() && body.starts_with(b"{")) {
            return self.merge_json(body);
        }
        for (name, value) in form_urlencoded::parse(body) {
            self.put(&name, Value::String(value.into_owned()));
        }
        Ok(())
    }

    fn merge_json(&mut self, body: &Bytes) -> GraphResult<()> {
        let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
            return Err(GraphError::invalid("The request body is not a JSON object"));
        };
        for (name, value) in object {
            self.put(&name, value);
        }
        Ok(())
    }

    async fn merge_multipart(&mut self, content_type: &str, body: &Bytes) -> GraphResult<()> {
        let refused = || GraphError::invalid("The multipart body cannot be read");
        let boundary = multer::parse_boundary(content_type).map_err(|_| refused())?;
        let mut parts = multer::Multipart::new(Body::from(body.clone()).into_data_stream(), boundary);
        while let Some(part) = parts.next_field().await.map_err(|_| refused())? {
            let name = part.name().unwrap_or_default().to_owned();
            let value = part.text().await.map_err(|_| refused())?;
            self.put(&name, Value::String(value));
        }
        Ok(())
    }

    fn put(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), structured(name, value));
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A scalar as text: numbers may arrive with or without quotes.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(scalar_text)
    }

    /// `true`, `"true"` and `1` all mean yes.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(is_yes)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    pub(crate) fn all(&self) -> &BTreeMap<String, Value> {
        &self.0
    }
}

/// A text, number or boolean as text; nothing for lists and objects.
pub(crate) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(crate) fn is_yes(value: &Value) -> bool {
    scalar_text(value).is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1")
}

fn structured(name: &str, value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    if !STRUCTURED.contains(&name) {
        return value;
    }
    match serde_json::from_str(text) {
        Ok(parsed @ (Value::Object(_) | Value::Array(_))) => parsed,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn merged(query: &str, content_type: &str, body: &str) -> Params {
        let mut params = Params::from_query(query);
        params.merge_body(content_type, &Bytes::from(body.to_owned())).await.unwrap();
        params
    }

    #[tokio::test]
    async fn every_transport_says_the_same() {
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"session\"\r\n\r\n{\"session_id\":5}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n[A]\r\n--b--\r\n";
        let all = [
            merged("session=%7B%22session_id%22%3A5%7D&name=%5BA%5D", "", "").await,
            merged("name=lost", "application/x-www-form-urlencoded", "session=%7B%22session_id%22%3A5%7D&name=%5BA%5D").await,
            merged("", "multipart/form-data; boundary=b", multipart).await,
            merged("", "application/json; charset=utf-8", r#"{"session":{"session_id":5},"name":"[A]"}"#).await,
            merged("", "application/json", r#"{"session":"{\"session_id\":5}","name":"[A]"}"#).await,
        ];
        for params in all {
            assert_eq!(params.get("session"), Some(&serde_json::json!({ "session_id": 5 })));
            assert_eq!(params.text("name").as_deref(), Some("[A]"));
        }
    }

    #[tokio::test]
    async fn yes_has_three_spellings() {
        let params = merged("a=true&b=1&c=false", "application/json", r#"{"d":true,"e":1,"f":null}"#).await;
        let said: Vec<bool> = ["a", "b", "c", "d", "e", "f"].iter().map(|name| params.flag(name)).collect();
        assert_eq!(said, [true, true, false, true, true, false]);
    }
}
