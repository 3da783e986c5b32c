//! The form that makes a token, and the page that shows its text once.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{Conflict, Error, ManageTokens, TokenText};
use serde::Deserialize;

use super::fields::{Fields, Problems};
use super::groups::{self, Section};
use super::owner::{Owner, TokensSubmit, TokensVisit, new_once};
use super::preview::Preview;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::refused_in;

#[derive(Template)]
#[template(path = "tokens/create.html")]
struct CreatePage {
    shell: Shell,
    back: String,
    owner: Owner,
    once: String,
    fields: Fields,
    problems: Problems,
    sections: Vec<Section>,
    preview: Preview,
}

/// The text, which is shown once.
#[derive(Template)]
#[template(path = "tokens/shown.html")]
struct ShownPage {
    shell: Shell,
    back: String,
    title: &'static str,
    name: String,
    text: TokenText,
    public_url: String,
    verify: String,
    account_id: String,
}

/// The query of the page's address.
#[derive(Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    template: String,
}

impl CreatePage {
    fn new(app: &App, shell: Shell, owner: Owner, fields: Fields, problems: Problems) -> Self {
        Self {
            shell,
            back: owner.list(),
            owner,
            once: new_once(app),
            sections: groups::sections(owner),
            preview: Preview::of(&fields.groups, owner),
            fields,
            problems,
        }
    }
}

/// Shows the form, filled in as the template says that the address names.
pub(super) async fn show(
    State(app): State<App>,
    TokensVisit { shell, owner, .. }: TokensVisit<ManageTokens>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let template = groups::template(&parameters.template, owner);
    let (name, groups) = template.unwrap_or_default();
    let fields = Fields {
        name: name.to_owned(),
        groups,
        every_account: true,
        ..Fields::default()
    };
    let problems = Problems::default();
    respond(&CreatePage::new(&app, shell, owner, fields, problems))
}

/// Makes the token and shows its text; or only tells what it would allow.
pub(super) async fn create(
    State(app): State<App>,
    TokensSubmit {
        permit,
        shell,
        owner,
        form,
    }: TokensSubmit,
) -> Response {
    let fields = Fields::read(&form);
    if form.has("preview") {
        let problems = Problems::default();
        return respond(&CreatePage::new(&app, shell, owner, fields, problems));
    }
    let made = async {
        let settings = fields.settings(owner, None)?;
        app.engine.create_token(&permit, settings).await
    };
    match made.await {
        Ok(made) => {
            let name = made.token.name.to_string();
            shown(&app, shell, owner, "Token created", name, made.text)
        }
        Err(error) => refused(error, shell, owner, |shell, problems| {
            let page = CreatePage::new(&app, shell, owner, fields, problems);
            respond_with(StatusCode::BAD_REQUEST, &page)
        }),
    }
}

/// What a form was refused for: beside its fields, or as a page.
pub(super) fn refused(
    error: Error,
    shell: Shell,
    owner: Owner,
    again: impl FnOnce(Shell, Problems) -> Response,
) -> Response {
    match error {
        Error::Conflict(Conflict::ShownOnce(_)) => {
            Redirect::to(&format!("{}?done=token-shown", owner.list())).into_response()
        }
        Error::Invalid(_) | Error::LimitExceeded(_) => again(shell, Problems::of(&error)),
        other => refused_in(shell, &other),
    }
}

/// The page with a token's text. Nothing keeps the text, so that nothing can show it again.
pub(super) fn shown(
    app: &App,
    shell: Shell,
    owner: Owner,
    title: &'static str,
    name: String,
    text: TokenText,
) -> Response {
    let account = shell.account.as_ref().or_else(|| shell.accounts.first());
    let account_id = account.map(|account| account.id.to_string());
    let verify = match owner {
        Owner::Account(id) => format!("/accounts/{id}/tokens/verify"),
        Owner::User(_) => "/user/tokens/verify".to_owned(),
    };
    respond(&ShownPage {
        back: owner.list(),
        shell,
        title,
        name,
        text,
        public_url: app.public_url.clone(),
        verify,
        account_id: account_id.unwrap_or_default(),
    })
}
