//! The form that changes a secret. Whoever edits what another changed meanwhile is told, and may save again.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{
    Conflict, Engine, Error, ManageSecrets, Permit, SecretChanges, SecretValue, ViewAudit,
    ViewSecrets,
};
use coffer_protocol::secrets_store::Secret;
use coffer_types::Timestamp;

use super::SCOPES;
use super::place::{Metadata, SecretPlace, is_told_in_form, page_of};
use super::trail::{LastEdit, last_edit};
use crate::api::SecretProblems;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::form::Form;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::{problem_at, sentence};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "secrets_store/edit.html")]
struct EditPage {
    back: String,
    shell: Shell,
    secret: Secret,
    /// What the form was filled in with, by the moment of its last change in microseconds.
    modified: i64,
    metadata: Metadata,
    replaces: bool,
    value_limit: u32,
    /// Workers that are bound to the secret.
    workers: u32,
    /// Whether another changed the secret since the page was opened.
    changed: bool,
    last_edit: Option<LastEdit>,
    value_problem: Option<String>,
    problem: Option<String>,
}

impl EditPage {
    async fn new(
        engine: &Engine,
        permit: &Permit<ManageSecrets>,
        shell: Shell,
        secret: Secret,
        metadata: Metadata,
    ) -> Result<Self, (Shell, Error)> {
        let workers = match workers_of(engine, permit, &secret).await {
            Ok(workers) => workers,
            Err(error) => return Err((shell, error)),
        };
        Ok(Self {
            back: page_of(&shell, &secret),
            shell,
            modified: secret.modified.as_micros(),
            secret,
            metadata,
            replaces: false,
            value_limit: permit.account().limits.value_bytes,
            workers,
            changed: false,
            last_edit: None,
            value_problem: None,
            problem: None,
        })
    }

    fn parse(
        &self,
        value: Option<SecretValue>,
        expected: Timestamp,
    ) -> Result<SecretChanges, Error> {
        let mut problems = SecretProblems::default();
        let value = self
            .replaces
            .then(|| problems.value("", value, self.value_limit));
        let metadata = self.metadata.parse(&mut problems);
        let changes = metadata.map(|(scopes, comment)| SecretChanges {
            value: value.flatten(),
            scopes: Some(scopes),
            comment: Some(comment),
            expected: Some(expected),
        });
        problems.finish(changes)
    }

    fn tell(&mut self, error: &Error) {
        match error {
            Error::Invalid(problems) => {
                self.value_problem = problem_at(problems, "/value");
                self.metadata.tell(problems);
            }
            Error::Conflict(Conflict::SecretChanged) => self.changed = true,
            other => self.problem = Some(sentence(other)),
        }
    }
}

async fn workers_of(
    engine: &Engine,
    permit: &Permit<ManageSecrets>,
    secret: &Secret,
) -> Result<u32, Error> {
    let view = permit.and::<ViewSecrets>()?;
    let uses = engine.uses_of_secrets(&view, &[secret.id]).await?;
    Ok(uses.get(&secret.id).map_or(0, |used| used.workers))
}

/// Shows the form, filled in with what the secret has.
pub(super) async fn show(
    State(app): State<App>,
    place: Path<SecretPlace>,
    Visit { permit, shell }: Visit<ManageSecrets>,
) -> Response {
    let secret = match SecretPlace::secret(&place, &app.engine, &permit).await {
        Ok(secret) => secret,
        Err(error) => return refused_in(shell, &error),
    };
    let metadata = Metadata::of(&secret);
    match EditPage::new(&app.engine, &permit, shell, secret, metadata).await {
        Ok(page) => respond(&page),
        Err((shell, error)) => refused_in(shell, &error),
    }
}

/// Changes the secret.
pub(super) async fn edit(
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
    let (store_id, id) = (secret.store_id, secret.id);
    let metadata = Metadata::read(&form);
    let page = EditPage::new(&app.engine, &permit, shell, secret, metadata).await;
    let mut page = match page {
        Ok(page) => page,
        Err((shell, error)) => return refused_in(shell, &error),
    };
    page.replaces = form.has("replace");
    let made = async {
        let changes = page.parse(form.secret("value"), expected(&form))?;
        app.engine
            .update_secret(&permit, store_id, id, changes)
            .await
    };
    match made.await {
        Ok(_) => Redirect::to(&format!("{}?done=secret-saved", page.back)).into_response(),
        Err(error) if is_told_in_form(&error) => {
            page.tell(&error);
            if page.changed {
                page.last_edit = match permit.and::<ViewAudit>() {
                    Ok(audit) => last_edit(&app.engine, &audit, id).await,
                    Err(_) => None,
                };
            } else {
                // Only what was seen may be replaced: the page still stands on what it was opened with.
                page.modified = expected(&form).as_micros();
            }
            respond_with(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => refused_in(page.shell, &error),
    }
}

/// What the form was filled in with. A form that does not tell stands on nothing that ever was.
fn expected(form: &Form) -> Timestamp {
    Timestamp::from_micros(form.text("modified").parse().unwrap_or(i64::MIN))
}
