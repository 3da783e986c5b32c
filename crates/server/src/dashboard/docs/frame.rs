//! What stands around pages that anyone may read: the shell for those who are signed in, a plain head for others.

use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use coffer_engine::Caller;

use crate::api::{Recognised, session_text};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond_with;
use crate::dashboard::shell::{Section, Shell};

/// Whoever asks: with the shell of the first account if signed in.
#[derive(Debug)]
pub(in crate::dashboard) struct Anyone(Option<Shell>);

#[derive(Template)]
#[template(path = "docs/in_shell.html")]
struct InShell<'p> {
    title: &'p str,
    shell: Shell,
    content: String,
}

#[derive(Template)]
#[template(path = "docs/plain.html")]
struct Plain<'p> {
    title: &'p str,
    content: String,
}

impl FromRequestParts<App> for Anyone {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        if session_text(&parts.headers).is_none() {
            return Ok(Self(None));
        }
        let section = if parts.uri.path().starts_with(super::PATH) {
            Section::Docs
        } else {
            Section::Elsewhere
        };
        Ok(Self(
            match Recognised::from_request_parts(parts, app).await {
                Ok(Recognised(caller)) => shell_of(app, &caller, section).await,
                Err(_) => None,
            },
        ))
    }
}

/// The shell of the first account of whoever is signed in.
async fn shell_of(app: &App, caller: &Caller, section: Section) -> Option<Shell> {
    caller.actor.session()?;
    let shell = Shell::of(&app.engine, caller, None, section).await.ok()?;
    let first = shell.accounts.first()?.id;
    Shell::of(&app.engine, caller, Some(first), section)
        .await
        .ok()
}

impl Anyone {
    /// Whether who asks is signed in.
    pub(super) fn shell(&self) -> Option<&Shell> {
        self.0.as_ref()
    }

    /// A page with this content.
    pub(super) fn page(self, status: StatusCode, title: &str, content: &impl Template) -> Response {
        let content = match content.render() {
            Ok(content) => content,
            Err(error) => {
                tracing::error!(%error, "a page was not rendered");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        };
        match self.0 {
            Some(shell) => respond_with(
                status,
                &InShell {
                    title,
                    shell,
                    content,
                },
            ),
            None => respond_with(status, &Plain { title, content }),
        }
    }
}
