//! Everything the command prints: data on stdout, all else on stderr.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the one module that prints"
)]

use std::io::Write;

use serde::Serialize;

/// Prints data. A reader that went away is no error.
pub(crate) fn data(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// Prints data as JSON on one line.
pub(crate) fn json(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => data(&text),
        Err(failure) => error(&failure.to_string()),
    }
}

/// Prints why the command failed.
pub(crate) fn error(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "coffer: {message}");
}
