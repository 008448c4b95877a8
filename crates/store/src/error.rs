//! What may go wrong, as situations a caller acts on.
//!
//! **Invariant:** `Display` never contains the source, nor the values of a row.

use std::path::PathBuf;

use sqlx::migrate::MigrateError;

/// Something the store could not or cannot do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder of the store's file does not exist.
    #[error("cannot open the store `{at}`: there is no folder `{}`", folder.display())]
    NoFolder {
        /// The store.
        at: String,
        /// The folder that should be there.
        folder: PathBuf,
    },
    /// The store's file, or its folder, cannot be written.
    #[error("cannot {doing}: the store `{at}` and its folder must be writable")]
    NotWritable {
        /// What was being done.
        doing: &'static str,
        /// The store.
        at: String,
        /// Why.
        source: sqlx::Error,
    },
    /// The server does not answer, or not in time.
    #[error("could not {doing}: the store `{at}` is out of reach, try again")]
    Unreachable {
        /// What was being done.
        doing: &'static str,
        /// The store.
        at: String,
        /// Why.
        source: sqlx::Error,
    },
    /// Somebody else is writing, and has been for longer than we wait.
    #[error("could not {doing}: the store `{at}` is locked by another process, try again")]
    Locked {
        /// What was being done.
        doing: &'static str,
        /// The store.
        at: String,
        /// Why.
        source: sqlx::Error,
    },
    /// No room is left.
    #[error("could not {doing}: the disk of the store `{at}` is full, make room and try again")]
    DiskFull {
        /// What was being done.
        doing: &'static str,
        /// The store.
        at: String,
        /// Why.
        source: sqlx::Error,
    },
    /// A newer binary has changed the tables.
    #[error("cannot open the store: it has version {found}, and this binary knows up to {known}: upgrade muster")]
    NewerThanBinary {
        /// The store's version.
        found: i64,
        /// The newest version this binary knows.
        known: i64,
    },
    /// What is stored cannot be understood.
    #[error("cannot read the store: {what} is damaged")]
    Corrupt {
        /// What of it.
        what: &'static str,
        /// Why, where something said so.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Something was named that the store has never heard of.
    #[error("cannot {doing}: the store knows no {what}")]
    NotFound {
        /// What was being done.
        doing: &'static str,
        /// What is missing.
        what: String,
    },
    /// It contradicts what the store holds: it was done before, or another writer was there. Nothing was changed.
    #[error("cannot {doing}: {why}")]
    Conflict {
        /// What was being done.
        doing: &'static str,
        /// What stands against it.
        why: String,
    },
    /// Anything else the database says.
    #[error("could not {doing}")]
    Query {
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: sqlx::Error,
    },
}

impl StoreError {
    /// Whether an error of the database says that somebody else is writing.
    pub(crate) fn is_locked(error: &sqlx::Error) -> bool {
        matches!(situation(error), Situation::Locked)
    }

    /// Whether an error of the database says that there is no such table.
    pub(crate) fn is_without_table(error: &sqlx::Error) -> bool {
        let sqlx::Error::Database(database) = error else { return false };
        // SQLite has one code for whatever is wrong with a statement.
        database.code().as_deref() == Some("42P01") || database.message().starts_with("no such table")
    }

    /// The situation behind an error of the database.
    pub(crate) fn from_database(doing: &'static str, at: &str, source: sqlx::Error) -> Self {
        let at = at.to_owned();
        match situation(&source) {
            Situation::Locked => Self::Locked { doing, at, source },
            Situation::DiskFull => Self::DiskFull { doing, at, source },
            Situation::NotWritable => Self::NotWritable { doing, at, source },
            Situation::Unreachable => Self::Unreachable { doing, at, source },
            Situation::Damaged => Self::Corrupt { what: "its file", source: Some(source.into()) },
            Situation::Taken => Self::Conflict { doing, why: "it was done before, or another writer was there".to_owned() },
            Situation::Dangling => Self::NotFound { doing, what: "such profile or run".to_owned() },
            Situation::Other => Self::Query { doing, source },
        }
    }

    /// The situation behind an error of the migrations.
    pub(crate) fn from_migration(doing: &'static str, at: &str, source: MigrateError) -> Self {
        match source {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => Self::from_database(doing, at, source),
            other => Self::Corrupt { what: "its list of migrations", source: Some(Box::new(other)) },
        }
    }

    /// Stored words or numbers that mean nothing.
    pub(crate) fn damaged(what: &'static str) -> Self {
        Self::Corrupt { what, source: None }
    }
}

enum Situation {
    Locked,
    DiskFull,
    NotWritable,
    Unreachable,
    Damaged,
    Taken,
    Dangling,
    Other,
}

fn situation(error: &sqlx::Error) -> Situation {
    let database = match error {
        sqlx::Error::Database(database) => database,
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            return Situation::Unreachable;
        }
        _ => return Situation::Other,
    };
    if database.is_unique_violation() {
        return Situation::Taken;
    }
    if database.is_foreign_key_violation() {
        return Situation::Dangling;
    }
    match database.code().as_deref() {
        // PostgreSQL: SQLSTATE, always five characters. https://www.postgresql.org/docs/current/errcodes-appendix.html
        Some(code) if code.len() == 5 => sqlstate_situation(code),
        // SQLite: the extended result code, whose low byte is the primary one. https://sqlite.org/rescode.html
        Some(code) => code.parse::<i32>().map_or(Situation::Other, |code| sqlite_situation(code & 0xff)),
        None => Situation::Other,
    }
}

fn sqlstate_situation(code: &str) -> Situation {
    match code {
        "55P03" | "40001" | "40P01" => Situation::Locked,
        "53100" => Situation::DiskFull,
        "25006" | "42501" => Situation::NotWritable,
        "53300" | "57P01" | "57P02" | "57P03" => Situation::Unreachable,
        "XX001" | "XX002" => Situation::Damaged,
        _ if code.starts_with("08") => Situation::Unreachable,
        _ => Situation::Other,
    }
}

fn sqlite_situation(primary: i32) -> Situation {
    match primary {
        5 | 6 => Situation::Locked,
        13 => Situation::DiskFull,
        3 | 8 | 14 => Situation::NotWritable,
        11 | 26 => Situation::Damaged,
        _ => Situation::Other,
    }
}
