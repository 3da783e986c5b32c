//! `POST /user/coffer/sessions`.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::IntoResponse;
use coffer_engine::{Error, Problem, SecretValue};
use coffer_protocol::sessions::NewSession;
use coffer_types::Email;
use coffer_types::limits::MAX_PASSWORD_BYTES;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Anyone, Json};
use crate::api::error::ApiResult;
use crate::api::session_cookie;
use crate::app::App;

/// Who signs in.
#[derive(Deserialize)]
pub(super) struct SignIn {
    email: String,
    password: SecretValue,
}

/// Signs in. Whatever cookie came along is passed over: there is a new session each time.
pub(super) async fn create(
    State(app): State<App>,
    Anyone { request, body }: Anyone<Json<SignIn>>,
) -> ApiResult<impl IntoResponse> {
    let Json(SignIn { email, password }) = body;
    let email = Email::normalised(&email)
        .map_err(|error| Error::invalid("/email", Problem::Email(error)))?;
    let password = tried(password, "/password")?;
    let signed_in = app.engine.sign_in(request, &email, password).await?;
    let cookie = session_cookie::given(&signed_in.text);
    let cookie = cookie.ok_or_else(|| Error::Internal("no cookie of a session".to_owned()))?;
    let answer: Answer<NewSession> = Answer::ok(signed_in.session);
    Ok(([(SET_COOKIE, cookie)], answer))
}

/// A password that someone tries. One that is longer than any may be is not worth the work.
pub(super) fn tried(password: SecretValue, pointer: &str) -> ApiResult<SecretValue> {
    if password.len() > MAX_PASSWORD_BYTES {
        let problem = Problem::PasswordTooLong(coffer_types::limits::MAX_PASSWORD_CHARS);
        return Err(Error::invalid(pointer, problem).into());
    }
    Ok(password)
}
