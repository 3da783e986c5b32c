//! Signing in a device that waits elsewhere, such as a terminal with `coffer login`.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use coffer_engine::{DeviceLogin, Error, ManageUserTokens, Missing};
use coffer_types::AccountId;
use coffer_types::limits::DEVICE_TOKEN_DAYS;
use serde::Deserialize;

use super::filters;
use super::page::{respond, respond_with};
use super::shell::Shell;
use super::visit::{UserSubmit, UserVisit, refused_in};
use crate::app::App;

/// Where people enter the code.
pub(crate) const PATH: &str = "/device";

const UNKNOWN_CODE: &str =
    "No device waits with this code. It may be older than ten minutes, or answered already.";

/// The pages of this section.
pub(super) fn routes() -> Router<App> {
    Router::new().route(PATH, get(show).post(answer))
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    code: String,
}

/// Asks for the code.
#[derive(Template)]
#[template(path = "device_login/code.html")]
struct CodePage {
    shell: Shell,
    code: String,
    problem: Option<&'static str>,
}

/// Shows what waits, and asks for an answer.
#[derive(Template)]
#[template(path = "device_login/answer.html")]
struct AnswerPage {
    shell: Shell,
    back: &'static str,
    code: String,
    login: DeviceLogin,
    address: String,
    choices: Vec<Choice>,
    problem: Option<&'static str>,
}

/// An account that the device may act in.
struct Choice {
    id: AccountId,
    name: String,
    is_chosen: bool,
}

impl AnswerPage {
    fn new(shell: Shell, code: String, login: DeviceLogin) -> Self {
        let is_only = shell.accounts.len() == 1;
        let choices = shell.accounts.iter().map(|account| Choice {
            id: account.id,
            name: account.name.clone(),
            is_chosen: is_only,
        });
        Self {
            choices: choices.collect(),
            shell,
            back: PATH,
            code,
            address: login
                .address
                .map_or_else(|| "an unknown address".to_owned(), |ip| ip.to_string()),
            login,
            problem: None,
        }
    }
}

pub(super) async fn show(
    State(app): State<App>,
    Query(Asked { code }): Query<Asked>,
    UserVisit { permit, shell }: UserVisit<ManageUserTokens>,
) -> Response {
    if code.is_empty() {
        return respond(&CodePage {
            shell,
            code,
            problem: None,
        });
    }
    match app.engine.device_login(&permit, &code) {
        Ok(login) => respond(&AnswerPage::new(shell, code, login)),
        Err(error) => refuse(shell, code, &error),
    }
}

/// Approves or denies. Looking at the page does neither.
pub(super) async fn answer(
    State(app): State<App>,
    UserSubmit {
        permit,
        shell,
        form,
    }: UserSubmit<ManageUserTokens>,
) -> Response {
    let code = form.text("code");
    if form.text("answer") != "approve" {
        return match app.engine.deny_device_login(&permit, &code) {
            Ok(_) => done("device-denied"),
            Err(error) => refuse(shell, code, &error),
        };
    }
    let wanted = form.texts("account");
    let accounts: Vec<AccountId> = wanted.iter().filter_map(|id| id.parse().ok()).collect();
    if accounts.is_empty() {
        return match app.engine.device_login(&permit, &code) {
            Ok(login) => {
                let mut page = AnswerPage::new(shell, code, login);
                page.problem = Some("Choose at least one account, or deny.");
                respond_with(StatusCode::BAD_REQUEST, &page)
            }
            Err(error) => refuse(shell, code, &error),
        };
    }
    match app.engine.approve_device_login(&permit, &code, accounts) {
        Ok(_) => done("device-approved"),
        Err(error) => refuse(shell, code, &error),
    }
}

fn refuse(shell: Shell, code: String, error: &Error) -> Response {
    match error {
        Error::NotFound(Missing::DeviceLogin) => {
            let page = CodePage {
                shell,
                code,
                problem: Some(UNKNOWN_CODE),
            };
            respond_with(StatusCode::NOT_FOUND, &page)
        }
        error => refused_in(shell, error),
    }
}

fn done(word: &str) -> Response {
    Redirect::to(&format!("{PATH}?done={word}")).into_response()
}

#[cfg(test)]
mod tests;
