//! How every write is made: one transaction with its audit event, and the same answer for a repeated key.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::idempotency::{self, KeptAnswer};
use coffer_store::{StoreError, Tx, Written};
use coffer_types::audit::{Action, Outcome, ResourceKind};
use coffer_types::{AccountId, AuditEventId, Timestamp, limits};

use crate::actor::{Caller, IdempotencyKey};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Problem, Result};

/// Kept answers are forgotten after a day, as other services do.
const ANSWERS_KEPT_MICROS: i64 = 24 * 3600 * 1_000_000;

/// What an event is about, before the engine adds who, when and in which request.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) action: Action,
    pub(crate) resource_kind: ResourceKind,
    pub(crate) resource_id: String,
    pub(crate) details: serde_json::Value,
}

impl Engine {
    /// An `Idempotency-Key` for a request made of these parts. The digest is keyed, because the parts may
    /// hold a value.
    ///
    /// # Errors
    /// [`Problem::IdempotencyKey`] if the key is empty, too long or not visible ASCII.
    pub fn idempotency_key(&self, key: &str, request: &[&[u8]]) -> Result<IdempotencyKey> {
        let fits = !key.is_empty()
            && key.len() <= limits::MAX_IDEMPOTENCY_KEY_BYTES
            && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !fits {
            let problem = Problem::IdempotencyKey(limits::MAX_IDEMPOTENCY_KEY_BYTES);
            return Err(Error::invalid("Idempotency-Key", problem));
        }
        // An upload is large: its parts are read where they are.
        let lengths: Vec<_> = request
            .iter()
            .map(|part| (part.len() as u64).to_be_bytes())
            .collect();
        let framed = lengths
            .iter()
            .zip(request)
            .flat_map(|(length, part)| [length.as_slice(), part]);
        let request = hex::encode(self.request_mac.sign_parts(framed));
        Ok(IdempotencyKey {
            key: key.to_owned(),
            request,
        })
    }

    /// An event about something the caller did now, in an account or to a user of no one account.
    pub(crate) fn event(
        &self,
        caller: &Caller,
        account_id: impl Into<Option<AccountId>>,
        about: About,
    ) -> NewEvent {
        NewEvent {
            id: AuditEventId::random(self.random.as_ref()),
            account_id: account_id.into(),
            at: self.clock.now(),
            action: about.action,
            outcome: Outcome::Success,
            resource_kind: about.resource_kind,
            resource_id: about.resource_id,
            actor: caller.event_actor(),
            request: caller.event_request(),
            details: about.details,
        }
    }

    /// The answer of an earlier request with the same idempotency key. Every use case that looks at
    /// anything before it calls [`mutate`](Self::mutate) asks for it first: what it would look at may be what
    /// the earlier request changed. `T` is what that call keeps.
    ///
    /// # Errors
    /// [`Conflict::IdempotencyKeyReused`] if the key came with another request.
    pub(crate) async fn repeated<T: DeserializeOwned>(&self, caller: &Caller) -> Result<Option<T>> {
        match &caller.request.idempotency {
            None => Ok(None),
            Some(key) => self.kept_answer(&caller.actor.id(), key).await,
        }
    }

    /// Runs a write. The operation may run twice, so it must do all it does through the transaction.
    pub(crate) async fn mutate<T, F>(&self, caller: &Arc<Caller>, operation: F) -> Result<T>
    where
        F: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<Written<T>>> + Send + Sync + 'static,
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let Some(key) = caller.request.idempotency.clone() else {
            return self.store.write(operation).await;
        };
        let actor_id = caller.actor.id();
        if let Some(answer) = self.kept_answer(&actor_id, &key).await? {
            return Ok(answer);
        }
        let now = self.clock.now();
        let operation = Arc::new(operation);
        let (writer_actor_id, writer_key) = (actor_id.clone(), key.clone());
        let done = self
            .store
            .write(move |tx| {
                let (operation, actor_id, key) = (
                    Arc::clone(&operation),
                    writer_actor_id.clone(),
                    writer_key.clone(),
                );
                Box::pin(async move {
                    // The same request at the same time may have been faster.
                    if idempotency::find(tx, &actor_id, &key.key, kept_since(now))
                        .await?
                        .is_some()
                    {
                        return Err(Conflict::IdempotencyKeyReused.into());
                    }
                    let written = operation(tx).await?;
                    keep_answer(tx, &actor_id, &key, written.result(), now).await?;
                    Ok(written)
                })
            })
            .await;
        match done {
            Err(Error::Conflict(Conflict::IdempotencyKeyReused)) => self
                .kept_answer(&actor_id, &key)
                .await?
                .ok_or_else(|| Conflict::IdempotencyKeyReused.into()),
            other => other,
        }
    }

    async fn kept_answer<T: DeserializeOwned>(
        &self,
        actor_id: &str,
        key: &IdempotencyKey,
    ) -> Result<Option<T>> {
        let since = kept_since(self.clock.now());
        let mut reader = self.store.reader().await?;
        let kept = idempotency::find(&mut reader, actor_id, &key.key, since).await?;
        let Some(kept) = kept else { return Ok(None) };
        if kept.request != key.request {
            return Err(Conflict::IdempotencyKeyReused.into());
        }
        serde_json::from_str(&kept.response)
            .map(Some)
            .map_err(|error| Error::Internal(error.to_string()))
    }
}

const fn kept_since(now: Timestamp) -> Timestamp {
    now.plus_micros(-ANSWERS_KEPT_MICROS)
}

async fn keep_answer<T: Serialize>(
    tx: &mut Tx<'_>,
    actor_id: &str,
    key: &IdempotencyKey,
    result: &T,
    now: Timestamp,
) -> Result<()> {
    let response =
        serde_json::to_string(result).map_err(|error| Error::Internal(error.to_string()))?;
    let answer = KeptAnswer {
        request: key.request.clone(),
        response,
    };
    match idempotency::insert(tx, actor_id, &key.key, &answer, now, kept_since(now)).await {
        Err(StoreError::Taken(_)) => Err(Conflict::IdempotencyKeyReused.into()),
        other => Ok(other?),
    }
}
