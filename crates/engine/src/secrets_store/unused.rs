//! Secrets that nothing reads.

use coffer_protocol::usage::UnusedSecret;
use coffer_store::rows::Slice;
use coffer_store::rows::secret_reads::{self, UnusedSecret as UnusedRow};

use crate::authorize::{Permit, ViewSecrets};
use crate::engine::Engine;
use crate::error::Result;

const MICROS_PER_DAY: i64 = 24 * 3600 * 1_000_000;

/// Which unused secrets to list.
#[derive(Clone, Copy, Debug)]
pub struct UnusedList {
    /// Without a read in so many days; those that were never read are unused however new they are.
    pub days: u32,
    /// Which part of the list.
    pub slice: Slice,
}

/// Part of a list of unused secrets.
#[derive(Clone, Debug)]
pub struct UnusedPage {
    /// The secrets.
    pub secrets: Vec<UnusedSecret>,
    /// How many there are in all.
    pub total: u32,
}

impl Engine {
    /// Part of the account's secrets that nothing read for a while. First comes the one that has been idle the
    /// longest: since its last read or, if it was never read, since it was made.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn unused_secrets(
        &self,
        permit: &Permit<ViewSecrets>,
        list: UnusedList,
    ) -> Result<UnusedPage> {
        let since = self
            .clock
            .now()
            .plus_micros(-MICROS_PER_DAY * i64::from(list.days));
        let mut reader = self.store.reader().await?;
        let (rows, total) =
            secret_reads::unused(&mut reader, permit.account_id(), since, list.slice).await?;
        Ok(UnusedPage {
            secrets: rows.into_iter().map(view).collect(),
            total,
        })
    }
}

fn view(row: UnusedRow) -> UnusedSecret {
    UnusedSecret {
        id: row.id,
        store_id: row.store_id,
        name: row.name,
        created: row.created_at,
        last_read: row.last_read_at,
        bound: row.bound,
    }
}
