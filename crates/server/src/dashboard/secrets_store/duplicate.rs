//! The form that makes a secret with the value of another, which is not shown.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{Conflict, DuplicateSecret, Error, ManageSecrets};
use coffer_protocol::secrets_store::Secret;

use super::SCOPES;
use super::place::{Metadata, SecretPlace, is_told_in_form, list_of};
use crate::api::SecretProblems;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::{problem_at, sentence};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "secrets_store/duplicate.html")]
struct DuplicatePage {
    back: String,
    shell: Shell,
    secret: Secret,
    name: String,
    metadata: Metadata,
    name_problem: Option<String>,
    problem: Option<String>,
}

impl DuplicatePage {
    fn new(shell: Shell, secret: Secret, name: String, metadata: Metadata) -> Self {
        Self {
            back: list_of(&shell, &secret, ""),
            shell,
            secret,
            name,
            metadata,
            name_problem: None,
            problem: None,
        }
    }

    fn parse(&self) -> Result<DuplicateSecret, Error> {
        let mut problems = SecretProblems::default();
        let name = problems.name("", Some(&self.name));
        let metadata = self.metadata.parse(&mut problems);
        let parsed = name.zip(metadata);
        let parsed = parsed.map(|(name, (scopes, comment))| DuplicateSecret {
            name,
            scopes,
            comment,
        });
        problems.finish(parsed)
    }

    fn tell(&mut self, error: &Error) {
        match error {
            Error::Invalid(problems) => {
                self.name_problem = problem_at(problems, "/name");
                self.metadata.tell(problems);
            }
            Error::Conflict(Conflict::SecretName(_)) => {
                let taken = "The store has a secret of this name. Choose another.";
                self.name_problem = Some(taken.to_owned());
            }
            other => self.problem = Some(sentence(other)),
        }
    }
}

/// Shows the form, filled in with what the secret has.
pub(super) async fn show(
    State(app): State<App>,
    place: Path<SecretPlace>,
    Visit { permit, shell }: Visit<ManageSecrets>,
) -> Response {
    match SecretPlace::secret(&place, &app.engine, &permit).await {
        Ok(secret) => {
            let metadata = Metadata::of(&secret);
            respond(&DuplicatePage::new(shell, secret, String::new(), metadata))
        }
        Err(error) => refused_in(shell, &error),
    }
}

/// Makes the duplicate.
pub(super) async fn duplicate(
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
    let mut page = DuplicatePage::new(shell, secret, form.text("name"), metadata);
    let made = async {
        let duplicate = page.parse()?;
        app.engine
            .duplicate_secret(&permit, store_id, id, duplicate)
            .await
    };
    match made.await {
        Ok(made) => Redirect::to(&list_of(&page.shell, &made, "secret-duplicated")).into_response(),
        Err(error) if is_told_in_form(&error) => {
            page.tell(&error);
            respond_with(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => refused_in(page.shell, &error),
    }
}
