//! SQL and migrations: rows in, rows out.
//!
//! Knows the database: SQLite now, PostgreSQL as a second set of migrations and a second arm of the
//! `on!` macro. Must never know how to open a sealed value, and nothing of HTTP. Every write goes through
//! [`Store::write`], which commits the rows, their audit events and the changes that edges follow in one
//! transaction, and answers after it is durable.
//!
//! To add a table: a migration in `migrations/` (never edit one that was released), a file of functions
//! in `rows/`, and, if requests read it often, a cache in `cache` that its writers invalidate.

pub mod backup;
mod batch;
mod cache;
mod connection;
mod dialect;
mod error;
pub mod log;
mod observation;
mod open;
pub mod rows;
mod store;
mod writer;

pub use connection::{Rows, Tx};
pub use error::{OpenError, StoreError};
pub use observation::Observation;
pub use open::Files;
pub use store::{Opening, Reader, Store};
pub use writer::Written;
