//! Ending a tail.

use coffer_types::audit::Action;
use coffer_types::{TailId, WorkerName};

use crate::authorize::{Permit, TailWorkers};
use crate::engine::Engine;
use crate::error::{Missing, Result};
use crate::workers::current::existing;

impl Engine {
    /// Ends a tail; whoever follows it is told. One whose client hung up can be ended too.
    ///
    /// # Errors
    /// [`Missing::Worker`], or [`Missing::Tail`].
    pub async fn delete_tail(
        &self,
        permit: &Permit<TailWorkers>,
        name: WorkerName,
        id: &str,
    ) -> Result<()> {
        let worker_id = {
            let mut reader = self.store.reader().await?;
            existing(&mut reader, permit.account_id(), &name).await?.id
        };
        let id: TailId = id.parse().map_err(|_| Missing::Tail)?;
        if !self.tails.knows(worker_id, id) {
            return Err(Missing::Tail.into());
        }
        self.tell_of_tail(permit, name, id, Action::Delete).await?;
        self.tails.remove(id);
        Ok(())
    }
}
