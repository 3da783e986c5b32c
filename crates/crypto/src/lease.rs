//! Account keys for those who may open.

use std::fmt;
use std::sync::Arc;

use coffer_envelope::AccountKey;
use coffer_types::{AccountId, WrappedAccountKey};

use crate::error::CryptoError;
use crate::keyring::Keyring;

/// Hands out account keys. A key alone opens nothing: its holder also needs the envelope's crate.
#[derive(Clone)]
pub struct KeyLeases {
    keyring: Arc<Keyring>,
}

impl KeyLeases {
    pub(crate) fn new(keyring: Arc<Keyring>) -> Self {
        Self { keyring }
    }

    /// The account's key, unwrapped.
    ///
    /// # Errors
    /// [`CryptoError::DoesNotOpen`] when it was not wrapped for this account and version by one of the
    /// ring's master keys.
    pub fn lease(
        &self,
        account_id: AccountId,
        key: &WrappedAccountKey,
    ) -> Result<Arc<AccountKey>, CryptoError> {
        self.keyring.account_key(account_id, key)
    }
}

impl fmt::Debug for KeyLeases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyLeases")
    }
}
