//! The store: one database, opened by one process.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Sqlite, SqliteConnection, SqlitePool};
use tokio::sync::watch;

use coffer_types::{AccountId, Email, MembershipStatus, SecretId, StoreId, UserId};

use crate::cache::Caches;
use crate::connection::{Connection, Rows, Tx};
use crate::dialect::sqlite_options;
use crate::error::{OpenError, StoreError};
use crate::log::tail::Tail;
use crate::log::{LogHead, SignCheckpoint, adopt};
use crate::observation::Observation;
use crate::open::{self, Files};
use crate::rows::{accounts, changes, members, secrets, sessions, stores, tokens, users};
use crate::writer::{Writer, WriterLog, Written};

/// Connections for reading: two per core of a small machine, so that a long list does not block the rest.
const READERS: u32 = 4;

/// One database and its writer. Cheap to clone; the directory stays locked until the last clone is gone.
#[derive(Clone, Debug)]
pub struct Store {
    readers: SqlitePool,
    writer: Writer,
    caches: Arc<Caches>,
    last_change: watch::Receiver<u64>,
    log_head: watch::Receiver<LogHead>,
    files: Arc<Files>,
    _lock: Arc<File>,
}

/// A connection for reading.
#[derive(Debug)]
pub struct Reader(PoolConnection<Sqlite>);

impl Rows for Reader {
    async fn connection(&mut self) -> Result<Connection<'_>, StoreError> {
        Ok(Connection::Sqlite(&mut self.0))
    }
}

/// A database of which this process has the directory, still as it was. What is in it tells which keys it has, and
/// their holder goes on with it.
#[derive(Debug)]
pub struct Opening {
    files: Files,
    lock: File,
    connection: SqliteConnection,
    schema: usize,
}

impl Rows for Opening {
    async fn connection(&mut self) -> Result<Connection<'_>, StoreError> {
        Ok(Connection::Sqlite(&mut self.connection))
    }
}

impl Opening {
    /// Whether its events are older than the Merkle log, and are taken into it when the schema is brought up to date.
    pub const fn adopts_events(&self) -> bool {
        self.schema <= adopt::MIGRATION
    }

    /// Brings the schema up to date and opens the database. From the first write on the audit log is signed, if it is
    /// what was signed last.
    ///
    /// A log that is not, one without a signature included, is damaged for as long as the database is open, as
    /// [`Store::log_head`] tells: events are kept, and nothing is signed.
    ///
    /// # Errors
    /// [`OpenError::Database`] or [`OpenError::Store`].
    pub async fn finish(self, signer: Option<Arc<dyn SignCheckpoint>>) -> Result<Store, OpenError> {
        let Self {
            files,
            lock,
            mut connection,
            schema,
        } = self;
        let path = files.database();
        open::bring_up_to_date(&mut connection, schema, &path, signer.as_deref()).await?;
        Store::start(&files, lock, connection, signer).await
    }
}

impl Store {
    /// Makes a new database in the directory of `files`.
    ///
    /// # Errors
    /// [`OpenError::Exists`] if there is one, [`OpenError::Locked`], [`OpenError::NotWritable`].
    pub async fn create(files: &Files) -> Result<Self, OpenError> {
        files.create_directory()?;
        let lock = files.lock()?;
        let connection = open::create(&files.database()).await?;
        Self::start(files, lock, connection, None).await
    }

    /// Opens an existing database and brings its schema up to date. Nothing that is written is signed.
    ///
    /// # Errors
    /// Any [`OpenError`] but `Exists`.
    pub async fn open(files: &Files) -> Result<Self, OpenError> {
        Self::begin(files).await?.finish(None).await
    }

    /// Begins to open an existing database.
    ///
    /// # Errors
    /// Any [`OpenError`] but `Exists`.
    pub async fn begin(files: &Files) -> Result<Opening, OpenError> {
        if !files.exist() {
            return Err(OpenError::Missing(
                files
                    .database()
                    .parent()
                    .unwrap_or(&files.database())
                    .to_owned(),
            ));
        }
        let lock = files.lock()?;
        let (connection, schema) = open::open_writer(&files.database()).await?;
        Ok(Opening {
            files: files.clone(),
            lock,
            connection,
            schema,
        })
    }

    async fn start(
        files: &Files,
        lock: File,
        mut connection: SqliteConnection,
        signer: Option<Arc<dyn SignCheckpoint>>,
    ) -> Result<Self, OpenError> {
        let path = files.database();
        let failed = |source| OpenError::Database {
            path: path.clone(),
            source,
        };
        let last = changes::last_seq_on(&mut connection)
            .await
            .map_err(failed)?;
        let (mut tail, mut head) =
            Tail::load(&mut connection)
                .await
                .map_err(|source| OpenError::Store {
                    path: path.clone(),
                    source,
                })?;
        if let Some(signer) = &signer {
            tail.check(&mut head, signer.as_ref());
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(std::time::Duration::from_secs(5))
            .test_before_acquire(false)
            .connect_with(sqlite_options(&path).pragma("query_only", "ON"))
            .await
            .map_err(failed)?;
        let caches = Arc::new(Caches::default());
        let (announce, last_change) = watch::channel(last);
        let (announce_head, log_head) = watch::channel(head);
        let log = WriterLog {
            tail,
            signer,
            head: announce_head,
        };
        let writer = Writer::start(connection, Arc::clone(&caches), announce, log);
        Ok(Self {
            readers,
            writer,
            caches,
            last_change,
            log_head,
            files: Arc::new(files.clone()),
            _lock: Arc::new(lock),
        })
    }

    /// Runs an operation in a transaction with its audit events and answers once it is durable. Waiting
    /// writes commit together; the operation may run twice.
    ///
    /// # Errors
    /// The operation's own error, then nothing of it is kept; or a [`StoreError`].
    pub async fn write<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<Written<T>, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.write(operation).await
    }

    /// Keeps an observation: the one way to write without an audit event.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn observe(&self, observation: Observation) -> Result<(), StoreError> {
        let observation = Arc::new(observation);
        self.writer
            .write(move |tx| {
                let observation = Arc::clone(&observation);
                Box::pin(async move { observation.keep(tx).await.map(Written::observed) })
            })
            .await
    }

    /// Signs the audit log of a database that was never used, from the first write on. One with events in it is damaged,
    /// as in [`Opening::finish`], which is for all others.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] once the store is closed.
    pub async fn sign_log(&self, signer: Arc<dyn SignCheckpoint>) -> Result<(), StoreError> {
        self.writer.sign_log(signer).await
    }

    /// Where its files are.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// What the audit log is now: at least as new as whatever was acknowledged.
    pub fn log_head(&self) -> LogHead {
        self.log_head.borrow().clone()
    }

    /// Commits what is waiting and closes the database, so that its file is complete without the log beside
    /// it. Whatever is asked later is refused.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none is free in time.
    pub async fn reader(&self) -> Result<Reader, StoreError> {
        Ok(Reader(self.readers.acquire().await?))
    }

    /// Announces the last committed change, again and again.
    pub fn last_change(&self) -> watch::Receiver<u64> {
        self.last_change.clone()
    }

    /// Groups committed and writes in them since the start.
    pub fn write_counts(&self) -> (u64, u64) {
        let counts = &self.writer.counts;
        (
            counts.commits.load(Ordering::Relaxed),
            counts.writes.load(Ordering::Relaxed),
        )
    }

    /// The account, from memory if it was read before.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn account(
        &self,
        id: AccountId,
    ) -> Result<Option<Arc<accounts::AccountRow>>, StoreError> {
        let load = async {
            Ok(accounts::find(&mut self.reader().await?, id)
                .await?
                .map(Arc::new))
        };
        self.caches.accounts.or_load(&id, load).await
    }

    /// A user's accepted memberships, from memory if they were read before.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn memberships(
        &self,
        user_id: UserId,
    ) -> Result<Arc<Vec<members::MemberRow>>, StoreError> {
        let load = async {
            let mut found = members::of_user(&mut self.reader().await?, user_id).await?;
            found.retain(|member| member.status == MembershipStatus::Accepted);
            Ok(Some(Arc::new(found)))
        };
        Ok(self
            .caches
            .members
            .or_load(&user_id, load)
            .await?
            .unwrap_or_default())
    }

    /// The user, from memory if it was read before.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn user(&self, id: UserId) -> Result<Option<Arc<users::UserRow>>, StoreError> {
        let load = async {
            Ok(users::find(&mut self.reader().await?, id)
                .await?
                .map(Arc::new))
        };
        self.caches.users.or_load(&id, load).await
    }

    /// The tokens with a public prefix, from memory if they were read before.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn tokens(
        &self,
        prefix: &str,
    ) -> Result<Arc<Vec<Arc<tokens::TokenRow>>>, StoreError> {
        let load = async {
            let found = tokens::with_prefix(&mut self.reader().await?, prefix).await?;
            // What nobody owns is not kept: guesses must not push out what is used.
            Ok((!found.is_empty()).then(|| Arc::new(found.into_iter().map(Arc::new).collect())))
        };
        Ok(self
            .caches
            .tokens
            .or_load(prefix, load)
            .await?
            .unwrap_or_default())
    }

    /// The user with this address, from memory if it was read before.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn user_with_email(
        &self,
        email: &Email,
    ) -> Result<Option<Arc<users::UserRow>>, StoreError> {
        let load = async {
            let found = users::with_email(&mut self.reader().await?, email).await?;
            Ok(found.map(|user| user.id))
        };
        let Some(id) = self.caches.user_ids.or_load(email, load).await? else {
            return Ok(None);
        };
        // Nothing forgets which user an address had: the user's own row, which is as new as the database, decides.
        match self.user(id).await? {
            Some(user) if user.email == *email => Ok(Some(user)),
            _ => Ok(users::with_email(&mut self.reader().await?, email)
                .await?
                .map(Arc::new)),
        }
    }

    /// The sessions with a public prefix, from memory if they were read before.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn sessions(
        &self,
        prefix: &str,
    ) -> Result<Arc<Vec<Arc<sessions::SessionRow>>>, StoreError> {
        let load = async {
            let found = sessions::with_prefix(&mut self.reader().await?, prefix).await?;
            Ok((!found.is_empty()).then(|| Arc::new(found.into_iter().map(Arc::new).collect())))
        };
        let found = self.caches.sessions.or_load(prefix, load).await?;
        Ok(found.unwrap_or_default())
    }

    /// A Secrets Store of whichever account, from memory if it was read before.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn secrets_store(
        &self,
        id: StoreId,
    ) -> Result<Option<Arc<stores::StoreRow>>, StoreError> {
        let load = async {
            Ok(stores::find_any(&mut self.reader().await?, id)
                .await?
                .map(Arc::new))
        };
        self.caches.stores.or_load(&id, load).await
    }

    /// A secret's metadata, from memory if it was read before.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn secret(
        &self,
        id: SecretId,
    ) -> Result<Option<Arc<secrets::SecretRow>>, StoreError> {
        let load = async {
            Ok(secrets::find(&mut self.reader().await?, id)
                .await?
                .map(Arc::new))
        };
        self.caches.secrets.or_load(&id, load).await
    }
}
