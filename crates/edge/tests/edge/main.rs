//! The edge on a real workerd, or on programs that misbehave in its place.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what the tests share lies outside test functions"
)]

mod access;
mod assets;
mod bindings;
mod confinement;
mod conversation;
mod cron;
mod followers;
mod gradual;
mod hostile;
mod hostnames;
mod outlive;
mod pages;
mod plane;
mod secrets;
mod services;
mod supervision;
mod support;
mod tail;
mod versions;
