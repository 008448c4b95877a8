//! Where a store is. Shown without what opens it: user and password stay out of every message.

use std::fmt;
use std::path::PathBuf;

/// Where a store is.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file, made when it does not exist. Its folder must.
    SqliteFile(PathBuf),
    /// Nowhere: gone with the process. For tests.
    SqliteMemory,
    /// A PostgreSQL server, as `postgres://user:password@host:port/database`.
    Postgres(String),
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SqliteFile(path) => path.display().fmt(f),
            Self::SqliteMemory => f.write_str("memory"),
            Self::Postgres(url) => {
                let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
                let after_user = after_scheme.rsplit_once('@').map_or(after_scheme, |(_, rest)| rest);
                // Parameters may hold a password too.
                let place = after_user.split(['?', '#']).next().unwrap_or_default();
                write!(f, "postgres://{place}")
            }
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, shown: &str) {
        let url = StoreUrl::Postgres(url.to_owned());
        assert_eq!(url.to_string(), shown);
        assert_eq!(format!("{url:?}"), format!("StoreUrl({shown})"));
    }

    #[test]
    fn what_opens_a_store_is_never_shown() {
        check("postgres://muster:secret@db.example.com:5432/muster", "postgres://db.example.com:5432/muster");
        check("postgresql://muster:s@cr?t@db.example.com/muster", "postgres://db.example.com/muster");
        check("postgres://db.example.com/muster?user=muster&password=secret", "postgres://db.example.com/muster");
        check("postgres://muster:secret@/muster?host=/run/postgresql&password=x@secret", "postgres://secret");
        check("secret", "postgres://");
    }
}
