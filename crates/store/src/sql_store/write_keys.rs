//! Keys: whose messages may come in, and who may ask for profiles. Only hashes pass through here.

use model::Moment;
use sqlx::query;

use crate::work::Work;
use crate::{KeyPurpose, StoreError, WriteKey, queries, words};

type KeyRow = (String, String, i64, Option<i64>);

pub(crate) async fn add(work: &mut Work<'_>, purpose: KeyPurpose, key: &WriteKey) -> Result<(), StoreError> {
    let insert = query(queries::INSERT_WRITE_KEY)
        .bind(key.key_hash.clone())
        .bind(words::of_key_purpose(purpose))
        .bind(key.source.clone())
        .bind(key.created_at.micros());
    work.execute(insert).await?;
    Ok(())
}

pub(crate) async fn all(work: &mut Work<'_>, purpose: KeyPurpose) -> Result<Vec<WriteKey>, StoreError> {
    let rows: Vec<KeyRow> = work.all(query(queries::WRITE_KEYS).bind(words::of_key_purpose(purpose))).await?;
    let key = |(key_hash, source, created_at, revoked_at): KeyRow| WriteKey {
        key_hash,
        source,
        created_at: Moment::from_micros(created_at),
        revoked_at: revoked_at.map(Moment::from_micros),
    };
    Ok(rows.into_iter().map(key).collect())
}

pub(crate) async fn revoke(work: &mut Work<'_>, purpose: KeyPurpose, key_hashes: &[String], at: Moment) -> Result<(), StoreError> {
    let known = all(work, purpose).await?;
    for key_hash in key_hashes {
        if !known.iter().any(|key| key.key_hash == *key_hash) {
            return Err(work.not_found("such key"));
        }
        let revoke = query(queries::REVOKE_WRITE_KEY).bind(key_hash.clone()).bind(words::of_key_purpose(purpose)).bind(at.micros());
        work.execute(revoke).await?;
    }
    Ok(())
}
