//! Settings of an account that the original does not have.

use std::sync::Arc;

use coffer_protocol::usage::CofferSettings;
use coffer_store::rows::accounts;
use coffer_store::{Rows, Written};
use coffer_types::AccountId;
use coffer_types::audit::{Action, ResourceKind};
use serde_json::json;

use crate::authorize::{ManageAccount, Permit, ViewAccount};
use crate::engine::Engine;
use crate::error::Result;
use crate::mutate::About;

/// What to change; `None` leaves a setting as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CofferSettingsChanges {
    /// Whether a secret that a deployed version binds is kept from being deleted without force.
    pub protect_bound_secrets: Option<bool>,
}

impl Engine {
    /// The account's settings.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn coffer_settings(&self, permit: &Permit<ViewAccount>) -> Result<CofferSettings> {
        settings_of(&mut self.store.reader().await?, permit.account_id()).await
    }

    /// Changes the account's settings. Who changes nothing is told them, and nothing is written.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn change_coffer_settings(
        &self,
        permit: &Permit<ManageAccount>,
        changes: CofferSettingsChanges,
    ) -> Result<CofferSettings> {
        if let Some(settings) = self.repeated(&permit.caller).await? {
            return Ok(settings);
        }
        let Some(protects) = changes.protect_bound_secrets else {
            return settings_of(&mut self.store.reader().await?, permit.account_id()).await;
        };
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit) = (engine.clone(), permit.clone());
            Box::pin(async move {
                let id = permit.account_id();
                let before = settings_of(tx, id).await?;
                let now = engine.clock.now();
                accounts::set_protects_bound_secrets(tx, id, protects, now).await?;
                let after = CofferSettings {
                    protect_bound_secrets: protects,
                };
                let about = About {
                    action: Action::Update,
                    resource_kind: ResourceKind::Account,
                    resource_id: id.to_string(),
                    details: json!({ "before": before, "after": after }),
                };
                Ok(Written::new(after, engine.event(&permit.caller, id, about)))
            })
        })
        .await
    }
}

async fn settings_of(rows: &mut impl Rows, id: AccountId) -> Result<CofferSettings> {
    Ok(CofferSettings {
        protect_bound_secrets: accounts::protects_bound_secrets(rows, id).await?,
    })
}
