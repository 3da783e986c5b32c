//! What stands around pages that anyone may read: the shell for those who are signed in, a plain head for others.

use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use coffer_engine::{Caller, Error};
use coffer_types::AccountId;

use crate::api::{Recognised, session_text, taken_away};
use crate::app::App;
use crate::dashboard::current_account::last_account;
use crate::dashboard::filters;
use crate::dashboard::page::respond_with;
use crate::dashboard::shell::{Section, Shell};

/// Whoever asks.
#[derive(Debug, Default)]
pub(in crate::dashboard) struct Anyone {
    /// That of the account that was open last, for someone who is signed in.
    shell: Option<Shell>,
    /// Whether the browser sends the cookie of a session that has ended. It is told to stop: each one counts as a
    /// wrong credential.
    has_old_cookie: bool,
}

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
            return Ok(Self::default());
        }
        let section = if parts.uri.path().starts_with(super::PATH) {
            Section::Docs
        } else {
            Section::Elsewhere
        };
        let recognised = Recognised::from_request_parts(parts, app).await;
        Ok(match recognised {
            Ok(Recognised(caller)) => Self {
                shell: shell_of(app, &caller, last_account(&parts.headers), section).await,
                has_old_cookie: false,
            },
            Err(refusal) => Self {
                shell: None,
                has_old_cookie: matches!(refusal.engine(), Some(Error::Unauthenticated(_))),
            },
        })
    }
}

/// The shell around a page for whoever is signed in and has an account.
async fn shell_of(
    app: &App,
    caller: &Caller,
    last: Option<AccountId>,
    section: Section,
) -> Option<Shell> {
    caller.actor.session()?;
    let shell = Shell::around(&app.engine, caller, last, section).await;
    shell.ok().filter(|shell| shell.account.is_some())
}

impl Anyone {
    /// Whether who asks is signed in.
    pub(super) fn shell(&self) -> Option<&Shell> {
        self.shell.as_ref()
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
        let mut response = match self.shell {
            Some(shell) => respond_with(
                status,
                &InShell {
                    title,
                    shell,
                    content,
                },
            ),
            None => respond_with(status, &Plain { title, content }),
        };
        if self.has_old_cookie {
            response
                .headers_mut()
                .append(header::SET_COOKIE, taken_away());
        }
        response
    }
}
