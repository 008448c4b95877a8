//! Opening a store: reaching it, settling how it behaves, bringing its tables up to date.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{Migrate as _, Migration, Migrator};
use sqlx::{AnyConnection, AnyPool, ConnectOptions as _, Connection as _, Executor as _};

use crate::sql_store::{Backend, SqlStore};
use crate::{Store, StoreError, StoreUrl};

const DOING: &str = "open the store";
const MIGRATIONS_TABLE: &str = "_sqlx_migrations";
const REACH_WITHIN: Duration = Duration::from_secs(10);
/// Longer than any wait for a lock, so that a lock is named as such.
const CONNECTION_WITHIN: Duration = Duration::from_secs(30);
const CONNECTIONS_MAX: u32 = 4;

/// Opens the store, makes it where there is none, and brings its tables up to date.
///
/// # Errors
/// When it cannot be reached, read or written, or was changed by a newer binary.
pub async fn open(url: &StoreUrl) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(open_sql(url).await?))
}

/// Opens a store that is there and up to date, making and changing nothing: for looking in. `None` when there is none, or
/// one whose tables are older than this binary.
///
/// # Errors
/// When it is there and cannot be reached or read, or was changed by a newer binary.
pub async fn open_existing(url: &StoreUrl) -> Result<Option<Arc<dyn Store>>, StoreError> {
    if let StoreUrl::SqliteFile(path) = url
        && !path.is_file()
    {
        return Ok(None);
    }
    let (pool, options, backend, at) = prepare(url)?;
    let failed = |error| StoreError::from_database(DOING, &at, error);
    let mut connection = connect(&options, backend).await.map_err(failed)?;
    let applied = applied_versions(&mut connection).await;
    connection.close().await.map_err(failed)?;
    let (found, known) = (applied.last().copied().unwrap_or(0), newest((backend.migrations)().iter()));
    if found > known {
        return Err(StoreError::NewerThanBinary { found, known });
    }
    if found < known {
        return Ok(None);
    }
    Ok(Some(Arc::new(SqlStore { pool, backend, at })))
}

type Prepared = (AnyPool, AnyConnectOptions, &'static Backend, String);

/// All that opening needs to know, before anything is reached.
fn prepare(url: &StoreUrl) -> Result<Prepared, StoreError> {
    sqlx::any::install_default_drivers();
    let at = url.to_string();
    let backend = match url {
        StoreUrl::SqliteFile(_) | StoreUrl::SqliteMemory => &Backend::SQLITE,
        StoreUrl::Postgres(_) => &Backend::POSTGRES,
    };
    let database_url = match url {
        StoreUrl::SqliteFile(path) => sqlite_url(path, &at)?,
        StoreUrl::SqliteMemory => "sqlite::memory:".to_owned(),
        StoreUrl::Postgres(url) => url.clone(),
    };
    let options = database_url.parse::<AnyConnectOptions>().map_err(|error| StoreError::from_database(DOING, &at, error))?;
    let options = options.disable_statement_logging();
    Ok((pool(url, options.clone(), backend), options, backend, at))
}

pub(crate) async fn open_sql(url: &StoreUrl) -> Result<SqlStore, StoreError> {
    let (pool, options, backend, at) = prepare(url)?;
    let failed = |error| StoreError::from_database(DOING, &at, error);
    match url {
        StoreUrl::SqliteMemory => migrate(&mut *pool.acquire().await.map_err(failed)?, backend, &at).await?,
        StoreUrl::SqliteFile(_) | StoreUrl::Postgres(_) => {
            let mut connection = connect(&options, backend).await.map_err(failed)?;
            migrate(&mut connection, backend, &at).await?;
            connection.close().await.map_err(failed)?;
        }
    }
    Ok(SqlStore { pool, backend, at })
}

fn pool(url: &StoreUrl, options: AnyConnectOptions, backend: &'static Backend) -> AnyPool {
    let pool = AnyPoolOptions::new()
        .acquire_timeout(CONNECTION_WITHIN)
        .after_connect(move |connection, _| Box::pin(async move { connection.execute(backend.session).await.map(|_| ()) }));
    // Every connection to memory is a store of its own: there must be one, and it must live.
    let pool = match url {
        StoreUrl::SqliteMemory => pool.max_connections(1).idle_timeout(None).max_lifetime(None),
        StoreUrl::SqliteFile(_) | StoreUrl::Postgres(_) => pool.max_connections(CONNECTIONS_MAX),
    };
    pool.connect_lazy_with(options)
}

/// The first connection, made outside the pool, which would try again for a while and then forget what was wrong.
async fn connect(options: &AnyConnectOptions, backend: &Backend) -> Result<AnyConnection, sqlx::Error> {
    let mut connection = tokio::time::timeout(REACH_WITHIN, options.connect()).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
    connection.execute(backend.session).await?;
    Ok(connection)
}

fn sqlite_url(path: &Path, at: &str) -> Result<String, StoreError> {
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
    url.push_str("?mode=rwc");
    Ok(url)
}

async fn migrate(connection: &mut AnyConnection, backend: &Backend, at: &str) -> Result<(), StoreError> {
    let migrator = (backend.migrations)();
    let known = newest(migrator.iter());
    let applied = applied_versions(connection).await;
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

fn newest<'a>(migrations: impl Iterator<Item = &'a Migration>) -> i64 {
    migrations.last().map_or(0, |migration| migration.version)
}

/// The versions a store has, ascending; none where there is no list of them yet.
async fn applied_versions(connection: &mut AnyConnection) -> Vec<i64> {
    let applied = connection.list_applied_migrations(MIGRATIONS_TABLE).await.unwrap_or_default();
    applied.into_iter().map(|migration| migration.version).collect()
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
