//! Names and values of a file, as messages repeat them.

use crate::bounds::MAX_QUOTED_CHARS;
use crate::problem::shown;
use crate::syntax::{Kind, Value};

/// What is said of a member that its object does not have.
pub(crate) fn unknown(path: &str, key: &str, known: &[&str]) -> String {
    let whose = if path.is_empty() {
        String::new()
    } else {
        format!(" of \"{path}\"")
    };
    let key_shown = quoted(key);
    match similar(key, known) {
        Some(meant) => format!("{key_shown} is no key{whose}; did you mean \"{meant}\"?"),
        None => format!("{key_shown} is no key{whose} and is not read"),
    }
}

/// The known word that is nearest to one.
fn similar<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = |word: &str| word.to_lowercase().replace(['_', '-'], "");
    let word = plain(word);
    if word.len() > MAX_QUOTED_CHARS {
        return None;
    }
    known
        .iter()
        .map(|one| (strsim::osa_distance(&word, &plain(one)), *one))
        .filter(|(distance, one)| *distance <= (one.len() / 3).min(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, one)| one)
}

/// What a value is, for a sentence.
pub(crate) fn described(value: &Value) -> String {
    match &value.kind {
        Kind::Null => "null".to_owned(),
        Kind::Boolean(boolean) => boolean.to_string(),
        Kind::Number(number) => format!("the number {number}"),
        Kind::Text(text) => format!("the text {}", quoted(text)),
        Kind::Date(date) => format!("the date {date}"),
        Kind::List(_) => "a list".to_owned(),
        Kind::Object(_) => "an object".to_owned(),
    }
}

/// Text in quotes, cut if it is long, with nothing in it that steers a terminal.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", cut(text))
}

/// Text cut if it is long.
pub(crate) fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(MAX_QUOTED_CHARS).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    shown(&cut)
}
