//! Scrubbing: nothing of what was deleted is left in free places, as far as the database lets us.

use sqlx::{Executor as _, Row as _};

use super::SqlStore;
use crate::StoreError;

const DOING: &str = "clear free places";

/// Outside of transactions, statement by statement.
pub(crate) async fn scrub(store: &SqlStore) -> Result<(), StoreError> {
    let failed = |error| StoreError::from_database(DOING, &store.at, error);
    let mut connection = store.pool.acquire().await.map_err(failed)?;
    for statement in statements(store.backend.scrub) {
        // The log is cut off when nobody reads from it; whether it was is the first column of the answer.
        let row = connection.fetch_optional(statement).await.map_err(failed)?;
        if row.is_some_and(|row| row.try_get::<i64, _>(0).is_ok_and(|busy| busy != 0)) {
            return Err(StoreError::Locked { doing: DOING, at: store.at.clone(), source: sqlx::Error::PoolTimedOut });
        }
    }
    Ok(())
}

fn statements(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(';').map(str::trim).filter(|statement| !statement.is_empty())
}
