//! Making a tail.

use std::sync::Arc;

use coffer_crypto::TokenText;
use coffer_crypto::token::TokenKind;
use coffer_store::Written;
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{TailId, Timestamp, WorkerName};
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
        let id = TailId::random(self.random.as_ref());
        let token = TokenText::generate(TokenKind::Tail, self.random.as_ref());
        let worker_id = {
            let mut reader = self.store.reader().await?;
            existing(&mut reader, permit.account_id(), &name).await?.id
        };
        let filters = TailFilters::parse(filters, permit.caller.request.ip)?;
        let mac = self.pepper.mac(&token);
        let expires_at = self.tails.add(id, worker_id, filters, mac)?;
        if let Err(error) = self.tell_of_tail(permit, name, id, Action::Create).await {
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
        let mut request = permit.caller.request.clone();
        request.idempotency = None;
        let caller = Arc::new(Caller {
            actor: permit.caller.actor.clone(),
            request,
        });
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
