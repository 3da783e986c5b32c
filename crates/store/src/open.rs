//! Opening a data directory: whose file it is, which schema it has, and that nobody else serves it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::dialect::{APPLICATION_ID, SQLITE_MIGRATIONS, sqlite_options};
use crate::error::{OpenError, StoreError};
use crate::log::{SignCheckpoint, adopt};

/// Bytes of the header of a SQLite database.
pub(crate) const HEADER_BYTES: usize = 100;

/// The files of a data directory that belong to the store.
#[derive(Clone, Debug)]
pub struct Files {
    directory: PathBuf,
}

impl Files {
    /// The files in this directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// Where they are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.directory.join("coffer.db")
    }

    /// Whether there is a database.
    pub fn exist(&self) -> bool {
        self.database().exists()
    }

    /// Which version the database's schema has, as its file says without being opened, and the newest that is known.
    ///
    /// # Errors
    /// [`OpenError`] for a file that is none of ours.
    pub fn schema(&self) -> Result<(u32, u32), OpenError> {
        let header = check_header(&self.database())?;
        let found = u32::from_be_bytes([header[60], header[61], header[62], header[63]]);
        Ok((
            found,
            u32::try_from(SQLITE_MIGRATIONS.len()).unwrap_or(u32::MAX),
        ))
    }

    /// Makes the directory, for its owner alone, if it is missing.
    ///
    /// # Errors
    /// [`OpenError::NotWritable`].
    pub fn create_directory(&self) -> Result<(), OpenError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)
            .map_err(|source| OpenError::NotWritable {
                path: self.directory.clone(),
                source,
            })
    }

    /// Takes the directory for this process until the file is dropped.
    pub(crate) fn lock(&self) -> Result<File, OpenError> {
        let path = self.directory.join("coffer.lock");
        let file = private_file(&path).map_err(|source| OpenError::NotWritable {
            path: path.clone(),
            source,
        })?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked(self.directory.clone())),
            Err(TryLockError::Error(source)) => Err(OpenError::NotWritable { path, source }),
        }
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Opens the writing connection of an existing database, after it was found to be ours, and tells which version its
/// schema has.
pub(crate) async fn open_writer(path: &Path) -> Result<(SqliteConnection, usize), OpenError> {
    check_header(path)?;
    // Fails here, with the file's name, rather than at the first write.
    OpenOptions::new()
        .write(true)
        .open(path)
        .map_err(|source| OpenError::NotWritable {
            path: path.to_owned(),
            source,
        })?;
    let mut connection = sqlite_options(path)
        .connect()
        .await
        .map_err(|error| foreign_or(path, error))?;
    let found: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut connection)
        .await
        .map_err(|error| foreign_or(path, error))?;
    let known = i64::try_from(SQLITE_MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    Ok((connection, usize::try_from(found).unwrap_or(0)))
}

/// Brings the schema up to date. Events that were never in a Merkle log get into it here, signed in the same
/// transaction: afterwards no signature is ever missing for a good reason.
pub(crate) async fn bring_up_to_date(
    connection: &mut SqliteConnection,
    from: usize,
    path: &Path,
    signer: Option<&dyn SignCheckpoint>,
) -> Result<(), OpenError> {
    migrate(connection, from, signer)
        .await
        .map_err(|error| match error {
            StoreError::Database(source) => OpenError::Database {
                path: path.to_owned(),
                source,
            },
            source => OpenError::Store {
                path: path.to_owned(),
                source,
            },
        })
}

/// Makes a new, empty database with the newest schema: whole, or not at all. It is made under another name, so
/// that a crash leaves no half of it.
pub(crate) async fn create(path: &Path) -> Result<SqliteConnection, OpenError> {
    if path.exists() {
        return Err(OpenError::Exists(path.to_owned()));
    }
    let unfinished = path.with_extension("db.new");
    let not_writable = |source| OpenError::NotWritable {
        path: path.to_owned(),
        source,
    };
    remove_unfinished(&unfinished).map_err(not_writable)?;
    private_file(&unfinished).map_err(not_writable)?;
    write_schema(&unfinished)
        .await
        .map_err(|source| OpenError::Store {
            path: path.to_owned(),
            source,
        })?;
    std::fs::rename(&unfinished, path).map_err(not_writable)?;
    let directory = path.parent().unwrap_or(path);
    // The name is durable once its directory is.
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(not_writable)?;
    let (connection, _newest) = open_writer(path).await?;
    Ok(connection)
}

/// Removes what a crash left of a database that was being made, with SQLite's files beside it.
fn remove_unfinished(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Writes the schema into an empty file and closes it, so that all of it is in that one file.
async fn write_schema(path: &Path) -> Result<(), StoreError> {
    let mut connection = sqlite_options(path).connect().await?;
    let mark = sqlx::AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}"));
    sqlx::raw_sql(mark).execute(&mut connection).await?;
    migrate(&mut connection, 0, None).await?;
    Ok(connection.close().await?)
}

/// Finds by the first bytes of a file that it is ours, before SQLite opens it: opening alone would change
/// the settings that another program's database keeps in itself.
pub(crate) fn check_header(path: &Path) -> Result<[u8; HEADER_BYTES], OpenError> {
    use std::io::Read;
    if !path.exists() {
        return Err(OpenError::Missing(path.parent().unwrap_or(path).to_owned()));
    }
    let mut header = [0; HEADER_BYTES];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    match read {
        Ok(()) if is_ours(&header) => Ok(header),
        Ok(()) => Err(OpenError::Foreign(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(OpenError::Foreign(path.to_owned()))
        }
        Err(source) => Err(OpenError::NotWritable {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Whether a SQLite header (<https://www.sqlite.org/fileformat2.html#the_database_header>) bears our mark. The
/// mark is written once, before a database gets its name, so it is never in the log alone.
fn is_ours(header: &[u8; HEADER_BYTES]) -> bool {
    let application_id = [header[68], header[69], header[70], header[71]];
    header.starts_with(b"SQLite format 3\0")
        && i64::from(i32::from_be_bytes(application_id)) == APPLICATION_ID
}

fn foreign_or(path: &Path, error: sqlx::Error) -> OpenError {
    const SQLITE_NOTADB: &str = "26";
    match &error {
        sqlx::Error::Database(inner) if inner.code().as_deref() == Some(SQLITE_NOTADB) => {
            OpenError::Foreign(path.to_owned())
        }
        _ => OpenError::Database {
            path: path.to_owned(),
            source: error,
        },
    }
}

async fn migrate(
    connection: &mut SqliteConnection,
    from: usize,
    signer: Option<&dyn SignCheckpoint>,
) -> Result<(), StoreError> {
    for (index, migration) in SQLITE_MIGRATIONS.iter().enumerate().skip(from) {
        let mut transaction = connection.begin().await?;
        sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
        if index == adopt::MIGRATION {
            adopt::adopt(&mut transaction, signer).await?;
        }
        let version = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}", index + 1));
        sqlx::raw_sql(version).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(())
}
