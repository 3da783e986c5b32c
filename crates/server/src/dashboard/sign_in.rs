//! Signing in and out.

pub(super) mod passkey;

use askama::Template;
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{
    Error, ManageUser, PendingSignIn, RequestMeta, SignInStep, SignedIn, Unauthenticated,
};
use coffer_types::Email;
use coffer_types::limits::MAX_PASSWORD_BYTES;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::filters;
use super::form::Form;
use super::page::{respond, respond_with};
use super::passkey::PasskeyRequest;
use super::refusal::{Refused, refused};
use super::visit::UserSubmit;
use crate::api::{Site, given, read_body, request_meta, taken_away};
use crate::app::App;

pub(super) use passkey::PASSKEY_PATH;

/// Where people sign in.
pub(super) const PATH: &str = "/sign-in";
/// Where they enter the code of a second factor.
pub(super) const SECOND_STEP_PATH: &str = "/sign-in/code";
/// Bytes of the form: an address and a password, each byte as three, and the place to go on to.
const MAX_FORM_BYTES: usize = 16 * 1024;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    email: String,
    to: String,
    problem: Option<String>,
    passkey: Option<PasskeyRequest>,
}

impl SignInPage {
    fn new(app: &App, email: String, to: &str, problem: Option<String>) -> Self {
        let site = app.passkeys.as_ref().ok();
        Self {
            email,
            to: to.to_owned(),
            problem,
            passkey: site
                .map(|site| PasskeyRequest::to_sign_in(site, &app.engine.passkey_challenge())),
        }
    }
}

/// Asks for the code of a second factor. There is no session yet.
#[derive(Template)]
#[template(path = "second_step.html")]
struct SecondStepPage<'p> {
    pending: &'p str,
    to: &'p str,
    problem: Option<&'static str>,
}

/// Leads to the same place once more, from a page of this origin.
#[derive(Template)]
#[template(path = "once_more.html")]
struct OnceMore<'p> {
    to: &'p str,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    to: String,
}

/// The address of the page, going on to a place afterwards.
pub(super) fn address(to: &str) -> String {
    match to {
        "/" => PATH.to_owned(),
        to => format!("{PATH}?to={}", utf8_percent_encode(to, NON_ALPHANUMERIC)),
    }
}

/// A page that asks for the same place at once.
pub(super) fn once_more(to: &str) -> Response {
    respond(&OnceMore { to: place(to) })
}

pub(super) async fn show(State(app): State<App>, Query(asked): Query<Asked>) -> Response {
    respond(&SignInPage::new(
        &app,
        String::new(),
        place(&asked.to),
        None,
    ))
}

/// The form, sent by a page of this origin.
pub(super) struct Submitted {
    request: RequestMeta,
    form: Form,
}

impl FromRequest<App> for Submitted {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        if Site::of(&parts) != Site::Own {
            return Err(Refused::OtherSite.into_response());
        }
        let refuse = |refusal: crate::api::ApiError| refusal.describe().0.into_response();
        let request = request_meta(&parts).map_err(refuse)?;
        let bytes = read_body(body, MAX_FORM_BYTES, app.body_idle).await;
        let form = Form::read(&parts, bytes.map_err(refuse)?);
        let form = form.ok_or_else(|| StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response())?;
        Ok(Self { request, form })
    }
}

/// Signs in. Whatever cookie came along is passed over: there is a new session each time.
pub(super) async fn sign_in(State(app): State<App>, submitted: Submitted) -> Response {
    let Submitted { request, form } = submitted;
    let mut page = SignInPage::new(&app, form.text("email"), place(&form.text("to")), None);
    let wrong = "This e-mail address and password do not go together.";
    let password = form.secret("password");
    let password = password.filter(|password| password.len() <= MAX_PASSWORD_BYTES);
    let (Ok(email), Some(password)) = (Email::normalised(&page.email), password) else {
        page.problem = Some(wrong.to_owned());
        return respond_with(StatusCode::BAD_REQUEST, &page);
    };
    match app.engine.begin_sign_in(request, &email, password).await {
        Ok(SignInStep::SignedIn(signed_in)) => go_on(&signed_in, &page.to),
        Ok(SignInStep::SecondFactor(pending)) => respond(&SecondStepPage {
            pending: pending.expose_secret(),
            to: &page.to,
            problem: None,
        }),
        Err(Error::Unauthenticated(_)) => {
            page.problem = Some(wrong.to_owned());
            respond_with(StatusCode::UNAUTHORIZED, &page)
        }
        Err(error) => refused(&error),
    }
}

/// Whoever reloads the second step begins again.
pub(super) async fn again() -> Redirect {
    Redirect::to(PATH)
}

/// Signs in with the code of a second factor, after the password.
pub(super) async fn second_step(State(app): State<App>, submitted: Submitted) -> Response {
    let Submitted { request, form } = submitted;
    let to = form.text("to");
    let mut page = SignInPage::new(&app, String::new(), place(&to), None);
    let (Some(pending), Some(code)) = (form.secret("pending"), form.secret("code")) else {
        return Redirect::to(&address(&page.to)).into_response();
    };
    let pending = PendingSignIn::from(pending);
    match app.engine.finish_sign_in(request, &pending, code).await {
        Ok(signed_in) => go_on(&signed_in, &page.to),
        Err(Error::Unauthenticated(Unauthenticated::SecondFactor)) => {
            let page = SecondStepPage {
                pending: pending.expose_secret(),
                to: &page.to,
                problem: Some(
                    "This is no code of yours, or it was used before. Wait for the next one.",
                ),
            };
            respond_with(StatusCode::UNAUTHORIZED, &page)
        }
        Err(Error::Unauthenticated(_)) => {
            page.problem = Some("That took too long. Sign in again.".to_owned());
            respond_with(StatusCode::UNAUTHORIZED, &page)
        }
        Err(error) => refused(&error),
    }
}

fn go_on(signed_in: &SignedIn, to: &str) -> Response {
    match given(&signed_in.text) {
        Some(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response(),
        None => Refused::Internal.into_response(),
    }
}

/// Ends the session that asks.
pub(super) async fn sign_out(
    State(app): State<App>,
    UserSubmit { permit, .. }: UserSubmit<ManageUser>,
) -> Response {
    let ended = match permit.caller().actor.session() {
        Some(id) => app.engine.end_session(&permit, id).await.map(|_| ()),
        None => Ok(()),
    };
    match ended {
        Ok(()) => ([(header::SET_COOKIE, taken_away())], Redirect::to(PATH)).into_response(),
        Err(error) => refused(&error),
    }
}

/// A place on this server to go on to; the first page in place of anything else.
fn place(text: &str) -> &str {
    let is_ours = text.starts_with('/')
        && !text.starts_with("//")
        && !text.starts_with(PATH)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_ours { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_place_is_gone_on_to() {
        for ours in ["/", "/0123/secrets-store?search=a%20b", "/profile"] {
            assert_eq!(place(ours), ours);
        }
        for others in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "\\/evil",
            "evil",
            "/a\nb",
            "/\tevil",
            "javascript:alert(1)",
            "/sign-in",
            "/sign-in?to=/sign-in",
        ] {
            assert_eq!(place(others), "/", "{others}");
        }
    }

    #[test]
    fn the_place_is_kept_in_the_address() {
        assert_eq!(address("/"), "/sign-in");
        assert_eq!(address("/a?b=c&d"), "/sign-in?to=%2Fa%3Fb%3Dc%26d");
    }
}
