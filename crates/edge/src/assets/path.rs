//! The path of a request, decoded and encoded again. A decoded path is only ever a key.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What is written as `%..`: all but what JavaScript's `encodeURIComponent` leaves as it is, and the slash.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'/');

/// The decoded path, with one slash for several. A segment that is not UTF-8 once decoded stays as it is written.
pub(super) fn decode(path: &str) -> Cow<'_, str> {
    if is_plain(path) {
        return Cow::Borrowed(path);
    }
    let mut decoded = String::with_capacity(path.len());
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 && !decoded.ends_with('/') {
            decoded.push('/');
        }
        let plain = percent_decode_str(segment).decode_utf8();
        for character in plain.as_deref().unwrap_or(segment).chars() {
            if character != '/' || !decoded.ends_with('/') {
                decoded.push(character);
            }
        }
    }
    Cow::Owned(decoded)
}

/// The path that a client should ask for.
pub(super) fn encode(decoded: &str) -> Cow<'_, str> {
    utf8_percent_encode(decoded, ENCODED).into()
}

/// Whether a path is its own decoding and encoding, as most are.
pub(super) fn is_plain(path: &str) -> bool {
    let mut after_slash = false;
    path.bytes().all(|byte| {
        let doubled = after_slash && byte == b'/';
        after_slash = byte == b'/';
        let unreserved = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'/' | b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')'
            );
        unreserved && !doubled
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_segment_by_segment() {
        for (path, decoded) in [
            ("/", "/"),
            ("/a/b.html", "/a/b.html"),
            ("/a%20b/%C3%BC", "/a b/ü"),
            ("//a///b", "/a/b"),
            ("/a%2Fb", "/a/b"),
            ("/%2F%2Fa", "/a"),
            ("/%2e%2e/a", "/../a"),
            ("/%ff/%41", "/%ff/A"),
            ("/%", "/%"),
            ("/%00", "/\0"),
        ] {
            assert_eq!(decode(path), decoded, "{path}");
        }
    }

    #[test]
    fn encoding_is_that_of_javascript() {
        for (decoded, encoded) in [
            ("/a b/ü@", "/a%20b/%C3%BC%40"),
            ("/it's_(a)*~!.-x", "/it's_(a)*~!.-x"),
            ("/100%", "/100%25"),
        ] {
            assert_eq!(encode(decoded), encoded);
            assert_eq!(decode(encoded), decoded);
            assert_eq!(is_plain(encoded), encoded == decoded);
        }
        assert!(!is_plain("//a"));
    }
}
