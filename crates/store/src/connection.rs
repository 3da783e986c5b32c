//! A connection that row functions run on, inside or outside a transaction.

use std::future::Future;

use sqlx::SqliteConnection;

use crate::batch::{Batch, Value};
use crate::cache::Touched;
use crate::error::StoreError;
use crate::log::tail::Tail;

/// Something with a connection. Row functions take any, so one text serves reads and transactions.
pub trait Rows: Send {
    /// The connection, on which all that was written before can be read.
    fn connection(&mut self) -> impl Future<Output = Result<Connection<'_>, StoreError>> + Send;
}

/// A borrowed connection to one of the engines.
#[derive(Debug)]
pub enum Connection<'c> {
    /// SQLite.
    Sqlite(&'c mut SqliteConnection),
}

/// Runs one sqlx expression on whichever engine the connection belongs to.
macro_rules! on {
    ($rows:expr, $connection:ident => $body:expr) => {
        match $crate::connection::Rows::connection($rows).await? {
            $crate::connection::Connection::Sqlite($connection) => $body,
        }
    };
}
pub(crate) use on;

/// Writes rows in a transaction, with parameters `$1`, `$2` and so on. How many were written is not told.
macro_rules! execute {
    ($tx:expr, $sql:expr, $($value:expr),* $(,)?) => {
        $crate::connection::Tx::execute($tx, $sql, vec![$($crate::batch::Value::from($value)),*]).await?
    };
}
pub(crate) use execute;

/// As `execute!`, and gives how many rows were written.
macro_rules! execute_counted {
    ($tx:expr, $sql:expr, $($value:expr),* $(,)?) => {
        $crate::connection::Tx::execute_counted($tx, $sql, vec![$($crate::batch::Value::from($value)),*]).await?
    };
}
pub(crate) use execute_counted;

/// One write's transaction. Its functions remember which cached rows they changed.
///
/// While `batching`, statements wait until something is read, so a failure shows later than its statement;
/// whoever runs the transaction then runs it again without, and the failure shows in its place.
#[derive(Debug)]
pub struct Tx<'c> {
    connection: &'c mut SqliteConnection,
    batch: &'c mut Batch,
    batching: bool,
    pub(crate) touched: Vec<Touched>,
    /// The last change of the order, counted on by this transaction.
    pub(crate) last_change: u64,
    /// The end of the audit log, with the events of this transaction.
    pub(crate) tail: Tail,
}

impl<'c> Tx<'c> {
    pub(crate) const fn new(
        connection: &'c mut SqliteConnection,
        batch: &'c mut Batch,
        batching: bool,
        last_change: u64,
        tail: Tail,
    ) -> Self {
        Self {
            connection,
            batch,
            batching,
            touched: Vec::new(),
            last_change,
            tail,
        }
    }

    pub(crate) fn touch(&mut self, touched: Touched) {
        self.touched.push(touched);
    }

    /// Writes rows, now or together with what follows.
    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        self.batch.push(sql, values);
        if !self.batching {
            self.flush().await?;
        }
        Ok(())
    }

    /// Writes rows now and tells how many.
    pub(crate) async fn execute_counted(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        self.flush().await?;
        self.batch.push(sql, values);
        self.flush().await
    }

    /// Sends what waits.
    pub(crate) async fn flush(&mut self) -> Result<u64, StoreError> {
        Ok(self.batch.send(self.connection).await?)
    }
}

impl Rows for Tx<'_> {
    async fn connection(&mut self) -> Result<Connection<'_>, StoreError> {
        self.flush().await?;
        Ok(Connection::Sqlite(self.connection))
    }
}
