//! Which keys there are, and what hangs on each.

use std::collections::HashMap;

use coffer_crypto::Keyring;
use coffer_protocol::keys::{
    AccountKeyStatus, AccountKeysStatus, KeyStatus, MasterKeyStatus, RootKeyStatus,
};
use coffer_store::rows::account_keys::{self, AccountKeyRow};
use coffer_store::rows::{accounts, instance, sealed_values};
use coffer_types::AccountId;

use super::{KeyRotationError, Keys};
use crate::installation::wrapped_master_keys;

impl Keys {
    /// Which keys there are, and what hangs on each.
    ///
    /// # Errors
    /// [`KeyRotationError::Store`], or that the root key's file does not fit any more.
    pub async fn status(&self) -> Result<KeyStatus, KeyRotationError> {
        let mut reader = self.0.store.reader().await?;
        let files = self.root_key()?;
        let wrapped = wrapped_master_keys(&mut reader).await?;
        let open = |key: &_| Keyring::open(key, &wrapped).map_err(KeyRotationError::from);
        let found = files.find(open, |_| true)?;
        let root_key = RootKeyStatus {
            file: files.current().to_owned(),
            fingerprint: found.key.fingerprint().to_owned(),
        };
        let times = instance::master_key_times(&mut reader).await?;
        let keys = account_keys::all(&mut reader).await?;
        let accounts = accounts::all(&mut reader).await?;
        let counts = sealed_values::count(&mut reader).await?;
        let counts: HashMap<_, _> = counts
            .into_iter()
            .map(|count| ((count.account_id, count.key_version), count.values))
            .collect();
        let newest = times.last().map(|(version, _)| *version);
        let master_keys = times
            .into_iter()
            .map(|(version, created_at)| MasterKeyStatus {
                version,
                created_at,
                current: Some(version) == newest,
                account_keys: wrapped_by(&keys, version),
            })
            .collect();
        let accounts = accounts
            .into_iter()
            .map(|account| account_status(account.id, account.name, &keys, &counts))
            .collect();
        Ok(KeyStatus {
            root_key,
            master_keys,
            accounts,
        })
    }
}

fn wrapped_by(keys: &[AccountKeyRow], master_version: u32) -> u64 {
    let wrapped = keys
        .iter()
        .filter(|row| row.key.master_version == master_version);
    wrapped.count() as u64
}

fn account_status(
    account_id: AccountId,
    account_name: String,
    keys: &[AccountKeyRow],
    counts: &HashMap<(AccountId, u32), u64>,
) -> AccountKeysStatus {
    let keys: Vec<_> = keys
        .iter()
        .filter(|row| row.account_id == account_id)
        .map(|row| AccountKeyStatus {
            version: row.key.version,
            master_version: row.key.master_version,
            created_at: row.created_at,
            values: counts
                .get(&(account_id, row.key.version))
                .copied()
                .unwrap_or_default(),
        })
        .collect();
    let current_version = keys.last().map_or(0, |key| key.version);
    let outdated = counts
        .iter()
        .filter(|((account, version), _)| *account == account_id && *version != current_version);
    AccountKeysStatus {
        account_id,
        account_name,
        current_version,
        outdated_values: outdated.map(|(_, values)| values).sum(),
        keys,
    }
}
