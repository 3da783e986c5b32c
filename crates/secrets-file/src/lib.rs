//! Reads names and values from the files that people keep them in: `.env`, by the rules of npm's `dotenv`, and JSON.
//!
//! Knows nothing of what names and values are for, nor which are allowed. Must never print a value: what it tells of
//! a file's mistakes are names and numbers of lines. To add a kind of file: a module that makes [`Entry`]s of it, and
//! an arm in [`read`].

mod dotenv;
mod json;

use std::fmt;

use zeroize::Zeroizing;

/// What was read of a file.
#[derive(Debug, Default)]
pub struct File {
    /// The entries in the order of the file. Of those with the same name only the last is there, as the others would
    /// be overwritten.
    pub entries: Vec<Entry>,
    /// Lines that are neither an entry nor a comment, counted from 1. `dotenv` passes over them.
    pub ignored_lines: Vec<usize>,
}

/// A name with its value.
pub struct Entry {
    /// The name as it is written.
    pub name: String,
    /// The value, wiped when it is dropped; `None` if it is no text, as a number in JSON.
    pub value: Option<Zeroizing<String>>,
    /// Whether it is JSON's `null`, which takes a name away where names are changed together.
    pub is_null: bool,
}

impl Entry {
    /// A name with its text.
    pub(crate) const fn text(name: String, value: Zeroizing<String>) -> Self {
        Self {
            name,
            value: Some(value),
            is_null: false,
        }
    }
}

/// A file that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFile {
    /// It begins as JSON and is none, or goes on after its end.
    #[error("is not JSON: see line {line}, column {column}")]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Reads a file: as JSON if it begins with `{`, else as `.env`.
///
/// # Errors
/// [`InvalidFile`] for JSON that is none. A `.env` file can always be read.
pub fn read(text: &str) -> Result<File, InvalidFile> {
    let begin = text.trim_start_matches(dotenv::is_space);
    if begin.starts_with('{') {
        return json::read(begin);
    }
    Ok(dotenv::read(text))
}

/// Reads a file as `.env`, whatever it begins with.
#[must_use]
pub fn read_dotenv(text: &str) -> File {
    dotenv::read(text)
}

/// Adds an entry, in place of an earlier one of its name.
fn add(entries: &mut Vec<Entry>, entry: Entry) {
    match entries.iter_mut().find(|one| one.name == entry.name) {
        Some(earlier) => *earlier = entry,
        None => entries.push(entry),
    }
}
