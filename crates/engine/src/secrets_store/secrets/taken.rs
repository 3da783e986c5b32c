//! Which names of a store are taken.

use std::collections::HashSet;

use coffer_store::rows::secrets;
use coffer_types::{SecretName, StoreId};

use crate::authorize::{Permit, ViewSecrets};
use crate::engine::Engine;
use crate::error::Result;

impl Engine {
    /// Those of the names that secrets of the store have.
    ///
    /// # Errors
    /// [`crate::Missing::Store`].
    pub async fn taken_names(
        &self,
        permit: &Permit<ViewSecrets>,
        store_id: StoreId,
        names: &[SecretName],
    ) -> Result<HashSet<SecretName>> {
        self.check_store(permit.account_id(), store_id).await?;
        let mut reader = self.store.reader().await?;
        Ok(secrets::taken(&mut reader, store_id, names).await?)
    }
}
