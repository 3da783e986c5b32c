//! A connection that row functions run on, inside or outside a transaction.

use sqlx::SqliteConnection;

use crate::cache::Touched;

/// Something with a connection. Row functions take any, so one text serves reads and transactions.
pub trait Rows: Send {
    /// The connection.
    fn connection(&mut self) -> Connection<'_>;
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
        match $crate::connection::Rows::connection($rows) {
            $crate::connection::Connection::Sqlite($connection) => $body,
        }
    };
}
pub(crate) use on;

/// One write's transaction. Its functions remember which cached rows they changed.
#[derive(Debug)]
pub struct Tx<'c> {
    connection: &'c mut SqliteConnection,
    pub(crate) touched: Vec<Touched>,
    pub(crate) last_change: Option<u64>,
}

impl<'c> Tx<'c> {
    pub(crate) const fn new(connection: &'c mut SqliteConnection) -> Self {
        Self {
            connection,
            touched: Vec::new(),
            last_change: None,
        }
    }

    pub(crate) fn touch(&mut self, touched: Touched) {
        self.touched.push(touched);
    }
}

impl Rows for Tx<'_> {
    fn connection(&mut self) -> Connection<'_> {
        Connection::Sqlite(self.connection)
    }
}
