//! Databases of others: one query, its rows as JSON objects, one after the other.
//!
//! Only reads, in one transaction, and holds a few rows at a time. **Invariant:** no URL, and nothing that a row says, gets
//! into an error; of what a database complains about, only what concerns the query itself.

use std::str::FromStr as _;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use serde_json::{Map, Value};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Executor as _, Row as _, TypeInfo as _, ValueRef as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Rows that wait to be taken.
const WAITING_MAX: usize = 1_000;
const REACH_WITHIN: Duration = Duration::from_secs(10);
const ROWS_AS_JSON: &str = include_str!("../../../sql/postgres/queries/rows_as_json.sql");

/// Why rows could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Not a database that is known here.
    #[error("the database's URL begins with neither `postgres://` nor `sqlite://`")]
    UnknownUrl,
    /// It does not let us in, or does not answer.
    #[error("could not reach the database: {why}")]
    Unreachable {
        /// What stands in the way, as far as it may be told.
        why: String,
    },
    /// The query is not what it understands.
    #[error("could not ask the database: {why}")]
    Query {
        /// What is wrong with it, as far as it may be told.
        why: String,
    },
    /// It stopped answering in the middle.
    #[error("the database stopped answering in the middle of the rows")]
    Broken,
}

/// The rows of a query.
#[derive(Debug)]
pub struct QueryRows {
    rows: mpsc::Receiver<Result<String, SourceError>>,
    asking: JoinHandle<()>,
    over: bool,
}

impl QueryRows {
    /// Asks the database at `url` the `sql`. Nothing is reached yet: [`QueryRows::next`] says what came of it.
    ///
    /// # Errors
    /// When the URL is of no known database.
    pub fn ask(url: &str, sql: &str) -> Result<Self, SourceError> {
        let (send, rows) = mpsc::channel(WAITING_MAX);
        let (url, sql) = (url.to_owned(), sql.to_owned());
        let asking = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            tokio::spawn(async move { end(&send, postgres(&url, &sql, &send).await).await })
        } else if url.starts_with("sqlite:") {
            tokio::spawn(async move { end(&send, sqlite(&url, &sql, &send).await).await })
        } else {
            return Err(SourceError::UnknownUrl);
        };
        Ok(Self { rows, asking, over: false })
    }

    /// The next row, a JSON object of its columns; none when all were given.
    ///
    /// # Errors
    /// When the database cannot be reached, does not understand the query or stops answering.
    pub async fn next(&mut self) -> Result<Option<String>, SourceError> {
        if self.over {
            return Ok(None);
        }
        match self.rows.recv().await {
            // An empty text stands for the end: without it the asking died, and what is missing is not deleted.
            Some(Ok(row)) if row.is_empty() => {
                self.over = true;
                Ok(None)
            }
            Some(row) => row.map(Some),
            None => Err(SourceError::Broken),
        }
    }
}

impl Drop for QueryRows {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

type Sender = mpsc::Sender<Result<String, SourceError>>;

async fn end(send: &Sender, asked: Result<(), SourceError>) {
    // Nobody waits for it: then nobody needs it.
    let _ = send.send(asked.map(|()| String::new())).await;
}

async fn postgres(url: &str, sql: &str, send: &Sender) -> Result<(), SourceError> {
    let options = PgConnectOptions::from_str(url).map_err(unreachable)?.disable_statement_logging();
    let mut connection = tokio::time::timeout(REACH_WITHIN, options.connect())
        .await
        .map_err(|_| SourceError::Unreachable { why: "it does not answer".to_owned() })?
        .map_err(unreachable)?;
    connection.execute("BEGIN READ ONLY").await.map_err(refused)?;
    let query = ROWS_AS_JSON.replace("{query}", sql);
    let mut rows = sqlx::query_scalar::<_, String>(AssertSqlSafe(query)).fetch(&mut connection);
    while let Some(row) = rows.try_next().await.map_err(refused)? {
        if send.send(Ok(row)).await.is_err() {
            return Ok(());
        }
    }
    drop(rows);
    let _ = connection.close().await;
    Ok(())
}

async fn sqlite(url: &str, sql: &str, send: &Sender) -> Result<(), SourceError> {
    let options = SqliteConnectOptions::from_str(url).map_err(unreachable)?.read_only(true).create_if_missing(false);
    let mut connection = options.disable_statement_logging().connect().await.map_err(unreachable)?;
    let mut rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch(&mut connection);
    while let Some(row) = rows.try_next().await.map_err(refused)? {
        if send.send(Ok(object(&row)?)).await.is_err() {
            return Ok(());
        }
    }
    drop(rows);
    let _ = connection.close().await;
    Ok(())
}

/// SQLite's values have types of their own, whatever the column is declared as; bytes are passed over.
fn object(row: &SqliteRow) -> Result<String, SourceError> {
    let mut object = Map::new();
    for column in row.columns() {
        let place = column.ordinal();
        let raw = row.try_get_raw(place).map_err(refused)?;
        let kind = if raw.is_null() { "NULL".to_owned() } else { raw.type_info().name().to_owned() };
        let value = match kind.as_str() {
            "INTEGER" => Value::from(row.try_get_unchecked::<i64, _>(place).map_err(refused)?),
            "REAL" => Value::from(row.try_get_unchecked::<f64, _>(place).map_err(refused)?),
            "TEXT" => Value::from(row.try_get_unchecked::<String, _>(place).map_err(refused)?),
            _ => Value::Null,
        };
        object.insert(column.name().to_owned(), value);
    }
    Ok(Value::Object(object).to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unreachable(error: sqlx::Error) -> SourceError {
    SourceError::Unreachable { why: told(&error) }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn refused(error: sqlx::Error) -> SourceError {
    match &error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => SourceError::Unreachable { why: told(&error) },
        _ => SourceError::Query { why: told(&error) },
    }
}

/// What may be told: a complaint about the query, never one about a value.
fn told(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Tls(_) => "it cannot be spoken to over TLS".to_owned(),
        sqlx::Error::Configuration(_) => "its URL cannot be read".to_owned(),
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            // SQLSTATE, always five characters: 42 is the query, 28 and 3D who asks and for what, 25 a query that writes.
            // SQLite's codes are shorter, and its words are about the query.
            let tellable = code.len() != 5 || ["42", "28", "3D", "25", "53", "57"].iter().any(|class| code.starts_with(class));
            if tellable { database.message().to_owned() } else { format!("SQLSTATE {code}") }
        }
        _ => "it gave an answer that cannot be read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn database() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("shop.db").display());
        let options = SqliteConnectOptions::from_str(&url).unwrap().create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        connection.execute("CREATE TABLE people (id INTEGER, mail TEXT, spent REAL, photo BLOB, born DATE)").await.unwrap();
        connection
            .execute("INSERT INTO people VALUES (7, 'ada@example.com', 1.5, x'00', '1990-01-01'), (8, NULL, NULL, NULL, NULL)")
            .await
            .unwrap();
        connection.close().await.unwrap();
        (folder, url)
    }

    async fn all(url: &str, sql: &str) -> Result<Vec<String>, SourceError> {
        let mut rows = QueryRows::ask(url, sql)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().await? {
            found.push(row);
        }
        Ok(found)
    }

    #[tokio::test]
    async fn rows_are_objects_of_their_columns() {
        let (_folder, url) = database().await;
        let rows = all(&url, "SELECT *, id + 1 AS next FROM people ORDER BY id -- by id").await.unwrap();
        assert_eq!(
            rows,
            [
                r#"{"born":"1990-01-01","id":7,"mail":"ada@example.com","next":8,"photo":null,"spent":1.5}"#,
                r#"{"born":null,"id":8,"mail":null,"next":9,"photo":null,"spent":null}"#,
            ]
        );
    }

    #[track_caller]
    fn check(error: &SourceError, words: &str) {
        assert!(error.to_string().contains(words), "{error}");
    }

    #[tokio::test]
    async fn what_stands_in_the_way_is_told() {
        let (_folder, url) = database().await;
        check(&all(&url, "SELECT no_column FROM people").await.unwrap_err(), "no such column: no_column");
        check(&all(&url, "DELETE FROM people RETURNING id").await.unwrap_err(), "readonly");
        check(&all("sqlite:///nowhere/shop.db", "SELECT 1").await.unwrap_err(), "could not reach");
        check(&all("mysql://user:secret@db.example.com/shop", "SELECT 1").await.unwrap_err(), "neither");
        let error = all("postgres://user:secret@127.0.0.1:1/shop", "SELECT 1").await.unwrap_err();
        check(&error, "could not reach the database");
        assert!(!format!("{error:?}{error}").contains("secret"));
    }
}
