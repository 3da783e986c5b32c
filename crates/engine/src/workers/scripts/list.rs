//! Listing Workers.

use coffer_protocol::workers::Script;
use coffer_store::rows::workers;

use crate::authorize::{Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::Result;
use crate::workers::current::of;
use crate::workers::view;

impl Engine {
    /// The account's Workers by name. There are at most as many as the account's limit.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] if the database is away.
    pub async fn list_scripts(&self, permit: &Permit<ViewWorkers>) -> Result<Vec<Script>> {
        let mut reader = self.store.reader().await?;
        let rows = workers::of_account(&mut reader, permit.account_id()).await?;
        let mut scripts = Vec::with_capacity(rows.len());
        for worker in rows {
            scripts.push(view::script(&of(&mut reader, worker).await?));
        }
        Ok(scripts)
    }
}
