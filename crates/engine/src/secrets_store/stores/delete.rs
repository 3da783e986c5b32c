//! Removing a store.

use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::secrets::{self, SecretFilter, SecretOrder, SecretRow};
use coffer_store::rows::{Direction, Slice, accounts, stores};
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{Scopes, StoreId};
use serde_json::json;

use super::find::existing;
use crate::authorize::{ManageSecrets, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Result};
use crate::mutate::About;
use crate::secrets_store::protection::{BoundSecret, removable, removal};

impl Engine {
    /// Removes a store; with `force` its secrets too, also those that deployed versions bind.
    ///
    /// # Errors
    /// [`crate::Missing::Store`], or [`Conflict::StoreNotEmpty`] without `force`.
    pub async fn delete_store(
        &self,
        permit: &Permit<ManageSecrets>,
        id: StoreId,
        force: bool,
    ) -> Result<()> {
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = std::sync::Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit) = (engine.clone(), permit.clone());
            Box::pin(async move {
                let store = existing(tx, permit.account_id(), id).await?;
                let held = held_secrets(tx, id).await?;
                if !held.is_empty() && !force {
                    return Err(Conflict::StoreNotEmpty.into());
                }
                let bound = removable(tx, permit.account_id(), &held, force).await?;
                let mut events = Vec::with_capacity(held.len() + 1);
                for secret in &held {
                    events.push(engine.remove_secret(tx, &permit, secret, &bound).await?);
                }
                stores::delete(tx, id).await?;
                events.push(engine.event(
                    &permit.caller,
                    permit.account_id(),
                    About {
                        action: Action::Delete,
                        resource_kind: ResourceKind::Store,
                        resource_id: id.to_string(),
                        details: json!({ "before": { "name": store.name } }),
                    },
                ));
                Written::with_events((), events)
                    .ok_or_else(|| Error::Internal("no events".to_owned()))
            })
        })
        .await
    }

    /// Removes one secret inside a write, and gives the event that tells of it. `bound` has those of the removed
    /// that are removed by force.
    pub(crate) async fn remove_secret(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<ManageSecrets>,
        secret: &SecretRow,
        bound: &[BoundSecret],
    ) -> Result<coffer_store::rows::audit::NewEvent> {
        secrets::delete(tx, secret.id).await?;
        accounts::release_secrets(tx, permit.account_id(), 1).await?;
        changes::record(tx, permit.account_id(), ChangeSubject::Secret(secret.id)).await?;
        Ok(self.event(
            &permit.caller,
            permit.account_id(),
            About {
                action: Action::Delete,
                resource_kind: ResourceKind::Secret,
                resource_id: secret.id.to_string(),
                details: removal(secret, bound),
            },
        ))
    }
}

async fn held_secrets(tx: &mut Tx<'_>, store_id: StoreId) -> Result<Vec<SecretRow>> {
    let filter = SecretFilter {
        store_id,
        search: None,
        scopes: Scopes::default(),
        pending: None,
    };
    let (held, _) = secrets::list(
        tx,
        &filter,
        SecretOrder::Name,
        Direction::Ascending,
        Slice::ALL,
        0,
    )
    .await?;
    Ok(held)
}
