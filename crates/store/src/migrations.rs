//! The tables, as a list of migrations per backend. A migration that was released is never edited.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

const SQLITE: [(&str, &str); 20] = [
    ("numbers", include_str!("../../../sql/sqlite/migrations/0001_numbers.sql")),
    ("identities", include_str!("../../../sql/sqlite/migrations/0002_identities.sql")),
    ("segments", include_str!("../../../sql/sqlite/migrations/0003_segments.sql")),
    ("imports", include_str!("../../../sql/sqlite/migrations/0004_imports.sql")),
    ("runs", include_str!("../../../sql/sqlite/migrations/0005_runs.sql")),
    ("memberships", include_str!("../../../sql/sqlite/migrations/0006_memberships.sql")),
    ("syncs", include_str!("../../../sql/sqlite/migrations/0007_syncs.sql")),
    ("ledger", include_str!("../../../sql/sqlite/migrations/0008_ledger.sql")),
    ("leases", include_str!("../../../sql/sqlite/migrations/0009_leases.sql")),
    ("lives", include_str!("../../../sql/sqlite/migrations/0010_lives.sql")),
    ("identity_changes", include_str!("../../../sql/sqlite/migrations/0011_identity_changes.sql")),
    ("compaction", include_str!("../../../sql/sqlite/migrations/0012_compaction.sql")),
    ("delivery", include_str!("../../../sql/sqlite/migrations/0013_delivery.sql")),
    ("models", include_str!("../../../sql/sqlite/migrations/0014_models.sql")),
    ("write_keys", include_str!("../../../sql/sqlite/migrations/0015_write_keys.sql")),
    ("identity_limits", include_str!("../../../sql/sqlite/migrations/0016_identity_limits.sql")),
    ("erasures", include_str!("../../../sql/sqlite/migrations/0017_erasures.sql")),
    ("profiles", include_str!("../../../sql/sqlite/migrations/0018_profiles.sql")),
    ("observed", include_str!("../../../sql/sqlite/migrations/0019_observed.sql")),
    ("packed_rows", include_str!("../../../sql/sqlite/migrations/0020_packed_rows.sql")),
];

const POSTGRES: [(&str, &str); 20] = [
    ("numbers", include_str!("../../../sql/postgres/migrations/0001_numbers.sql")),
    ("identities", include_str!("../../../sql/postgres/migrations/0002_identities.sql")),
    ("segments", include_str!("../../../sql/postgres/migrations/0003_segments.sql")),
    ("imports", include_str!("../../../sql/postgres/migrations/0004_imports.sql")),
    ("runs", include_str!("../../../sql/postgres/migrations/0005_runs.sql")),
    ("memberships", include_str!("../../../sql/postgres/migrations/0006_memberships.sql")),
    ("syncs", include_str!("../../../sql/postgres/migrations/0007_syncs.sql")),
    ("ledger", include_str!("../../../sql/postgres/migrations/0008_ledger.sql")),
    ("leases", include_str!("../../../sql/postgres/migrations/0009_leases.sql")),
    ("lives", include_str!("../../../sql/postgres/migrations/0010_lives.sql")),
    ("identity_changes", include_str!("../../../sql/postgres/migrations/0011_identity_changes.sql")),
    ("compaction", include_str!("../../../sql/postgres/migrations/0012_compaction.sql")),
    ("delivery", include_str!("../../../sql/postgres/migrations/0013_delivery.sql")),
    ("models", include_str!("../../../sql/postgres/migrations/0014_models.sql")),
    ("write_keys", include_str!("../../../sql/postgres/migrations/0015_write_keys.sql")),
    ("identity_limits", include_str!("../../../sql/postgres/migrations/0016_identity_limits.sql")),
    ("erasures", include_str!("../../../sql/postgres/migrations/0017_erasures.sql")),
    ("profiles", include_str!("../../../sql/postgres/migrations/0018_profiles.sql")),
    ("observed", include_str!("../../../sql/postgres/migrations/0019_observed.sql")),
    ("packed_rows", include_str!("../../../sql/postgres/migrations/0020_packed_rows.sql")),
];

pub(crate) fn sqlite() -> Migrator {
    migrator(&SQLITE)
}

pub(crate) fn postgres() -> Migrator {
    migrator(&POSTGRES)
}

/// Migrations in order; their place in the list is their version.
fn migrator(subjects: &'static [(&'static str, &'static str)]) -> Migrator {
    let migrations = (1..).zip(subjects).map(|(version, (subject, sql))| {
        Migration::new(version, Cow::Borrowed(*subject), MigrationType::Simple, (*sql).into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}
