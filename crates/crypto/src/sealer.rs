//! Sealing values, without any way to read one back.

use std::fmt;
use std::sync::Arc;

use coffer_envelope::AccountKey;
use coffer_types::{Place, Random, WrappedAccountKey};

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
        let version = coffer_envelope::key_version(sealed)?;
        let key = keys
            .iter()
            .find(|key| key.version == version)
            .ok_or(CryptoError::DoesNotOpen)?;
        let key = self.keyring.account_key(from.account_id, key)?;
        let value = coffer_envelope::open(&key, &context(from), sealed)?;
        self.seal_bytes(keys, to, value.expose_secret())
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
