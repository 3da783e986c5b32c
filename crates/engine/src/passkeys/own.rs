//! A user's own passkeys: listed, renamed and removed.

use std::sync::Arc;

use coffer_store::Written;
use coffer_store::rows::passkeys::{self, PasskeyRow};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{PasskeyId, PasskeyName, Timestamp};
use serde_json::{Value, json};

use crate::authorize::{ManageUser, UserPermit, ViewUser};
use crate::engine::Engine;
use crate::error::{Missing, Result};
use crate::mutate::About;

/// A passkey, for its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// The passkey.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: PasskeyName,
    /// Whether it may be on several devices, through what keeps its owner's passkeys.
    pub is_synced: bool,
    /// When it was added.
    pub created_on: Timestamp,
    /// When it last signed its owner in.
    pub last_used_on: Option<Timestamp>,
}

impl From<PasskeyRow> for Passkey {
    fn from(row: PasskeyRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            is_synced: row.is_backup_eligible,
            created_on: row.created_at,
            last_used_on: row.last_used_at,
        }
    }
}

impl Engine {
    /// The passkeys of the user who asks, the newest first: at most [`coffer_types::limits::PASSKEYS_PER_USER`].
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn own_passkeys(&self, permit: &UserPermit<ViewUser>) -> Result<Vec<Passkey>> {
        let rows = passkeys::of_user(&mut self.store.reader().await?, permit.user_id()).await?;
        Ok(rows.into_iter().map(Passkey::from).collect())
    }

    /// Gives a passkey of the user who asks another name.
    ///
    /// # Errors
    /// [`Missing::Passkey`].
    pub async fn rename_passkey(
        &self,
        permit: &UserPermit<ManageUser>,
        id: PasskeyId,
        name: PasskeyName,
    ) -> Result<()> {
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit, name) = (engine.clone(), permit.clone(), name.clone());
            Box::pin(async move {
                let held = passkeys::of_user(tx, permit.user_id()).await?;
                let before = held.into_iter().find(|row| row.id == id);
                let before = before.ok_or(Missing::Passkey)?.name;
                passkeys::rename(tx, permit.user_id(), id, &name).await?;
                let details = json!({
                    "passkey": "renamed",
                    "passkey_id": id,
                    "before": { "name": before },
                    "after": { "name": name },
                });
                let event = engine.event(&permit.caller, None, about(&permit, details));
                Ok(Written::new((), event))
            })
        })
        .await
    }

    /// Removes a passkey of the user who asks. Sessions that it began go on.
    ///
    /// # Errors
    /// [`Missing::Passkey`].
    pub async fn remove_passkey(
        &self,
        permit: &UserPermit<ManageUser>,
        id: PasskeyId,
    ) -> Result<()> {
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit) = (engine.clone(), permit.clone());
            Box::pin(async move {
                let held = passkeys::of_user(tx, permit.user_id()).await?;
                let removed = held.into_iter().find(|row| row.id == id);
                let name = removed.ok_or(Missing::Passkey)?.name;
                passkeys::delete(tx, permit.user_id(), id).await?;
                let details = json!({
                    "passkey": "removed",
                    "passkey_id": id,
                    "before": { "name": name },
                });
                let event = engine.event(&permit.caller, None, about(&permit, details));
                Ok(Written::new((), event))
            })
        })
        .await
    }
}

pub(super) fn about<P>(permit: &UserPermit<P>, details: Value) -> About {
    About {
        action: Action::Update,
        resource_kind: ResourceKind::User,
        resource_id: permit.user_id().to_string(),
        details,
    }
}
