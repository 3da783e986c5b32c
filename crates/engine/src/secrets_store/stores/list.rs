//! Listing stores.

use coffer_protocol::secrets_store::Store;
use coffer_store::rows::stores::{self, StoreOrder};
use coffer_store::rows::{Direction, Slice};

use crate::authorize::{Permit, ViewSecrets};
use crate::engine::Engine;
use crate::error::Result;

/// Which stores to list, and how.
#[derive(Clone, Copy, Debug)]
pub struct StoreList {
    /// Sorted by what.
    pub order: StoreOrder,
    /// In which direction.
    pub direction: Direction,
    /// Which part of the list.
    pub slice: Slice,
}

/// Part of the list of stores.
#[derive(Clone, Debug)]
pub struct StorePage {
    /// The stores.
    pub stores: Vec<Store>,
    /// How many there are in all.
    pub total: u32,
}

impl Engine {
    /// Part of the account's stores.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn list_stores(
        &self,
        permit: &Permit<ViewSecrets>,
        list: StoreList,
    ) -> Result<StorePage> {
        let mut reader = self.store.reader().await?;
        let (rows, total) = stores::list(
            &mut reader,
            permit.account_id(),
            list.order,
            list.direction,
            list.slice,
        )
        .await?;
        Ok(StorePage {
            stores: rows.into_iter().map(super::view).collect(),
            total,
        })
    }
}
