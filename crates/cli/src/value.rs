//! A secret's value on its way in: from a prompt, or from stdin byte for byte.

use std::io::{IsTerminal, Read};

use clap::Args;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::output::{self, prompt};

/// More than any value may have, with room for the newline that is trimmed.
const MAX_BYTES: u64 = 65_536 + 3;

/// Reads a value: asks at a terminal without showing it, else takes all of stdin. One newline at the end of stdin is
/// trimmed, as `echo` adds one, unless it is `raw`.
///
/// # Errors
/// A usage error for no value at all, too long a one, one that is not UTF-8, and a terminal that may not be asked.
pub(crate) fn read(question: &str, raw: bool) -> Result<Zeroizing<String>, Failure> {
    let value = if std::io::stdin().is_terminal() {
        prompt::hidden(question, "give the value on stdin")?
    } else {
        from_stdin(raw)?
    };
    if value.is_empty() {
        return Err(Failure::usage(
            "the value is empty: type it at the prompt, or give it on stdin",
        ));
    }
    Ok(value)
}

/// What stdin holds, where it is no terminal and holds anything.
///
/// # Errors
/// As [`read`].
pub(crate) fn piped(flags: &ValueFlags) -> Result<Option<Zeroizing<String>>, Failure> {
    if std::io::stdin().is_terminal() {
        return Ok(None);
    }
    Ok(Some(from_stdin(flags.raw)?).filter(|value| !value.is_empty()))
}

/// Flags of commands that take a value.
#[derive(Debug, Args)]
pub(crate) struct ValueFlags {
    /// The value. Others on this machine can read it while the command runs, and it stays in the shell's history: leave
    /// this out to type it, or give it on stdin
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    value: Option<Argument>,
    /// Keep the newline at the end of stdin
    #[arg(long)]
    raw: bool,
}

/// A value from the command line.
#[derive(Clone)]
struct Argument(Zeroizing<String>);

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::fmt::Debug for Argument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Argument")
    }
}

impl ValueFlags {
    /// Whether the value is in the arguments.
    pub(crate) const fn is_given(&self) -> bool {
        self.value.is_some()
    }
}

/// The value of the arguments, of which is warned; else as [`read`].
///
/// # Errors
/// As [`read`].
pub(crate) fn given_or_read(
    flags: ValueFlags,
    question: &str,
) -> Result<Zeroizing<String>, Failure> {
    match flags.value {
        None => read(question, flags.raw),
        Some(Argument(value)) if value.is_empty() => Err(Failure::usage("the value is empty")),
        Some(Argument(value)) => {
            output::warning(
                "--value can be read by others on this machine while the command runs, and stays in the shell's \
                 history; leave it out and type the value, or give it on stdin",
            );
            Ok(value)
        }
    }
}

fn from_stdin(raw: bool) -> Result<Zeroizing<String>, Failure> {
    let bytes = read_bounded(std::io::stdin().lock(), "stdin", MAX_BYTES)?;
    text(bytes, raw)
}

/// Reads all there is, up to a bound.
///
/// # Errors
/// If there is more, or reading fails.
pub(crate) fn read_bounded(
    from: impl Read,
    place: &str,
    max_bytes: u64,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // All of it is reserved at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(max_bytes).unwrap_or(usize::MAX) + 1,
    ));
    from.take(max_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::error(&format!("failed to read {place}"), error))?;
    if bytes.len() as u64 > max_bytes {
        return Err(Failure::usage(format!(
            "{place} holds more than {max_bytes} bytes"
        )));
    }
    Ok(bytes)
}

fn text(mut bytes: Zeroizing<Vec<u8>>, raw: bool) -> Result<Zeroizing<String>, Failure> {
    if !raw && bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            // The bytes are wiped, too.
            drop(Zeroizing::new(error.into_bytes()));
            Err(Failure::usage(format!(
                "the value is not UTF-8 text (byte {}): encode it first, as base64 does",
                at + 1
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8], raw: bool) -> Result<Zeroizing<String>, Failure> {
        text(Zeroizing::new(bytes.to_vec()), raw)
    }

    #[test]
    fn one_newline_is_trimmed_and_nothing_else() {
        assert_eq!(*of(b"a\n", false).unwrap(), "a");
        assert_eq!(*of(b"a\r\n", false).unwrap(), "a");
        assert_eq!(*of(b"a\n\n", false).unwrap(), "a\n");
        assert_eq!(*of(b" a$b'\"\t\r", false).unwrap(), " a$b'\"\t\r");
        assert_eq!(*of(b"a\n", true).unwrap(), "a\n");
    }

    #[test]
    fn what_is_no_text_is_refused_without_being_shown() {
        let message = of(b"ab\xff\xfe", false).unwrap_err().message();
        assert!(message.contains("byte 3"), "{message}");
        assert!(!message.contains("ab\u{fffd}"), "{message}");
    }

    #[test]
    fn more_than_any_value_may_have_is_refused() {
        assert!(read_bounded(std::io::repeat(b'a'), "x", 10).is_err());
        assert_eq!(read_bounded(&b"0123456789"[..], "x", 10).unwrap().len(), 10);
    }
}
