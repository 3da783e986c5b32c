//! The secret that a page's address names, and what its forms ask for.

use axum::extract::Path;
use coffer_engine::{Engine, Error, Invalid, Missing, Permit, Requires, Result, ViewSecrets};
use coffer_protocol::secrets_store::Secret;
use coffer_types::{Comment, Scope, Scopes};
use serde::Deserialize;

use super::list::address_of;
use super::store::StoreChoice;
use crate::api::SecretProblems;
use crate::dashboard::form::Form;
use crate::dashboard::refusal::problem_at;
use crate::dashboard::shell::Shell;

/// The secret of an address.
#[derive(Debug, Deserialize)]
pub(super) struct SecretPlace {
    secret_id: String,
}

impl SecretPlace {
    /// The secret; a text that is no id names none.
    pub(super) async fn secret<P: Requires>(
        Path(place): &Path<Self>,
        engine: &Engine,
        permit: &Permit<P>,
    ) -> Result<Secret> {
        let id = place.secret_id.parse().map_err(|_| Missing::Secret)?;
        let view = permit.and::<ViewSecrets>()?;
        engine.secret_of_account(&view, id).await
    }
}

/// The address of a secret's own page.
pub(super) fn page_of(shell: &Shell, secret: &Secret) -> String {
    shell.place(&format!("secrets-store/secrets/{}", secret.id))
}

/// The address of the list that a secret is in, with a word for what was done.
pub(super) fn list_of(shell: &Shell, secret: &Secret, done: &str) -> String {
    address_of(shell, &StoreChoice::of(secret.store_id), done)
}

/// Scopes and comment as they were typed, and what is wrong with them.
pub(super) struct Metadata {
    pub(super) scopes: Scopes,
    pub(super) comment: String,
    pub(super) scopes_problem: Option<String>,
    pub(super) comment_problem: Option<String>,
}

impl Metadata {
    /// Those of a secret as it is.
    pub(super) fn of(secret: &Secret) -> Self {
        let comment = secret.comment.as_ref();
        Self {
            scopes: secret.scopes,
            comment: comment.map(ToString::to_string).unwrap_or_default(),
            scopes_problem: None,
            comment_problem: None,
        }
    }

    /// Scopes alone, for what is new.
    pub(super) const fn new(scopes: Scopes) -> Self {
        Self {
            scopes,
            comment: String::new(),
            scopes_problem: None,
            comment_problem: None,
        }
    }

    /// Those of a form.
    pub(super) fn read(form: &Form) -> Self {
        let scopes = form.texts("scope");
        let scopes = scopes.iter().filter_map(|word| word.parse::<Scope>().ok());
        Self {
            scopes: scopes.collect(),
            comment: form.text("comment"),
            scopes_problem: None,
            comment_problem: None,
        }
    }

    /// What they stand for, with what is wrong noted. An empty comment is none.
    pub(super) fn parse(&self, problems: &mut SecretProblems) -> Option<(Scopes, Option<Comment>)> {
        let scopes: Vec<String> = self
            .scopes
            .iter()
            .map(|scope| scope.as_str().to_owned())
            .collect();
        let comment = (!self.comment.is_empty()).then_some(self.comment.as_str());
        let scopes = problems.scopes("", &scopes);
        let comment = problems.comment("", comment);
        scopes.zip(comment)
    }

    /// Puts problems beside their fields.
    pub(super) fn tell(&mut self, problems: &[Invalid]) {
        self.scopes_problem = problem_at(problems, "/scopes");
        self.comment_problem = problem_at(problems, "/comment");
    }
}

/// Whether a page tells the error in its form.
pub(super) const fn is_told_in_form(error: &Error) -> bool {
    matches!(
        error,
        Error::Invalid(_) | Error::Conflict(_) | Error::LimitExceeded(_)
    )
}
