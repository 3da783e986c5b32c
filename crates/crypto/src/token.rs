//! API tokens, global keys, and the texts of sessions and invitations.
//!
//! A token is `<prefix><43 characters><6 characters>`: the kind, 256 random bits in base 62 of fixed
//! width, and the CRC-32 of all that precedes in base 62 of fixed width. The prefix lets scanners find
//! leaked tokens, and the CRC tells a typing error from a token that is not known. Only a token's
//! authentication code under the pepper is stored, found by the public beginning of its random part.

use std::fmt;

use coffer_types::Random;
use zeroize::Zeroizing;

use crate::mac::MacKey;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Digits for 256 bits: 62^43 is the first power above 2^256.
const RANDOM_DIGITS: usize = 43;
/// Digits for 32 bits: 62^6 is the first power above 2^32.
const CHECKSUM_DIGITS: usize = 6;
/// Characters of every prefix.
const PREFIX_CHARS: usize = 4;
/// Characters after the prefix by which a token is looked up. They tell a thief of the database 48 of
/// 256 bits, and two tokens share them once in 2^24 tokens, which the code then tells apart.
const LOOKUP_CHARS: usize = 8;
/// Characters of a whole token.
const TOKEN_CHARS: usize = PREFIX_CHARS + RANDOM_DIGITS + CHECKSUM_DIGITS;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An API token of a user or an account.
    ApiToken,
    /// A user's global API key.
    GlobalKey,
    /// A signed-in session of a user.
    Session,
    /// An invitation to an account, as its link carries it.
    Invitation,
    /// A tail of a Worker, as its address carries it.
    Tail,
}

impl TokenKind {
    const ALL: [Self; 5] = [
        Self::ApiToken,
        Self::GlobalKey,
        Self::Session,
        Self::Invitation,
        Self::Tail,
    ];

    /// What tokens of the kind begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::ApiToken => "cfr_",
            Self::GlobalKey => "cfg_",
            Self::Session => "cfs_",
            Self::Invitation => "cfi_",
            Self::Tail => "cft_",
        }
    }
}

/// A text that is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token: check that it was copied whole")]
pub struct InvalidToken;

/// A token's text. Wiped when dropped.
pub struct TokenText {
    kind: TokenKind,
    text: Zeroizing<String>,
}

impl TokenText {
    /// A new token.
    pub fn generate(kind: TokenKind, random: &dyn Random) -> Self {
        let mut number = Zeroizing::new([0; 32]);
        random.fill(number.as_mut_slice());
        let mut text = Zeroizing::new(String::with_capacity(TOKEN_CHARS));
        text.push_str(kind.prefix());
        push_base62(&mut text, number.as_mut_slice(), RANDOM_DIGITS);
        let mut checksum = crc32fast::hash(text.as_bytes()).to_be_bytes();
        push_base62(&mut text, &mut checksum, CHECKSUM_DIGITS);
        Self { kind, text }
    }

    /// Reads a token as a client sends it.
    ///
    /// # Errors
    /// [`InvalidToken`] for an unknown prefix, a wrong length, other characters than base 62, or a
    /// checksum that does not fit.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let kind = TokenKind::ALL
            .into_iter()
            .find(|kind| text.starts_with(kind.prefix()))
            .ok_or(InvalidToken)?;
        let digits = &text.as_bytes()[PREFIX_CHARS..];
        if text.len() != TOKEN_CHARS || !digits.iter().all(u8::is_ascii_alphanumeric) {
            return Err(InvalidToken);
        }
        let (checked, checksum) = text.split_at(TOKEN_CHARS - CHECKSUM_DIGITS);
        let mut expected = String::with_capacity(CHECKSUM_DIGITS);
        let mut number = crc32fast::hash(checked.as_bytes()).to_be_bytes();
        push_base62(&mut expected, &mut number, CHECKSUM_DIGITS);
        if expected != checksum {
            return Err(InvalidToken);
        }
        Ok(Self {
            kind,
            text: Zeroizing::new(text.to_owned()),
        })
    }

    /// What the token is for.
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The public part by which a token is looked up: the first eight characters after the prefix.
    pub fn lookup_prefix(&self) -> &str {
        &self.text[PREFIX_CHARS..PREFIX_CHARS + LOOKUP_CHARS]
    }

    /// The whole token.
    pub fn expose_secret(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText")
    }
}

/// The key under which tokens are stored.
pub struct TokenPepper(MacKey);

impl TokenPepper {
    pub(crate) fn new(key: MacKey) -> Self {
        Self(key)
    }

    /// What is stored in a token's place.
    pub fn mac(&self, token: &TokenText) -> [u8; 32] {
        self.0.sign(token.text.as_bytes())
    }

    /// Whether this is the token whose code was stored, in time that does not depend on where they
    /// differ.
    pub fn verify(&self, token: &TokenText, expected: &[u8]) -> bool {
        self.0.verify(token.text.as_bytes(), expected)
    }
}

impl fmt::Debug for TokenPepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenPepper")
    }
}

/// Appends a big-endian number as `digits` digits, the lowest first, and leaves zeros in its place. With
/// the lowest first every digit of a random number but the last is uniform, so the lookup prefix is.
fn push_base62(text: &mut String, number: &mut [u8], digits: usize) {
    for _ in 0..digits {
        let mut remainder = 0;
        for byte in number.iter_mut() {
            let dividend = remainder * 256 + usize::from(*byte);
            // Below 256, because the remainder is below 62.
            *byte = (dividend / 62) as u8;
            remainder = dividend % 62;
        }
        text.push(char::from(DIGITS[remainder]));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mac::MacLabel;
    use crate::random::SystemRandom;

    /// Fills with one byte.
    struct Constant(u8);

    impl Random for Constant {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn pepper(byte: u8) -> TokenPepper {
        TokenPepper::new(MacKey::derive(&[byte; 32], MacLabel::Token).unwrap())
    }

    #[test]
    fn the_text_has_its_form() {
        for (kind, prefix) in [
            (TokenKind::ApiToken, "cfr_"),
            (TokenKind::GlobalKey, "cfg_"),
            (TokenKind::Session, "cfs_"),
            (TokenKind::Invitation, "cfi_"),
            (TokenKind::Tail, "cft_"),
        ] {
            for byte in [0, 1, 0xff] {
                let token = TokenText::generate(kind, &Constant(byte));
                let text = token.expose_secret();
                assert_eq!(text.len(), 53);
                let digits = text.strip_prefix(prefix).unwrap();
                assert!(digits.bytes().all(|digit| digit.is_ascii_alphanumeric()));
                assert_eq!(token.lookup_prefix(), &digits[..8]);
                assert_eq!(token.kind(), kind);
            }
        }
        let zeros = TokenText::generate(TokenKind::ApiToken, &Constant(0));
        assert!(
            zeros
                .expose_secret()
                .starts_with(&format!("cfr_{}", "0".repeat(43)))
        );
    }

    /// The number can be had back from its digits, so none of its bits is lost.
    #[test]
    fn all_256_bits_are_in_the_digits() {
        let mut text = String::new();
        push_base62(&mut text, &mut [0xff; 32], RANDOM_DIGITS);
        let mut number = [0u8; 33];
        for digit in text.bytes().rev() {
            let mut carry = DIGITS.iter().position(|other| *other == digit).unwrap();
            for byte in number.iter_mut().rev() {
                let value = usize::from(*byte) * 62 + carry;
                *byte = (value % 256) as u8;
                carry = value / 256;
            }
            assert_eq!(carry, 0);
        }
        assert_eq!(number[0], 0);
        assert_eq!(number[1..], [0xff; 32]);
    }

    #[test]
    fn tokens_differ_and_print_nothing() {
        let first = TokenText::generate(TokenKind::ApiToken, &SystemRandom);
        let second = TokenText::generate(TokenKind::ApiToken, &SystemRandom);
        assert_ne!(first.expose_secret(), second.expose_secret());
        assert_ne!(first.lookup_prefix(), second.lookup_prefix());
        assert_eq!(
            format!("{first:?} {:?}", pepper(1)),
            "TokenText TokenPepper"
        );
    }

    #[test]
    fn every_single_typing_error_is_caught() {
        let token = TokenText::generate(TokenKind::ApiToken, &SystemRandom);
        let text = token.expose_secret();
        for index in 0..text.len() {
            for wrong in *DIGITS {
                let mut bytes = text.as_bytes().to_vec();
                if bytes[index] != wrong {
                    bytes[index] = wrong;
                    let mistyped = String::from_utf8(bytes).unwrap();
                    assert!(TokenText::parse(&mistyped).is_err(), "{index}");
                }
            }
        }
        for index in 0..text.len() - 1 {
            let mut bytes = text.as_bytes().to_vec();
            bytes.swap(index, index + 1);
            let swapped = String::from_utf8(bytes).unwrap();
            assert!(swapped == text || TokenText::parse(&swapped).is_err());
        }
        for length in 0..text.len() {
            assert!(TokenText::parse(&text[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn other_texts_are_refused_without_being_quoted() {
        let token = TokenText::generate(TokenKind::ApiToken, &SystemRandom);
        let digits = &token.expose_secret()[4..];
        let foreign = ["ghp_", "cf", "CFR_", "cfr-", ""].map(|prefix| format!("{prefix}{digits}"));
        let shaped = [
            format!(" {}", token.expose_secret()),
            format!("{}\n", token.expose_secret()),
            format!("cfr_{}", "é".repeat(24) + "a"),
            format!("cfr_{}", "_".repeat(49)),
            "cfr_".to_owned(),
        ];
        for text in foreign.iter().chain(&shaped) {
            let error = TokenText::parse(text).unwrap_err();
            assert!(!error.to_string().contains(digits), "{text}");
        }
        // The checksum covers the prefix: one kind does not pass for the other.
        assert!(TokenText::parse(&format!("cfg_{digits}")).is_err());
    }

    #[test]
    fn the_code_belongs_to_one_token_and_one_pepper() {
        let token = TokenText::generate(TokenKind::ApiToken, &SystemRandom);
        let other = TokenText::generate(TokenKind::ApiToken, &SystemRandom);
        let code = pepper(1).mac(&token);
        assert!(pepper(1).verify(&token, &code));
        assert_ne!(pepper(2).mac(&token), code);
        assert!(!pepper(2).verify(&token, &code));
        assert!(!pepper(1).verify(&other, &code));
        assert!(!pepper(1).verify(&token, &code[..16]));
        assert!(!pepper(1).verify(&token, b""));
    }

    proptest! {
        #[test]
        fn what_is_generated_parses(number in any::<[u8; 32]>(), kind in 0..TokenKind::ALL.len()) {
            struct Given([u8; 32]);
            impl Random for Given {
                fn fill(&self, bytes: &mut [u8]) {
                    bytes.copy_from_slice(&self.0);
                }
            }
            let kind = TokenKind::ALL[kind];
            let token = TokenText::generate(kind, &Given(number));
            let parsed = TokenText::parse(token.expose_secret()).unwrap();
            prop_assert_eq!(parsed.expose_secret(), token.expose_secret());
            prop_assert_eq!(parsed.kind(), kind);
        }

        #[test]
        fn parsing_never_panics(text in "(cfr_|cfg_|cfs_|cfi_)?.{0,60}") {
            if let Ok(token) = TokenText::parse(&text) {
                prop_assert_eq!(token.expose_secret(), text);
            }
        }
    }
}
