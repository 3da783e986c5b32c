//! The user's password.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use coffer_engine::{Conflict, Error, ManageUser, SecretValue};
use coffer_types::limits::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS};

use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::{problem_at, sentence};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{UserSubmit, UserVisit, refused_in};

#[derive(Template)]
#[template(path = "profile/password.html")]
struct PasswordPage {
    shell: Shell,
    back: &'static str,
    shortest: usize,
    current_problem: Option<String>,
    new_problem: Option<String>,
    repeat_problem: Option<&'static str>,
    problem: Option<String>,
}

impl PasswordPage {
    fn new(shell: Shell) -> Self {
        Self {
            shell,
            back: super::PATH,
            shortest: MIN_PASSWORD_CHARS,
            current_problem: None,
            new_problem: None,
            repeat_problem: None,
            problem: None,
        }
    }
}

pub(super) async fn show(UserVisit { shell, .. }: UserVisit<ManageUser>) -> Response {
    respond(&PasswordPage::new(shell))
}

/// Changes the password; every other session ends.
pub(super) async fn change(
    State(app): State<App>,
    UserSubmit {
        permit,
        shell,
        form,
    }: UserSubmit<ManageUser>,
) -> Response {
    let mut page = PasswordPage::new(shell);
    let of = |name| form.secret(name).filter(fits);
    let (current, new) = (of("current_password"), of("new_password"));
    let repeat = form.secret("repeat");
    if current.is_none() {
        page.current_problem = Some("Enter your current password.".to_owned());
    }
    let Some((current, new)) = current.zip(new) else {
        if page.current_problem.is_none() {
            page.new_problem = Some("Enter a shorter password.".to_owned());
        }
        return respond_with(StatusCode::BAD_REQUEST, &page);
    };
    let is_same = |repeat: &SecretValue| repeat.expose_secret() == new.expose_secret();
    if !repeat.as_ref().is_some_and(is_same) {
        page.repeat_problem = Some("The two passwords differ.");
        return respond_with(StatusCode::BAD_REQUEST, &page);
    }
    match app.engine.change_password(&permit, current, new).await {
        Ok(_) => super::done("password-changed"),
        Err(Error::Invalid(problems)) => {
            page.current_problem = problem_at(&problems, "/current_password");
            page.new_problem = problem_at(&problems, "/new_password");
            respond_with(StatusCode::BAD_REQUEST, &page)
        }
        Err(error @ Error::Conflict(Conflict::CredentialsChanged)) => {
            page.problem = Some(sentence(&error));
            respond_with(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => refused_in(page.shell, &error),
    }
}

/// Whether it may be a password: one that is longer than any is not worth the work.
pub(super) fn fits(password: &SecretValue) -> bool {
    !password.is_empty() && password.len() <= MAX_PASSWORD_BYTES
}
