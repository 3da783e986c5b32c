//! Sealing values, without any way to read one back.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use coffer_envelope::{AccountKey, Plaintext};
use coffer_types::{Place, Random, WrappedAccountKey};
use zeroize::Zeroizing;

use crate::error::CryptoError;
use crate::keyring::Keyring;
use crate::place::context;
use crate::value::SecretValue;

/// Seals values under account keys. Nothing here returns an opened value.
#[derive(Clone)]
pub struct Sealer {
    keyring: Arc<Keyring>,
    random: Arc<dyn Random>,
}

impl Sealer {
    pub(crate) fn new(keyring: Arc<Keyring>, random: Arc<dyn Random>) -> Self {
        Self { keyring, random }
    }

    /// Seals a value for its place, under the newest of the account's keys.
    ///
    /// # Errors
    /// [`CryptoError::NoAccountKey`] without keys, [`CryptoError::DoesNotOpen`] when the newest key is
    /// not this account's, [`CryptoError::TooLong`] past the envelope's bound.
    pub fn seal(
        &self,
        keys: &[WrappedAccountKey],
        place: &Place,
        value: &SecretValue,
    ) -> Result<Vec<u8>, CryptoError> {
        self.seal_bytes(keys, place, value.expose_secret().as_bytes())
    }

    /// Seals the value that is sealed at `from` for the place `to` of the same account, under the newest
    /// of the account's keys. The value itself is wiped before this returns.
    ///
    /// # Errors
    /// [`CryptoError::DoesNotOpen`] when the sealed value is not the one at `from`, its key is not among
    /// `keys`, or the places are of two accounts; otherwise as [`Sealer::seal`].
    pub fn reseal(
        &self,
        keys: &[WrappedAccountKey],
        from: &Place,
        sealed: &[u8],
        to: &Place,
    ) -> Result<Vec<u8>, CryptoError> {
        if from.account_id != to.account_id {
            return Err(CryptoError::DoesNotOpen);
        }
        let value = self.open(keys, from, sealed)?;
        self.seal_bytes(keys, to, value.expose_secret())
    }

    /// Whether the value that is sealed at `place` is this one. Both become digests under a key that is made for this
    /// one question and wiped after it; these are compared, in time that does not depend on where they differ.
    ///
    /// Whoever may ask can guess: ask only for those who may replace the value, and count what was wrong.
    ///
    /// # Errors
    /// [`CryptoError::DoesNotOpen`] as in [`Sealer::reseal`].
    pub fn matches(
        &self,
        keys: &[WrappedAccountKey],
        place: &Place,
        sealed: &[u8],
        candidate: &SecretValue,
    ) -> Result<bool, CryptoError> {
        let value = self.open(keys, place, sealed)?;
        let mut once = Zeroizing::new([0; 32]);
        self.random.fill(once.as_mut_slice());
        let key = hmac::Key::new(hmac::HMAC_SHA256, once.as_slice());
        let digest = hmac::sign(&key, candidate.expose_secret().as_bytes());
        Ok(hmac::verify(&key, value.expose_secret(), digest.as_ref()).is_ok())
    }

    fn open(
        &self,
        keys: &[WrappedAccountKey],
        place: &Place,
        sealed: &[u8],
    ) -> Result<Plaintext, CryptoError> {
        let version = coffer_envelope::key_version(sealed)?;
        let key = keys
            .iter()
            .find(|key| key.version == version)
            .ok_or(CryptoError::DoesNotOpen)?;
        let key = self.keyring.account_key(place.account_id, key)?;
        Ok(coffer_envelope::open(&key, &context(place), sealed)?)
    }

    fn seal_bytes(
        &self,
        keys: &[WrappedAccountKey],
        place: &Place,
        value: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let key = self.newest(keys, place)?;
        let mut random = |bytes: &mut [u8]| self.random.fill(bytes);
        Ok(coffer_envelope::seal(
            &key,
            &context(place),
            value,
            &mut random,
        )?)
    }

    fn newest(
        &self,
        keys: &[WrappedAccountKey],
        place: &Place,
    ) -> Result<Arc<AccountKey>, CryptoError> {
        let newest = keys
            .iter()
            .max_by_key(|key| key.version)
            .ok_or(CryptoError::NoAccountKey)?;
        self.keyring.account_key(place.account_id, newest)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}
