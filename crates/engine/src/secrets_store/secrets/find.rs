//! Finding one secret's metadata.

use std::sync::Arc;

use coffer_protocol::secrets_store::Secret;
use coffer_store::rows::secrets::SecretRow;
use coffer_types::{AccountId, SecretId, StoreId};

use crate::authorize::{Permit, ViewSecrets};
use crate::engine::Engine;
use crate::error::{Missing, Result};

impl Engine {
    /// A secret's metadata.
    ///
    /// # Errors
    /// [`Missing::Store`] before [`Missing::Secret`].
    pub async fn secret(
        &self,
        permit: &Permit<ViewSecrets>,
        store_id: StoreId,
        id: SecretId,
    ) -> Result<Secret> {
        let row = self.find_secret(permit.account_id(), store_id, id).await?;
        Ok(self.secret_view(&row))
    }

    /// A secret's metadata, in whichever of the account's stores it is.
    ///
    /// # Errors
    /// [`Missing::Secret`].
    pub async fn secret_of_account(
        &self,
        permit: &Permit<ViewSecrets>,
        id: SecretId,
    ) -> Result<Secret> {
        let found = self.store.secret(id).await?;
        let row = found.filter(|secret| secret.account_id == permit.account_id());
        row.map(|row| self.secret_view(&row))
            .ok_or_else(|| Missing::Secret.into())
    }

    /// The row of a secret, if the account has it in that store.
    pub(super) async fn find_secret(
        &self,
        account_id: AccountId,
        store_id: StoreId,
        id: SecretId,
    ) -> Result<Arc<SecretRow>> {
        self.check_store(account_id, store_id).await?;
        let found = self.store.secret(id).await?;
        found
            .filter(|secret| secret.store_id == store_id)
            .ok_or_else(|| Missing::Secret.into())
    }
}
