//! Opening a store: reaching it, settling how it behaves, bringing its tables up to date.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _, Executor as _};

use crate::sql_store::{Backend, SqlStore};
use crate::{Store, StoreError, StoreUrl};

const DOING: &str = "open the store";
const MIGRATIONS_TABLE: &str = "_sqlx_migrations";
const REACH_WITHIN: Duration = Duration::from_secs(10);
/// Longer than any wait for a lock, so that a lock is named as such.
const CONNECTION_WITHIN: Duration = Duration::from_secs(30);
const CONNECTIONS_MAX: u32 = 4;
/// A session that finds the store locked begins anew so often.
const SESSION_TRIES: u32 = 100;
const SESSION_PAUSE: Duration = Duration::from_millis(20);

/// Opens the store, makes it where there is none, and brings its tables up to date.
///
/// # Errors
/// When it cannot be reached, read or written, or was changed by a newer binary.
pub async fn open(url: &StoreUrl) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(open_sql(url).await?))
}

/// Opens the store if there is one with tables of today, as it is: nothing is made, and nothing brought up to date.
///
/// # Errors
/// When it is there and cannot be reached or read, or was changed by a newer binary.
pub async fn open_existing(url: &StoreUrl) -> Result<Option<Arc<dyn Store>>, StoreError> {
    sqlx::any::install_default_drivers();
    let at = url.to_string();
    let failed = |error| StoreError::from_database(DOING, &at, error);
    let (backend, database_url) = match url {
        StoreUrl::SqliteFile(path) if !path.is_file() => return Ok(None),
        StoreUrl::SqliteFile(path) => (&Backend::SQLITE, sqlite_url(path, &at, "rw")?),
        StoreUrl::SqliteMemory => return Ok(None),
        StoreUrl::Postgres(url) => (&Backend::POSTGRES, url.clone()),
    };
    let options = database_url.parse::<AnyConnectOptions>().map_err(failed)?.disable_statement_logging();
    // Without the settings of a session: they would write to an empty file.
    let mut connection = reach(&options).await.map_err(failed)?;
    let applied = applied_versions(&mut connection, &at).await;
    connection.close().await.map_err(failed)?;
    let applied = applied?;
    let known: Vec<i64> = (backend.migrations)().iter().map(|migration| migration.version).collect();
    let (found, newest) = (applied.last().copied().unwrap_or(0), known.last().copied().unwrap_or(0));
    if found > newest {
        return Err(StoreError::NewerThanBinary { found, known: newest });
    }
    if known.iter().any(|version| !applied.contains(version)) {
        return Ok(None);
    }
    Ok(Some(Arc::new(with_pools(url, options, backend, at))))
}

pub(crate) async fn open_sql(url: &StoreUrl) -> Result<SqlStore, StoreError> {
    sqlx::any::install_default_drivers();
    let at = url.to_string();
    let failed = |error| StoreError::from_database(DOING, &at, error);
    let backend = match url {
        StoreUrl::SqliteFile(_) | StoreUrl::SqliteMemory => &Backend::SQLITE,
        StoreUrl::Postgres(_) => &Backend::POSTGRES,
    };
    let database_url = match url {
        StoreUrl::SqliteFile(path) => sqlite_url(path, &at, "rwc")?,
        StoreUrl::SqliteMemory => "sqlite::memory:".to_owned(),
        StoreUrl::Postgres(url) => url.clone(),
    };
    let options = database_url.parse::<AnyConnectOptions>().map_err(failed)?.disable_statement_logging();
    let store = with_pools(url, options.clone(), backend, at.clone());
    match url {
        StoreUrl::SqliteMemory => migrate(&mut *store.pool.acquire().await.map_err(failed)?, backend, &at).await?,
        StoreUrl::SqliteFile(_) | StoreUrl::Postgres(_) => {
            let mut connection = connect(&options, backend).await.map_err(failed)?;
            migrate(&mut connection, backend, &at).await?;
            connection.close().await.map_err(failed)?;
        }
    }
    Ok(store)
}

fn with_pools(url: &StoreUrl, options: AnyConnectOptions, backend: &'static Backend, at: String) -> SqlStore {
    let pool = AnyPoolOptions::new()
        .acquire_timeout(CONNECTION_WITHIN)
        .after_connect(move |connection, _| Box::pin(async move { connection.execute(backend.session).await.map(|_| ()) }));
    let (pool, writers) = match url {
        // Every connection to memory is a store of its own: there must be one, and it must live.
        StoreUrl::SqliteMemory => {
            let only = pool.max_connections(1).idle_timeout(None).max_lifetime(None).connect_lazy_with(options);
            (only.clone(), only)
        }
        StoreUrl::SqliteFile(_) => {
            let writer = pool.clone().max_connections(1).connect_lazy_with(options.clone());
            (pool.max_connections(CONNECTIONS_MAX).connect_lazy_with(options), writer)
        }
        StoreUrl::Postgres(_) => {
            let any = pool.max_connections(CONNECTIONS_MAX).connect_lazy_with(options);
            (any.clone(), any)
        }
    };
    SqlStore { pool, writers, backend, at }
}

/// The first connection, made outside the pool, which would try again for a while and then forget what was wrong.
async fn connect(options: &AnyConnectOptions, backend: &Backend) -> Result<AnyConnection, sqlx::Error> {
    let mut connection = reach(options).await?;
    // Where several make a file at once, SQLite refuses to change how it is kept without waiting.
    for _ in 0..SESSION_TRIES {
        match connection.execute(backend.session).await {
            Err(error) if StoreError::is_locked(&error) => tokio::time::sleep(SESSION_PAUSE).await,
            done => return done.map(|_| connection),
        }
    }
    connection.execute(backend.session).await.map(|_| connection)
}

async fn reach(options: &AnyConnectOptions) -> Result<AnyConnection, sqlx::Error> {
    tokio::time::timeout(REACH_WITHIN, options.connect()).await.map_err(|_| sqlx::Error::PoolTimedOut)?
}

/// `mode` says whether the file may be made.
fn sqlite_url(path: &Path, at: &str, mode: &str) -> Result<String, StoreError> {
    let unwritable = |source| StoreError::NotWritable { doing: DOING, at: at.to_owned(), source: sqlx::Error::Io(source) };
    let path = std::path::absolute(path).map_err(unwritable)?;
    let folder = path.parent().unwrap_or(&path);
    if !folder.is_dir() {
        return Err(StoreError::NoFolder { at: at.to_owned(), folder: folder.to_owned() });
    }
    // Resolved, because a URL's reader would take `..` for the folder above even where a link leads elsewhere.
    let file = folder.canonicalize().map_err(unwritable)?.join(path.file_name().unwrap_or_default());
    let mut url = "sqlite://".to_owned();
    for byte in file.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => url.push(char::from(*byte)),
            _ => url.extend(format!("%{byte:02X}").chars()),
        }
    }
    url.push_str("?mode=");
    url.push_str(mode);
    Ok(url)
}

async fn migrate(connection: &mut AnyConnection, backend: &Backend, at: &str) -> Result<(), StoreError> {
    let migrator = (backend.migrations)();
    let known = migrator.iter().last().map_or(0, |migration| migration.version);
    let applied = applied_versions(connection, at).await?;
    let found = applied.last().copied().unwrap_or(0);
    if found > known {
        return Err(StoreError::NewerThanBinary { found, known });
    }
    let missing = migrator.iter().any(|migration| !applied.contains(&migration.version));
    if missing && backend.migrate_in_transaction {
        migrate_in_transaction(&migrator, connection, backend, at).await
    } else {
        migrator.run_direct(None, connection, false).await.map_err(|error| StoreError::from_migration(DOING, at, error))
    }
}

/// The versions a store has, ascending; none where there is no list of them yet.
///
/// # Errors
/// When the list cannot be read: that is not a store without tables.
async fn applied_versions(connection: &mut AnyConnection, at: &str) -> Result<Vec<i64>, StoreError> {
    match connection.list_applied_migrations(MIGRATIONS_TABLE).await {
        Ok(applied) => Ok(applied.into_iter().map(|migration| migration.version).collect()),
        Err(MigrateError::Execute(error)) if StoreError::is_without_table(&error) => Ok(Vec::new()),
        Err(error) => Err(StoreError::from_migration(DOING, at, error)),
    }
}

/// Holds the write lock meanwhile: two processes that make one new file do not meet half-way.
async fn migrate_in_transaction(
    migrator: &Migrator,
    connection: &mut AnyConnection,
    backend: &Backend,
    at: &str,
) -> Result<(), StoreError> {
    let failed = |error| StoreError::from_database(DOING, at, error);
    let mut transaction = connection.begin_with(backend.begin_write).await.map_err(failed)?;
    migrator.run_direct(None, &mut *transaction, false).await.map_err(|error| StoreError::from_migration(DOING, at, error))?;
    transaction.commit().await.map_err(failed)
}
