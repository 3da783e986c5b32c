//! Editing a project: its production branch, its variables and its secrets. Deployments that are there keep what
//! they were made with.

use std::sync::Arc;

use coffer_protocol::pages::Project;
use coffer_store::rows::pages_projects::{self, PagesProjectRow};
use coffer_store::rows::pages_secrets;
use coffer_store::{Tx, Written};
use coffer_types::audit::Action;
use coffer_types::{PagesBranch, PagesEnvironment, PagesProjectId, PagesProjectName};
use serde_json::Value;

use super::find::existing;
use crate::authorize::{DeployPages, Permit};
use crate::engine::Engine;
use crate::error::{Error, Missing, Result};
use crate::pages::configuration::{
    PagesConfigurationChanges, PreparedConfiguration, secrets_of_project,
};
use crate::pages::view;

/// What to change; the rest stays.
#[derive(Debug, Default)]
pub struct PagesProjectChanges {
    /// The branch whose deployments are production.
    pub production_branch: Option<PagesBranch>,
    /// How it is built.
    pub build_config: Option<Value>,
    /// How production runs.
    pub production: PagesConfigurationChanges,
    /// How previews run.
    pub preview: PagesConfigurationChanges,
}

/// Changes with their secrets sealed for one project.
struct Prepared {
    project_id: PagesProjectId,
    production_branch: Option<PagesBranch>,
    build_config: Option<Value>,
    configurations: [(PagesEnvironment, PreparedConfiguration); 2],
}

impl Engine {
    /// Edits a project.
    ///
    /// # Errors
    /// [`Missing::PagesProject`]; [`Error::Invalid`] for too many variables, a value that is too large, or a
    /// secret without one.
    pub async fn edit_pages_project(
        &self,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
        changes: PagesProjectChanges,
    ) -> Result<Project> {
        if let Some(answer) = self.repeated(&permit.caller).await? {
            return Ok(answer);
        }
        let mut reader = self.store.reader().await?;
        let before = existing(&mut reader, permit.account_id(), name).await?;
        let prepared = self.prepare_edit(permit, before.id, changes)?;
        // What would change nothing is no change, and no event.
        if same(&before, &prepared.applied(&before)?) {
            return Ok(view::shown_project(&mut reader, &before).await?);
        }
        drop(reader);
        let prepared = Arc::new(prepared);
        let (engine, permit, name) = (self.clone(), permit.clone(), name.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit, name, prepared) = (
                engine.clone(),
                permit.clone(),
                name.clone(),
                Arc::clone(&prepared),
            );
            Box::pin(async move { engine.write_edit(tx, &permit, &name, &prepared).await })
        })
        .await
    }

    fn prepare_edit(
        &self,
        permit: &Permit<DeployPages>,
        project_id: PagesProjectId,
        changes: PagesProjectChanges,
    ) -> Result<Prepared> {
        let prepare = |environment, changes| {
            self.prepare_pages(permit, project_id, environment, changes)
                .map(|prepared| (environment, prepared))
        };
        Ok(Prepared {
            project_id,
            production_branch: changes.production_branch,
            build_config: changes.build_config,
            configurations: [
                prepare(PagesEnvironment::Production, changes.production)?,
                prepare(PagesEnvironment::Preview, changes.preview)?,
            ],
        })
    }

    async fn write_edit(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
        prepared: &Prepared,
    ) -> Result<Written<Project>> {
        let before = existing(tx, permit.account_id(), name).await?;
        // Another of this name: the secrets are sealed for the one that is gone.
        if before.id != prepared.project_id {
            return Err(Missing::PagesProject.into());
        }
        let mut after = prepared.applied(&before)?;
        after.modified_at = self.clock.now();
        pages_projects::update(tx, &after).await?;
        for (_, configuration) in &prepared.configurations {
            for secret in configuration.secrets() {
                pages_secrets::insert(tx, after.id, secret, after.modified_at).await?;
            }
        }
        let kept = secrets_of_project(&after.configurations);
        for id in secrets_of_project(&before.configurations) {
            if !kept.contains(&id) {
                pages_secrets::delete(tx, id).await?;
            }
        }
        let mut events = self.pages_secret_events(
            permit,
            &after,
            &before.configurations,
            &after.configurations,
        );
        if events.is_empty()
            || view::apart_from_secrets(&before) != view::apart_from_secrets(&after)
        {
            let event =
                self.pages_project_event(permit, Some(&before), Some(&after), Action::Update);
            events.push(event);
        }
        let shown = view::shown_project(tx, &after).await?;
        Written::with_events(shown, events).ok_or_else(|| Error::Internal("no events".to_owned()))
    }
}

impl Prepared {
    fn applied(&self, before: &PagesProjectRow) -> Result<PagesProjectRow> {
        let mut after = before.clone();
        if let Some(branch) = &self.production_branch {
            after.production_branch = branch.clone();
        }
        if let Some(config) = &self.build_config {
            after.build_config = Some(config.clone());
        }
        for (environment, prepared) in &self.configurations {
            let one = before.configurations.of(*environment);
            *after.configurations.of_mut(*environment) = prepared.applied(one, *environment)?;
        }
        Ok(after)
    }
}

fn same(before: &PagesProjectRow, after: &PagesProjectRow) -> bool {
    before.production_branch == after.production_branch
        && before.build_config == after.build_config
        && before.configurations == after.configurations
}
