//! Write keys: whose messages may come in. Only hashes pass through here.

use model::Moment;
use sqlx::query;

use crate::work::Work;
use crate::{StoreError, WriteKey, queries};

type KeyRow = (String, String, i64, Option<i64>);

pub(crate) async fn add(work: &mut Work<'_>, key: &WriteKey) -> Result<(), StoreError> {
    let insert = query(queries::INSERT_WRITE_KEY).bind(key.key_hash.clone()).bind(key.source.clone()).bind(key.created_at.micros());
    work.execute(insert).await?;
    Ok(())
}

pub(crate) async fn all(work: &mut Work<'_>) -> Result<Vec<WriteKey>, StoreError> {
    let rows: Vec<KeyRow> = work.all(query(queries::WRITE_KEYS)).await?;
    let key = |(key_hash, source, created_at, revoked_at): KeyRow| WriteKey {
        key_hash,
        source,
        created_at: Moment::from_micros(created_at),
        revoked_at: revoked_at.map(Moment::from_micros),
    };
    Ok(rows.into_iter().map(key).collect())
}

pub(crate) async fn revoke(work: &mut Work<'_>, key_hashes: &[String], at: Moment) -> Result<(), StoreError> {
    let known = all(work).await?;
    for key_hash in key_hashes {
        if !known.iter().any(|key| key.key_hash == *key_hash) {
            return Err(work.not_found("such write key"));
        }
        work.execute(query(queries::REVOKE_WRITE_KEY).bind(key_hash.clone()).bind(at.micros())).await?;
    }
    Ok(())
}
