//! The page that tells what a secret's deletion breaks, and deletes it when its name is typed.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{Conflict, Engine, Error, ManageSecrets, Permit, ViewSecrets};
use coffer_protocol::secrets_store::Secret;

use super::place::{SecretPlace, is_told_in_form, list_of, page_of};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::sentence;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

/// Workers that the page names; more are counted.
const MAX_LISTED: usize = 50;

#[derive(Template)]
#[template(path = "secrets_store/delete.html")]
struct DeletePage {
    back: String,
    shell: Shell,
    secret: Secret,
    /// Those that fail at once come first.
    workers: Vec<BoundWorker>,
    /// Whether it takes force.
    protected: bool,
    force: bool,
    refused: bool,
    name: String,
    name_problem: Option<String>,
    problem: Option<String>,
}

/// A Worker that is bound to the secret.
struct BoundWorker {
    name: String,
    deployed: bool,
}

impl DeletePage {
    async fn new(
        engine: &Engine,
        permit: &Permit<ManageSecrets>,
        shell: Shell,
        secret: Secret,
    ) -> Result<Self, (Shell, Error)> {
        let (workers, protected) = match bound(engine, permit, &secret).await {
            Ok(bound) => bound,
            Err(error) => return Err((shell, error)),
        };
        Ok(Self {
            back: page_of(&shell, &secret),
            shell,
            secret,
            workers,
            protected,
            force: false,
            refused: false,
            name: String::new(),
            name_problem: None,
            problem: None,
        })
    }

    fn tell(&mut self, error: &Error) {
        match error {
            Error::Conflict(Conflict::SecretsBound(_)) => {
                self.protected = true;
                self.refused = true;
            }
            other => self.problem = Some(sentence(other)),
        }
    }
}

/// The Workers that are bound to the secret, and whether they keep it from being deleted.
async fn bound(
    engine: &Engine,
    permit: &Permit<ManageSecrets>,
    secret: &Secret,
) -> Result<(Vec<BoundWorker>, bool), Error> {
    let view = permit.and::<ViewSecrets>()?;
    let usage = engine.secret_usage(&view, secret.id).await?;
    let bound = usage.workers.into_iter().filter(|worker| worker.bound);
    let mut workers: Vec<_> = bound
        .map(|worker| BoundWorker {
            name: worker
                .worker_name
                .map_or_else(|| worker.worker_id.to_string(), |name| name.to_string()),
            deployed: worker.deployed,
        })
        .collect();
    workers.sort_by_key(|worker| !worker.deployed);
    let uses = engine.uses_of_secrets(&view, &[secret.id]).await?;
    let protected = uses.get(&secret.id).is_some_and(|used| used.protected);
    Ok((workers, protected))
}

/// Shows what the deletion breaks.
pub(super) async fn show(
    State(app): State<App>,
    place: Path<SecretPlace>,
    Visit { permit, shell }: Visit<ManageSecrets>,
) -> Response {
    let secret = match SecretPlace::secret(&place, &app.engine, &permit).await {
        Ok(secret) => secret,
        Err(error) => return refused_in(shell, &error),
    };
    match DeletePage::new(&app.engine, &permit, shell, secret).await {
        Ok(page) => respond(&page),
        Err((shell, error)) => refused_in(shell, &error),
    }
}

/// Deletes the secret whose name was typed.
pub(super) async fn delete(
    State(app): State<App>,
    place: Path<SecretPlace>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<ManageSecrets>,
) -> Response {
    let secret = match SecretPlace::secret(&place, &app.engine, &permit).await {
        Ok(secret) => secret,
        Err(error) => return refused_in(shell, &error),
    };
    let page = DeletePage::new(&app.engine, &permit, shell, secret).await;
    let mut page = match page {
        Ok(page) => page,
        Err((shell, error)) => return refused_in(shell, &error),
    };
    page.name = form.text("name");
    page.force = form.has("force");
    if page.name != page.secret.name.as_str() {
        let other = "This is not the secret's name. Nothing was deleted.";
        page.name_problem = Some(other.to_owned());
        return respond_with(StatusCode::BAD_REQUEST, &page);
    }
    let (store_id, id) = (page.secret.store_id, page.secret.id);
    let deleted = app
        .engine
        .delete_secret(&permit, store_id, id, page.force)
        .await;
    match deleted {
        Ok(()) => {
            let list = list_of(&page.shell, &page.secret, "secret-deleted");
            Redirect::to(&list).into_response()
        }
        Err(error) if is_told_in_form(&error) => {
            page.tell(&error);
            respond_with(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => refused_in(page.shell, &error),
    }
}
