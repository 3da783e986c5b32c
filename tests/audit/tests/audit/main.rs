//! Logs that were tampered with, past everything that refuses to: both verifiers, which share no code, must find it and
//! name the same events.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod command;
mod log;
mod start;
mod tampering;
