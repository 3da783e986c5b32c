//! Copies of a database: made while it is in use, and read where nobody uses them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection as _, SqliteConnection};

use crate::connection::{Connection, Rows};
use crate::dialect::SQLITE_MIGRATIONS;
use crate::error::{OpenError, StoreError};
use crate::log::tail::Tail;
use crate::log::{LogHead, SignCheckpoint, adopt};
use crate::open::{self, Files, HEADER_BYTES};

/// Lines that an integrity check gives at the most: one is enough to refuse.
const MAX_PROBLEMS: usize = 3;

/// Why a copy was not made, or is of no use.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It is no database of ours, or of another version.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its name is no text, which SQLite needs.
    #[error("{} is not a name in UTF-8: choose another", .0.display())]
    Name(PathBuf),
    /// It ends before its end.
    #[error(
        "{} is cut off: {expected} bytes are expected and it has {found}; use another backup",
        path.display()
    )]
    CutOff {
        /// The file.
        path: PathBuf,
        /// What its header says.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// A file from a data directory, of which a part may be in the files that were beside it.
    #[error(
        "{} was copied out of a data directory and is no backup: what was in the files beside it may be missing. \
         Put it, them and root.key into a new directory and start Coffer on that",
        .0.display()
    )]
    Raw(PathBuf),
    /// SQLite finds it damaged.
    #[error("{} is damaged: {problem}; use another backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first of what was found.
        problem: String,
    },
    /// It could not be written.
    #[error(
        "failed to copy the database to {}: {source}; about {expected} bytes of room are needed there",
        path.display()
    )]
    NotWritten {
        /// The file.
        path: PathBuf,
        /// How long it would be.
        expected: u64,
        /// The database's reason.
        source: StoreError,
    },
    /// The file cannot be read.
    #[error("failed to read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database failed.
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
}

/// How long a copy of the database will be, about.
///
/// # Errors
/// [`CopyError::Open`].
pub async fn expected_bytes(files: &Files) -> Result<u64, CopyError> {
    length_of(&mut reading(files).await?).await
}

async fn length_of(connection: &mut SqliteConnection) -> Result<u64, CopyError> {
    let bytes: i64 = sqlx::query_scalar(
        "SELECT (page_count - freelist_count) * page_size \
         FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
    )
    .fetch_one(connection)
    .await
    .map_err(StoreError::from)?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

/// Copies the database, as it is when this begins, into an empty file. A server may go on writing; nothing of it waits,
/// but its log grows until the copy is done. What was deleted is not in the copy.
///
/// # Errors
/// [`CopyError`]; the file may then hold a part.
pub async fn copy(files: &Files, target: &Path) -> Result<(), CopyError> {
    let name = target.to_str().filter(|name| name.starts_with('/'));
    let name = name.ok_or_else(|| CopyError::Name(target.to_owned()))?;
    let mut connection = reading(files).await?;
    let expected = length_of(&mut connection).await?;
    sqlx::query("VACUUM INTO $1")
        .bind(name)
        .execute(&mut connection)
        .await
        .map_err(|error| CopyError::NotWritten {
            path: target.to_owned(),
            expected,
            source: error.into(),
        })?;
    File::open(target)
        .and_then(|file| file.sync_all())
        .map_err(|source| CopyError::File {
            path: target.to_owned(),
            source,
        })?;
    Ok(connection.close().await.map_err(StoreError::from)?)
}

async fn reading(files: &Files) -> Result<SqliteConnection, CopyError> {
    let path = files.database();
    open::check_header(&path)?;
    let connection = SqliteConnectOptions::new()
        .filename(&path)
        .read_only(true)
        .busy_timeout(Duration::from_secs(5))
        .connect()
        .await
        .map_err(|source| OpenError::Database { path, source })?;
    Ok(connection)
}

/// A copy that nobody writes to. It is only read, and no file is made beside it.
#[derive(Debug)]
pub struct Backup {
    connection: SqliteConnection,
    path: PathBuf,
    bytes: u64,
    schema: u32,
}

impl Rows for Backup {
    async fn connection(&mut self) -> Result<Connection<'_>, StoreError> {
        Ok(Connection::Sqlite(&mut self.connection))
    }
}

impl Backup {
    /// Opens a backup.
    ///
    /// # Errors
    /// [`CopyError::Open`] for what is no database of ours or a newer one, [`CopyError::Raw`], [`CopyError::CutOff`].
    pub async fn open(path: &Path) -> Result<Self, CopyError> {
        open::check_header(path)?;
        let bytes = check_length(path)?;
        let failed = |source| OpenError::Database {
            path: path.to_owned(),
            source,
        };
        let mut connection = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .immutable(true)
            .connect()
            .await
            .map_err(failed)?;
        let found: i64 = sqlx::query_scalar("PRAGMA user_version")
            .fetch_one(&mut connection)
            .await
            .map_err(failed)?;
        let known = i64::try_from(SQLITE_MIGRATIONS.len()).unwrap_or(i64::MAX);
        if found > known {
            let path = path.to_owned();
            return Err(OpenError::Newer { path, found, known }.into());
        }
        Ok(Self {
            connection,
            path: path.to_owned(),
            bytes,
            schema: u32::try_from(found).unwrap_or(0),
        })
    }

    /// Its length.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The version of its schema.
    pub const fn schema(&self) -> u32 {
        self.schema
    }

    /// Reads all of it and finds whether its pages and references are whole. Nothing else should be read before.
    ///
    /// # Errors
    /// [`CopyError::Damaged`].
    pub async fn check(&mut self) -> Result<(), CopyError> {
        let damaged = |path: &Path, problem: &str| CopyError::Damaged {
            path: path.to_owned(),
            problem: problem.to_owned(),
        };
        let limited = sqlx::AssertSqlSafe(format!("PRAGMA integrity_check({MAX_PROBLEMS})"));
        let found: Result<Vec<String>, _> = sqlx::query_scalar(limited)
            .fetch_all(&mut self.connection)
            .await;
        match found.as_deref() {
            Ok([line]) if line == "ok" => {}
            Ok(lines) => return Err(damaged(&self.path, &lines.join("; "))),
            Err(error) => return Err(damaged(&self.path, &error.to_string())),
        }
        let orphan = sqlx::query("SELECT 1 FROM pragma_foreign_key_check LIMIT 1")
            .fetch_optional(&mut self.connection)
            .await
            .map_err(StoreError::from)?;
        if orphan.is_some() {
            return Err(damaged(&self.path, "a row refers to one that is not there"));
        }
        Ok(())
    }

    /// The end of its audit log, compared with its signature if there is somebody to recognise that. What is wrong with
    /// it is in the head.
    ///
    /// # Errors
    /// [`CopyError::Store`] if it cannot be read.
    pub async fn log_head(
        &mut self,
        signer: Option<&dyn SignCheckpoint>,
    ) -> Result<LogHead, CopyError> {
        if self.schema as usize <= adopt::MIGRATION {
            // Its events are older than the log.
            return Ok(LogHead::default());
        }
        let (mut tail, mut head) = Tail::load(&mut self.connection).await?;
        if let Some(signer) = signer {
            tail.check(&mut head, signer);
        }
        Ok(head)
    }
}

/// The length of the file, if it is what its header says
/// (<https://www.sqlite.org/fileformat2.html#the_database_header>).
fn check_length(path: &Path) -> Result<u64, CopyError> {
    let failed = |source| CopyError::File {
        path: path.to_owned(),
        source,
    };
    let mut header = [0; HEADER_BYTES];
    let mut file = File::open(path).map_err(failed)?;
    file.read_exact(&mut header).map_err(failed)?;
    let found = file.metadata().map_err(failed)?.len();
    // Written by whoever writes a log beside the file.
    const WITH_A_LOG: u8 = 2;
    if header[18] == WITH_A_LOG {
        return Err(CopyError::Raw(path.to_owned()));
    }
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    let pages = u32::from_be_bytes([header[28], header[29], header[30], header[31]]);
    let expected = page * u64::from(pages);
    if found < expected {
        return Err(CopyError::CutOff {
            path: path.to_owned(),
            expected,
            found,
        });
    }
    Ok(found)
}
