//! From a request's headers to who sent it.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use coffer_engine::{Caller, Credentials, Error, RequestMeta, TokenText, Unauthenticated};
use coffer_types::Email;

use super::error::ApiError;
use crate::app::App;
use crate::request::Arrival;

/// Whoever sent the request, recognised.
#[derive(Debug)]
pub(crate) struct Recognised(pub(crate) Arc<Caller>);

impl FromRequestParts<App> for Recognised {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let credentials = credentials(&parts.headers).map_err(Error::from)?;
        let actor = app.engine.authenticate(&credentials).await?;
        let arrival = parts.extensions.get::<Arrival>().copied();
        let arrival =
            arrival.ok_or_else(|| Error::Internal("a request without an id".to_owned()))?;
        let request = RequestMeta {
            id: arrival.id,
            ip: arrival.peer.map(|peer| peer.ip().to_canonical()),
            source: source(&parts.headers),
            idempotency: None,
        };
        Ok(Self(Arc::new(Caller { actor, request })))
    }
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
        (None, None) => Err(Unauthenticated::Missing),
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
    } else {
        "api"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
