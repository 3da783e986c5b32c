//! Editing a secret.

use std::sync::Arc;

use coffer_crypto::SecretValue;
use coffer_protocol::secrets_store::Secret;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::secrets::{self, SecretRow};
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{Comment, Scopes, SecretId, StoreId, Timestamp};
use serde_json::json;

use super::{check_value, described, place_of};
use crate::authorize::{ManageSecrets, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Missing, Result};
use crate::mutate::About;

/// What to change; `None` leaves a part as it is.
#[derive(Debug, Default)]
pub struct SecretChanges {
    /// The new value.
    pub value: Option<SecretValue>,
    /// Who may use it from now on.
    pub scopes: Option<Scopes>,
    /// What people say of it; `Some(None)` takes the comment away.
    pub comment: Option<Option<Comment>>,
    /// When the secret was last changed, as the client knows it: changes that came after are not overwritten.
    /// `None` asks for nothing.
    pub expected: Option<Timestamp>,
}

impl Engine {
    /// Edits a secret. A new value reaches every service that uses it.
    ///
    /// # Errors
    /// [`Missing::Store`], [`Missing::Secret`], [`crate::Error::Invalid`] for the value, or
    /// [`Conflict::SecretChanged`] if it was changed at another time than expected.
    pub async fn update_secret(
        &self,
        permit: &Permit<ManageSecrets>,
        store_id: StoreId,
        id: SecretId,
        changes: SecretChanges,
    ) -> Result<Secret> {
        if let Some(updated) = self.repeated(&permit.caller).await? {
            return Ok(updated);
        }
        self.find_secret(permit.account_id(), store_id, id).await?;
        if let Some(value) = &changes.value {
            check_value("/value", value, permit.account().limits.value_bytes)?;
        }
        let (engine, permit, changes) = (self.clone(), permit.clone(), Arc::new(changes));
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit, changes) = (engine.clone(), permit.clone(), Arc::clone(&changes));
            Box::pin(async move { engine.apply_changes(tx, &permit, id, &changes).await })
        })
        .await
    }

    async fn apply_changes(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<ManageSecrets>,
        id: SecretId,
        changes: &SecretChanges,
    ) -> Result<Written<Secret>> {
        let before = secrets::find(tx, id).await?.ok_or(Missing::Secret)?;
        if changes.expected.is_some_and(|at| at != before.modified_at) {
            return Err(Conflict::SecretChanged.into());
        }
        let mut after = SecretRow {
            scopes: changes.scopes.unwrap_or(before.scopes),
            comment: changes
                .comment
                .clone()
                .unwrap_or_else(|| before.comment.clone()),
            modified_at: self.clock.now(),
            ..before.clone()
        };
        let sealed = match &changes.value {
            None => None,
            Some(value) => {
                after.value_version = before.value_version.next();
                Some(
                    self.sealer
                        .seal(&permit.account().keys, &place_of(&after), value)?,
                )
            }
        };
        after.change_seq =
            changes::record(tx, permit.account_id(), ChangeSubject::Secret(id)).await?;
        secrets::update(tx, &after, sealed.as_deref()).await?;
        let event = self.event(
            &permit.caller,
            permit.account_id(),
            About {
                action: Action::Update,
                resource_kind: ResourceKind::Secret,
                resource_id: id.to_string(),
                details: json!({
                    "before": described(&before),
                    "after": described(&after),
                    "value_modified": sealed.is_some(),
                }),
            },
        );
        Ok(Written::new(self.secret_view(&after), event))
    }
}
