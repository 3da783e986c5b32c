//! The store as its users see it, on real files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod assets;
mod audit;
mod audit_pages;
mod caches;
mod changes;
mod crash;
mod group;
mod log;
mod opening;
mod schema;
mod secret_uses;
mod secrets;
mod support;
mod tokens;
