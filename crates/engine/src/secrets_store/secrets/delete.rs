//! Removing secrets.

use std::sync::Arc;

use coffer_store::Written;
use coffer_store::rows::secrets;
use coffer_types::{SecretId, StoreId};

use crate::authorize::{ManageSecrets, Permit};
use crate::engine::Engine;
use crate::error::{Error, Missing, Result};

impl Engine {
    /// Removes one secret. Its value is gone for good.
    ///
    /// # Errors
    /// [`Missing::Store`] or [`Missing::Secret`].
    pub async fn delete_secret(
        &self,
        permit: &Permit<ManageSecrets>,
        store_id: StoreId,
        id: SecretId,
    ) -> Result<()> {
        self.delete_secrets(permit, store_id, vec![id]).await
    }

    /// Removes several secrets of a store: all of them or none.
    ///
    /// # Errors
    /// [`Missing::Store`], or [`Missing::Secret`] if one of them is not there.
    pub async fn delete_secrets(
        &self,
        permit: &Permit<ManageSecrets>,
        store_id: StoreId,
        ids: Vec<SecretId>,
    ) -> Result<()> {
        if let Some(done) = self.repeated(&permit.caller).await? {
            return Ok(done);
        }
        self.check_store(permit.account_id(), store_id).await?;
        if ids.is_empty() {
            return Ok(());
        }
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit, ids) = (engine.clone(), permit.clone(), ids.clone());
            Box::pin(async move {
                let mut events = Vec::with_capacity(ids.len());
                for id in ids {
                    let secret = secrets::find(tx, id).await?;
                    let secret = secret
                        .filter(|secret| secret.store_id == store_id)
                        .ok_or(Missing::Secret)?;
                    events.push(engine.remove_secret(tx, &permit, &secret).await?);
                }
                Written::with_events((), events)
                    .ok_or_else(|| Error::Internal("no events".to_owned()))
            })
        })
        .await
    }
}
