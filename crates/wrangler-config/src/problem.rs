//! What is wrong in a file, shown where it stands.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::bounds::MAX_EXCERPT_COLUMNS;

/// A mistake, or something to look at, with its place. `Display` is several lines for a terminal, the last without a
/// line break: place and message, the line of the file, and a mark under what is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named.
    pub path: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What is wrong, and what would be right: one line.
    pub message: String,
    pub(crate) excerpt: Excerpt,
}

impl Problem {
    /// Place and message alone, on one line.
    #[must_use]
    pub fn headline(&self) -> String {
        let path = self.path.display();
        let (line, column) = (self.line, self.column);
        format!("{path}:{line}:{column}: {}", self.message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let Excerpt { text, mark } = &self.excerpt;
        writeln!(f, "{}", self.headline())?;
        writeln!(f, " {number} | {text}")?;
        let before = " ".repeat(mark.start);
        let carets = "^".repeat(mark.end.saturating_sub(mark.start).max(1));
        write!(f, " {margin} | {before}{carets}")
    }
}

/// A line as it can be shown, and the columns that are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    text: String,
    mark: Range<usize>,
}

impl Excerpt {
    /// A line of a file, and the bytes of it that are meant. Of a long line the part around them is shown.
    pub(crate) fn new(line: &str, marked: Range<usize>) -> Self {
        let line = line.trim_end_matches('\r');
        let end = marked.end.min(line.len());
        let start = marked.start.min(end);
        let before = last_columns(&shown(ending(&line[..start])), MAX_EXCERPT_COLUMNS / 2);
        let left = MAX_EXCERPT_COLUMNS.saturating_sub(before.width());
        let meant = first_columns(&shown(beginning(&line[start..end])), left);
        let left = left.saturating_sub(meant.width());
        let after = first_columns(&shown(beginning(&line[end..])), left);
        let column = before.width();
        Self {
            mark: column..column + meant.width(),
            text: before + &meant + &after,
        }
    }
}

/// As much of a text as can be shown of it, and some more, so that it is seen to be cut.
fn beginning(text: &str) -> &str {
    let end = text.char_indices().nth(2 * MAX_EXCERPT_COLUMNS);
    end.map_or(text, |(at, _)| &text[..at])
}

fn ending(text: &str) -> &str {
    let begin = text.char_indices().nth_back(2 * MAX_EXCERPT_COLUMNS);
    begin.map_or(text, |(at, _)| &text[at..])
}

/// Text as a terminal shows it: tabs as spaces, and nothing that steers the terminal or turns the line around.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\t' => shown.push_str("    "),
            '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' => {
                shown.push('\u{fffd}');
            }
            letter if letter.is_control() => shown.push('\u{fffd}'),
            letter => shown.push(letter),
        }
    }
    shown
}

fn first_columns(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut width = 0;
    for letter in text.chars() {
        width += letter.width().unwrap_or(0);
        if width + 1 > columns {
            break;
        }
        kept.push(letter);
    }
    kept.push('…');
    kept
}

fn last_columns(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = Vec::new();
    let mut width = 0;
    for letter in text.chars().rev() {
        width += letter.width().unwrap_or(0);
        if width + 1 > columns {
            break;
        }
        kept.push(letter);
    }
    kept.push('…');
    kept.into_iter().rev().collect()
}
