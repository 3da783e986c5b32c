//! Making a tail.

use std::sync::Arc;

use coffer_crypto::TokenText;
use coffer_crypto::token::TokenKind;
use coffer_store::Written;
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{TailId, Timestamp, WorkerId, WorkerName};
use serde_json::{Value, json};

use super::filter::TailFilters;
use crate::actor::Caller;
use crate::authorize::{Permit, TailWorkers};
use crate::engine::Engine;
use crate::error::Result;
use crate::workers::current::existing;

/// A tail that waits for its client.
#[derive(Debug)]
pub struct NewTail {
    /// Which.
    pub id: TailId,
    /// Lets its client in, once.
    pub token: TokenText,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl Engine {
    /// Makes a tail of a Worker. Once it is made, the edges capture the Worker's requests; one that cannot yet is
    /// waited for, but not for long.
    ///
    /// A repeated request makes another tail, whatever its `Idempotency-Key`: an address is told once.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`], [`crate::Problem::TailFilter`], or [`crate::Limit::Tails`].
    pub async fn create_tail(
        &self,
        permit: &Permit<TailWorkers>,
        name: WorkerName,
        filters: &[Value],
    ) -> Result<NewTail> {
        let worker_id = {
            let mut reader = self.store.reader().await?;
            existing(&mut reader, permit.account_id(), &name).await?.id
        };
        let filters = TailFilters::parse(filters, permit.caller.request.ip)?;
        let tell = |id| self.tell_of_tail(permit, name, id, Action::Create);
        self.begin_tail(worker_id, filters, tell).await
    }

    /// Makes a tail, writes it down by `tell`, and waits for the edges.
    pub(super) async fn begin_tail<T: Future<Output = Result<()>>>(
        &self,
        worker_id: WorkerId,
        filters: TailFilters,
        tell: impl FnOnce(TailId) -> T,
    ) -> Result<NewTail> {
        let id = TailId::random(self.random.as_ref());
        let token = TokenText::generate(TokenKind::Tail, self.random.as_ref());
        let mac = self.pepper.mac(&token);
        let expires_at = self.tails.add(id, worker_id, filters, mac)?;
        if let Err(error) = tell(id).await {
            self.tails.remove(id);
            return Err(error);
        }
        self.tails.await_capture(worker_id).await;
        Ok(NewTail {
            id,
            token,
            expires_at,
        })
    }

    /// Writes down that a tail was made or ended.
    pub(super) async fn tell_of_tail(
        &self,
        permit: &Permit<TailWorkers>,
        name: WorkerName,
        id: TailId,
        action: Action,
    ) -> Result<()> {
        let caller = without_key(&permit.caller);
        let (engine, permit) = (self.clone(), permit.clone());
        self.mutate(&caller, move |tx| {
            let (engine, permit, name) = (engine.clone(), permit.clone(), name.clone());
            Box::pin(async move {
                let worker = existing(tx, permit.account_id(), &name).await?;
                let subject = (ResourceKind::Tail, id.to_string());
                let event = engine.event_on(&permit, &worker, action, subject, json!({}));
                Ok(Written::new((), event))
            })
        })
        .await
    }
}

/// The caller of a request that is never answered by what was kept of an earlier one.
pub(super) fn without_key(caller: &Caller) -> Arc<Caller> {
    let mut request = caller.request.clone();
    request.idempotency = None;
    Arc::new(Caller {
        actor: caller.actor.clone(),
        request,
    })
}
