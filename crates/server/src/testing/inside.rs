//! What no answer tells: rows, audit events, and what a sealed value opens to.

use coffer_crypto::SystemRandom;
use coffer_engine::Error;
use coffer_protocol::feed::{ChangeSource, Record};
use coffer_store::rows::accounts::{self, AccountLimits};
use coffer_store::rows::audit::{EventActor, EventRequest, EventRow, NewEvent};
use coffer_store::rows::{audit, secrets};
use coffer_store::{StoreError, Tx, Written};
use coffer_types::audit::{Action, ActorContext, ActorKind, Outcome, ResourceKind};
use coffer_types::{AuditEventId, Clock, Owner, Place, RequestId, SecretId};
use futures::future::BoxFuture;
use serde_json::json;

use super::TestApp;

impl TestApp {
    /// Writes rows that no call of the API makes yet.
    pub(crate) async fn add_rows<F>(&self, insert: F)
    where
        F: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<(), StoreError>>
            + Send
            + Sync
            + 'static,
    {
        let event = self.system_event();
        let insert = std::sync::Arc::new(insert);
        self.store
            .write::<(), Error, _>(move |tx| {
                let (event, insert) = (event.clone(), std::sync::Arc::clone(&insert));
                Box::pin(async move {
                    insert(tx).await?;
                    Ok(Written::new((), event))
                })
            })
            .await
            .unwrap();
    }

    /// Changes the first account's limits.
    pub(crate) async fn set_limits(&self, change: impl FnOnce(&mut AccountLimits)) {
        let id = self.first.account_id;
        let mut limits = self.store.account(id).await.unwrap().unwrap().limits;
        change(&mut limits);
        let now = self.clock.now();
        self.add_rows(move |tx| {
            Box::pin(async move { accounts::update_limits(tx, id, limits, now).await.map(drop) })
        })
        .await;
    }

    /// The sealed value of a secret.
    pub(crate) async fn sealed(&self, secret_id: &str) -> Option<Vec<u8>> {
        let mut reader = self.store.reader().await.unwrap();
        let id: SecretId = secret_id.parse().unwrap();
        let found = secrets::find_sealed(&mut reader, id).await.unwrap();
        found.map(|(_, sealed)| sealed)
    }

    /// What an edge that follows the feed would deliver for a secret.
    pub(crate) async fn delivered(&self, secret_id: &str) -> Option<String> {
        let snapshot = self.engine.snapshot().await.unwrap();
        let secret = snapshot.records.iter().find_map(|record| match record {
            Record::Secret(secret) if secret.secret_id.to_string() == secret_id => Some(secret),
            _ => None,
        })?;
        let account = self.store.account(secret.account_id).await.unwrap();
        let place = Place {
            account_id: secret.account_id,
            owner: Owner::Store(secret.store_id, secret.secret_id),
            value_version: secret.value_version,
        };
        let key = self
            .keyring
            .leases()
            .lease(secret.account_id, &account.unwrap().keys[0])
            .unwrap();
        let context = coffer_crypto::context(&place);
        let opened = coffer_envelope::open(&key, &context, &secret.sealed).unwrap();
        Some(String::from_utf8(opened.expose_secret().to_vec()).unwrap())
    }

    /// Every event, oldest first.
    pub(crate) async fn audit_events(&self) -> Vec<EventRow> {
        let mut reader = self.store.reader().await.unwrap();
        audit::all(&mut reader).await.unwrap()
    }

    /// The last event.
    pub(crate) async fn last_event(&self) -> EventRow {
        self.audit_events().await.pop().unwrap()
    }

    fn system_event(&self) -> NewEvent {
        NewEvent {
            id: AuditEventId::random(&SystemRandom),
            account_id: None,
            at: self.clock.now(),
            action: Action::Create,
            resource_kind: ResourceKind::Account,
            resource_id: "test".to_owned(),
            actor: EventActor {
                id: "system".to_owned(),
                email: None,
                context: ActorContext::System,
                ip: None,
                kind: ActorKind::System,
                token: None,
            },
            outcome: Outcome::Success,
            request: EventRequest {
                id: RequestId::random(&SystemRandom),
                raw: None,
            },
            details: json!({}),
        }
    }
}
