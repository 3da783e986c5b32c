//! A new master key.

use coffer_protocol::keys::NewMasterKey;
use coffer_store::rows::account_keys;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::instance::{self, MasterKeyRow};
use coffer_store::{Tx, Written};
use coffer_types::audit::Action;
use serde_json::json;

use super::{KeyRotationError, Keys};
use crate::installation::wrapped_master_keys;

impl Keys {
    /// Makes a new master key and wraps every account key under it, in one transaction. Edges learn of the keys as they
    /// are wrapped now; what they have still unwraps. What is derived from the first master key stays as it is.
    ///
    /// # Errors
    /// [`KeyRotationError`]; nothing has changed then.
    pub async fn rotate_master(&self) -> Result<NewMasterKey, KeyRotationError> {
        let _turn = self.turn()?;
        let files = self.root_key()?;
        let mut reader = self.0.store.reader().await?;
        let kept = wrapped_master_keys(&mut reader).await?;
        let id = instance::id(&mut reader).await?.unwrap_or_default();
        drop(reader);
        // Known to the ring before anybody can read what it wraps.
        let found = files.find(
            |key| {
                let random = self.0.random.as_ref();
                let next = self.0.keyring.next_master_key(key, &kept, random);
                next.map_err(KeyRotationError::from)
            },
            |_| true,
        )?;
        let row = MasterKeyRow {
            version: found.opened.version,
            wrapped: found.opened.wrapped,
        };
        let version = row.version;
        let keys = self.clone();
        let account_keys = self
            .0
            .store
            .write(move |tx| {
                let (keys, row, id) = (keys.clone(), row.clone(), id.clone());
                Box::pin(async move { keys.write_master_key(tx, &row, id).await })
            })
            .await?;
        self.0.keyring.use_master_key(version);
        Ok(NewMasterKey {
            version,
            account_keys,
        })
    }

    async fn write_master_key(
        &self,
        tx: &mut Tx<'_>,
        row: &MasterKeyRow,
        instance_id: String,
    ) -> Result<Written<u64>, KeyRotationError> {
        instance::insert_master_key(tx, row, self.0.clock.now()).await?;
        let kept = account_keys::all(tx).await?;
        let mut last = None;
        for kept in &kept {
            let random = self.0.random.as_ref();
            let rewrapped =
                self.0
                    .keyring
                    .rewrap_account_key(kept.account_id, &kept.key, row.version, random);
            let rewrapped = rewrapped.map_err(|_| KeyRotationError::DamagedKey(kept.account_id))?;
            account_keys::rewrap(tx, kept.account_id, &rewrapped).await?;
            // One change for the keys of an account, which stand together.
            if last.replace(kept.account_id) != Some(kept.account_id) {
                changes::record(tx, kept.account_id, ChangeSubject::Account).await?;
            }
        }
        let count = kept.len() as u64;
        let details = json!({
            "after": { "master_key_version": row.version, "account_keys": count },
        });
        let event = self.event(None, instance_id, Action::Update, details);
        Ok(Written::new(count, event))
    }
}
