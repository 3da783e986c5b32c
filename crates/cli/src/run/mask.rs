//! Values in what a program prints, as it prints it: each becomes `***`, wherever its output is cut into pieces.

use zeroize::Zeroizing;

/// What stands where a value was.
const MARK: &[u8] = b"***";
/// Values shorter than this, in bytes, are left: they would be found everywhere.
pub(super) const MIN_BYTES: usize = 4;

/// The values to look for.
pub(super) struct Patterns {
    /// The longest first.
    texts: Vec<Zeroizing<Vec<u8>>>,
    /// Which bytes one of them begins with.
    first: [bool; 256],
}

impl Patterns {
    /// Values: as they are, as they look inside quotes, and line by line.
    pub(super) fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut texts: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        let mut add = |text: &str| {
            let known = texts.iter().any(|one| one.as_slice() == text.as_bytes());
            if text.len() >= MIN_BYTES && !known {
                texts.push(Zeroizing::new(text.as_bytes().to_vec()));
            }
        };
        for value in values {
            add(value);
            if let Ok(quoted) = serde_json::to_string(value).map(Zeroizing::new) {
                add(&quoted[1..quoted.len() - 1]);
            }
            value.lines().for_each(&mut add);
        }
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let mut first = [false; 256];
        for text in &texts {
            first[usize::from(text[0])] = true;
        }
        Self { texts, first }
    }

    /// The longest value that `bytes` begin with.
    fn at_beginning(&self, bytes: &[u8]) -> Option<usize> {
        let found = self.texts.iter().find(|text| bytes.starts_with(text));
        found.map(|text| text.len())
    }

    /// Whether more bytes could make a longer value of these than `known`.
    fn may_grow(&self, bytes: &[u8], known: usize) -> bool {
        let mut longer = self.texts.iter().take_while(|text| text.len() > known);
        longer.any(|text| text.len() > bytes.len() && text.starts_with(bytes))
    }
}

/// One stream of output.
pub(super) struct Mask<'p> {
    patterns: &'p Patterns,
    /// What may be the beginning of a value.
    held: Zeroizing<Vec<u8>>,
}

impl<'p> Mask<'p> {
    pub(super) fn new(patterns: &'p Patterns) -> Self {
        Self {
            patterns,
            held: Zeroizing::default(),
        }
    }

    /// Takes a piece, and gives what can be shown by now.
    pub(super) fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        self.release(false)
    }

    /// Gives the rest.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.release(true)
    }

    fn release(&mut self, is_end: bool) -> Vec<u8> {
        let mut shown = Vec::with_capacity(self.held.len());
        let mut at = 0;
        while let Some(&byte) = self.held.get(at) {
            if !self.patterns.first[usize::from(byte)] {
                shown.push(byte);
                at += 1;
                continue;
            }
            let rest = &self.held[at..];
            let found = self.patterns.at_beginning(rest);
            if !is_end && self.patterns.may_grow(rest, found.unwrap_or(0)) {
                break;
            }
            match found {
                Some(length) => {
                    shown.extend_from_slice(MARK);
                    at += length;
                }
                None => {
                    shown.push(byte);
                    at += 1;
                }
            }
        }
        let rest = Zeroizing::new(self.held[at..].to_vec());
        self.held = rest;
        shown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(values: &[&str], pieces: &[&[u8]]) -> String {
        let patterns = Patterns::new(values.iter().copied());
        let mut mask = Mask::new(&patterns);
        let mut shown = Vec::new();
        for piece in pieces {
            shown.extend(mask.take(piece));
        }
        shown.extend(mask.end());
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn values_are_found_across_pieces() {
        let values = ["secret", "secret-longer", "two\nlines here", "a\"b c"];
        for (pieces, expected) in [
            (&[&b"x secret y"[..]][..], "x *** y"),
            (&[b"x sec", b"ret", b" y"], "x *** y"),
            (&[b"secret-lon", b"ger!"], "***!"),
            (&[b"secret-lon", b"e"], "***-lone"),
            (&[b"s", b"s", b"e", b"c", b"r", b"e", b"t"], "s***"),
            (&[b"two\nli", b"nes here"], "***"),
            (&[b"only lines here"], "only ***"),
            (&[b"{\"k\":\"a\\\"b c\"}"], "{\"k\":\"***\"}"),
            (&[b"ends with sec"], "ends with sec"),
            (&[b"secretsecret"], "******"),
        ] {
            assert_eq!(masked(&values, pieces), expected, "{pieces:?}");
        }
        assert_eq!(masked(&["abc"], &[b"abc"]), "abc");
    }

    #[test]
    fn what_cannot_become_a_value_is_shown_at_once() {
        let patterns = Patterns::new(["secret"].into_iter());
        let mut mask = Mask::new(&patterns);
        assert_eq!(mask.take(b"Password: "), b"Password: ");
        assert_eq!(mask.take(b"se"), b"");
        assert_eq!(mask.take(b"lf"), b"self");
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            text in "[abc]{0,60}",
            values in prop::collection::vec("[abc]{4,7}", 1..4),
            cuts in prop::collection::vec(0usize..60, 0..8),
        ) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let whole = masked(&values, &[text.as_bytes()]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(&masked(&values, &pieces), &whole);
            for value in values {
                prop_assert!(!whole.contains(value), "{} in {}", value, whole);
            }
        }
    }
}
