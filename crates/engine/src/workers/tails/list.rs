//! The tails of a Worker.

use coffer_types::{TailId, Timestamp, WorkerName};

use crate::authorize::{Permit, TailWorkers};
use crate::engine::Engine;
use crate::error::Result;
use crate::workers::current::existing;

/// A tail that is followed or waits for its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TailView {
    /// Which.
    pub id: TailId,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl Engine {
    /// The tails of a Worker, the oldest first; never how to follow them.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`].
    pub async fn list_tails(
        &self,
        permit: &Permit<TailWorkers>,
        name: &WorkerName,
    ) -> Result<Vec<TailView>> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        let tails = self.tails.list(worker.id).into_iter();
        Ok(tails
            .map(|(id, expires_at)| TailView { id, expires_at })
            .collect())
    }
}
