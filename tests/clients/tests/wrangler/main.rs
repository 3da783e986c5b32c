//! The real Wrangler, unchanged, against a real Coffer: every step is asserted on what Wrangler prints and
//! on the server's state.
//!
//! Needs `npm ci` in this package (`make test` does it). Nothing here reaches past the loopback address.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and tells what it measured by printing"
)]

mod assets;
mod bindings;
mod bounds;
mod client;
mod coffer_command;
mod coffer_values;
mod coffer_workers;
mod deleted_versions;
mod delivery;
mod deploy;
mod environments;
mod gradual;
mod hostnames;
mod identity;
mod leaks;
mod lifecycle;
mod local_dev;
mod modules;
mod older;
mod pages;
mod pages_deploy;
mod project;
mod readme;
mod refusals;
mod secrets_store;
mod store;
mod tail;
mod worker_secrets;
