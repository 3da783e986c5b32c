//! What differs between the engines and is not a migration.

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

/// `LIKE` without regard to ASCII case. PostgreSQL's word for it is another.
pub(crate) const LIKE_ANY_CASE: &str = "LIKE";

/// Marks a SQLite file as ours: `COFR`.
pub(crate) const APPLICATION_ID: i64 = 0x434F_4652;

/// The migrations of SQLite, oldest first; a database's version is how many it has seen.
pub(crate) const SQLITE_MIGRATIONS: &[&str] = &[
    include_str!("../migrations/sqlite/0001_initial.sql"),
    include_str!("../migrations/sqlite/0002_access_and_audit.sql"),
    include_str!("../migrations/sqlite/0003_static_assets.sql"),
    include_str!("../migrations/sqlite/0004_pages.sql"),
    include_str!("../migrations/sqlite/0005_workers_settings.sql"),
    include_str!("../migrations/sqlite/0006_worker_hosts.sql"),
    include_str!("../migrations/sqlite/0007_pages_deployments.sql"),
    include_str!("../migrations/sqlite/0008_lists_of_secrets.sql"),
    include_str!("../migrations/sqlite/0009_second_factors.sql"),
    include_str!("../migrations/sqlite/0010_assets_by_product.sql"),
    include_str!("../migrations/sqlite/0011_passkeys.sql"),
    include_str!("../migrations/sqlite/0012_secrets_by_use.sql"),
];

/// How every connection to a SQLite file is set up.
pub(crate) fn sqlite_options(path: &std::path::Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(std::time::Duration::from_secs(5))
        .statement_cache_capacity(256)
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .pragma("trusted_schema", "OFF")
        .pragma("journal_size_limit", "67108864")
}

/// The columns named by a uniqueness violation, as in `secrets.store_id, secrets.name`.
pub(crate) fn violated_columns(message: &str) -> &str {
    message
        .split_once("failed: ")
        .map_or(message, |(_, columns)| columns)
}

/// Whether the database may answer later: busy, locked, full, read-only or failing I/O.
pub(crate) fn is_unavailable(error: &dyn sqlx::error::DatabaseError) -> bool {
    // The low byte of SQLite's extended code: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
    error
        .code()
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}
