//! A file's text and the places in it.

use std::path::{Path, PathBuf};

use crate::problem::{Excerpt, Problem};
use crate::syntax::Span;

/// A file and its text, without a byte order mark.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    text: String,
}

impl Source {
    pub(crate) fn new(path: &Path, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The directory of the file, from which the paths in it count.
    pub(crate) fn directory(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    /// A path in the file, from where the file is.
    pub(crate) fn beside(&self, path: &str) -> PathBuf {
        beside(self.directory(), path)
    }

    /// The line of a byte, counted from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// What is wrong, where it stands.
    pub(crate) fn problem(&self, span: &Span, message: String) -> Problem {
        let start = self.boundary(span.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..]
            .find('\n')
            .map_or(self.text.len(), |at| start + at);
        let end = self.boundary(span.end).clamp(start, line_end);
        let line = &self.text[line_start..line_end];
        let marked = start - line_start..end - line_start;
        Problem {
            path: self.path.clone(),
            line: self.line(start),
            column: line[..marked.start].chars().count() + 1,
            excerpt: Excerpt::new(line, marked),
            message,
        }
    }

    /// The beginning of the character at a byte.
    fn boundary(&self, at: usize) -> usize {
        let at = at.min(self.text.len());
        (0..=at)
            .rev()
            .find(|place| self.text.is_char_boundary(*place))
            .unwrap_or(0)
    }
}

/// A path from a directory. What is in this one is not called `./file`.
pub(crate) fn beside(directory: &Path, path: impl AsRef<Path>) -> PathBuf {
    if directory == Path::new(".") {
        return path.as_ref().to_owned();
    }
    directory.join(path)
}
