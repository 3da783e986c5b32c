//! What the operator's routes read and answer.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use coffer_engine::{Error, SecretValue};
use coffer_protocol::operator::Refusal;
use coffer_types::limits::{BODY_IDLE_SECONDS, MAX_JSON_BODY_BYTES};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::OperatorApp;
use crate::api::read_body;

/// Answers are shorter, but for long lists: a buffer that grows leaves copies behind.
const ANSWER_BYTES: usize = 4096;

/// Bytes that are wiped when they were sent.
pub(super) struct Wiped(pub(super) Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A password or a link that this answer tells, and nothing tells again.
pub(crate) struct ToldOnce(Zeroizing<String>);

impl ToldOnce {
    pub(super) fn link(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&SecretValue> for ToldOnce {
    fn from(password: &SecretValue) -> Self {
        Self(Zeroizing::new(password.expose_secret().to_owned()))
    }
}

impl Serialize for ToldOnce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A JSON body. What it was read from is wiped.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<OperatorApp> for Asked<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _app: &OperatorApp) -> Result<Self, Response> {
        let idle = Duration::from_secs(BODY_IDLE_SECONDS);
        let bytes = read_body(request.into_body(), MAX_JSON_BODY_BYTES, idle)
            .await
            .map_err(IntoResponse::into_response)?;
        // The parser's own words may quote a password.
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let told = format!("the request is not as expected, at line {line}, column {column}");
            refused(StatusCode::BAD_REQUEST, &told)
        })
    }
}

/// What a handler answers.
#[derive(Debug)]
pub(crate) enum Told<T> {
    Ok(T),
    Refused(Error),
}

impl<T> From<coffer_engine::Result<T>> for Told<T> {
    fn from(result: coffer_engine::Result<T>) -> Self {
        match result {
            Ok(told) => Self::Ok(told),
            Err(error) => Self::Refused(error),
        }
    }
}

impl<T: Serialize> IntoResponse for Told<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Ok(told) => json(StatusCode::OK, &told),
            Self::Refused(error) => refused(status_of(&error), &words(&error)),
        }
    }
}

/// A refusal, in words.
pub(super) fn refused(status: StatusCode, error: &str) -> Response {
    let error = error.to_owned();
    json(status, &Refusal { error })
}

fn json(status: StatusCode, told: &impl Serialize) -> Response {
    let mut body = Zeroizing::new(Vec::with_capacity(ANSWER_BYTES));
    if serde_json::to_writer(&mut *body, told).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let body = Body::from(Bytes::from_owner(Wiped(body)));
    let mut response = (status, body).into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// The command's exit code follows from it.
fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Unauthenticated(_)
        | Error::Denied
        | Error::BeyondBindings(_)
        | Error::NoUser
        | Error::WrongLocation(_)
        | Error::TooManyAttempts { .. } => StatusCode::FORBIDDEN,
        Error::Conflict(_) | Error::LimitExceeded(_) => StatusCode::CONFLICT,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The operator may know all of what happened.
fn words(error: &Error) -> String {
    match error {
        Error::Invalid(problems) => {
            let problems: Vec<_> = problems.iter().map(|one| one.problem.to_string()).collect();
            problems.join("; ")
        }
        other => other.to_string(),
    }
}
