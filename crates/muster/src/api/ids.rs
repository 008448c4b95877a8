//! `external_ids`: what finds the profile, in order of first sight.

use serde_json::{Value as Json, json};
use store::SeenIdentifier;

use super::answer::{ApiError, Cursor};
use super::routes::Asked;

const LIMIT: (usize, usize) = (10, 200);

pub(crate) fn page(asked: &Asked) -> Result<Json, ApiError> {
    let limit = asked.parameters.limit(LIMIT.0, LIMIT.1)?;
    let include = asked.parameters.names("include");
    let start: usize = match asked.parameters.text("next") {
        None => 0,
        Some(next) => next.parse().map_err(|_| ApiError::Validation("`next` is what a cursor said".to_owned()))?,
    };
    let found = asked.record.identifiers.iter().filter(|seen| include.is_empty() || include.contains(seen.identifier.kind.as_str()));
    let mut left = found.skip(start);
    let data: Vec<Json> = left.by_ref().take(limit).map(|seen| external_id(asked, seen)).collect();
    let next = left.next().map(|_| (start + data.len()).to_string());
    Ok(json!({ "data": data, "cursor": Cursor::new(&asked.url, next, limit) }))
}

fn external_id(asked: &Asked, seen: &SeenIdentifier) -> Json {
    json!({
        "type": seen.identifier.kind.as_str(),
        "id": seen.identifier.value,
        "collection": asked.record.collection,
        "encoding": "none",
        "source_id": null,
        "created_at": seen.first_seen_at.rfc3339(),
    })
}
