//! Keeps a version's secret values out of what its process prints.

use coffer_envelope::Plaintext;
use parking_lot::Mutex;
use zeroize::Zeroizing;

/// What stands where a value was.
const MARK: &str = "REDACTED";
/// Values shorter than this, in bytes, are left: they would occur everywhere and hide the log.
const MIN_VALUE_BYTES: usize = 4;
/// Lines of a value shorter than this, in bytes, are not looked for alone.
const MIN_LINE_BYTES: usize = 8;
/// Patterns kept; the oldest go first. Every binding with all its spellings, several times over.
const MAX_PATTERNS: usize = 2048;

/// Knows the values that one process may hold, and removes them from text.
#[derive(Default)]
pub(crate) struct Redactor {
    patterns: Mutex<Vec<Zeroizing<String>>>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Adds a value: as it is, as it looks inside quotes, and line by line.
    pub(crate) fn add(&self, value: &Plaintext) {
        if let Ok(text) = std::str::from_utf8(value.expose_secret()) {
            self.add_text(text);
        }
    }

    /// Adds a value's text.
    pub(crate) fn add_text(&self, text: &str) {
        if text.len() < MIN_VALUE_BYTES {
            return;
        }
        let mut spellings = vec![Zeroizing::new(text.to_owned())];
        if let Ok(quoted) = serde_json::to_string(text).map(Zeroizing::new) {
            spellings.push(Zeroizing::new(quoted[1..quoted.len() - 1].to_owned()));
        }
        spellings.push(Zeroizing::new(
            text.replace('\\', "\\\\")
                .replace('\'', "\\'")
                .replace('\n', "\\n"),
        ));
        spellings.extend(
            text.lines()
                .filter(|line| line.len() >= MIN_LINE_BYTES)
                .map(|line| Zeroizing::new(line.to_owned())),
        );
        let mut patterns = self.patterns.lock();
        for spelling in spellings {
            if !patterns.contains(&spelling) {
                patterns.push(spelling);
            }
        }
        let excess = patterns.len().saturating_sub(MAX_PATTERNS);
        patterns.drain(..excess);
    }

    /// The length of the longest pattern in bytes.
    pub(crate) fn longest(&self) -> usize {
        let patterns = self.patterns.lock();
        patterns.iter().map(|one| one.len()).max().unwrap_or(0)
    }

    /// The text without any of the values.
    pub(crate) fn redact(&self, text: &str) -> String {
        let patterns = self.patterns.lock();
        let mut present: Vec<&str> = patterns
            .iter()
            .map(|pattern| pattern.as_str())
            .filter(|pattern| text.contains(pattern))
            .collect();
        // The longest first, so that no part of it stays when another is its beginning.
        present.sort_by_key(|pattern| std::cmp::Reverse(pattern.len()));
        present
            .into_iter()
            .fold(text.to_owned(), |text, pattern| text.replace(pattern, MARK))
    }
}
