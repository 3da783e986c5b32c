//! Everything the command prints: data on stdout, all else on stderr.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the one module that prints"
)]

mod progress;
pub(crate) mod prompt;
mod table;

pub(crate) use progress::{Bar, Spinner};
pub(crate) use table::{Table, facts};

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use serde::Serialize;

use crate::arguments::Manners;

/// How this command speaks, decided once at its start.
static SPOKEN: OnceLock<Spoken> = OnceLock::new();

#[derive(Clone, Copy, Debug, Default)]
struct Spoken {
    json: bool,
    colour_on_stdout: bool,
    colour_on_stderr: bool,
    may_ask: bool,
}

/// Decides how this command speaks: what is asked for, and what stdout, stderr and the environment are.
pub(crate) fn decide(manners: Manners) {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = |is_terminal| match manners.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => is_terminal && !no_colour,
    };
    let spoken = Spoken {
        json: manners.json,
        colour_on_stdout: colour(std::io::stdout().is_terminal()),
        colour_on_stderr: colour(std::io::stderr().is_terminal()),
        may_ask: !manners.no_input
            && std::io::stdin().is_terminal()
            && std::io::stderr().is_terminal(),
    };
    // It is called once; a second decision would be the same.
    let _ = SPOKEN.set(spoken);
}

fn spoken() -> Spoken {
    SPOKEN.get().copied().unwrap_or_default()
}

/// Whether JSON is asked for; then stdout holds one JSON value, or one a line where a command goes on.
pub(crate) fn is_json() -> bool {
    spoken().json
}

/// Whether data is read on a terminal.
pub(crate) fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether there is somebody to ask.
pub(crate) fn may_ask() -> bool {
    spoken().may_ask
}

/// Whether log lines and messages may have colour.
pub(crate) fn has_colour() -> bool {
    spoken().colour_on_stderr
}

/// The first reason why data did not get out, as a full disk.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Prints data. A reader that went away is no error; any other failure is told at the end, see [`lost`].
pub(crate) fn data(text: &str) {
    let mut stdout = io::stdout().lock();
    keep_failure(writeln!(stdout, "{text}").and_then(|()| stdout.flush()));
}

/// Why some of the data did not get out, if so.
pub(crate) fn lost() -> Option<&'static io::Error> {
    LOST.get()
}

fn keep_failure(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        // Later ones are of the same cause.
        let _ = LOST.set(error);
    }
}

/// Passes on what another program prints as data, byte for byte.
pub(crate) fn raw_data(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    keep_failure(stdout.write_all(bytes).and_then(|()| stdout.flush()));
}

/// Passes on what another program prints beside its data, byte for byte.
pub(crate) fn raw_note(bytes: &[u8]) {
    let _ = std::io::stderr().lock().write_all(bytes);
}

/// Prints data as JSON on one line.
pub(crate) fn json(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => data(&text),
        Err(failure) => error(&failure.to_string()),
    }
}

/// Tells of something that was done, or goes on, beside the data.
pub(crate) fn note(message: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}

/// Tells of something that may not be what is wanted.
pub(crate) fn warning(message: impl Display) {
    let label = on_stderr("warning:", AnsiColor::Yellow.on_default().bold());
    note(format_args!("{label} {message}"));
}

/// Prints why the command failed.
pub(crate) fn error(message: &str) {
    let label = on_stderr("coffer:", AnsiColor::Red.on_default().bold());
    note(format_args!("{label} {message}"));
}

/// Shows how far a command is, in place of what was shown before; nothing clears it.
pub(crate) fn progress(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[K{text}").and_then(|()| stderr.flush());
}

/// Text of a style, where stdout has colour.
pub(crate) fn on_stdout(text: &str, style: Style) -> String {
    styled(text, style, spoken().colour_on_stdout)
}

/// Text of a style, where stderr has colour.
pub(crate) fn on_stderr(text: &str, style: Style) -> String {
    styled(text, style, spoken().colour_on_stderr)
}

fn styled(text: &str, style: Style, coloured: bool) -> String {
    if coloured {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

/// A moment for people, to the second, in UTC.
pub(crate) fn moment(at: coffer_types::Timestamp) -> String {
    let text = at.to_string();
    let second = text.split('.').next().unwrap_or(&text);
    format!("{} UTC", second.trim_end_matches('Z').replace('T', " "))
}

/// What came from elsewhere (names, comments, log lines), without the control characters that could move a
/// terminal's cursor or forge a line.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            // Marks that turn the direction of what follows.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_to_the_second() {
        let at = "2026-11-22T12:26:58.212902Z".parse().unwrap();
        assert_eq!(moment(at), "2026-11-22 12:26:58 UTC");
    }

    #[test]
    fn what_comes_from_elsewhere_cannot_move_the_cursor() {
        assert_eq!(
            printable("a\u{1b}[2Jb\r\nc\u{202e}d\te"),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\u{fffd}d e"
        );
        assert_eq!(printable("naïve 🔑"), "naïve 🔑");
    }
}
