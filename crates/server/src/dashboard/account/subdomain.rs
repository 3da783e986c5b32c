//! The account's label in the host names of its Workers.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use coffer_engine::{Conflict, DeployWorkers, Error};

use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::{problem_at, sentence};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "account/subdomain.html")]
struct SubdomainPage {
    shell: Shell,
    back: String,
    /// The domain of all Workers.
    domain: String,
    has_one: bool,
    label: String,
    problem: Option<String>,
}

impl SubdomainPage {
    fn new(app: &App, shell: Shell, has_one: bool, label: String) -> Self {
        Self {
            back: shell.place(super::PLACE),
            shell,
            domain: app.workers_url.domain.clone(),
            has_one,
            label,
            problem: None,
        }
    }
}

pub(super) async fn show(
    State(app): State<App>,
    Visit { permit, shell }: Visit<DeployWorkers>,
) -> Response {
    let present = permit.account().subdomain.as_ref();
    let label = present.map(ToString::to_string).unwrap_or_default();
    respond(&SubdomainPage::new(&app, shell, present.is_some(), label))
}

pub(super) async fn register(
    State(app): State<App>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<DeployWorkers>,
) -> Response {
    let has_one = permit.account().subdomain.is_some();
    let label = form.text("subdomain").to_ascii_lowercase();
    let mut page = SubdomainPage::new(&app, shell, has_one, label);
    page.problem = match app.engine.register_subdomain(&permit, &page.label).await {
        Ok(_) => return super::done(&page.shell, "account-saved"),
        Err(Error::Invalid(problems)) => problem_at(&problems, "/subdomain"),
        Err(error @ Error::Conflict(Conflict::Subdomain)) => Some(sentence(&error)),
        Err(error) => return refused_in(page.shell, &error),
    };
    respond_with(StatusCode::BAD_REQUEST, &page)
}
