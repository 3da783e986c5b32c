//! Listing a store's secrets.

use coffer_protocol::secrets_store::Secret;
use coffer_store::rows::secrets::{self, SecretFilter, SecretOrder};
use coffer_store::rows::{Direction, Slice};

use crate::authorize::{Permit, ViewSecrets};
use crate::engine::Engine;
use crate::error::Result;

/// Which secrets to list, and how.
#[derive(Clone, Debug)]
pub struct SecretList {
    /// Which.
    pub filter: SecretFilter,
    /// Sorted by what.
    pub order: SecretOrder,
    /// In which direction.
    pub direction: Direction,
    /// Which part of the list.
    pub slice: Slice,
}

/// Part of a list of secrets.
#[derive(Clone, Debug)]
pub struct SecretPage {
    /// The secrets.
    pub secrets: Vec<Secret>,
    /// How many match in all.
    pub total: u32,
}

impl Engine {
    /// Part of a store's secrets.
    ///
    /// # Errors
    /// [`crate::Missing::Store`].
    pub async fn list_secrets(
        &self,
        permit: &Permit<ViewSecrets>,
        list: SecretList,
    ) -> Result<SecretPage> {
        self.check_store(permit.account_id(), list.filter.store_id)
            .await?;
        let mut reader = self.store.reader().await?;
        let applied = self.applied.everywhere();
        let (rows, total) = secrets::list(
            &mut reader,
            &list.filter,
            list.order,
            list.direction,
            list.slice,
            applied,
        )
        .await?;
        Ok(SecretPage {
            secrets: rows.iter().map(|row| self.secret_view(row)).collect(),
            total,
        })
    }
}
