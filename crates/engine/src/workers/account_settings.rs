//! What an account has set for all of its Workers: kept and given back.

use std::sync::Arc;

use coffer_protocol::usage_model::WorkersAccountSettings;
use coffer_store::rows::accounts::{self, WorkersSettings};
use coffer_store::{Rows, Written};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{AccountId, UsageModel};
use serde_json::json;

use crate::authorize::{ManageAccount, Permit, ViewAccount};
use crate::engine::Engine;
use crate::error::Result;
use crate::mutate::About;

/// What to change; `None` leaves a setting as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkersAccountChanges {
    /// The usage model that the account would have for new Workers.
    pub default_usage_model: Option<UsageModel>,
    /// Whether Workers would run where power is green.
    pub green_compute: Option<bool>,
}

impl Engine {
    /// What the account has set.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn workers_account_settings(
        &self,
        permit: &Permit<ViewAccount>,
    ) -> Result<WorkersAccountSettings> {
        settings_of(&mut self.store.reader().await?, permit.account_id()).await
    }

    /// Changes what the account has set.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn change_workers_account_settings(
        &self,
        permit: &Permit<ManageAccount>,
        changes: WorkersAccountChanges,
    ) -> Result<WorkersAccountSettings> {
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit) = (engine.clone(), permit.clone());
            Box::pin(async move {
                let id = permit.account_id();
                let before = settings_of(tx, id).await?;
                let model = changes.default_usage_model;
                let after = WorkersAccountSettings {
                    default_usage_model: model.unwrap_or(before.default_usage_model),
                    green_compute: changes.green_compute.unwrap_or(before.green_compute),
                };
                let row = WorkersSettings {
                    default_usage_model: after.default_usage_model,
                    green_compute: after.green_compute,
                };
                accounts::set_workers_settings(tx, id, row, engine.clock.now()).await?;
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

async fn settings_of(rows: &mut impl Rows, id: AccountId) -> Result<WorkersAccountSettings> {
    let row = accounts::workers_settings(rows, id).await?;
    Ok(WorkersAccountSettings {
        default_usage_model: row.default_usage_model,
        green_compute: row.green_compute,
    })
}
