//! The form that divides a Worker's traffic: to one version, to two gradually, or back to an earlier one.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{
    Annotations, Conflict, DeployWorkers, Error, NewDeployment, Permit, Result, ViewWorkers,
    WorkerFacts,
};
use coffer_types::deployment::Share;
use coffer_types::{Percentage, Split, VersionId};
use serde::Deserialize;

use super::deployments::deployable;
use super::edit;
use super::head::{WorkerPath, place_of};
use super::version_line::VersionLine;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::form::Form;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::sentence;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "workers/deploy.html")]
struct DeployPage {
    shell: Shell,
    back: String,
    versions: Vec<VersionLine>,
    chosen: Chosen,
    percentage_problem: Option<String>,
    problem: Option<String>,
    /// Secrets that would have older values again.
    changed: Vec<String>,
}

/// What the form says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Chosen {
    version: String,
    percentage: String,
    /// The version that the rest of the traffic goes to.
    other: String,
    message: String,
    /// Not empty where an earlier version is gone back to.
    rollback: String,
}

/// Shows the form, filled in as its address says.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Query(chosen): Query<Chosen>,
    Visit { permit, shell }: Visit<DeployWorkers>,
) -> Response {
    match read(&app, &permit, &path).await {
        Ok((facts, versions)) => {
            let chosen = chosen.or_usual(&facts, &versions);
            respond(&DeployPage::new(shell, &facts, versions, chosen))
        }
        Err(error) => refused_in(shell, &error),
    }
}

/// Divides the traffic as the form says.
pub(super) async fn deploy(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<DeployWorkers>,
) -> Response {
    let (facts, versions) = match read(&app, &permit, &path).await {
        Ok(read) => read,
        Err(error) => return refused_in(shell, &error),
    };
    let chosen = Chosen::of(&form);
    let done = async {
        let new = chosen.parse(form.has("force"))?;
        let name = facts.script.id.clone();
        app.engine.create_deployment(&permit, name, new).await
    };
    match done.await {
        Ok(_) => {
            let place = place_of(&shell, &facts.script.id);
            Redirect::to(&format!("{place}/deployments?done=deployed")).into_response()
        }
        Err(error) => {
            let mut page = DeployPage::new(shell, &facts, versions, chosen);
            if page.tell(&error) {
                respond_with(StatusCode::BAD_REQUEST, &page)
            } else {
                refused_in(page.shell, &error)
            }
        }
    }
}

async fn read(
    app: &App,
    permit: &Permit<DeployWorkers>,
    path: &WorkerPath,
) -> Result<(WorkerFacts, Vec<VersionLine>)> {
    let view = permit.and::<ViewWorkers>()?;
    let facts = app.engine.worker(permit, &path.name()?).await?;
    let versions = deployable(app, &view, &facts).await?;
    Ok((facts, versions))
}

impl DeployPage {
    fn new(shell: Shell, facts: &WorkerFacts, versions: Vec<VersionLine>, chosen: Chosen) -> Self {
        Self {
            back: format!("{}/deployments", place_of(&shell, &facts.script.id)),
            shell,
            versions,
            chosen,
            percentage_problem: None,
            problem: None,
            changed: Vec::new(),
        }
    }

    /// Puts what is wrong where it belongs; whether there is a place for it.
    fn tell(&mut self, error: &Error) -> bool {
        match error {
            Error::Conflict(Conflict::SecretsChanged(names)) => {
                self.changed = names.iter().map(ToString::to_string).collect();
            }
            Error::Invalid(problems) if problems.iter().any(|one| one.pointer == "percentage") => {
                self.percentage_problem = problems.first().map(|one| sentence(&one.problem));
            }
            other => self.problem = edit::problem(other),
        }
        !self.changed.is_empty() || self.percentage_problem.is_some() || self.problem.is_some()
    }

    fn is_rollback(&self) -> bool {
        !self.chosen.rollback.is_empty()
    }
}

impl Chosen {
    fn of(form: &Form) -> Self {
        Self {
            version: form.text("version"),
            percentage: form.text("percentage"),
            other: form.text("other"),
            message: form.text("message"),
            rollback: form.text("rollback"),
        }
    }

    /// With what most would choose where nothing is chosen yet: the newest version, all traffic, and for the rest the
    /// version that serves.
    fn or_usual(mut self, facts: &WorkerFacts, versions: &[VersionLine]) -> Self {
        let serving = facts.deployment.iter().flat_map(|active| &active.versions);
        let other = serving.map(|share| share.version_id.to_string());
        if self.version.is_empty() {
            let newest = versions.first().map(|version| version.id.to_string());
            self.version = newest.unwrap_or_default();
        }
        if self.percentage.is_empty() {
            "100".clone_into(&mut self.percentage);
        }
        if self.other.is_empty() {
            let mut others = other.filter(|id| *id != self.version);
            self.other = others.next().unwrap_or_default();
        }
        self
    }

    fn parse(&self, force: bool) -> Result<NewDeployment> {
        let refused = |text: &str| {
            let problem = coffer_engine::Problem::Upload(text.to_owned());
            Error::invalid("percentage", problem)
        };
        let percent: Option<f64> = self.percentage.parse().ok();
        let percentage = percent.and_then(|percent| Percentage::try_from(percent).ok());
        let percentage = percentage.ok_or_else(|| {
            refused("give a number between 0.01 and 100 with at most two decimals")
        })?;
        let version_id = version(&self.version)?;
        let rest = Percentage::ALL.hundredths() - percentage.hundredths();
        let split = if rest == 0 {
            Split::whole(version_id)
        } else if self.other.is_empty() {
            return Err(refused(
                "choose the version that the rest of the traffic goes to",
            ));
        } else {
            let wrong = |error| Error::invalid("versions", coffer_engine::Problem::Split(error));
            let rest = Share {
                version_id: version(&self.other)?,
                percentage: Percentage::try_from(f64::from(rest) / 100.0).map_err(wrong)?,
            };
            let first = Share {
                version_id,
                percentage,
            };
            Split::try_from(vec![first, rest]).map_err(wrong)?
        };
        let message = BTreeMap::from([("workers/message".to_owned(), self.message.clone())]);
        Ok(NewDeployment {
            split,
            annotations: Annotations::parse(message)?,
            force,
        })
    }
}

fn version(text: &str) -> Result<VersionId> {
    let unknown = coffer_engine::Missing::Version;
    text.parse().map_err(|_| unknown.into())
}
