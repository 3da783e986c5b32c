//! What the code of a deployment finds in `env`: what its bundle has, the environment's variables and secrets under
//! names that are free, and what every deployment is told of itself.

use coffer_store::rows::pages_projects::PagesProjectRow;
use coffer_store::rows::worker_secrets::WorkerSecretRow;
use coffer_store::rows::workers;
use coffer_types::{AccountId, Binding, BindingKind, BindingName, PagesBranch, PagesConfiguration};

use crate::authorize::Permit;
use crate::engine::Engine;
use crate::error::{Conflict, Error, Invalid, Problem, Result};
use crate::pages::view::TOLD;
use crate::pages::worker_name;
use crate::workers::{
    Asked, Binds, Code, Inheritance, NewBinding, NewBindingKind, Resolved, Written,
};

/// The name under which code finds the static files.
const ASSETS: &str = "ASSETS";

/// What a deployment is told of itself.
pub(super) struct Told<'a> {
    pub(super) branch: &'a PagesBranch,
    pub(super) commit_hash: &'a str,
    pub(super) url: String,
}

impl Engine {
    /// The bindings of a deployment with the sealed values of them all. `sealed` are the project's.
    ///
    /// # Errors
    /// [`Error::Invalid`] for bindings of the bundle that are refused; [`Conflict::PagesProjectChanged`] if a secret of
    /// the configuration is not among the sealed values.
    pub(super) async fn pages_bindings<P: Sync>(
        &self,
        permit: &Permit<P>,
        project: &PagesProjectRow,
        configuration: &PagesConfiguration,
        sealed: Vec<WorkerSecretRow>,
        (code, own): (&Code, &[NewBinding]),
        told: &Told<'_>,
    ) -> Result<Resolved> {
        check_own(own)?;
        let asked = Asked {
            worker_id: project.id.worker_id(),
            worker_name: &worker_name(&project.name)?,
            previous: &configuration.variables,
            new: own,
            keep: &["plain_text", "secret_text"].map(str::to_owned),
            inheritance: Inheritance::Strict,
            binds: Binds::All,
            code: Written {
                format: code.format(),
                modules: code.modules(),
            },
        };
        let mut resolved = self.resolve_bindings(permit, &asked).await?;
        self.check_services(permit.account_id(), &resolved.bindings)
            .await?;
        let wanted = resolved.bindings.iter();
        let wanted: Vec<_> = wanted
            .filter_map(|binding| binding.kind.worker_secret())
            .collect();
        resolved.secrets.extend(sealed);
        resolved
            .secrets
            .retain(|secret| wanted.contains(&secret.id));
        let is_there = |id| resolved.secrets.iter().any(|secret| secret.id == id);
        if !wanted.into_iter().all(is_there) {
            return Err(Conflict::PagesProjectChanged.into());
        }
        for (name, kind) in told.kinds() {
            if !resolved
                .bindings
                .iter()
                .any(|one| one.name.as_str() == name)
            {
                let name: BindingName =
                    name.parse()
                        .map_err(|error: coffer_types::name::InvalidName| {
                            Error::Internal(error.to_string())
                        })?;
                resolved.bindings.push(Binding { name, kind });
            }
        }
        Ok(resolved)
    }

    /// A Worker that is being made may be bound to itself; a project is no Worker that others are bound to.
    async fn check_services(&self, account_id: AccountId, bindings: &[Binding]) -> Result<()> {
        let mut reader = self.store.reader().await?;
        for Binding { name, kind } in bindings {
            let BindingKind::Service { service } = kind else {
                continue;
            };
            let found = workers::with_name(&mut reader, account_id, service).await?;
            if found.is_none() {
                let problem = Problem::ServiceMissing {
                    binding: name.to_string(),
                    service: service.to_string(),
                };
                return Err(Error::invalid("/_worker.bundle/bindings", problem));
            }
        }
        Ok(())
    }
}

impl Told<'_> {
    fn kinds(&self) -> [(&'static str, BindingKind); 5] {
        let [is_pages, branch, commit, url] = TOLD;
        let text = |text: &str| BindingKind::PlainText {
            text: text.to_owned(),
        };
        [
            (ASSETS, BindingKind::Assets {}),
            (is_pages, text("1")),
            (branch, text(self.branch.as_str())),
            (commit, text(self.commit_hash)),
            (url, text(&self.url)),
        ]
    }
}

/// Refuses bindings of a bundle that Pages does not have.
fn check_own(own: &[NewBinding]) -> Result<()> {
    let mut problems = Vec::new();
    for (index, NewBinding { name, kind }) in own.iter().enumerate() {
        let rule = match kind {
            NewBindingKind::SecretsStoreSecret { .. } => {
                "is to a secret of a store, which Pages does not have: use a secret of the project"
            }
            NewBindingKind::Assets => continue,
            _ if name.as_str() == ASSETS => "has the name of the static files: choose another",
            _ => continue,
        };
        problems.push(Invalid {
            pointer: format!("/_worker.bundle/bindings/{index}"),
            problem: Problem::Script(format!("binding {name} {rule}")),
        });
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(problems))
    }
}
