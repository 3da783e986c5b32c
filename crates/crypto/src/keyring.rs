//! The master keys, unwrapped, and what hangs below them.

mod rotation;

use std::fmt;
use std::sync::Arc;

use coffer_envelope::AccountKey;
use coffer_types::{AccountId, Random, WrappedAccountKey};
use parking_lot::RwLock;
use zeroize::Zeroizing;

use crate::aead::KeyBytes;
use crate::cache::AccountKeyCache;
use crate::error::CryptoError;
use crate::lease::KeyLeases;
use crate::mac::{MacKey, MacLabel};
use crate::one_time::OneTimeSeal;
use crate::password_seal::PasswordSeal;
use crate::root_key::RootKey;
use crate::sealer::Sealer;
use crate::signing::{self, SigningKey};
use crate::token::TokenPepper;
use crate::wrap::{Wrapped, WrappingKey};

/// The version of the first master key.
const FIRST_VERSION: u32 = 1;

/// A master key as it is stored: wrapped under the root key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedMasterKey {
    /// Counts the master keys, from 1.
    pub version: u32,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
}

/// Why the master keys cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// A master key does not unwrap under the root key.
    #[error(
        "the root key does not fit this database: use the root key that it was initialised with"
    )]
    WrongRootKey,
    /// There is nothing to unwrap.
    #[error("the database holds no master key: it is damaged or was never initialised")]
    NoMasterKey,
    /// Two master keys claim one version.
    #[error("the database holds two master keys of version {0}: restore it from a backup")]
    Repeated(u32),
    /// The master key is gone from which tokens, sessions and the audit log's signature follow.
    #[error("the database has lost its first master key: restore it from a backup")]
    NoFirst,
}

/// The master keys of one database. Wiped when dropped.
pub struct Keyring {
    master_keys: RwLock<MasterKeys>,
    mac_keys: MacKeys,
    password_seal: PasswordSeal,
    one_time_seal: OneTimeSeal,
    /// Derived as the authentication keys are, for the same reason: what was signed is not signed again.
    signing_seed: KeyBytes,
    account_keys: AccountKeyCache,
}

struct MasterKeys {
    /// By growing version; never empty.
    known: Vec<MasterKey>,
    /// The one that wraps new account keys: the newest whose row is committed.
    current: u32,
}

struct MasterKey {
    version: u32,
    wrapping: WrappingKey,
}

/// Derived from the first master key, so that they stay valid when the master key is rotated: stored
/// token codes cannot be computed again, because the tokens are not there.
struct MacKeys {
    token: MacKey,
    session: MacKey,
    cursor: MacKey,
    request: MacKey,
    assets: MacKey,
}

impl MacKeys {
    fn derive(master_key: &[u8; 32]) -> Result<Self, CryptoError> {
        Ok(Self {
            token: MacKey::derive(master_key, MacLabel::Token)?,
            session: MacKey::derive(master_key, MacLabel::Session)?,
            cursor: MacKey::derive(master_key, MacLabel::Cursor)?,
            request: MacKey::derive(master_key, MacLabel::Request)?,
            assets: MacKey::derive(master_key, MacLabel::Assets)?,
        })
    }
}

impl Keyring {
    /// A new database's ring, with its master key as it must be stored.
    ///
    /// # Errors
    /// [`CryptoError::DoesNotOpen`] when the cryptographic library refuses.
    pub fn create(
        root_key: &RootKey,
        random: &dyn Random,
    ) -> Result<(Self, WrappedMasterKey), CryptoError> {
        let mut key = Zeroizing::new([0; 32]);
        random.fill(key.as_mut_slice());
        let what = Wrapped::MasterKey {
            version: FIRST_VERSION,
        };
        let wrapped = WrappedMasterKey {
            version: FIRST_VERSION,
            wrapped: root_key.wrapping().wrap(what, &key, random)?,
        };
        let ring = Self::of(&[(FIRST_VERSION, key)])?;
        Ok((ring, wrapped))
    }

    /// The ring of a database whose master keys are these.
    ///
    /// # Errors
    /// [`KeyringError::WrongRootKey`] when one does not unwrap; [`KeyringError::NoMasterKey`] and
    /// [`KeyringError::Repeated`] for a damaged database.
    pub fn open(
        root_key: &RootKey,
        master_keys: &[WrappedMasterKey],
    ) -> Result<Self, KeyringError> {
        let mut keys: Vec<(u32, KeyBytes)> = Vec::with_capacity(master_keys.len());
        for WrappedMasterKey { version, wrapped } in master_keys {
            if keys.iter().any(|(other, _)| other == version) {
                return Err(KeyringError::Repeated(*version));
            }
            let what = Wrapped::MasterKey { version: *version };
            let key = root_key
                .wrapping()
                .unwrap(what, wrapped)
                .map_err(|_| KeyringError::WrongRootKey)?;
            keys.push((*version, key));
        }
        if keys.is_empty() {
            return Err(KeyringError::NoMasterKey);
        }
        keys.sort_by_key(|(version, _)| *version);
        // What is derived from another key would pass for nothing that was made before.
        if keys
            .first()
            .is_none_or(|(version, _)| *version != FIRST_VERSION)
        {
            return Err(KeyringError::NoFirst);
        }
        Self::of(&keys).map_err(|_| KeyringError::WrongRootKey)
    }

    /// `keys` is by growing version and not empty.
    fn of(keys: &[(u32, KeyBytes)]) -> Result<Self, CryptoError> {
        let (_, first) = keys.first().ok_or(CryptoError::DoesNotOpen)?;
        let (current, _) = keys.last().ok_or(CryptoError::DoesNotOpen)?;
        let mut known = Vec::with_capacity(keys.len());
        for (version, key) in keys {
            known.push(MasterKey {
                version: *version,
                wrapping: WrappingKey::derive(key)?,
            });
        }
        let master_keys = MasterKeys {
            known,
            current: *current,
        };
        Ok(Self {
            master_keys: RwLock::new(master_keys),
            mac_keys: MacKeys::derive(first)?,
            password_seal: PasswordSeal::derive(first)?,
            one_time_seal: OneTimeSeal::derive(first)?,
            signing_seed: signing::seed(first)?,
            account_keys: AccountKeyCache::default(),
        })
    }

    /// A new random key for an account, wrapped under the current master key. The account's id and the
    /// key's version are bound into it. `version` counts the account's keys, from 1.
    ///
    /// # Errors
    /// [`CryptoError::DoesNotOpen`] when the cryptographic library refuses.
    pub fn new_account_key(
        &self,
        account_id: AccountId,
        version: u32,
        random: &dyn Random,
    ) -> Result<WrappedAccountKey, CryptoError> {
        let mut key = Zeroizing::new([0; 32]);
        random.fill(key.as_mut_slice());
        let current = self.master_keys.read().current;
        self.wrap_account_key(account_id, version, &key, current, random)
    }

    fn wrap_account_key(
        &self,
        account_id: AccountId,
        version: u32,
        key: &KeyBytes,
        master_version: u32,
        random: &dyn Random,
    ) -> Result<WrappedAccountKey, CryptoError> {
        let what = Wrapped::AccountKey {
            account_id,
            version,
            master_version,
        };
        let master_keys = self.master_keys.read();
        let wrapped = master_keys
            .wrapping(master_version)?
            .wrap(what, key, random)?;
        Ok(WrappedAccountKey {
            version,
            master_version,
            wrapped,
        })
    }

    /// The key that signs checkpoints as `name`. It stays the same when the master key is rotated, and whoever can write
    /// the database can neither remove nor exchange it.
    ///
    /// # Errors
    /// [`CryptoError::DoesNotOpen`] for a name with white space or `+` in it.
    pub fn signing_key(&self, name: &str) -> Result<SigningKey, CryptoError> {
        SigningKey::of_seed(name, &self.signing_seed)
    }

    /// Seals with the ring's account keys.
    pub fn sealer(self: &Arc<Self>, random: Arc<dyn Random>) -> Sealer {
        Sealer::new(Arc::clone(self), random)
    }

    /// Leases the ring's account keys.
    pub fn leases(self: &Arc<Self>) -> KeyLeases {
        KeyLeases::new(Arc::clone(self))
    }

    /// The key under which tokens are stored.
    pub fn token_pepper(&self) -> TokenPepper {
        TokenPepper::new(self.mac_key(MacLabel::Token))
    }

    /// What seals global keys under their users' passwords. It stays the same when the master key is rotated:
    /// nobody but the user can open what it sealed.
    pub fn password_seal(&self) -> PasswordSeal {
        self.password_seal.duplicate()
    }

    /// What seals the secrets of authenticator apps. It stays the same when the master key is rotated, as the keys
    /// that authenticate do.
    pub fn one_time_seal(&self) -> OneTimeSeal {
        self.one_time_seal.duplicate()
    }

    /// The authentication key with this label. It stays the same when the master key is rotated.
    pub fn mac_key(&self, label: MacLabel) -> MacKey {
        match label {
            MacLabel::Token => &self.mac_keys.token,
            MacLabel::Session => &self.mac_keys.session,
            MacLabel::Cursor => &self.mac_keys.cursor,
            MacLabel::Request => &self.mac_keys.request,
            MacLabel::Assets => &self.mac_keys.assets,
        }
        .duplicate()
    }

    /// The account's key, unwrapped or from the cache.
    pub(crate) fn account_key(
        &self,
        account_id: AccountId,
        key: &WrappedAccountKey,
    ) -> Result<Arc<AccountKey>, CryptoError> {
        if let Some(found) = self.account_keys.find(account_id, key) {
            return Ok(found);
        }
        let bytes = self.unwrap_account_key(account_id, key)?;
        let unwrapped = Arc::new(AccountKey::new(key.version, bytes));
        self.account_keys
            .insert(account_id, key, Arc::clone(&unwrapped));
        Ok(unwrapped)
    }

    fn unwrap_account_key(
        &self,
        account_id: AccountId,
        key: &WrappedAccountKey,
    ) -> Result<KeyBytes, CryptoError> {
        let what = Wrapped::AccountKey {
            account_id,
            version: key.version,
            master_version: key.master_version,
        };
        let master_keys = self.master_keys.read();
        master_keys
            .wrapping(key.master_version)?
            .unwrap(what, &key.wrapped)
    }
}

impl MasterKeys {
    fn wrapping(&self, version: u32) -> Result<&WrappingKey, CryptoError> {
        self.known
            .iter()
            .find(|key| key.version == version)
            .map(|key| &key.wrapping)
            .ok_or(CryptoError::DoesNotOpen)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}
