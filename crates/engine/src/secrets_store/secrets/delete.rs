//! Removing secrets.

use std::sync::Arc;

use coffer_store::rows::secrets::{self, SecretRow};
use coffer_store::{Tx, Written};
use coffer_types::{SecretId, StoreId};

use crate::authorize::{ManageSecrets, Permit};
use crate::engine::Engine;
use crate::error::{Error, Missing, Result};
use crate::secrets_store::protection::removable;

impl Engine {
    /// Removes one secret. Its value is gone for good.
    ///
    /// # Errors
    /// [`Missing::Store`] or [`Missing::Secret`]; [`crate::Conflict::SecretsBound`] without `force`, if a deployed
    /// version binds it and the account protects such.
    pub async fn delete_secret(
        &self,
        permit: &Permit<ManageSecrets>,
        store_id: StoreId,
        id: SecretId,
        force: bool,
    ) -> Result<()> {
        self.delete_secrets(permit, store_id, vec![id], force).await
    }

    /// Removes several secrets of a store: all of them or none.
    ///
    /// # Errors
    /// [`Missing::Store`], or [`Missing::Secret`] if one of them is not there; [`crate::Conflict::SecretsBound`]
    /// without `force`, if deployed versions bind some of them and the account protects such.
    pub async fn delete_secrets(
        &self,
        permit: &Permit<ManageSecrets>,
        store_id: StoreId,
        ids: Vec<SecretId>,
        force: bool,
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
                let removed = all_of(tx, store_id, &ids).await?;
                let bound = removable(tx, permit.account_id(), &removed, force).await?;
                let mut events = Vec::with_capacity(removed.len());
                for secret in &removed {
                    events.push(engine.remove_secret(tx, &permit, secret, &bound).await?);
                }
                Written::with_events((), events)
                    .ok_or_else(|| Error::Internal("no events".to_owned()))
            })
        })
        .await
    }
}

/// The secrets with these ids, all of which must be in the store.
async fn all_of(tx: &mut Tx<'_>, store_id: StoreId, ids: &[SecretId]) -> Result<Vec<SecretRow>> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let secret = secrets::find(tx, *id).await?;
        let secret = secret.filter(|secret| secret.store_id == store_id);
        found.push(secret.ok_or(Missing::Secret)?);
    }
    Ok(found)
}
