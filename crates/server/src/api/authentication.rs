//! From a request's headers to who sent it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use coffer_engine::{
    Attempt, AttemptKind, Attempts, Caller, Credentials, Error, RawRequest, RequestMeta, TokenText,
    Unauthenticated,
};
use coffer_types::Email;

use super::denials::Sender;
use super::error::ApiError;
use super::route::SuccessStatus;
use super::session_cookie::session_text;
use super::site::Site;
use crate::app::App;
use crate::request::Arrival;

/// How much the audit log keeps of a request's path, in characters.
const MAX_PATH_CHARS: usize = 1024;
/// How much the audit log keeps of a client's name of itself, in characters.
const MAX_USER_AGENT_CHARS: usize = 256;

/// Whoever sent the request, recognised.
#[derive(Debug)]
pub(crate) struct Recognised(pub(crate) Arc<Caller>);

impl FromRequestParts<App> for Recognised {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let request = request_meta(parts)?;
        let ip = request.ip;
        let credentials = credentials(&parts.headers)
            .map_err(|reason| refusal(reason, &parts.headers, ip, app.engine.attempts()))?;
        check_site(&credentials, parts)?;
        let actor = app.engine.authenticate(&credentials, ip).await?;
        let caller = Arc::new(Caller { actor, request });
        Sender::keep(&parts.extensions, &caller);
        Ok(Self(caller))
    }
}

/// A session's cookie comes along whoever made the browser send the request, so what may change something must come
/// from a page of this origin. Other credentials are never sent by a browser on its own.
fn check_site(credentials: &Credentials, parts: &Parts) -> Result<(), ApiError> {
    let by_cookie = matches!(credentials, Credentials::Session(_));
    if by_cookie && !parts.method.is_safe() && Site::of(parts) != Site::Own {
        return Err(ApiError::OtherSite);
    }
    Ok(())
}

/// The facts of a request by someone who is not recognised yet.
pub(crate) fn request_meta(parts: &Parts) -> Result<RequestMeta, ApiError> {
    let arrival = parts.extensions.get::<Arrival>().copied();
    let arrival = arrival.ok_or_else(|| Error::Internal("a request without an id".to_owned()))?;
    Ok(RequestMeta {
        id: arrival.id,
        ip: arrival.address,
        source: source(&parts.headers),
        raw: raw(parts).map(Arc::new),
        idempotency: None,
    })
}

/// The answer to what cannot be credentials. What looks like none of ours counts as a wrong one.
fn refusal(
    reason: Unauthenticated,
    headers: &HeaderMap,
    address: Option<IpAddr>,
    attempts: &Attempts,
) -> Error {
    let email = headers.get("x-auth-email");
    let email = email.and_then(|value| value.to_str().ok());
    let (kind, name) = if reason != Unauthenticated::Invalid {
        return reason.into();
    } else if headers.contains_key("authorization") {
        (AttemptKind::Token, None)
    } else if headers.contains_key("x-auth-key") {
        (AttemptKind::Key, email)
    } else {
        return reason.into();
    };
    attempts.failed(&Attempt {
        kind,
        address,
        name,
    })
}

/// How a request came that may change something; of one that only reads, nothing is kept.
fn raw(parts: &Parts) -> Option<RawRequest> {
    if parts.method.is_safe() {
        return None;
    }
    let user_agent = parts.headers.get("user-agent");
    let user_agent = user_agent.and_then(|value| value.to_str().ok());
    Some(RawRequest {
        method: parts.method.to_string(),
        path: parts.uri.path().chars().take(MAX_PATH_CHARS).collect(),
        user_agent: user_agent
            .unwrap_or_default()
            .chars()
            .take(MAX_USER_AGENT_CHARS)
            .collect(),
        status: SuccessStatus::of(&parts.extensions),
    })
}

/// The credentials that a request presents.
///
/// # Errors
/// [`Unauthenticated::Missing`] or [`Unauthenticated::Malformed`]; a token of the right form that is wrong is
/// found out later.
pub(super) fn credentials(headers: &HeaderMap) -> Result<Credentials, Unauthenticated> {
    let text = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().map_err(|_| Unauthenticated::Malformed))
    };
    if let Some(authorization) = text("authorization").transpose()? {
        let (scheme, token) = authorization
            .trim()
            .split_once(' ')
            .ok_or(Unauthenticated::Malformed)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Unauthenticated::Malformed);
        }
        // A text that cannot be one of our tokens is as wrong as one that is not.
        return TokenText::parse(token.trim())
            .map(Credentials::Token)
            .map_err(|_| Unauthenticated::Invalid);
    }
    match (
        text("x-auth-email").transpose()?,
        text("x-auth-key").transpose()?,
    ) {
        (None, None) => match session_text(headers) {
            None => Err(Unauthenticated::Missing),
            Some(text) => text
                .map(Credentials::Session)
                .map_err(|_| Unauthenticated::Invalid),
        },
        (Some(email), Some(key)) => {
            let email = Email::normalised(email).map_err(|_| Unauthenticated::Invalid)?;
            let key = TokenText::parse(key.trim()).map_err(|_| Unauthenticated::Invalid)?;
            Ok(Credentials::GlobalKey(email, key))
        }
        _ => Err(Unauthenticated::Malformed),
    }
}

/// Which kind of client this is, as it becomes the source of versions and deployments.
fn source(headers: &HeaderMap) -> &'static str {
    let agent = headers
        .get("user-agent")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if agent.starts_with("wrangler/") {
        "wrangler"
    } else if agent.contains("terraform") {
        "terraform"
    } else if session_text(headers).is_some() {
        "dash"
    } else {
        "api"
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Clock;

    use super::*;
    use crate::testing::{Actor, TestApp, TokenTimes, failure};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn what_is_no_credential_is_told_apart_from_a_wrong_one() {
        let refused = |pairs: &[_]| credentials(&headers(pairs)).unwrap_err();
        assert_eq!(refused(&[]), Unauthenticated::Missing);
        assert_eq!(
            refused(&[("authorization", "Bearer")]),
            Unauthenticated::Malformed
        );
        assert_eq!(
            refused(&[("authorization", "Basic abc")]),
            Unauthenticated::Malformed
        );
        assert_eq!(
            refused(&[("authorization", "Bearer nonsense")]),
            Unauthenticated::Invalid
        );
        assert_eq!(
            refused(&[("x-auth-email", "a@b")]),
            Unauthenticated::Malformed
        );
        assert_eq!(
            refused(&[("x-auth-email", "a@b"), ("x-auth-key", "x")]),
            Unauthenticated::Invalid
        );
    }

    #[test]
    fn clients_are_known_by_their_agent() {
        assert_eq!(
            source(&headers(&[("user-agent", "wrangler/4.164.0")])),
            "wrangler"
        );
        assert_eq!(
            source(&headers(&[("user-agent", "Cloudflare/Python 5.9.0")])),
            "api"
        );
    }

    const STORES: &str = "/accounts/{account_id}/secrets_store/stores";

    async fn ask(app: &TestApp, actor: &Actor) -> (u16, Vec<String>) {
        let answer = app.request_as(actor, Method::GET, STORES, None).await;
        match answer.0.is_success() {
            true => (answer.0.as_u16(), Vec::new()),
            false => failure(&answer),
        }
    }

    #[tokio::test]
    async fn missing_and_malformed_credentials_have_the_code_that_clients_react_to() {
        let app = TestApp::new().await;
        let token = app.first.api_token.expose_secret();
        for headers in [
            &[][..],
            &[("authorization", "Bearer")],
            &[("authorization", "")],
            &[("authorization", token)],
            &[("authorization", &format!("Basic {token}"))],
            &[("authorization", "Bearer\u{e9} x")],
            &[("x-auth-email", "admin@example.com")],
            &[("x-auth-key", token)],
            &[
                ("x-auth-email", "admin@example.com\u{e9}"),
                ("x-auth-key", token),
            ],
        ] {
            let (status, errors) = ask(&app, &Actor::with_headers(headers)).await;
            assert_eq!((status, &errors[0][..5]), (400, "9106 "), "{headers:?}");
        }
    }

    #[tokio::test]
    async fn wrong_credentials_are_all_told_the_same() {
        let app = TestApp::new().await;
        let now = app.clock.now();
        let times = TokenTimes::default();
        let (token, key) = (&app.first.api_token, &app.first.global_api_key);
        let mut altered = token.expose_secret().to_owned();
        altered.replace_range(20..21, if &altered[20..21] == "x" { "y" } else { "x" });
        for actor in [
            Actor::wrong_token(),
            Actor::with_headers(&[("authorization", "Bearer nonsense")]),
            Actor::with_headers(&[("authorization", &format!("Bearer {altered}"))]),
            app.timed_token(TokenTimes {
                enabled: false,
                ..times
            })
            .await,
            app.timed_token(TokenTimes {
                expires_at: Some(now),
                ..times
            })
            .await,
            app.timed_token(TokenTimes {
                expires_at: Some(now.plus_micros(-1)),
                ..times
            })
            .await,
            app.timed_token(TokenTimes {
                not_before: Some(now.plus_micros(1)),
                ..times
            })
            .await,
            Actor::global_key("nobody@example.com", key),
            Actor::global_key("not an address", key),
            // A token is no key, and a key no token.
            Actor::global_key("admin@example.com", token),
            Actor::token(key),
        ] {
            let expected = (401, vec!["10000 Authentication error".to_owned()]);
            assert_eq!(ask(&app, &actor).await, expected, "{actor:?}");
        }
    }

    #[tokio::test]
    async fn right_credentials_may_be_written_in_several_ways() {
        let app = TestApp::new().await;
        let token = app.first.api_token.expose_secret();
        for value in [format!("bearer {token}"), format!(" BEARER   {token} ")] {
            assert_eq!(
                ask(&app, &Actor::with_headers(&[("authorization", &value)]))
                    .await
                    .0,
                200
            );
        }
        let key = &app.first.global_api_key;
        assert_eq!(
            ask(&app, &Actor::global_key(" Admin@Example.COM", key))
                .await
                .0,
            200
        );
    }

    #[tokio::test]
    async fn a_token_counts_from_its_first_moment_to_its_last() {
        let app = TestApp::new().await;
        let now = app.clock.now();
        let times = TokenTimes {
            not_before: Some(now.plus_micros(10)),
            expires_at: Some(now.plus_micros(20)),
            ..TokenTimes::default()
        };
        let token = app.timed_token(times).await;
        for expected in [401, 401, 200, 200, 401, 401] {
            assert_eq!(ask(&app, &token).await.0, expected, "{}", app.now());
            app.clock.advance_micros(5);
        }
    }
}
