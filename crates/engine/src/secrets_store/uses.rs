//! How much the secrets of a list are used.

use std::collections::HashMap;

use coffer_store::rows::{accounts, secret_uses};
use coffer_types::{SecretId, Timestamp};

use crate::authorize::{Permit, ViewSecrets};
use crate::engine::Engine;
use crate::error::Result;

/// How much a secret is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecretUse {
    /// When it was last read; `None` if it never was. Edges tell of reads after a moment.
    pub last_read: Option<Timestamp>,
    /// How many Workers have a version that binds it, deployed or not.
    pub workers: u32,
    /// How many Workers send traffic to a version that binds it.
    pub serving: u32,
    /// Whether it cannot be deleted without force: a deployed version binds it, and the account protects such.
    pub protected: bool,
}

impl Engine {
    /// How much each of these secrets of the account is used, read at once for all of them. Those that are gone are
    /// left out.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn uses_of_secrets(
        &self,
        permit: &Permit<ViewSecrets>,
        ids: &[SecretId],
    ) -> Result<HashMap<SecretId, SecretUse>> {
        let mut reader = self.store.reader().await?;
        let protects = accounts::protects_bound_secrets(&mut reader, permit.account_id()).await?;
        let rows = secret_uses::of(&mut reader, permit.account_id(), ids).await?;
        let used = rows.into_iter().map(|row| {
            let used = SecretUse {
                last_read: row.last_read_at,
                workers: row.workers,
                serving: row.serving,
                protected: protects && row.serving > 0,
            };
            (row.id, used)
        });
        Ok(used.collect())
    }
}
