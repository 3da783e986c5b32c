//! Signing in with a passkey.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{Error, PasskeyAnswer, PasskeyRefusal, Unauthenticated};

use super::{PATH, SignInPage, Submitted, go_on, place};
use crate::app::App;
use crate::dashboard::page::respond_with;
use crate::dashboard::passkey::bytes;
use crate::dashboard::refusal::{Refused, refused};

/// Where the answer of a passkey is sent.
pub(in crate::dashboard) const PASSKEY_PATH: &str = "/sign-in/passkey";

/// Whoever reloads the answer begins again.
pub(in crate::dashboard) async fn again() -> Redirect {
    Redirect::to(PATH)
}

pub(in crate::dashboard) async fn sign_in(
    State(app): State<App>,
    submitted: Submitted,
) -> Response {
    let Submitted { request, form } = submitted;
    let to = form.text("to");
    let to = place(&to);
    let Ok(site) = &app.passkeys else {
        return Refused::NotFound("page").into_response();
    };
    let answer = PasskeyAnswer {
        credential_id: bytes(&form, "credential_id"),
        user_handle: bytes(&form, "user_handle"),
        client_data: bytes(&form, "client_data"),
        authenticator_data: bytes(&form, "authenticator_data"),
        signature: bytes(&form, "signature"),
    };
    let signed_in = app.engine.sign_in_with_passkey(request, site, answer);
    match signed_in.await {
        Ok(signed_in) => go_on(&signed_in, to),
        Err(Error::Unauthenticated(reason)) => {
            let problem = Some(problem(reason).to_owned());
            let page = SignInPage::new(&app, String::new(), to, problem);
            respond_with(StatusCode::UNAUTHORIZED, &page)
        }
        Err(error) => refused(&error),
    }
}

/// What was wrong, without more than whoever holds the passkey can use.
const fn problem(reason: Unauthenticated) -> &'static str {
    match reason {
        Unauthenticated::Passkey(PasskeyRefusal::Late) => "That took too long. Try again.",
        Unauthenticated::Passkey(PasskeyRefusal::Elsewhere) => {
            "This passkey is for another address than this server's."
        }
        Unauthenticated::Passkey(PasskeyRefusal::Unverified) => {
            "The device did not find out who you are. Use one with a fingerprint, a face or a PIN."
        }
        Unauthenticated::Passkey(PasskeyRefusal::Counter) => {
            "This passkey was refused because a copy of it may be in use. Sign in with your password, remove it, and \
             add a new one."
        }
        _ => "This passkey does not sign you in here. It may have been removed.",
    }
}
