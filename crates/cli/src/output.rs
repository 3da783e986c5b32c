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

/// Shows how far a command is, in place of what was shown before; nothing clears it.
pub(crate) fn progress(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[K{text}").and_then(|()| stderr.flush());
}

/// Prints why the command failed.
pub(crate) fn error(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "coffer: {message}");
}
