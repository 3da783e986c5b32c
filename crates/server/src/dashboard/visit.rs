//! Requests for pages: who is signed in, what that user is permitted, and forms that are our own.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{Caller, Error, Permit, Requires, UserPermit};
use coffer_types::AccountId;
use coffer_types::limits::MAX_JSON_BODY_BYTES;
use serde::Deserialize;

use super::current_account::last_account;
use super::docs::missing;
use super::form::Form;
use super::notices::notice;
use super::page::respond_with;
use super::refusal::{Refused, refused};
use super::shell::{Section, Shell};
use super::sign_in;
use crate::api::{
    AccountPath, ForWantOfPermission, Recognised, read_body, session_text, taken_away,
};
use crate::app::App;

/// Someone who is signed in.
#[derive(Debug)]
pub(super) struct Visitor(pub(super) Arc<Caller>);

/// A page of an account, asked for by someone who has permission `P` there.
#[derive(Debug)]
pub(super) struct Visit<P> {
    pub(super) permit: Permit<P>,
    pub(super) shell: Shell,
}

/// A form of a page of an account, sent by someone who has permission `P` there.
#[derive(Debug)]
pub(super) struct Submit<P> {
    pub(super) permit: Permit<P>,
    pub(super) shell: Shell,
    pub(super) form: Form,
}

/// A page about the user who asks.
#[derive(Debug)]
pub(super) struct UserVisit<P> {
    pub(super) permit: UserPermit<P>,
    pub(super) shell: Shell,
}

/// A form of a page about the user who sends it.
#[derive(Debug)]
pub(super) struct UserSubmit<P> {
    pub(super) permit: UserPermit<P>,
    pub(super) shell: Shell,
    pub(super) form: Form,
}

/// What was done before the page was asked for, by a word of ours in the address.
#[derive(Deserialize)]
struct Done {
    #[serde(default)]
    done: String,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        if session_text(&parts.headers).is_none() {
            return Err(without_session(parts));
        }
        match Recognised::from_request_parts(parts, app).await {
            Ok(Recognised(caller)) if caller.actor.session().is_some() => Ok(Self(caller)),
            Ok(_) => Err(without_session(parts)),
            Err(refusal) => Err(match refusal.engine() {
                Some(Error::Unauthenticated(_)) => {
                    let mut response = without_session(parts);
                    let headers = response.headers_mut();
                    headers.append(header::SET_COOKIE, taken_away());
                    response
                }
                Some(error) => refused(error),
                None => Refused::OtherSite.into_response(),
            }),
        }
    }
}

impl<P: Requires> FromRequestParts<App> for Visit<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let (permit, mut shell) = permitted::<P>(parts, app).await?;
        shell.notice = done(parts).await;
        Ok(Self { permit, shell })
    }
}

impl<P: Requires> FromRequest<App> for Submit<P> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let (permit, shell) = permitted::<P>(&mut parts, app).await?;
        let form = own_form(&parts, body, app, permit.caller()).await?;
        Ok(Self {
            permit,
            shell,
            form,
        })
    }
}

impl<P: Requires> FromRequestParts<App> for UserVisit<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let (permit, mut shell) = permitted_user::<P>(parts, app).await?;
        shell.notice = done(parts).await;
        Ok(Self { permit, shell })
    }
}

impl<P: Requires> FromRequest<App> for UserSubmit<P> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let (permit, shell) = permitted_user::<P>(&mut parts, app).await?;
        let form = own_form(&parts, body, app, permit.caller()).await?;
        Ok(Self {
            permit,
            shell,
            form,
        })
    }
}

/// Where someone without a session is sent. Browsers keep the cookie back where another site's link led here, so
/// such a request is made once more, from here.
fn without_session(parts: &Parts) -> Response {
    let asked = parts
        .uri
        .path_and_query()
        .map_or("/", |asked| asked.as_str());
    let site = parts.headers.get("sec-fetch-site");
    let is_led = site == Some(&HeaderValue::from_static("cross-site"));
    if parts.method == Method::GET && is_led {
        return sign_in::once_more(asked);
    }
    let asked = if parts.method == Method::GET {
        asked
    } else {
        "/"
    };
    Redirect::to(&sign_in::address(asked)).into_response()
}

async fn permitted<P: Requires>(
    parts: &mut Parts,
    app: &App,
) -> Result<(Permit<P>, Shell), Response> {
    let Some(account_id) = account_of(parts, app).await else {
        return Err(missing(parts, app).await);
    };
    let Visitor(caller) = Visitor::from_request_parts(parts, app).await?;
    let permit = app.engine.authorize::<P>(&caller, account_id).await;
    let section = section_of(parts.uri.path());
    let shell = Shell::of(&app.engine, &caller, Some(account_id), section);
    let shell = shell.await.map_err(|error| refused(&error))?;
    match permit {
        Ok(permit) => Ok((permit, shell)),
        Err(error) => Err(refused_in(shell, &error)),
    }
}

async fn permitted_user<P: Requires>(
    parts: &mut Parts,
    app: &App,
) -> Result<(UserPermit<P>, Shell), Response> {
    let Visitor(caller) = Visitor::from_request_parts(parts, app).await?;
    let permit = app.engine.authorize_user::<P>(&caller);
    let permit = permit.map_err(|error| refused(&error))?;
    let last = last_account(&parts.headers);
    let shell = Shell::around(&app.engine, &caller, last, Section::Profile);
    let shell = shell.await.map_err(|error| refused(&error))?;
    Ok((permit, shell))
}

async fn account_of(parts: &mut Parts, app: &App) -> Option<AccountId> {
    let found = AccountPath::from_request_parts(parts, app).await.ok();
    found.map(|AccountPath(account_id)| account_id)
}

fn section_of(path: &str) -> Section {
    match path.split('/').nth(2) {
        Some("secrets-store") => Section::SecretsStore,
        Some("workers" | "pages") => Section::Workers,
        Some("audit-log") => Section::AuditLog,
        Some("members") => Section::Members,
        Some("api-tokens") => Section::Tokens,
        Some("settings") => Section::Account,
        _ => Section::Elsewhere,
    }
}

async fn done(parts: &mut Parts) -> Option<&'static str> {
    let Query(Done { done }) = Query::from_request_parts(parts, &()).await.ok()?;
    notice(&done)
}

/// A refusal inside the shell of the account, which the audit log hears of if it is for want of permission.
pub(super) fn refused_in(shell: Shell, error: &Error) -> Response {
    let refusal = Refused::of(error);
    let mut response = respond_with(refusal.status(), &refusal.page_in(shell));
    if matches!(error, Error::Denied | Error::BeyondBindings(_)) {
        response.extensions_mut().insert(ForWantOfPermission);
    }
    response
}

/// Reads a form and sees that one of this session's pages sent it.
async fn own_form(
    parts: &Parts,
    body: axum::body::Body,
    app: &App,
    caller: &Caller,
) -> Result<Form, Response> {
    let bytes = read_body(body, MAX_JSON_BODY_BYTES, app.body_idle).await;
    let bytes = bytes.map_err(|refusal| refusal.describe().0.into_response())?;
    let form = Form::read(parts, bytes)
        .ok_or_else(|| StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response())?;
    let token = form.text("form_token");
    if app.engine.is_form_token(caller, &token) {
        Ok(form)
    } else {
        Err(Refused::OldForm.into_response())
    }
}
