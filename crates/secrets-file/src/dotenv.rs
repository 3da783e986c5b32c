//! `.env` files, by the rules of npm's `dotenv`: what people's tools make of a file is what is read here.
//!
//! An entry is `NAME=value` or `NAME: value`, with `export` before it or not. A value ends at `#` or with its line,
//! without space around it; one in `'`, `"` or `` ` `` may hold both, and is as it is written, but that `\n` and `\r`
//! in `"` are line breaks. Nothing is expanded.

use zeroize::Zeroizing;

use crate::{Entry, File, add};

/// Space as JavaScript has it.
pub(crate) fn is_space(letter: char) -> bool {
    letter.is_whitespace() && letter != '\u{85}' || letter == '\u{feff}'
}

/// Reads every entry, and notes the lines that are none.
pub(crate) fn read(text: &str) -> File {
    let text = with_line_feeds(text);
    let mut file = File::default();
    let mut rest = text.as_str();
    let mut line = 1;
    while !rest.is_empty() {
        let after = match entry(rest) {
            Some((entry, after)) => {
                add(&mut file.entries, entry);
                after
            }
            None => {
                let (content, after) = rest.split_once('\n').unwrap_or((rest, ""));
                let content = content.trim_matches(is_space);
                if !content.is_empty() && !content.starts_with('#') {
                    file.ignored_lines.push(line);
                }
                after
            }
        };
        let read = rest.len() - after.len();
        line += rest[..read].matches('\n').count();
        rest = after;
    }
    file
}

/// The text with one kind of line break.
fn with_line_feeds(text: &str) -> Zeroizing<String> {
    let mut changed = Zeroizing::new(String::with_capacity(text.len()));
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\r' {
            letters.next_if_eq(&'\n');
            changed.push('\n');
        } else {
            changed.push(letter);
        }
    }
    changed
}

/// The entry that the text begins with, and what comes after its last line.
fn entry(text: &str) -> Option<(Entry, &str)> {
    let text = text.trim_start_matches(is_space);
    let exported = text
        .strip_prefix("export")
        .filter(|rest| rest.starts_with(is_space))
        .map(|rest| rest.trim_start_matches(is_space));
    let (name, rest) = exported.and_then(named).or_else(|| named(text))?;
    let (value, after) = value(rest);
    Some((Entry::text(name.to_owned(), value), after))
}

/// A name, and what comes after its sign.
fn named(text: &str) -> Option<(&str, &str)> {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    let rest = text.trim_start_matches(is_of_name);
    let name = &text[..text.len() - rest.len()];
    if name.is_empty() {
        return None;
    }
    if let Some(rest) = rest.trim_start_matches(is_space).strip_prefix('=') {
        return Some((name, rest));
    }
    let rest = rest.strip_prefix(':')?;
    rest.strip_prefix(is_space).map(|rest| (name, rest))
}

/// The value that the text begins with, and what comes after its last line.
fn value(text: &str) -> (Zeroizing<String>, &str) {
    if let Some((quote, content, after)) = quoted(text) {
        return (written(quote, content), after);
    }
    let (line, after) = text.split_once('\n').unwrap_or((text, ""));
    let content = line.split_once('#').map_or(line, |(content, _)| content);
    let content = content.trim_matches(is_space);
    // Quotes around text that has others in it.
    let quote = content.chars().next().filter(|first| is_quote(*first));
    match quote {
        Some(quote) => {
            let inner = content
                .strip_prefix(quote)
                .and_then(|rest| rest.strip_suffix(quote));
            (written(quote, inner.unwrap_or(content)), after)
        }
        None => (written(' ', content), after),
    }
}

/// The text between quotes that nothing but a comment follows on their last line: the quotes, what is between them,
/// and what comes after. The closing one is the first without a backslash before it; if something follows that, the
/// last before it that will do.
fn quoted(text: &str) -> Option<(char, &str, &str)> {
    let begin = text.trim_start_matches(is_space);
    let quote = begin.chars().next().filter(|first| is_quote(*first))?;
    let inside = &begin[1..];
    let escaped = |at: usize| inside[..at].ends_with('\\');
    let mut places: Vec<usize> = Vec::new();
    for (at, _) in inside.match_indices(quote) {
        places.push(at);
        if !escaped(at) {
            break;
        }
    }
    places.into_iter().rev().find_map(|at| {
        let after = &inside[at + 1..];
        let (line, after) = after.split_once('\n').unwrap_or((after, ""));
        let line = line.trim_start_matches(is_space);
        (line.is_empty() || line.starts_with('#')).then_some((quote, &inside[..at], after))
    })
}

const fn is_quote(letter: char) -> bool {
    matches!(letter, '\'' | '"' | '`')
}

/// What stands between quotes as the value that it means.
fn written(quote: char, content: &str) -> Zeroizing<String> {
    // It only ever becomes shorter, so nothing of it is left behind elsewhere.
    let mut value = Zeroizing::new(String::with_capacity(content.len()));
    if quote != '"' {
        value.push_str(content);
        return value;
    }
    let mut rest = content;
    while let Some((before, after)) = rest.split_once('\\') {
        value.push_str(before);
        rest = if let Some(after) = after.strip_prefix('n') {
            value.push('\n');
            after
        } else if let Some(after) = after.strip_prefix('r') {
            value.push('\r');
            after
        } else {
            value.push('\\');
            after
        };
    }
    value.push_str(rest);
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let entries = read(text).entries.into_iter();
        entries
            .map(|entry| (entry.name, entry.value.unwrap().to_string()))
            .collect()
    }

    #[test]
    fn values_are_what_dotenv_makes_of_them() {
        for (text, value) in [
            ("A=b", "b"),
            ("A =  b c  ", "b c"),
            ("A=", ""),
            ("A=''", ""),
            ("A='", "'"),
            ("A=b#c", "b"),
            ("A=#c", ""),
            ("A='b#c' # d", "b#c"),
            ("A=\" b \"", " b "),
            ("A='b\\nc'", "b\\nc"),
            ("A=\"b\\nc\\r\\td\"", "b\nc\r\\td"),
            ("A=`it's \"b\"`", "it's \"b\""),
            ("A='it's'", "it's"),
            ("A='b' 'c'", "b' 'c"),
            ("A='b' c", "'b' c"),
            ("A=\"b\nc\n\"", "b\nc\n"),
            ("A=\"b\r\nc\rd\"", "b\nc\nd"),
            ("A=\"say \\\"b\\\"\"", "say \\\"b\\\""),
            ("A='b\\' # c", "b\\"),
            ("A={\"b\": \"c\"}", "{\"b\": \"c\"}"),
            ("A=p$word ${B} $(c)", "p$word ${B} $(c)"),
            ("A: b", "b"),
            ("\u{feff}export  A=b", "b"),
            ("  A=b=c==", "b=c=="),
            ("A=\u{e9}\u{1f512}", "\u{e9}\u{1f512}"),
        ] {
            assert_eq!(pairs(text), [("A".to_owned(), value.to_owned())], "{text}");
        }
    }

    #[test]
    fn names_are_what_dotenv_takes_for_names() {
        assert_eq!(pairs("export = b"), [("export".to_owned(), "b".to_owned())]);
        assert_eq!(pairs("a.b-C_1=x")[0].0, "a.b-C_1");
        for text in ["A", "A:b", "=b", "# A=b", "\u{e9}=b", ""] {
            assert!(pairs(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_last_of_a_name_counts_and_other_lines_are_told() {
        let file = read("# all\nA=1\n\nnonsense\nB=\"x\ny\" # c\nA=2\n!\nC=3");
        let names: Vec<_> = file.entries.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["A", "B", "C"]);
        assert_eq!(file.entries[0].value.as_ref().unwrap().as_str(), "2");
        assert_eq!(file.ignored_lines, [4, 8]);
        assert!(!format!("{:?}", read("A=canary")).contains("canary"));
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(?s)[A=:'\"`\\\\#\r\n \\PC]{0,64}") {
            let file = read(&text);
            prop_assert!(file.entries.len() <= text.len());
            prop_assert!(file.ignored_lines.iter().all(|line| *line <= text.len()));
        }

        #[test]
        fn what_is_quoted_comes_back(value in "[^'\r\\\\]{0,64}") {
            prop_assert_eq!(pairs(&format!("A='{value}'\nB=1")), [("A".to_owned(), value), ("B".to_owned(), "1".to_owned())]);
        }
    }
}
