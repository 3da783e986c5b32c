//! The account's label in host names.

use std::sync::Arc;

use coffer_store::rows::accounts;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::{StoreError, Tx, Written};
use coffer_types::Subdomain;
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::name::InvalidName;
use serde_json::json;

use crate::authorize::{DeployWorkers, Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Missing, Problem, Result};
use crate::mutate::About;

impl Engine {
    /// The account's label in the host names of its Workers.
    ///
    /// # Errors
    /// [`Missing::Subdomain`].
    pub fn subdomain(&self, permit: &Permit<ViewWorkers>) -> Result<Subdomain> {
        let found = permit.account().subdomain.clone();
        found.ok_or_else(|| Missing::Subdomain.into())
    }

    /// The label, if it is the account's own.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no label; [`Missing::AccountOfSubdomain`] if the account could have it, and
    /// [`Conflict::Subdomain`] if it could not.
    pub async fn look_up_subdomain(
        &self,
        permit: &Permit<ViewWorkers>,
        label: &str,
    ) -> Result<Subdomain> {
        let label = parsed(label, "subdomain")?;
        let mut reader = self.store.reader().await?;
        match accounts::of_subdomain(&mut reader, &label).await? {
            Some(id) if id == permit.account_id() => Ok(label),
            Some(_) => Err(Conflict::Subdomain.into()),
            None => Err(Missing::AccountOfSubdomain.into()),
        }
    }

    /// Gives the account this label in place of the one it has, if it has one. Waits a moment for the edges to
    /// answer at the new host names. Whoever keeps the label is told it, and nothing is written.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no label; [`Conflict::Subdomain`] if it cannot be had.
    pub async fn register_subdomain(
        &self,
        permit: &Permit<DeployWorkers>,
        label: &str,
    ) -> Result<Subdomain> {
        let label = parsed(label, "/subdomain")?;
        self.change_subdomain(permit, Some(label.clone())).await?;
        Ok(label)
    }

    /// Takes the account's label away: its Workers answer at no host name that begins with their names. Waits a
    /// moment for the edges.
    ///
    /// # Errors
    /// [`Missing::Subdomain`].
    pub async fn delete_subdomain(&self, permit: &Permit<DeployWorkers>) -> Result<()> {
        self.change_subdomain(permit, None).await
    }

    async fn change_subdomain(
        &self,
        permit: &Permit<DeployWorkers>,
        label: Option<Subdomain>,
    ) -> Result<()> {
        let repeated: Option<u64> = self.repeated(&permit.caller).await?;
        if repeated.is_some() {
            return Ok(());
        }
        let now = &permit.account().subdomain;
        if now.is_none() && label.is_none() {
            return Err(Missing::Subdomain.into());
        }
        if *now == label {
            return Ok(());
        }
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        let seq = self
            .mutate(&caller, move |tx| {
                let (engine, permit, label) = (engine.clone(), permit.clone(), label.clone());
                Box::pin(async move { engine.write_subdomain(tx, &permit, label.as_ref()).await })
            })
            .await?;
        self.await_applied(seq).await;
        Ok(())
    }

    async fn write_subdomain(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployWorkers>,
        label: Option<&Subdomain>,
    ) -> Result<Written<u64>> {
        let id = permit.account_id();
        let before = accounts::find(tx, id).await?.ok_or(Missing::Account)?;
        match accounts::set_subdomain(tx, id, label, self.clock.now()).await {
            Err(StoreError::Taken(_)) => return Err(Conflict::Subdomain.into()),
            other => other?,
        }
        let seq = changes::record(tx, id, ChangeSubject::Account).await?;
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::Account,
            resource_id: id.to_string(),
            details: json!({
                "before": { "subdomain": before.subdomain },
                "after": { "subdomain": label },
            }),
        };
        Ok(Written::new(seq, self.event(&permit.caller, id, about)))
    }
}

/// A label that is kept for something else is as good as another account's.
fn parsed(label: &str, pointer: &str) -> Result<Subdomain> {
    label.parse().map_err(|error| match error {
        InvalidName::Reserved { .. } => Conflict::Subdomain.into(),
        other => Error::invalid(pointer, Problem::Subdomain(other)),
    })
}
