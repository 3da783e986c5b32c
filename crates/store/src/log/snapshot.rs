//! The log as it is at one moment, for whoever verifies or exports it while a server goes on writing.

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection as _, Row, SqliteConnection};

use crate::connection::{Connection, Rows};
use crate::dialect::SQLITE_MIGRATIONS;
use crate::error::{OpenError, StoreError};
use crate::log::line::{Columns, line};
use crate::log::tail;
use crate::log::tree::{Frontier, Hash, TILE_WIDTH};
use crate::open::{self, Files};

/// A read-only connection in one transaction: it sees what was committed when it began, and takes no lock that
/// hinders a server.
#[derive(Debug)]
pub struct Snapshot(SqliteConnection);

/// An event as it is kept.
#[derive(Clone, Debug)]
pub struct KeptEvent {
    /// Its place. Whoever edits the file may make it zero or less.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// When, in microseconds since the Unix epoch.
    pub at: i64,
    /// The line that its columns make.
    pub line: Vec<u8>,
    /// The hash that was kept with it.
    pub leaf: Option<Hash>,
}

impl Snapshot {
    /// Begins to read the database of a directory.
    ///
    /// # Errors
    /// [`OpenError`]; a database of another schema is refused, because only the server brings it up to date.
    pub async fn open(files: &Files) -> Result<Self, OpenError> {
        let path = files.database();
        open::check_header(&path)?;
        let failed = |source| OpenError::Database {
            path: path.clone(),
            source,
        };
        let mut connection = SqliteConnectOptions::new()
            .filename(&path)
            .read_only(true)
            .busy_timeout(std::time::Duration::from_secs(5))
            .row_buffer_size(TILE_WIDTH)
            .connect()
            .await
            .map_err(failed)?;
        sqlx::raw_sql("BEGIN")
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        // The first read begins the snapshot.
        let found: i64 = sqlx::query_scalar("PRAGMA user_version")
            .fetch_one(&mut connection)
            .await
            .map_err(failed)?;
        let known = i64::try_from(SQLITE_MIGRATIONS.len()).unwrap_or(i64::MAX);
        match found.cmp(&known) {
            std::cmp::Ordering::Equal => Ok(Self(connection)),
            std::cmp::Ordering::Less => Err(OpenError::Older(path)),
            std::cmp::Ordering::Greater => Err(OpenError::Newer { path, found, known }),
        }
    }

    /// The next events after a place, at most as many as a tile has leaves.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn events_after(&mut self, seq: i64) -> Result<Vec<KeptEvent>, StoreError> {
        events_after(&mut self.0, seq).await
    }

    /// The edge of the tree over this many events as the kept hashes make it, whatever became of the events.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn kept_frontier(&mut self, size: u64) -> Result<Option<Frontier>, StoreError> {
        tail::rebuilt(&mut self.0, size).await
    }

    /// Ends reading.
    pub async fn close(self) {
        if let Err(error) = self.0.close().await {
            tracing::debug!(%error, "a reading connection was not closed cleanly");
        }
    }
}

impl Rows for Snapshot {
    async fn connection(&mut self) -> Result<Connection<'_>, StoreError> {
        Ok(Connection::Sqlite(&mut self.0))
    }
}

/// From the smallest number there is, if the place is that; else after the place.
macro_rules! events {
    ($comparison:literal) => {
        concat!(
            "SELECT seq, id, account_id, at, action, result, resource_kind, resource_id, actor_id, actor_kind, ",
            "actor_email, actor_context, actor_ip, token_id, token_name, request_id, method, path, user_agent, ",
            "status, details, leaf FROM audit_events WHERE seq ",
            $comparison,
            " $1 ORDER BY seq LIMIT 256"
        )
    };
}

pub(crate) async fn events_after(
    connection: &mut SqliteConnection,
    seq: i64,
) -> Result<Vec<KeptEvent>, StoreError> {
    let text = if seq == i64::MIN {
        events!(">=")
    } else {
        events!(">")
    };
    let rows = sqlx::query(text).bind(seq).fetch_all(connection).await?;
    rows.iter().map(kept).collect()
}

/// A row that cannot be read as an event, such as one whose text is none, has the empty line: no event has that.
fn kept(row: &SqliteRow) -> Result<KeptEvent, StoreError> {
    let leaf: Option<&[u8]> = row.try_get(21)?;
    let mut event = KeptEvent {
        seq: row.try_get(0)?,
        id: row.try_get(1).unwrap_or_default(),
        at: row.try_get(3)?,
        line: Vec::new(),
        leaf: leaf.and_then(|leaf| leaf.try_into().ok()),
    };
    if let Ok(columns) = columns(row) {
        event.line = line(&columns);
    }
    Ok(event)
}

/// By place in the list of columns: their names would be looked up for every row.
fn columns(row: &SqliteRow) -> Result<Columns<'_>, sqlx::Error> {
    Ok(Columns {
        id: row.try_get(1)?,
        account_id: row.try_get(2)?,
        at: row.try_get(3)?,
        action: row.try_get(4)?,
        result: row.try_get(5)?,
        resource_kind: row.try_get(6)?,
        resource_id: row.try_get(7)?,
        actor_id: row.try_get(8)?,
        actor_kind: row.try_get(9)?,
        actor_email: row.try_get(10)?,
        actor_context: row.try_get(11)?,
        actor_ip: row.try_get(12)?,
        token_id: row.try_get(13)?,
        token_name: row.try_get(14)?,
        request_id: row.try_get(15)?,
        method: row.try_get(16)?,
        path: row.try_get(17)?,
        user_agent: row.try_get(18)?,
        status: row.try_get(19)?,
        details: row.try_get(20)?,
    })
}
