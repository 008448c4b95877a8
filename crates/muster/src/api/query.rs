//! Parameters: read one by one, refused with what would be right. A parameter that is not known is passed over.

use std::collections::BTreeSet;

use model::Moment;

use super::answer::ApiError;

/// The parameters of one request, in order.
#[derive(Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// As they were decoded.
    pub(crate) fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The last value of a parameter that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Names, separated by commas.
    pub(crate) fn names(&self, name: &str) -> BTreeSet<String> {
        let names = self.text(name).unwrap_or_default().split(',').map(str::trim);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// How many a page has.
    pub(crate) fn limit(&self, default: usize, most: usize) -> Result<usize, ApiError> {
        let Some(text) = self.text("limit") else { return Ok(default) };
        let limit = text.parse().ok().filter(|limit| (1..=most).contains(limit));
        limit.ok_or_else(|| ApiError::Validation(format!("`limit` is a number from 1 to {most}")))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, name: &'static str) -> Result<bool, ApiError> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(ApiError::Validation(format!("`{name}` is `true` or `false`"))),
        }
    }

    /// A moment.
    pub(crate) fn moment(&self, name: &'static str) -> Result<Option<Moment>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let read = Moment::parse(text);
        read.map(Some)
            .map_err(|_| ApiError::Validation(format!("`{name}` is an ISO 8601 date or timestamp, such as `2025-03-01T12:00:00Z`")))
    }
}
