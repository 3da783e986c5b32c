//! Finding one store.

use std::sync::Arc;

use coffer_protocol::secrets_store::Store;
use coffer_store::Rows;
use coffer_store::rows::stores::{self, StoreRow};
use coffer_types::{AccountId, StoreId};

use crate::authorize::{Permit, ViewSecrets};
use crate::engine::Engine;
use crate::error::{Missing, Result};

impl Engine {
    /// The account's store with this id.
    ///
    /// # Errors
    /// [`Missing::Store`].
    pub async fn store(&self, permit: &Permit<ViewSecrets>, id: StoreId) -> Result<Store> {
        let row = existing(&mut self.store.reader().await?, permit.account_id(), id).await?;
        Ok(super::view(row))
    }

    /// Finds that the account has the store, for a request that is refused anyway: what an unknown store
    /// is asked to do is not looked at.
    ///
    /// # Errors
    /// [`Missing::Store`].
    pub async fn known_store<P>(&self, permit: &Permit<P>, id: StoreId) -> Result<()> {
        self.check_store(permit.account_id(), id).await.map(drop)
    }

    /// Finds that the account has the store, from memory if it was found before.
    pub(crate) async fn check_store(
        &self,
        account_id: AccountId,
        id: StoreId,
    ) -> Result<Arc<StoreRow>> {
        let found = self.store.secrets_store(id).await?;
        found
            .filter(|store| store.account_id == account_id)
            .ok_or_else(|| Missing::Store.into())
    }
}

/// The account's store, or the refusal that every call below an unknown store gets.
pub(crate) async fn existing(
    rows: &mut impl Rows,
    account_id: AccountId,
    id: StoreId,
) -> Result<StoreRow> {
    stores::find(rows, account_id, id)
        .await?
        .ok_or_else(|| Missing::Store.into())
}
