//! Duplicating a secret: the same value under another name, sealed anew for its new place.

use coffer_protocol::secrets_store::Secret;
use coffer_store::rows::secrets;
use coffer_types::{Comment, Scopes, SecretId, SecretName, StoreId};
use serde_json::json;

use super::{described, place_of};
use crate::authorize::{ManageSecrets, Permit};
use crate::engine::Engine;
use crate::error::{Error, Missing, Result};

/// What differs in the duplicate.
#[derive(Clone, Debug)]
pub struct DuplicateSecret {
    /// Its name.
    pub name: SecretName,
    /// Who may use it.
    pub scopes: Scopes,
    /// What people say of it.
    pub comment: Option<Comment>,
}

impl Engine {
    /// Makes a secret with the value of another of the same store.
    ///
    /// # Errors
    /// [`Missing::Store`], [`Missing::Secret`], and those of making a secret.
    pub async fn duplicate_secret(
        &self,
        permit: &Permit<ManageSecrets>,
        store_id: StoreId,
        id: SecretId,
        duplicate: DuplicateSecret,
    ) -> Result<Secret> {
        if let Some(made) = self.repeated::<Vec<Secret>>(&permit.caller).await? {
            return only(made);
        }
        self.check_store(permit.account_id(), store_id).await?;
        let mut reader = self.store.reader().await?;
        let (original, sealed) = secrets::find_sealed(&mut reader, id)
            .await?
            .filter(|(secret, _)| secret.store_id == store_id)
            .ok_or(Missing::Secret)?;
        drop(reader);
        let DuplicateSecret {
            name,
            scopes,
            comment,
        } = duplicate;
        let row = self.new_row(permit, store_id, name, scopes, comment);
        // The value may have been sealed anew under a key that is newer than the permit.
        let account = self.store.account(permit.account_id()).await?;
        let keys = account
            .as_ref()
            .map_or(&permit.account().keys, |account| &account.keys);
        let sealed = self
            .sealer
            .reseal(keys, &place_of(&original), &sealed, &place_of(&row))?;
        let details = json!({ "after": described(&row), "duplicated_from_id": id });
        let prepared = self.prepared(permit, row, sealed, details);
        only(self.insert_secrets(permit, vec![prepared]).await?)
    }
}

/// The one secret that was made.
fn only(made: Vec<Secret>) -> Result<Secret> {
    made.into_iter()
        .next()
        .ok_or_else(|| Error::Internal("nothing was made".to_owned()))
}
