//! The form that changes a token.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{ManageTokens, TokensPermit};
use coffer_protocol::tokens::{Token, TokenStatus};
use coffer_types::Effect;

use super::TokenPath;
use super::create::refused;
use super::fields::{Fields, Problems};
use super::groups::{self, Section};
use super::owner::{Owner, TokensSubmit, TokensVisit};
use super::preview::Preview;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::refused_in;

#[derive(Template)]
#[template(path = "tokens/edit.html")]
struct EditPage {
    shell: Shell,
    back: String,
    owner: Owner,
    token: Token,
    /// Whether the form has room for the token's policies.
    is_simple: bool,
    fields: Fields,
    problems: Problems,
    sections: Vec<Section>,
    preview: Preview,
}

impl EditPage {
    fn new(shell: Shell, owner: Owner, token: Token, fields: Fields, problems: Problems) -> Self {
        Self {
            shell,
            back: owner.list(),
            owner,
            is_simple: Fields::of(&token, owner).1,
            sections: groups::sections(owner),
            preview: Preview::of(&fields.groups, owner),
            token,
            fields,
            problems,
        }
    }

    fn place(&self, below: &str) -> String {
        format!("{}/{}/{below}", self.back, self.token.id)
    }
}

/// Shows the token.
pub(super) async fn show(
    State(app): State<App>,
    TokensVisit {
        permit,
        shell,
        owner,
    }: TokensVisit<ManageTokens>,
    Path(path): Path<TokenPath>,
) -> Response {
    match find(&app, &permit, &path).await {
        Ok(token) => {
            let (fields, _) = Fields::of(&token, owner);
            respond(&EditPage::new(
                shell,
                owner,
                token,
                fields,
                Problems::default(),
            ))
        }
        Err(error) => refused_in(shell, &error),
    }
}

/// Changes it; or only tells what it would allow.
pub(super) async fn save(
    State(app): State<App>,
    Path(path): Path<TokenPath>,
    TokensSubmit {
        permit,
        shell,
        owner,
        form,
    }: TokensSubmit,
) -> Response {
    let token = match find(&app, &permit, &path).await {
        Ok(token) => token,
        Err(error) => return refused_in(shell, &error),
    };
    let fields = Fields::read(&form);
    if form.has("preview") {
        let problems = Problems::default();
        return respond(&EditPage::new(shell, owner, token, fields, problems));
    }
    let saved = async {
        let settings = fields.settings(owner, Some(&token))?;
        app.engine.update_token(&permit, token.id, settings).await
    };
    match saved.await {
        Ok(_) => Redirect::to(&format!("{}?done=token-saved", owner.list())).into_response(),
        Err(error) => refused(error, shell, owner, |shell, problems| {
            let page = EditPage::new(shell, owner, token, fields, problems);
            respond_with(StatusCode::BAD_REQUEST, &page)
        }),
    }
}

/// The token of the path. Whoever may change it may look at it.
pub(super) async fn find(
    app: &App,
    permit: &TokensPermit<ManageTokens>,
    path: &TokenPath,
) -> Result<Token, coffer_engine::Error> {
    app.engine.managed_token(permit, path.id()?).await
}
