//! The official SDKs for Python and TypeScript, unchanged, against a real Coffer. A script in each language
//! drives one area and asserts on what its SDK makes of the answers; the test then asserts on the summary that
//! the script printed and on the server's state.
//!
//! Also, without its program: the calls of the Terraform provider.
//!
//! Needs the packages of `requirements.txt` and `package.json` in this package (`make test` installs them).
//! Nothing here reaches past the loopback address.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod accounts;
mod administrator;
mod audit_logs;
mod pages;
mod script;
mod secrets_store;
mod terraform;
mod tokens;
mod types;
mod workers;
