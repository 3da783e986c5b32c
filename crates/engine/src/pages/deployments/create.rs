//! Deploying: files, code and settings become a deployment that is tried on the runtime, then kept and served.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use coffer_protocol::pages::Deployment;
use coffer_protocol::runtime::Candidate;
use coffer_store::rows::pages_deployments::{PagesDeploymentFacts, PagesDeploymentRow};
use coffer_store::rows::pages_projects::PagesProjectRow;
use coffer_store::rows::pages_secrets;
use coffer_store::rows::versions::VersionFacts;
use coffer_store::rows::worker_secrets::WorkerSecretRow;
use coffer_types::assets::{HtmlHandling, NotFoundHandling, RunWorkerFirst};
use coffer_types::limits::{MAX_COMMIT_HASH_BYTES, MAX_MESSAGE_BYTES};
use coffer_types::{
    Assets, AssetsConfig, PagesBranch, PagesEnvironment, PagesProjectName, VersionId,
};

use super::bindings::Told;
use super::write::{Deployed, Plan};
use crate::assets::check_config;
use crate::authorize::{DeployPages, Permit};
use crate::engine::Engine;
use crate::error::{Error, Problem, Result};
use crate::feed;
use crate::pages::assets::PagesFiles;
use crate::pages::projects::existing;
use crate::pages::{routes, worker_name};
use crate::workers::{Code, NewVersion, Resolved, authored};

/// What a client deploys.
pub struct NewPagesDeployment {
    /// The branch; the production branch if it names none.
    pub branch: Option<PagesBranch>,
    /// The commit; empty if it names none.
    pub commit_hash: String,
    /// Its message.
    pub commit_message: String,
    /// Whether files differ from it.
    pub commit_dirty: bool,
    /// The hashes of the files, which were sent before, by their paths.
    pub manifest: BTreeMap<String, String>,
    /// The text of `_headers`.
    pub headers: Option<String>,
    /// The text of `_redirects`.
    pub redirects: Option<String>,
    /// The content of `_routes.json`.
    pub routes: Option<Bytes>,
    /// The code with its bindings; `None` for files alone.
    pub bundle: Option<NewVersion>,
    /// The address of a host name that begins with these labels.
    pub address: Arc<dyn Fn(&str) -> String + Send + Sync>,
}

impl std::fmt::Debug for NewPagesDeployment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPagesDeployment")
            .field("branch", &self.branch)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Makes a deployment and serves it: at its own host name, at its branch's, and at the project's if it is to
    /// production. Waits a moment for the edges to do so.
    ///
    /// # Errors
    /// [`crate::Missing::PagesProject`]; [`Error::Invalid`] for files that were not sent, settings that are wrong, and
    /// code that is refused or does not start; [`crate::Conflict::PagesProjectChanged`]; [`Error::Unavailable`] without
    /// a runtime.
    pub async fn create_pages_deployment(
        &self,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
        new: NewPagesDeployment,
    ) -> Result<Deployment> {
        let _turn = self
            .turns
            .take(permit.account_id(), &worker_name(name)?)
            .await;
        let repeated: Option<Deployed> = self.repeated(&permit.caller).await?;
        if let Some(deployed) = repeated {
            self.await_applied(deployed.seq).await;
            return Ok(deployed.deployment);
        }
        let plan = Arc::new(self.plan_pages_deployment(permit, name, new).await?);
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        let deployed: Deployed = self
            .mutate(&caller, move |tx| {
                let (engine, permit, plan) = (engine.clone(), permit.clone(), Arc::clone(&plan));
                Box::pin(async move { engine.write_pages_deployment(tx, &permit, &plan).await })
            })
            .await?;
        self.await_applied(deployed.seq).await;
        Ok(deployed.deployment)
    }

    async fn plan_pages_deployment(
        &self,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
        mut new: NewPagesDeployment,
    ) -> Result<Plan> {
        let mut reader = self.store.reader().await?;
        let project = existing(&mut reader, permit.account_id(), name).await?;
        let sealed = pages_secrets::of_project(&mut reader, project.id).await?;
        drop(reader);
        check_trigger(&new)?;
        let branch = new.branch.clone();
        let branch = branch.unwrap_or_else(|| project.production_branch.clone());
        let environment = if branch == project.production_branch {
            PagesEnvironment::Production
        } else {
            PagesEnvironment::Preview
        };
        let config = assets_config(&new)?;
        let PagesFiles {
            manifest,
            has_not_found_page,
        } = self
            .pages_files(permit.account_id(), std::mem::take(&mut new.manifest))
            .await?;
        let not_found_handling = if has_not_found_page {
            NotFoundHandling::NotFoundPage
        } else {
            NotFoundHandling::SinglePageApplication
        };
        let assets = Assets {
            manifest: manifest.digest,
            config: AssetsConfig {
                not_found_handling,
                ..config
            },
        };
        let id = VersionId::random(self.random.as_ref());
        let told = Told {
            branch: &branch,
            commit_hash: &new.commit_hash,
            url: (new.address)(&format!("{}.{}.pages", id.short(), project.label)),
        };
        let (facts, secrets, contents) = match new.bundle {
            None => {
                let code = Code::none(&manifest.digest.to_string());
                let facts = facts_of(permit, &project, environment, &code);
                (facts, Vec::new(), Vec::new())
            }
            Some(bundle) => {
                self.pages_code(permit, &project, environment, sealed, bundle, &told)
                    .await?
            }
        };
        let mut row = PagesDeploymentRow {
            id,
            project_id: project.id,
            number: project.last_deployment.saturating_add(1),
            environment,
            branch,
            facts: PagesDeploymentFacts {
                version: VersionFacts {
                    assets: Some(assets),
                    ..facts
                },
                commit_hash: new.commit_hash,
                commit_message: new.commit_message,
                commit_dirty: new.commit_dirty,
            },
            created_at: self.clock.now(),
        };
        self.try_deployment(permit, &project, &mut row, &secrets, &contents)
            .await?;
        Ok(Plan {
            project,
            row,
            secrets,
            contents,
            manifest,
        })
    }

    /// What a deployment is that has code, with the sealed values that it reads and the contents of its modules.
    async fn pages_code(
        &self,
        permit: &Permit<DeployPages>,
        project: &PagesProjectRow,
        environment: PagesEnvironment,
        sealed: Vec<WorkerSecretRow>,
        bundle: NewVersion,
        told: &Told<'_>,
    ) -> Result<(VersionFacts, Vec<WorkerSecretRow>, Vec<Bytes>)> {
        let configuration = project.configurations.of(environment);
        let (Some(code), None) = (&bundle.code, &bundle.assets) else {
            let rule =
                "code has a main_module, and no assets of its own: name files in the manifest";
            let problem = Problem::Script(rule.to_owned());
            return Err(Error::invalid("/_worker.bundle", problem));
        };
        let own = (code, bundle.bindings.as_slice());
        let Resolved { bindings, secrets } = self
            .pages_bindings(permit, project, configuration, sealed, own, told)
            .await?;
        let mut facts = VersionFacts {
            bindings,
            limits: bundle.limits,
            placement: bundle.placement,
            ..facts_of(permit, project, environment, code)
        };
        // What comes with the code is of the same time as the code.
        if bundle.compatibility.date.is_some() {
            facts.compatibility_date = bundle.compatibility.date;
            facts.compatibility_flags = bundle.compatibility.flags;
        } else if !bundle.compatibility.flags.is_empty() {
            facts.compatibility_flags = bundle.compatibility.flags;
        }
        Ok((facts, secrets, code.contents().to_vec()))
    }

    /// Starts the deployment's code once as it would run.
    async fn try_deployment(
        &self,
        permit: &Permit<DeployPages>,
        project: &PagesProjectRow,
        row: &mut PagesDeploymentRow,
        secrets: &[WorkerSecretRow],
        contents: &[Bytes],
    ) -> Result<()> {
        if row.facts.version.main_module.is_none() {
            return Ok(());
        }
        let version = feed::deployment_version(project, row.clone(), secrets.to_vec())?;
        let account = self.present_account_record(permit.account()).await?;
        let started = self
            .try_candidate(Candidate {
                account: &account,
                version: &version,
                contents,
            })
            .await?;
        row.facts.version.handlers = started.handlers;
        row.facts.version.startup_time_ms = started.startup_time_ms;
        Ok(())
    }
}

/// A deployment of this code, by the caller, as the environment says that it runs.
fn facts_of(
    permit: &Permit<DeployPages>,
    project: &PagesProjectRow,
    environment: PagesEnvironment,
    code: &Code,
) -> VersionFacts {
    let configuration = project.configurations.of(environment);
    VersionFacts {
        main_module: code.main_module().cloned(),
        modules: code.modules().to_vec(),
        compatibility_date: configuration.compatibility_date.clone(),
        compatibility_flags: configuration.compatibility_flags.clone(),
        etag: code.etag().to_owned(),
        format: code.format(),
        ..authored(permit, BTreeMap::new())
    }
}

fn assets_config(new: &NewPagesDeployment) -> Result<AssetsConfig> {
    let routes = new.routes.as_deref().map(routes::parse).transpose()?;
    // Which requests are for code does not matter where there is none.
    let run_worker_first = match (&new.bundle, routes) {
        (None, _) => RunWorkerFirst::default(),
        (Some(_), None) => RunWorkerFirst::Always(true),
        (Some(_), Some(routes)) => routes,
    };
    let config = AssetsConfig {
        html_handling: HtmlHandling::AutoTrailingSlash,
        not_found_handling: NotFoundHandling::None,
        run_worker_first: RunWorkerFirst::default(),
        headers: new.headers.clone(),
        redirects: new.redirects.clone(),
    };
    check_config(&config, "")?;
    Ok(AssetsConfig {
        run_worker_first,
        ..config
    })
}

fn check_trigger(new: &NewPagesDeployment) -> Result<()> {
    for (name, text, limit) in [
        ("commit_hash", &new.commit_hash, MAX_COMMIT_HASH_BYTES),
        ("commit_message", &new.commit_message, MAX_MESSAGE_BYTES),
    ] {
        if text.len() > limit {
            let rule = format!("{name} is {} bytes, the limit is {limit}", text.len());
            return Err(Error::invalid(format!("/{name}"), Problem::Pages(rule)));
        }
    }
    Ok(())
}
