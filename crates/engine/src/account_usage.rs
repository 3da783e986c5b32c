//! How much of its limits an account uses.

use coffer_store::rows::stores::StoreOrder;
use coffer_store::rows::{Direction, Slice, accounts, stores, workers};

use crate::authorize::{Permit, ViewAccount};
use crate::engine::Engine;
use crate::error::Result;

/// What an account has of the things that are limited. It tells how many, never which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountUsage {
    /// Secrets Stores.
    pub stores: u32,
    /// Secrets in all of them together.
    pub secrets: u32,
    /// Workers.
    pub workers: u32,
}

impl Engine {
    /// How much of its limits the account uses.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn account_usage(&self, permit: &Permit<ViewAccount>) -> Result<AccountUsage> {
        let id = permit.account_id();
        let mut reader = self.store.reader().await?;
        let none = Slice {
            limit: 0,
            offset: 0,
        };
        let (order, direction) = (StoreOrder::Name, Direction::Ascending);
        let (_, stores) = stores::list(&mut reader, id, order, direction, none).await?;
        Ok(AccountUsage {
            stores,
            secrets: accounts::secret_count(&mut reader, id).await?,
            workers: workers::count_of_account(&mut reader, id).await?,
        })
    }
}
