//! Errors as the Graph API words them: a code, often a subcode, and a body of a fixed shape.

use serde_json::{Map, Value, json};

/// The answer of every handler.
pub(crate) type GraphResult<T> = Result<T, GraphError>;

/// One refused call.
#[derive(Debug)]
pub(crate) struct GraphError {
    pub(crate) status: u16,
    pub(crate) code: i32,
    subcode: Option<i32>,
    kind: &'static str,
    message: String,
    title: Option<&'static str>,
    detail: Option<&'static str>,
    blame: Option<&'static str>,
}

impl GraphError {
    pub(crate) fn new(code: i32, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status: 400, code, subcode: None, kind: "OAuthException", message, title: None, detail: None, blame: None }
    }

    /// `(#100)`, the answer to anything wrong in a request.
    pub(crate) fn invalid(message: &str) -> Self {
        Self::new(100, format!("(#100) {message}"))
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn subcode(self, subcode: i32) -> Self {
        Self { subcode: Some(subcode), ..self }
    }

    pub(crate) fn kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    /// What the Ads Manager would show to a person.
    pub(crate) fn shown(self, title: &'static str, detail: &'static str) -> Self {
        Self { title: Some(title), detail: Some(detail), ..self }
    }

    /// The parameter at fault, sent as JSON text inside the JSON, as seen in the wild.
    pub(crate) fn blame(self, field: &'static str) -> Self {
        Self { blame: Some(field), ..self }
    }

    pub(crate) fn body(&self, trace: &str) -> Value {
        let mut error = Map::new();
        error.insert("message".to_owned(), json!(self.message));
        error.insert("type".to_owned(), json!(self.kind));
        error.insert("code".to_owned(), json!(self.code));
        if let Some(subcode) = self.subcode {
            error.insert("error_subcode".to_owned(), json!(subcode));
            error.insert("is_transient".to_owned(), json!(false));
        }
        if let Some(title) = self.title {
            error.insert("error_user_title".to_owned(), json!(title));
        }
        if let Some(detail) = self.detail {
            error.insert("error_user_msg".to_owned(), json!(detail));
        }
        if let Some(field) = self.blame {
            let data = json!({ "blame_field_specs": [[field]] });
            error.insert("error_data".to_owned(), json!(data.to_string()));
        }
        error.insert("fbtrace_id".to_owned(), json!(trace));
        json!({ "error": error })
    }
}

/// A node that does not exist or cannot be seen, or a method it does not have: Facebook says the same to all three.
pub(crate) fn unsupported(method: &str, id: &str) -> GraphError {
    let message = format!(
        "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, \
         or does not support this operation"
    );
    GraphError::new(100, message).subcode(33).kind("GraphMethodException")
}

pub(crate) fn no_permission(message: &str) -> GraphError {
    GraphError::new(200, format!("(#200) {message}")).status(403)
}

pub(crate) fn terms_not_accepted() -> GraphError {
    GraphError::new(200, "Permissions error").subcode(1_870_034).shown(
        "Custom Audience Terms Not Accepted",
        "The custom audience terms of service must be accepted before this audience can be changed.",
    )
}

pub(crate) fn flagged() -> GraphError {
    GraphError::new(100, "Invalid parameter")
        .subcode(1_713_230)
        .shown("Upload Blocked", "This custom audience was flagged for its name or description, so its members cannot be changed.")
}

pub(crate) fn update_in_progress() -> GraphError {
    GraphError::new(2650, "Failed to update the custom audience")
        .subcode(1_870_145)
        .shown("Update in Progress", "This audience is being replaced. Try again when that has finished.")
}

pub(crate) fn too_small() -> GraphError {
    GraphError::new(200, "Permissions error")
        .subcode(1_870_047)
        .shown("Audience Size too Low", "Removing these people would leave too few people in this audience.")
}

pub(crate) fn replace_refused(subcode: i32, title: &'static str) -> GraphError {
    GraphError::new(2650, "Failed to update the custom audience")
        .subcode(subcode)
        .shown(title, "The members of this audience could not be replaced.")
}
