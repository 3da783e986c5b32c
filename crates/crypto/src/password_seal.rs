//! Sealing a user's global key under the user's password.
//!
//! The key's text can be shown again to whoever knows the password, and to nobody else: not to a reader of the
//! database, who lacks the password and the pepper, and not to the operator, who lacks the password.
//!
//! A sealed text is `format u8 = 1 | memory KiB u32 | passes u32 | lanes u32 | salt 16 | nonce 12 | ciphertext |
//! tag 16`. Its key is HKDF-SHA-256 with the pepper as salt over Argon2id of the password; the associated data is
//! a label, all that precedes the nonce, and the user's id.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use coffer_types::{Random, UserId};
use zeroize::Zeroizing;

use crate::aead::{self, Cipher, KeyBytes, NONCE_BYTES, TAG_BYTES};
use crate::error::CryptoError;
use crate::password::{PasswordError, PasswordHasher, SALT_BYTES, Stretch};
use crate::token::TokenText;
use crate::value::SecretValue;

/// The only format so far.
const FORMAT: u8 = 1;
/// Bytes before the nonce.
const HEADER_BYTES: usize = 1 + 3 * 4 + SALT_BYTES;

/// Why nothing was sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordSealError {
    /// Another password, another user's, or damaged. Which of them is not said.
    #[error("the sealed key does not open")]
    DoesNotOpen,
    /// The library refused, or the process is ending.
    #[error("the key could not be sealed or opened: try again")]
    Unavailable,
}

/// Seals and opens global keys under passwords and a pepper of the installation.
pub struct PasswordSeal(KeyBytes);

/// What a sealed text begins with.
#[derive(Clone, Copy)]
struct Header {
    stretch: Stretch,
    salt: [u8; SALT_BYTES],
}

struct OneKey;

impl KeyType for OneKey {
    fn len(&self) -> usize {
        32
    }
}

impl PasswordSeal {
    /// The seal below a master key.
    pub(crate) fn derive(master_key: &[u8; 32]) -> Result<Self, CryptoError> {
        aead::derive(master_key, "coffer password seal pepper 1").map(Self)
    }

    /// The same again, for a second holder. Not `Clone`: only this crate says who holds one.
    pub(crate) fn duplicate(&self) -> Self {
        Self(Zeroizing::new(*self.0))
    }

    /// Seals a user's key under the user's password, with a new salt.
    ///
    /// # Errors
    /// [`PasswordSealError::Unavailable`].
    pub async fn seal(
        &self,
        passwords: &PasswordHasher,
        user_id: UserId,
        password: &Arc<SecretValue>,
        key: &TokenText,
        random: &dyn Random,
    ) -> Result<Vec<u8>, PasswordSealError> {
        let (mut salt, mut nonce) = ([0; SALT_BYTES], [0; NONCE_BYTES]);
        random.fill(&mut salt);
        random.fill(&mut nonce);
        let header = Header {
            stretch: passwords.stretch(),
            salt,
        };
        let mut text = Zeroizing::new(key.expose_secret().as_bytes().to_vec());
        let tag = self
            .cipher(passwords, password, header)
            .await?
            .encrypt(nonce, &header.associated(user_id), &mut text)
            .map_err(|_| PasswordSealError::Unavailable)?;

        let mut sealed = header.bytes();
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&text);
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Opens a user's key.
    ///
    /// # Errors
    /// [`PasswordSealError::DoesNotOpen`] whatever does not fit, [`PasswordSealError::Unavailable`].
    pub async fn open(
        &self,
        passwords: &PasswordHasher,
        user_id: UserId,
        password: &Arc<SecretValue>,
        sealed: &[u8],
    ) -> Result<TokenText, PasswordSealError> {
        let refused = PasswordSealError::DoesNotOpen;
        let (header, rest) = sealed.split_first_chunk().ok_or(refused)?;
        let header = Header::read(header).ok_or(refused)?;
        let (nonce, ciphertext) = rest.split_first_chunk().ok_or(refused)?;
        if ciphertext.len() < TAG_BYTES {
            return Err(refused);
        }
        let mut bytes = Zeroizing::new(ciphertext.to_vec());
        let opened = self
            .cipher(passwords, password, header)
            .await?
            .decrypt(*nonce, &header.associated(user_id), &mut bytes)
            .map_err(|_| refused)?;
        let text = std::str::from_utf8(opened).map_err(|_| refused)?;
        TokenText::parse(text).map_err(|_| refused)
    }

    async fn cipher(
        &self,
        passwords: &PasswordHasher,
        password: &Arc<SecretValue>,
        header: Header,
    ) -> Result<Cipher, PasswordSealError> {
        let stretched = passwords
            .stretched(Arc::clone(password), header.salt, header.stretch)
            .await
            .map_err(|error| match error {
                PasswordError::Malformed => PasswordSealError::DoesNotOpen,
                PasswordError::Unavailable => PasswordSealError::Unavailable,
            })?;
        let mut key = KeyBytes::default();
        Salt::new(HKDF_SHA256, self.0.as_slice())
            .extract(stretched.as_slice())
            .expand(&[b"coffer global key seal 1"], OneKey)
            .and_then(|output| output.fill(key.as_mut_slice()))
            .map_err(|_| PasswordSealError::Unavailable)?;
        Cipher::new(&key).map_err(|_| PasswordSealError::Unavailable)
    }
}

impl fmt::Debug for PasswordSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordSeal")
    }
}

impl Header {
    fn bytes(self) -> Vec<u8> {
        let Stretch {
            memory_kib,
            passes,
            lanes,
        } = self.stretch;
        let mut bytes = vec![FORMAT];
        for number in [memory_kib, passes, lanes] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.salt);
        bytes
    }

    fn read(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let (format, rest) = bytes.split_first()?;
        let (memory_kib, rest) = rest.split_first_chunk()?;
        let (passes, rest) = rest.split_first_chunk()?;
        let (lanes, salt) = rest.split_first_chunk()?;
        let header = Self {
            stretch: Stretch {
                memory_kib: u32::from_be_bytes(*memory_kib),
                passes: u32::from_be_bytes(*passes),
                lanes: u32::from_be_bytes(*lanes),
            },
            salt: salt.try_into().ok()?,
        };
        (*format == FORMAT).then_some(header)
    }

    /// Every part has a fixed length.
    fn associated(self, user_id: UserId) -> Vec<u8> {
        let mut bytes = b"coffer sealed global key".to_vec();
        bytes.extend_from_slice(&self.bytes());
        bytes.extend_from_slice(user_id.as_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;
    use crate::token::TokenKind;

    const USER: UserId = UserId::from_bytes([7; 16]);

    fn password(text: &str) -> Arc<SecretValue> {
        Arc::new(SecretValue::new(text.to_owned()))
    }

    async fn sealed(seal: &PasswordSeal, passwords: &PasswordHasher) -> (TokenText, Vec<u8>) {
        let key = TokenText::generate(TokenKind::GlobalKey, &SystemRandom);
        let sealed = seal
            .seal(passwords, USER, &password("right"), &key, &SystemRandom)
            .await
            .unwrap();
        (key, sealed)
    }

    #[tokio::test]
    async fn only_user_password_and_installation_together_open() {
        let passwords = PasswordHasher::fast_for_tests(1);
        let seal = PasswordSeal::derive(&[1; 32]).unwrap();
        let (key, bytes) = sealed(&seal, &passwords).await;
        let opened = seal
            .duplicate()
            .open(&passwords, USER, &password("right"), &bytes)
            .await
            .unwrap();
        assert_eq!(opened.expose_secret(), key.expose_secret());
        let text = key.expose_secret().as_bytes();
        assert!(!bytes.windows(8).any(|window| window == &text[..8]));

        let refused = PasswordSealError::DoesNotOpen;
        let other_user = UserId::from_bytes([8; 16]);
        let other_seal = PasswordSeal::derive(&[2; 32]).unwrap();
        for (seal, user, text) in [
            (&seal, USER, "wrong"),
            (&seal, USER, ""),
            (&seal, other_user, "right"),
            (&other_seal, USER, "right"),
        ] {
            let opened = seal.open(&passwords, user, &password(text), &bytes).await;
            assert_eq!(opened.unwrap_err(), refused);
        }
        assert_eq!(format!("{seal:?}"), "PasswordSeal");
    }

    #[tokio::test]
    async fn damage_is_refused_and_cannot_exhaust_the_machine() {
        let passwords = PasswordHasher::fast_for_tests(1);
        let seal = PasswordSeal::derive(&[1; 32]).unwrap();
        let (_, bytes) = sealed(&seal, &passwords).await;
        for index in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[index] ^= 0x80;
            let opened = seal.open(&passwords, USER, &password("right"), &bad).await;
            assert_eq!(opened.unwrap_err(), PasswordSealError::DoesNotOpen);
        }
        for length in 0..bytes.len() {
            let cut = &bytes[..length];
            let opened = seal.open(&passwords, USER, &password("right"), cut).await;
            assert_eq!(opened.unwrap_err(), PasswordSealError::DoesNotOpen);
        }
    }

    #[tokio::test]
    async fn the_same_key_is_sealed_differently_each_time() {
        let passwords = PasswordHasher::fast_for_tests(1);
        let seal = PasswordSeal::derive(&[1; 32]).unwrap();
        let (first, second) = (
            sealed(&seal, &passwords).await.1,
            sealed(&seal, &passwords).await.1,
        );
        assert_ne!(first[13..29], second[13..29]);
        assert_ne!(first[29..41], second[29..41]);
    }

    /// A production seal opens with another hasher's parameters: those in the sealed text apply.
    #[tokio::test]
    async fn the_text_s_own_parameters_apply() {
        let seal = PasswordSeal::derive(&[1; 32]).unwrap();
        let (key, bytes) = sealed(&seal, &PasswordHasher::new(1)).await;
        let passwords = PasswordHasher::fast_for_tests(1);
        let opened = seal
            .open(&passwords, USER, &password("right"), &bytes)
            .await
            .unwrap();
        assert_eq!(opened.expose_secret(), key.expose_secret());
    }
}
