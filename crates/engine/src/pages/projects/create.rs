//! Making a project.

use std::sync::Arc;

use coffer_protocol::pages::Project;
use coffer_store::rows::pages_projects::{self, PagesProjectRow};
use coffer_store::rows::pages_secrets;
use coffer_store::{StoreError, Tx, Written};
use coffer_types::audit::Action;
use coffer_types::limits::{MAX_PAGES_PROJECT_NAME_CHARS, PAGES_PROJECTS_PER_ACCOUNT};
use coffer_types::{
    PagesBranch, PagesConfigurations, PagesEnvironment, PagesProjectId, PagesProjectName, Random,
};
use serde_json::Value;

use crate::authorize::{DeployPages, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Limit, Result};
use crate::pages::configuration::{PagesConfigurationChanges, PreparedConfiguration};
use crate::pages::view;

/// Characters after the name in a label that another project has already.
const SUFFIX_CHARS: usize = 3;
/// How often another suffix is tried: with 32³ of them, far more often than is ever needed.
const SUFFIX_TRIES: usize = 16;

/// A project to be made.
#[derive(Debug)]
pub struct NewPagesProject {
    /// Its name, which never changes.
    pub name: PagesProjectName,
    /// The branch whose deployments are production.
    pub production_branch: PagesBranch,
    /// How it is built, as the client says.
    pub build_config: Option<Value>,
    /// How production runs, where it is told.
    pub production: PagesConfigurationChanges,
    /// How previews run, where it is told.
    pub preview: PagesConfigurationChanges,
}

/// What is written.
struct Plan {
    row: PagesProjectRow,
    prepared: Vec<(PagesEnvironment, PreparedConfiguration)>,
}

impl Engine {
    /// Makes a project.
    ///
    /// # Errors
    /// [`Conflict::PagesProjectName`]; [`Limit::PagesProjects`]; [`Error::Invalid`] for a configuration that is
    /// wrong.
    pub async fn create_pages_project(
        &self,
        permit: &Permit<DeployPages>,
        new: NewPagesProject,
    ) -> Result<Project> {
        if let Some(answer) = self.repeated(&permit.caller).await? {
            return Ok(answer);
        }
        let plan = Arc::new(self.plan_pages_project(permit, new)?);
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit, plan) = (engine.clone(), permit.clone(), Arc::clone(&plan));
            Box::pin(async move { engine.insert_pages_project(tx, &permit, &plan).await })
        })
        .await
    }

    fn plan_pages_project(
        &self,
        permit: &Permit<DeployPages>,
        new: NewPagesProject,
    ) -> Result<Plan> {
        let now = self.clock.now();
        let id = PagesProjectId::random(self.random.as_ref());
        // A project without a date behaves as the runtime does on the day that it is made.
        let today: String = now.to_string().chars().take(10).collect();
        let mut configurations = PagesConfigurations::default();
        let mut prepared = Vec::new();
        for (environment, changes) in [
            (PagesEnvironment::Production, new.production),
            (PagesEnvironment::Preview, new.preview),
        ] {
            let one = configurations.of_mut(environment);
            one.compatibility_date = Some(today.clone());
            let ready = self.prepare_pages(permit, id, environment, changes)?;
            *one = ready.applied(one, environment)?;
            prepared.push((environment, ready));
        }
        let row = PagesProjectRow {
            id,
            account_id: permit.account_id(),
            label: new.name.as_str().to_owned(),
            name: new.name,
            production_branch: new.production_branch,
            configurations,
            build_config: new.build_config,
            production_deployment: None,
            last_deployment: 0,
            created_at: now,
            modified_at: now,
        };
        Ok(Plan { row, prepared })
    }

    async fn insert_pages_project(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployPages>,
        plan: &Plan,
    ) -> Result<Written<Project>> {
        let mut row = plan.row.clone();
        let same_name = pages_projects::with_name(tx, row.account_id, &row.name).await?;
        if same_name.is_some() {
            return Err(Conflict::PagesProjectName.into());
        }
        row.label = free_label(tx, &row.name, self.random.as_ref()).await?;
        match pages_projects::insert(tx, &row, PAGES_PROJECTS_PER_ACCOUNT).await {
            Ok(true) => {}
            Ok(false) => return Err(Limit::PagesProjects(PAGES_PROJECTS_PER_ACCOUNT).into()),
            Err(StoreError::Taken(_)) => return Err(Conflict::PagesProjectName.into()),
            Err(error) => return Err(error.into()),
        }
        for (_, prepared) in &plan.prepared {
            for secret in prepared.secrets() {
                pages_secrets::insert(tx, row.id, secret, row.created_at).await?;
            }
        }
        let mut events = vec![self.pages_project_event(permit, None, Some(&row), Action::Create)];
        let before = PagesConfigurations::default();
        events.extend(self.pages_secret_events(permit, &row, &before, &row.configurations));
        let shown = view::shown_project(tx, &row).await?;
        Written::with_events(shown, events).ok_or_else(|| Error::Internal("no events".to_owned()))
    }
}

/// The name as a label of host names, with something after it if a project of any account has it.
async fn free_label(
    tx: &mut Tx<'_>,
    name: &PagesProjectName,
    random: &dyn Random,
) -> Result<String> {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut label = name.as_str().to_owned();
    for _ in 0..SUFFIX_TRIES {
        if !pages_projects::is_label_taken(tx, &label).await? {
            return Ok(label);
        }
        let mut bytes = [0; SUFFIX_CHARS];
        random.fill(&mut bytes);
        let suffix = bytes.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        let most = MAX_PAGES_PROJECT_NAME_CHARS - SUFFIX_CHARS - 1;
        let kept: String = name.as_str().chars().take(most).collect();
        label = format!(
            "{}-{}",
            kept.trim_end_matches('-'),
            suffix.iter().collect::<String>()
        );
    }
    Err(Error::Unavailable("no free host name was found".to_owned()))
}
