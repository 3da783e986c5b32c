//! New keys in the place of old ones.
//!
//! Whoever rotates keeps three orders, so that a crash between any two steps leaves what opens:
//! a new master key is known to the ring before its row is committed, because account keys under it are read from
//! then on; it becomes the current one after the commit, because nothing may be wrapped under a key that is not
//! kept; and old keys stay, because replicas and requests that are under way still come with what they wrap.

use coffer_types::{AccountId, Random, WrappedAccountKey};
use zeroize::Zeroizing;

use super::{Keyring, KeyringError, MasterKey, WrappedMasterKey};
use crate::error::CryptoError;
use crate::root_key::RootKey;
use crate::wrap::{Wrapped, WrappingKey};

impl Keyring {
    /// The same master keys, wrapped under another root key.
    ///
    /// # Errors
    /// [`KeyringError::WrongRootKey`] when one does not unwrap under `from`, and those of a damaged database.
    pub fn rewrap_master_keys(
        from: &RootKey,
        to: &RootKey,
        master_keys: &[WrappedMasterKey],
        random: &dyn Random,
    ) -> Result<Vec<WrappedMasterKey>, KeyringError> {
        // Finds what is wrong with them together, such as that one is missing.
        Self::open(from, master_keys)?;
        let rewrap = |WrappedMasterKey { version, wrapped }: &WrappedMasterKey| {
            let what = Wrapped::MasterKey { version: *version };
            let key = from.wrapping().unwrap(what, wrapped)?;
            Ok(WrappedMasterKey {
                version: *version,
                wrapped: to.wrapping().wrap(what, &key, random)?,
            })
        };
        let rewrapped: Result<_, CryptoError> = master_keys.iter().map(rewrap).collect();
        rewrapped.map_err(|_| KeyringError::WrongRootKey)
    }

    /// A further master key after those that are kept. From here on the ring unwraps what it wraps; it wraps new keys
    /// under it after [`Keyring::use_master_key`], for which it must be kept. What is derived does not change.
    ///
    /// # Errors
    /// [`KeyringError::WrongRootKey`] when `root_key` is not the one that the kept ones are wrapped under, and those of
    /// a damaged database.
    pub fn next_master_key(
        &self,
        root_key: &RootKey,
        kept: &[WrappedMasterKey],
        random: &dyn Random,
    ) -> Result<WrappedMasterKey, KeyringError> {
        Self::open(root_key, kept)?;
        let newest = kept.iter().map(|key| key.version).max();
        let version = newest.map_or(1, |newest| newest.saturating_add(1));
        let mut key = Zeroizing::new([0; 32]);
        random.fill(key.as_mut_slice());
        let refused = |_: CryptoError| KeyringError::WrongRootKey;
        let wrapped = root_key
            .wrapping()
            .wrap(Wrapped::MasterKey { version }, &key, random)
            .map_err(refused)?;
        let wrapping = WrappingKey::derive(&key).map_err(refused)?;
        let mut master_keys = self.master_keys.write();
        // One of an attempt that was not committed wraps nothing.
        master_keys.known.retain(|key| key.version != version);
        master_keys.known.push(MasterKey { version, wrapping });
        Ok(WrappedMasterKey { version, wrapped })
    }

    /// Wraps new account keys under this master key from here on, if the ring knows it.
    pub fn use_master_key(&self, version: u32) {
        let mut master_keys = self.master_keys.write();
        if master_keys.wrapping(version).is_ok() {
            master_keys.current = version;
        }
    }

    /// The same account key, wrapped under another master key that the ring knows.
    ///
    /// # Errors
    /// [`CryptoError::DoesNotOpen`] when it is not this account's, or the ring knows one of the master keys not.
    pub fn rewrap_account_key(
        &self,
        account_id: AccountId,
        key: &WrappedAccountKey,
        master_version: u32,
        random: &dyn Random,
    ) -> Result<WrappedAccountKey, CryptoError> {
        let bytes = self.unwrap_account_key(account_id, key)?;
        self.wrap_account_key(account_id, key.version, &bytes, master_version, random)
    }
}
