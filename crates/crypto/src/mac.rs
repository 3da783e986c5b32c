//! Keys that authenticate what Coffer itself hands out.

use std::fmt;

use aws_lc_rs::hmac;

use crate::aead;
use crate::error::CryptoError;

/// What a derived key authenticates. Each has its own label, so that none passes for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacLabel {
    /// API tokens and global keys, through [`TokenPepper`](crate::TokenPepper).
    Token,
    /// Dashboard sessions.
    Session,
    /// Page cursors.
    Cursor,
    /// Digests of requests that came with an idempotency key.
    Request,
    /// Tokens of asset uploads.
    Assets,
}

impl MacLabel {
    /// The label in the derivation. Changing one invalidates everything that it ever authenticated.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "coffer token pepper 1",
            Self::Session => "coffer session mac 1",
            Self::Cursor => "coffer cursor mac 1",
            Self::Request => "coffer request mac 1",
            Self::Assets => "coffer assets mac 1",
        }
    }
}

/// A key for HMAC-SHA-256, wiped when dropped.
pub struct MacKey(hmac::Key);

impl MacKey {
    /// The key with this label below a master key.
    pub(crate) fn derive(master_key: &[u8; 32], label: MacLabel) -> Result<Self, CryptoError> {
        let derived = aead::derive(master_key, label.as_str())?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_slice())))
    }

    /// The same key again, for a second holder. Not `Clone`: only this crate says who holds one.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// The message's authentication code.
    pub fn sign(&self, message: &[u8]) -> [u8; 32] {
        let mut code = [0; 32];
        // HMAC-SHA-256 gives exactly 32 bytes.
        code.copy_from_slice(hmac::sign(&self.0, message).as_ref());
        code
    }

    /// The authentication code of the message that these parts make up, without putting them together.
    pub fn sign_parts<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut code = [0; 32];
        // HMAC-SHA-256 gives exactly 32 bytes.
        code.copy_from_slice(context.sign().as_ref());
        code
    }

    /// Whether a code is the message's, in time that does not depend on where they differ.
    pub fn verify(&self, message: &[u8], code: &[u8]) -> bool {
        hmac::verify(&self.0, message, code).is_ok()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn rfc_4231_vector() {
        let key = MacKey(hmac::Key::new(hmac::HMAC_SHA256, b"Jefe"));
        let code = key.sign(b"what do ya want for nothing?");
        assert_eq!(
            hex::encode(code),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert!(key.verify(b"what do ya want for nothing?", &code));
        let parts = [&b"what do ya "[..], b"", b"want for nothing?"];
        assert_eq!(key.sign_parts(parts), code);
    }

    #[test]
    fn only_the_exact_code_verifies() {
        let key = MacKey::derive(&[1; 32], MacLabel::Session).unwrap();
        let code = key.sign(b"message");
        assert!(!key.verify(b"messagf", &code));
        assert!(!key.verify(b"message", &code[..31]));
        assert!(!key.verify(b"message", b""));
        let mut wrong = code;
        wrong[31] ^= 1;
        assert!(!key.verify(b"message", &wrong));
        for label in [MacLabel::Token, MacLabel::Cursor] {
            let other = MacKey::derive(&[1; 32], label).unwrap();
            assert!(!other.verify(b"message", &code), "{label:?}");
        }
        assert_eq!(format!("{key:?}"), "MacKey");
    }
}
