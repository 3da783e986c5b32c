//! A new root key.

use coffer_crypto::{Keyring, WrappedMasterKey};
use coffer_protocol::keys::NewRootKey;
use coffer_store::rows::instance::{self, MasterKeyRow};
use coffer_store::{StoreError, Written};
use coffer_types::audit::Action;
use serde_json::json;

use super::{KeyRotationError, Keys};
use crate::installation::wrapped_master_keys;

impl Keys {
    /// Wraps the master keys under a new root key, and puts that in the place of the one before. The new key is on disk
    /// before anything is wrapped under it; after a crash at any moment one of the two files fits, and opening finds
    /// it.
    ///
    /// # Errors
    /// [`KeyRotationError`]; nothing has changed then, but for [`KeyRotationError::NotPromoted`].
    pub async fn rotate_root(&self) -> Result<NewRootKey, KeyRotationError> {
        let _turn = self.turn()?;
        let files = self.root_key()?;
        let mut reader = self.0.store.reader().await?;
        let master_keys = wrapped_master_keys(&mut reader).await?;
        let id = instance::id(&mut reader).await?.unwrap_or_default();
        drop(reader);
        let found = files.find(
            |key| Keyring::open(key, &master_keys).map_err(KeyRotationError::from),
            |_| true,
        )?;
        if found.is_next {
            // An earlier rotation got so far.
            files.promote()?;
        }
        let next = files.prepare(self.0.random.as_ref())?;
        let random = self.0.random.as_ref();
        let rewrapped = Keyring::rewrap_master_keys(&found.key, &next, &master_keys, random)?;
        let (former, fingerprint) = (
            found.key.fingerprint().to_owned(),
            next.fingerprint().to_owned(),
        );
        let event = self.event(
            None,
            id,
            Action::Update,
            json!({
                "before": { "root_key": former },
                "after": { "root_key": fingerprint },
            }),
        );
        let written: Result<(), KeyRotationError> = self
            .0
            .store
            .write(move |tx| {
                let (rewrapped, event) = (rewrapped.clone(), event.clone());
                Box::pin(async move {
                    for WrappedMasterKey { version, wrapped } in rewrapped {
                        let row = MasterKeyRow { version, wrapped };
                        instance::rewrap_master_key(tx, &row).await?;
                    }
                    Ok::<_, StoreError>(Written::new((), event))
                })
            })
            .await
            .map_err(KeyRotationError::from);
        // Of a commit that failed it is not known whether it came about: both files stay, and opening finds out.
        written?;
        let former_file = files
            .promote()
            .map_err(|reason| KeyRotationError::NotPromoted {
                next: files.next(),
                reason,
            })?;
        Ok(NewRootKey {
            file: files.current().to_owned(),
            fingerprint,
            former_fingerprint: former,
            former_file,
        })
    }
}
