//! Making a store.

use coffer_protocol::secrets_store::Store;
use coffer_store::rows::stores::{self, StoreRow};
use coffer_store::{StoreError, Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{StoreId, StoreName};
use serde_json::json;

use crate::authorize::{ManageSecrets, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Limit, Result};
use crate::mutate::About;

impl Engine {
    /// Makes a store. A chosen id counts only for an engine that is [`local`](Engine::local).
    ///
    /// # Errors
    /// [`Limit::Stores`], or [`Conflict::StoreName`].
    pub async fn create_store(
        &self,
        permit: &Permit<ManageSecrets>,
        name: StoreName,
        chosen: Option<StoreId>,
    ) -> Result<Store> {
        let now = self.clock.now();
        let chosen = chosen.filter(|_| self.is_local);
        let row = StoreRow {
            id: chosen.unwrap_or_else(|| StoreId::random(self.random.as_ref())),
            account_id: permit.account_id(),
            name,
            created_at: now,
            modified_at: now,
        };
        let event = self.event(
            &permit.caller,
            permit.account_id(),
            About {
                action: Action::Create,
                resource_kind: ResourceKind::Store,
                resource_id: row.id.to_string(),
                details: json!({ "after": { "name": row.name } }),
            },
        );
        let max_stores = permit.account().limits.stores;
        self.mutate(&permit.caller, move |tx| {
            let (row, event) = (row.clone(), event.clone());
            Box::pin(async move {
                insert(tx, &row, max_stores).await?;
                Ok(Written::new(super::view(row), event))
            })
        })
        .await
    }
}

async fn insert(tx: &mut Tx<'_>, row: &StoreRow, max_stores: u32) -> Result<()> {
    match stores::insert(tx, row, max_stores).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Limit::Stores(max_stores).into()),
        Err(StoreError::Taken(_)) => Err(Conflict::StoreName.into()),
        Err(error) => Err(Error::from(error)),
    }
}
