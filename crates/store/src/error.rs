//! What can go wrong with the database.

use std::path::PathBuf;

/// Why a database was not opened. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory holds no database.
    #[error("{0} holds no Coffer database: run `coffer init --data {0}` first")]
    Missing(PathBuf),
    /// The directory already holds a database.
    #[error("{0} already holds a Coffer database")]
    Exists(PathBuf),
    /// Another program's file.
    #[error("{0} is not a Coffer database: choose another data directory")]
    Foreign(PathBuf),
    /// Written by a newer Coffer.
    #[error(
        "{path} was written by a newer Coffer (schema {found}, this one knows {known}): upgrade Coffer"
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema version known here.
        known: i64,
    },
    /// Written by an older Coffer, and only to be read.
    #[error("{0} was written by an older Coffer: start this one's server on it once")]
    Older(PathBuf),
    /// Another process serves it.
    #[error("{0} is in use by another coffer process: stop it or choose another data directory")]
    Locked(PathBuf),
    /// The directory or a file in it cannot be written.
    #[error("cannot write to {path}: {source}; give this user write permission")]
    NotWritable {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The database failed.
    #[error("failed to open {path}: {source}")]
    Database {
        /// The database file.
        path: PathBuf,
        /// The database's reason.
        source: sqlx::Error,
    },
    /// What is in it could not be read or brought up to date.
    #[error("failed to open {path}: {source}")]
    Store {
        /// The database file.
        path: PathBuf,
        /// The reason.
        source: StoreError,
    },
}

/// Why a read or write failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A uniqueness rule by its name, such as `secrets.store_id, secrets.name`.
    #[error("already taken: {0}")]
    Taken(String),
    /// A column that must have a value would have none.
    #[error("a value is missing")]
    Null,
    /// A row refers to one that is not there.
    #[error("what it refers to is gone")]
    Orphan,
    /// A row that this version cannot read.
    #[error("a stored row is damaged: {0}")]
    Damaged(String),
    /// The database cannot answer now.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The operation panicked, and nothing of it was kept.
    #[error("a write panicked")]
    Panicked,
    /// The database refused.
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(inner) = &error {
            if inner.is_unique_violation() {
                return Self::Taken(crate::dialect::violated_columns(inner.message()).to_owned());
            }
            if inner.kind() == sqlx::error::ErrorKind::NotNullViolation {
                return Self::Null;
            }
            if inner.is_foreign_key_violation() {
                return Self::Orphan;
            }
            if crate::dialect::is_unavailable(inner.as_ref()) {
                return Self::Unavailable(inner.message().to_owned());
            }
        }
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error.to_string())
            }
            sqlx::Error::ColumnDecode { .. } => Self::Damaged(error.to_string()),
            other => Self::Database(other),
        }
    }
}

impl StoreError {
    /// The error for a stored text that does not parse as what it should be.
    pub fn damaged(what: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Damaged(format!("{what}: {reason}"))
    }
}
