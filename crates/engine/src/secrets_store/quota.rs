//! How much of its quota an account uses.

use coffer_protocol::secrets_store::{Quota, QuotaOf};
use coffer_store::rows::accounts;

use crate::authorize::{Permit, ViewSecrets};
use crate::engine::Engine;
use crate::error::Result;

impl Engine {
    /// The account's limit of secrets and how many it has.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn quota(&self, permit: &Permit<ViewSecrets>) -> Result<Quota> {
        let usage =
            accounts::secret_count(&mut self.store.reader().await?, permit.account_id()).await?;
        Ok(Quota {
            secrets: QuotaOf {
                quota: permit.account().limits.secrets,
                usage,
            },
        })
    }
}
