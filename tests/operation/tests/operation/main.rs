//! The command as an operator meets it: it starts, stops, and refuses to start with a clear sentence, a
//! non-zero exit and nothing changed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod backups;
mod keys;
mod load;
mod operator;
mod refusals;
mod running;
mod runtime;
mod service;
mod streaming;
mod tls;
