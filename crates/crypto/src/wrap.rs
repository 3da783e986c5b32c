//! Wrapping: one key encrypted under another.
//!
//! A wrapped key is `format u8 = 1 | nonce 12 | ciphertext 32 | tag 16`. The associated data is the
//! format, a label that says what is wrapped by what, and the facts that the key belongs to.

use coffer_types::{AccountId, Random};
use zeroize::Zeroizing;

use crate::aead::{self, Cipher, KeyBytes, NONCE_BYTES, TAG_BYTES};
use crate::error::CryptoError;

/// The only format so far.
const FORMAT: u8 = 1;
/// Bytes of a wrapped key.
pub(crate) const WRAPPED_BYTES: usize = 1 + NONCE_BYTES + 32 + TAG_BYTES;

/// What a wrapped key is and whose.
#[derive(Clone, Copy)]
pub(crate) enum Wrapped {
    /// A master key, under the root key.
    MasterKey { version: u32 },
    /// An account's key, under a master key.
    AccountKey {
        account_id: AccountId,
        version: u32,
        master_version: u32,
    },
}

impl Wrapped {
    /// The associated data. Every kind has a byte of its own and fields of fixed length.
    fn associated(self) -> Vec<u8> {
        let mut bytes = b"coffer wrapped key".to_vec();
        bytes.push(FORMAT);
        match self {
            Self::MasterKey { version } => {
                bytes.push(1);
                bytes.extend_from_slice(&version.to_be_bytes());
            }
            Self::AccountKey {
                account_id,
                version,
                master_version,
            } => {
                bytes.push(2);
                bytes.extend_from_slice(account_id.as_bytes());
                bytes.extend_from_slice(&version.to_be_bytes());
                bytes.extend_from_slice(&master_version.to_be_bytes());
            }
        }
        bytes
    }
}

/// Wraps and unwraps keys under one key.
///
/// Nonces are random, which is safe for 2^32 wraps under one key (NIST SP 800-38D, 8.3); one account
/// needs a handful.
pub(crate) struct WrappingKey(Cipher);

impl WrappingKey {
    /// The wrapping key below a root or master key.
    pub(crate) fn derive(key: &[u8; 32]) -> Result<Self, CryptoError> {
        let derived = aead::derive(key, "coffer wrapping key 1")?;
        Cipher::new(&derived).map(Self)
    }

    pub(crate) fn wrap(
        &self,
        what: Wrapped,
        key: &KeyBytes,
        random: &dyn Random,
    ) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        let mut bytes = Zeroizing::new(**key);
        let tag = self
            .0
            .encrypt(nonce, &what.associated(), bytes.as_mut_slice())?;

        let mut wrapped = Vec::with_capacity(WRAPPED_BYTES);
        wrapped.push(FORMAT);
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(bytes.as_slice());
        wrapped.extend_from_slice(&tag);
        Ok(wrapped)
    }

    pub(crate) fn unwrap(&self, what: Wrapped, wrapped: &[u8]) -> Result<KeyBytes, CryptoError> {
        let refused = CryptoError::DoesNotOpen;
        let (format, rest) = wrapped.split_first().ok_or(refused)?;
        let (nonce, sealed) = rest.split_first_chunk().ok_or(refused)?;
        if *format != FORMAT || wrapped.len() != WRAPPED_BYTES {
            return Err(refused);
        }
        let mut bytes = Zeroizing::new(sealed.to_vec());
        let opened = self.0.decrypt(*nonce, &what.associated(), &mut bytes)?;
        let mut key = Zeroizing::new([0; 32]);
        if opened.len() != key.len() {
            return Err(refused);
        }
        key.copy_from_slice(opened);
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    const ACCOUNT: AccountId = AccountId::from_bytes([7; 16]);
    const WHAT: Wrapped = Wrapped::AccountKey {
        account_id: ACCOUNT,
        version: 2,
        master_version: 3,
    };

    fn wrapped() -> (WrappingKey, Vec<u8>) {
        let wrapping = WrappingKey::derive(&[1; 32]).unwrap();
        let key = Zeroizing::new([9; 32]);
        let wrapped = wrapping.wrap(WHAT, &key, &SystemRandom).unwrap();
        (wrapping, wrapped)
    }

    #[test]
    fn what_was_wrapped_unwraps() {
        let (wrapping, wrapped) = wrapped();
        assert_eq!(*wrapping.unwrap(WHAT, &wrapped).unwrap(), [9; 32]);
        assert!(!wrapped.windows(8).any(|window| window == [9; 8]));
    }

    #[test]
    fn another_belonging_is_refused() {
        let (wrapping, wrapped) = wrapped();
        let account_key = |account_id, version, master_version| Wrapped::AccountKey {
            account_id,
            version,
            master_version,
        };
        for what in [
            account_key(AccountId::from_bytes([8; 16]), 2, 3),
            account_key(ACCOUNT, 1, 3),
            account_key(ACCOUNT, 2, 4),
            Wrapped::MasterKey { version: 2 },
        ] {
            assert!(wrapping.unwrap(what, &wrapped).is_err());
        }
        let other = WrappingKey::derive(&[2; 32]).unwrap();
        assert!(other.unwrap(WHAT, &wrapped).is_err());
    }

    #[test]
    fn damage_is_refused() {
        let (wrapping, wrapped) = wrapped();
        for bit in 0..wrapped.len() * 8 {
            let mut bad = wrapped.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(wrapping.unwrap(WHAT, &bad).is_err(), "bit {bit}");
        }
        for length in 0..wrapped.len() {
            assert!(wrapping.unwrap(WHAT, &wrapped[..length]).is_err());
        }
        assert!(
            wrapping
                .unwrap(WHAT, &[&wrapped[..], &[0]].concat())
                .is_err()
        );
    }
}
