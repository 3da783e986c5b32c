//! The page behind an invitation's link: it tells what the invitation is to, and takes the password.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use coffer_engine::{Error, Invitation, Missing, Problem, RequestMeta, SecretValue};
use coffer_types::limits::MIN_PASSWORD_CHARS;

use super::filters;
use super::form::Form;
use super::page::respond_with;
use super::refusal::Notice;
use crate::api::{ApiError, read_body, request_meta};
use crate::app::App;

/// The page's address; its end is the invitation's text.
pub(super) const PATH: &str = "/invitations/{invitation}";
/// Bytes of a submitted form: two passwords of the largest size with every byte encoded as three, and the rest.
const MAX_FORM_BYTES: usize = 8 * 1024;

/// The page.
#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage {
    account_name: String,
    invited_by: Option<String>,
    email: String,
    has_password: bool,
    expires_on: String,
    expires_day: String,
    shortest: usize,
    password_problem: Option<String>,
    repeat_problem: Option<&'static str>,
}

impl InvitationPage {
    fn new(invitation: &Invitation) -> Self {
        let expires_on = invitation.expires_on.to_string();
        Self {
            account_name: invitation.account_name.clone(),
            invited_by: invitation.invited_by.as_ref().map(ToString::to_string),
            email: invitation.email.to_string(),
            has_password: invitation.has_password,
            expires_day: expires_on.chars().take_while(|one| *one != 'T').collect(),
            expires_on,
            shortest: MIN_PASSWORD_CHARS,
            password_problem: None,
            repeat_problem: None,
        }
    }
}

/// The text at the end of the page's address, and the request.
pub(super) struct Asked {
    text: SecretValue,
    request: RequestMeta,
}

impl FromRequestParts<App> for Asked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Path(text) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| refused(&Missing::Invitation.into()))?;
        let mut request = request_meta(parts).map_err(failed)?;
        // The audit log is no place for the text.
        if let Some(raw) = &mut request.raw {
            Arc::make_mut(raw).path = PATH.to_owned();
        }
        Ok(Self {
            text: SecretValue::new(text),
            request,
        })
    }
}

/// What was put into the page.
pub(super) struct Submitted {
    asked: Asked,
    password: Option<SecretValue>,
    repeat: Option<SecretValue>,
}

/// No other site's page can make a browser send this: it would have to know the invitation's text.
impl FromRequest<App> for Submitted {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let asked = Asked::from_request_parts(&mut parts, app).await?;
        let bytes = read_body(body, MAX_FORM_BYTES, app.body_idle);
        let bytes = bytes.await.map_err(failed)?;
        let form = Form::read(&parts, bytes)
            .ok_or_else(|| StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response())?;
        Ok(Self {
            asked,
            password: form.secret("password"),
            repeat: form.secret("repeat"),
        })
    }
}

/// Shows the invitation. Looking changes nothing, because programs that check links look too.
pub(super) async fn show(State(app): State<App>, asked: Asked) -> Response {
    match app.engine.invitation(&asked.text, asked.request.ip).await {
        Ok(invitation) => respond_with(StatusCode::OK, &InvitationPage::new(&invitation)),
        Err(error) => refused(&error),
    }
}

/// Accepts the invitation.
pub(super) async fn accept(State(app): State<App>, submitted: Submitted) -> Response {
    let Submitted {
        asked: Asked { text, request },
        password,
        repeat,
    } = submitted;
    let invitation = match app.engine.invitation(&text, request.ip).await {
        Ok(invitation) => invitation,
        Err(error) => return refused(&error),
    };
    let mut page = InvitationPage::new(&invitation);
    let Some(password) = password else {
        page.password_problem = Some("Enter a password.".to_owned());
        return respond_with(StatusCode::BAD_REQUEST, &page);
    };
    let repeat = repeat.as_ref().map(SecretValue::expose_secret);
    if !invitation.has_password && repeat != Some(password.expose_secret()) {
        page.repeat_problem = Some("The two passwords differ.");
        return respond_with(StatusCode::BAD_REQUEST, &page);
    }
    let accepted = app.engine.accept_invitation(request, &text, password);
    match accepted.await {
        Ok(accepted) => {
            let notice = Notice {
                title: "You have joined",
                text: format!(
                    "You are now a member of {}. Sign in as {} with your password.",
                    accepted.account.name, accepted.email
                ),
            };
            respond_with(StatusCode::OK, &notice)
        }
        Err(Error::Invalid(problems)) => {
            let problem = problems.first().map(|one| advice(&one.problem));
            page.password_problem = problem;
            respond_with(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => refused(&error),
    }
}

/// What to do about a password that was refused.
fn advice(problem: &Problem) -> String {
    match problem {
        Problem::PasswordTooShort(least) => format!("Use at least {least} characters."),
        Problem::PasswordTooLong(most) => format!("Use at most {most} characters."),
        Problem::PasswordIsEmail => "Use something else than your e-mail address.".to_owned(),
        Problem::PasswordWrong => "This is not your password.".to_owned(),
        _ => "This password cannot be used.".to_owned(),
    }
}

/// The page for an invitation that cannot be shown or accepted.
fn refused(error: &Error) -> Response {
    let notice = |status, title, text: &str| {
        let text = text.to_owned();
        respond_with(status, &Notice { title, text })
    };
    match error {
        Error::NotFound(Missing::LiveInvitation) => notice(
            StatusCode::GONE,
            "The invitation has expired",
            "Ask whoever invited you for a new one.",
        ),
        Error::NotFound(_) | Error::Conflict(_) => notice(
            StatusCode::NOT_FOUND,
            "This link does not work",
            "It was used before, a newer one took its place, or it is not whole. Sign in if you accepted already; \
             else ask whoever invited you for a new link.",
        ),
        Error::TooManyAttempts {
            retry_after_seconds,
        } => {
            let mut response = notice(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many attempts",
                &format!("Try again in {retry_after_seconds} seconds."),
            );
            let wait = HeaderValue::from(*retry_after_seconds);
            response.headers_mut().insert(header::RETRY_AFTER, wait);
            response
        }
        other => {
            tracing::warn!(error = %other, "an invitation was neither shown nor accepted");
            notice(
                StatusCode::SERVICE_UNAVAILABLE,
                "Something went wrong",
                "Nothing was changed. Try again in a moment.",
            )
        }
    }
}

/// The page for a request that was not understood at all.
fn failed(error: ApiError) -> Response {
    use axum::response::IntoResponse;
    let status = error.into_response().status();
    let notice = Notice {
        title: "Something went wrong",
        text: "The form did not arrive whole. Open the link again.".to_owned(),
    };
    respond_with(status, &notice)
}
