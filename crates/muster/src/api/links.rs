//! `links`: the accounts of a user, or the users of an account, each with what finds it.

use model::PublicId;
use serde_json::{Value as Json, json};
use store::ProfileName;

use super::answer::{ApiError, Cursor};
use super::routes::Asked;
use crate::person;

const LIMIT: usize = 20;

pub(crate) async fn page(asked: &Asked) -> Result<Json, ApiError> {
    let (store, record) = (&asked.workspace.store, &asked.record);
    let limit = asked.parameters.limit(LIMIT, LIMIT)?;
    let after = match asked.parameters.text("next") {
        None => None,
        Some(next) => {
            let last = store.profile(&ProfileName::PublicId(PublicId(next.to_owned()))).await?;
            Some(last.ok_or_else(|| ApiError::Validation("`next` is what a cursor said".to_owned()))?.profile)
        }
    };
    // One more than asked tells whether there is more.
    let most = u32::try_from(limit + 1).expect("a page is small");
    let linked = store.linked(record.profile, record.collection, after, most).await?;
    let shown = &linked[..linked.len().min(limit)];
    let next = shown.last().filter(|_| linked.len() > limit).map(|last| last.public_id.0.clone());
    let numbers: Vec<_> = shown.iter().map(|linked| linked.profile).collect();
    let of = person::other(record.collection);
    let data: Vec<Json> = shown
        .iter()
        .zip(store.identities(&numbers).await?)
        .map(|(linked, identity)| {
            let external_id =
                |found: &model::Identifier| json!({ "type": found.kind, "id": found.value, "collection": of, "encoding": "none" });
            json!({
                "to_collection": of,
                "id": linked.public_id.0,
                "created_at": linked.since.rfc3339(),
                "external_ids": identity.identifiers.iter().map(external_id).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(json!({ "data": data, "cursor": Cursor::new(&asked.url, next, limit) }))
}
