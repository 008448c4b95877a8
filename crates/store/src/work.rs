//! One transaction of the store: begun for reading or for writing, committed, or forgotten when dropped.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, FromRow, Row as _, Transaction};

use crate::{StoreError, queries};

/// A query with its parameters.
pub(crate) type Statement = Query<'static, Any, AnyArguments>;

/// Rows that travel in one JSON text.
pub(crate) const CHUNK_ROWS: usize = 5_000;

/// A transaction, and what it is for.
pub(crate) struct Work<'a> {
    pub(crate) transaction: Transaction<'static, Any>,
    pub(crate) doing: &'static str,
    pub(crate) at: &'a str,
}

impl Work<'_> {
    /// Makes it true.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let Self { transaction, doing, at } = self;
        transaction.commit().await.map_err(|error| StoreError::from_database(doing, at, error))
    }

    /// Runs a statement and says how many rows it touched.
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        let done = statement.execute(&mut *self.transaction).await.map_err(|error| self.error(error))?;
        Ok(done.rows_affected())
    }

    /// All rows of a query.
    pub(crate) async fn all<T: for<'r> FromRow<'r, AnyRow>>(&mut self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let rows = statement.fetch_all(&mut *self.transaction).await.map_err(|error| self.error(error))?;
        rows.iter().map(|row| T::from_row(row).map_err(|error| self.error(error))).collect()
    }

    /// The only row of a query, if it has one.
    pub(crate) async fn optional<T: for<'r> FromRow<'r, AnyRow>>(&mut self, statement: Statement) -> Result<Option<T>, StoreError> {
        let row = statement.fetch_optional(&mut *self.transaction).await.map_err(|error| self.error(error))?;
        row.map(|row| T::from_row(&row).map_err(|error| self.error(error))).transpose()
    }

    /// The rows that a query answers with as one JSON text, its last column; no text, no rows.
    pub(crate) async fn packed<T: DeserializeOwned>(&mut self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let row = statement.fetch_one(&mut *self.transaction).await.map_err(|error| self.error(error))?;
        let text: Option<String> = row.try_get(row.len() - 1).map_err(|error| self.error(error))?;
        unpack(text.as_deref())
    }

    /// Runs a statement that takes many rows as JSON text.
    pub(crate) async fn write_rows<T: Serialize>(&mut self, sql: &'static str, rows: &[T]) -> Result<(), StoreError> {
        for chunk in rows.chunks(CHUNK_ROWS) {
            self.execute(sqlx::query(sql).bind(pack(chunk))).await?;
        }
        Ok(())
    }

    /// Asks a query that takes many rows as JSON text and answers in the same way.
    pub(crate) async fn ask_rows<T: Serialize, A: DeserializeOwned>(
        &mut self,
        sql: &'static str,
        rows: &[T],
    ) -> Result<Vec<A>, StoreError> {
        let mut answers = Vec::new();
        for chunk in rows.chunks(CHUNK_ROWS) {
            answers.extend(self.packed::<A>(sqlx::query(sql).bind(pack(chunk))).await?);
        }
        Ok(answers)
    }

    /// Takes the next `count` numbers of a subject: the first of them. Numbers start at 0.
    pub(crate) async fn take_numbers(&mut self, subject: &'static str, count: usize) -> Result<i64, StoreError> {
        let count = to_i64(count);
        let taken = sqlx::query(queries::TAKE_NUMBERS).bind(subject).bind(count);
        let (given,): (i64,) = self.optional(taken).await?.ok_or(StoreError::damaged("the table of numbers"))?;
        Ok(given - count)
    }

    /// How many numbers of a subject were given so far.
    pub(crate) async fn numbers_given(&mut self, subject: &'static str) -> Result<i64, StoreError> {
        let given = self.optional(sqlx::query(queries::NUMBERS_GIVEN).bind(subject)).await?;
        given.map(|(given,)| given).ok_or(StoreError::damaged("the table of numbers"))
    }

    /// Something stands against what is being done.
    pub(crate) fn conflict(&self, why: impl Into<String>) -> StoreError {
        StoreError::Conflict { doing: self.doing, why: why.into() }
    }

    /// Something named is not there.
    pub(crate) fn not_found(&self, what: impl Into<String>) -> StoreError {
        StoreError::NotFound { doing: self.doing, what: what.into() }
    }

    fn error(&self, error: sqlx::Error) -> StoreError {
        StoreError::from_database(self.doing, self.at, error)
    }
}

pub(crate) fn pack<T: Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("numbers and texts always become JSON")
}

pub(crate) fn unpack<T: DeserializeOwned>(text: Option<&str>) -> Result<Vec<T>, StoreError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt { what: "a row", source: Some(error.into()) })
}

/// A count as SQL keeps it. Counts beyond 2^63 do not occur.
pub(crate) fn to_i64(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// A stored count.
pub(crate) fn to_u64(count: i64, what: &'static str) -> Result<u64, StoreError> {
    u64::try_from(count).map_err(|_| StoreError::damaged(what))
}

/// A text that others wrote, without the NUL that PostgreSQL cannot keep.
pub(crate) fn keepable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
