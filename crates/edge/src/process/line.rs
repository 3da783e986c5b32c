//! Text of a tenant as one line of a log.

use std::fmt::{self, Display, Formatter, Write};

/// Shows what it holds on one line, with every character escaped that could end the line, begin a terminal's
/// command or turn the reading direction: whoever wrote the text cannot make it look like lines of the server.
pub(crate) struct OneLine<T>(pub(crate) T);

impl<T: Display> Display for OneLine<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'f>(&'a mut Formatter<'f>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.split_inclusive(is_escaped) {
            match piece.chars().next_back().filter(|last| is_escaped(*last)) {
                Some(last) => {
                    let before = piece.len() - last.len_utf8();
                    self.0.write_str(&piece[..before])?;
                    write!(self.0, "{}", last.escape_default())?;
                }
                None => self.0.write_str(piece)?,
            }
        }
        Ok(())
    }
}

fn is_escaped(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // The separators of lines and paragraphs, then the marks of direction.
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_line() {
        for (text, expected) in [
            ("plain, ünïcode 🦀 and \\n", "plain, ünïcode 🦀 and \\n"),
            ("two\nlines\r\n", "two\\nlines\\r\\n"),
            ("\u{1b}[2Kgone\u{7}", "\\u{1b}[2Kgone\\u{7}"),
            ("a\0b\tc\u{7f}d\u{85}e", "a\\u{0}b\\tc\\u{7f}d\\u{85}e"),
            ("\u{2028}x\u{2029}", "\\u{2028}x\\u{2029}"),
            ("\u{202e}esrever", "\\u{202e}esrever"),
        ] {
            assert_eq!(OneLine(text).to_string(), expected);
        }
    }
}
