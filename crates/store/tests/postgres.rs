//! The contract on PostgreSQL, where `MUSTER_TEST_POSTGRES_URL` names a server (`tests/with-postgres.sh` starts one).

use std::cell::RefCell;
use std::io::Write as _;
use std::sync::Arc;

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use store::{Flush, QueryRows, SourceError, Store, StoreError, StoreUrl};
use uuid::Uuid;

/// A server for tests; each store lives in a schema of its own.
struct Server {
    url: String,
    schemas: RefCell<Vec<String>>,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "a test asks its environment which server to use")]
    fn find(test: &str) -> Option<Self> {
        let Ok(url) = std::env::var("MUSTER_TEST_POSTGRES_URL") else {
            let skipped = format!("skipped: {test} needs a PostgreSQL in MUSTER_TEST_POSTGRES_URL; run it with tests/with-postgres.sh\n");
            // Not `eprint!`: what that says in a test that passes is never shown.
            std::io::stderr().write_all(skipped.as_bytes()).expect("stderr");
            return None;
        };
        sqlx::any::install_default_drivers();
        Some(Self { url, schemas: RefCell::default() })
    }

    async fn run(&self, sql: String) {
        let mut connection = AnyConnection::connect(&self.url).await.expect("a server");
        connection.execute(AssertSqlSafe(sql)).await.expect("plain SQL");
        connection.close().await.expect("a goodbye");
    }

    /// The URL of a store that holds nothing yet, and its schema.
    async fn fresh(&self) -> (StoreUrl, String) {
        let schema = format!("test_{}", Uuid::new_v4().simple());
        self.run(format!("CREATE SCHEMA {schema}")).await;
        self.schemas.borrow_mut().push(schema.clone());
        let separator = if self.url.contains('?') { '&' } else { '?' };
        (StoreUrl::Postgres(format!("{}{separator}options[search_path]={schema}", self.url)), schema)
    }

    async fn clean(self) {
        for schema in self.schemas.take() {
            self.run(format!("DROP SCHEMA {schema} CASCADE")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_the_contract() {
    let Some(server) = Server::find("postgres_keeps_the_contract") else { return };
    store::conformance::all(async || -> Arc<dyn Store> {
        let (url, _) = server.fresh().await;
        store::open(&url).await.unwrap()
    })
    .await;
    server.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_may_open_a_new_store_at_once() {
    let Some(server) = Server::find("many_processes_may_open_a_new_store_at_once") else { return };
    let (url, _) = server.fresh().await;
    let openings: Vec<_> = (0..4).map(|_| url.clone()).map(|url| tokio::spawn(async move { store::open(&url).await.map(drop) })).collect();
    for opening in openings {
        opening.await.unwrap().unwrap();
    }
    server.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_in_makes_nothing() {
    let Some(server) = Server::find("looking_in_makes_nothing") else { return };
    let (url, schema) = server.fresh().await;
    for _ in 0..2 {
        assert!(store::open_existing(&url).await.unwrap().is_none());
    }
    store::open(&url).await.unwrap();
    assert!(store::open_existing(&url).await.unwrap().expect("up to date").known_audiences().await.unwrap().is_empty());
    server.run(format!("DELETE FROM {schema}._sqlx_migrations WHERE version = 19")).await;
    assert!(store::open_existing(&url).await.unwrap().is_none(), "older");
    server.clean().await;
}

#[tokio::test]
async fn a_store_from_the_future_is_not_touched() {
    let Some(server) = Server::find("a_store_from_the_future_is_not_touched") else { return };
    let (url, schema) = server.fresh().await;
    store::open(&url).await.unwrap().flush(&Flush::default()).await.unwrap();
    let future = "(version, description, success, checksum, execution_time) VALUES (1000, 'to come', TRUE, '', 0)";
    server.run(format!("INSERT INTO {schema}._sqlx_migrations {future}")).await;
    for _ in 0..2 {
        let Err(error) = store::open(&url).await else { panic!("opened a store from the future") };
        assert!(matches!(error, StoreError::NewerThanBinary { found: 1000, .. }), "{error}");
    }
    server.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_query_are_objects_and_nothing_is_written() {
    let Some(server) = Server::find("rows_of_a_query_are_objects_and_nothing_is_written") else { return };
    let ask = async |sql: &str| -> Result<Vec<String>, SourceError> {
        let mut rows = QueryRows::ask(&server.url, sql)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().await? {
            found.push(row);
        }
        Ok(found)
    };
    let sql = "WITH people AS (SELECT 7 AS id, 'ada@example.com' AS mail, DATE '2025-03-01' AS born, 1.50 AS spent, NULL AS gone)\n\
               SELECT * FROM people -- all of them";
    let row = r#"{"id":7,"mail":"ada@example.com","born":"2025-03-01","spent":1.50,"gone":null}"#;
    assert_eq!(ask(sql).await.unwrap(), [row]);
    assert_eq!(ask("SELECT id FROM generate_series(1, 2500) AS id").await.unwrap().len(), 2_500);
    let told = |error: SourceError| error.to_string();
    assert!(told(ask("SELECT nothing FROM nowhere").await.unwrap_err()).contains("\"nowhere\" does not exist"));
    // What a value says stays with the database.
    let error = told(ask("SELECT 'ada@example.com'::int").await.unwrap_err());
    assert!(error.contains("SQLSTATE 22P02") && !error.contains("ada@"), "{error}");
    let writes = ask("SELECT setval('none', 1)").await;
    assert!(writes.is_err(), "{writes:?}");
    server.clean().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_out_of_reach() {
    let url = StoreUrl::Postgres("postgres://muster:secret@127.0.0.1:1/muster".to_owned());
    let Err(error) = store::open(&url).await else { panic!("nobody listens there") };
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    assert_eq!(error.to_string(), "could not open the store: the store `postgres://127.0.0.1:1/muster` is out of reach, try again");
    assert!(!format!("{error:?}").contains("secret"));
}
