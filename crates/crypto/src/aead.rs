//! The two primitives that keys are wrapped and derived with: AES-256-GCM and HKDF-SHA-256.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use crate::error::CryptoError;

/// 256 bits of key material, wiped when dropped.
pub(crate) type KeyBytes = Zeroizing<[u8; 32]>;

/// Bytes of an AES-GCM nonce.
pub(crate) const NONCE_BYTES: usize = 12;
/// Bytes of an AES-GCM tag.
pub(crate) const TAG_BYTES: usize = 16;

/// The number of bytes to derive: one key.
struct OneKey;

impl KeyType for OneKey {
    fn len(&self) -> usize {
        32
    }
}

/// The key for one use, named by its label, below a key. Both are of full strength, so the salt is empty.
pub(crate) fn derive(key: &[u8; 32], label: &str) -> Result<KeyBytes, CryptoError> {
    let mut derived = Zeroizing::new([0; 32]);
    Salt::none(HKDF_SHA256)
        .extract(key)
        .expand(&[label.as_bytes()], OneKey)
        .and_then(|output| output.fill(derived.as_mut_slice()))
        .map_err(|_| CryptoError::DoesNotOpen)?;
    Ok(derived)
}

/// AES-256-GCM under one key, ready for use.
pub(crate) struct Cipher(LessSafeKey);

impl Cipher {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, CryptoError> {
        UnboundKey::new(&AES_256_GCM, key)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| CryptoError::DoesNotOpen)
    }

    /// Replaces the bytes by their ciphertext and returns the tag. The nonce must be new.
    pub(crate) fn encrypt(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated: &[u8],
        bytes: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], CryptoError> {
        self.0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated),
                bytes,
            )
            .ok()
            .and_then(|tag| tag.as_ref().try_into().ok())
            .ok_or(CryptoError::DoesNotOpen)
    }

    /// Replaces ciphertext and tag by the plaintext, which is returned as the buffer's beginning.
    pub(crate) fn decrypt<'a>(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated: &[u8],
        bytes: &'a mut [u8],
    ) -> Result<&'a [u8], CryptoError> {
        self.0
            .open_in_place(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated),
                bytes,
            )
            .map(|plaintext| &*plaintext)
            .map_err(|_| CryptoError::DoesNotOpen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_keys_give_different_keys() {
        let one = derive(&[1; 32], "a").unwrap();
        assert_eq!(*one, *derive(&[1; 32], "a").unwrap());
        assert_ne!(*one, *derive(&[1; 32], "b").unwrap());
        assert_ne!(*one, *derive(&[2; 32], "a").unwrap());
    }

    /// RFC 5869, appendix A.3: no salt and no info, the first 32 bytes of its output. Its key has 22
    /// bytes, so the derivation below a 32-byte key is checked through the primitive.
    #[test]
    fn the_empty_salt_is_that_of_the_rfc() {
        let mut output = [0; 32];
        Salt::none(HKDF_SHA256)
            .extract(&[0x0b; 22])
            .expand(&[b""], OneKey)
            .and_then(|derived| derived.fill(&mut output))
            .unwrap();
        assert_eq!(
            hex::encode(output),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
        );
    }
}
