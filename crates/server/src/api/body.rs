//! Request bodies: bounded, JSON whatever the content type says, and wiped after they are read.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use coffer_engine::{Error, IdempotencyKey, Permit, Problem, RequestMeta, Requires, UserPermit};
use coffer_types::limits::MAX_JSON_BODY_BYTES;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::authentication::request_meta;
use super::error::{ApiError, ApiResult};
use super::permitted::{Permitted, PermittedUser};
use super::site::Site;
use crate::app::App;

/// A permitted request that changes something, with its JSON body. A repeated `Idempotency-Key` is known
/// to the permit.
#[derive(Debug)]
pub(crate) struct Change<P, T> {
    pub(crate) permit: Permit<P>,
    pub(crate) body: T,
}

/// The type of a body that may be missing.
#[derive(Debug)]
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

/// What a body is read as.
pub(crate) trait FromBody: Sized {
    /// Whether it has a password. Of such a request no digest may be kept, so it takes no `Idempotency-Key`.
    const HAS_PASSWORD: bool = false;

    /// Reads the whole body.
    fn from_body(bytes: &[u8]) -> ApiResult<Self>;

    /// Refuses an `Idempotency-Key` of a request with a password.
    fn check_repeatable(parts: &Parts) -> ApiResult<()> {
        if Self::HAS_PASSWORD && parts.headers.contains_key("idempotency-key") {
            return Err(Error::invalid("", Problem::IdempotencyKeyWithPassword).into());
        }
        Ok(())
    }
}

/// A permitted request that changes something about the user who acts, with its JSON body.
#[derive(Debug)]
pub(crate) struct UserChange<P, T> {
    pub(crate) permit: UserPermit<P>,
    pub(crate) body: T,
}

impl<P: Requires, T: FromBody> FromRequest<App> for Change<P, T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let Permitted(permit) = Permitted::<P>::from_request_parts(&mut parts, app).await?;
        T::check_repeatable(&parts)?;
        let bytes = read(body, MAX_JSON_BODY_BYTES, app.body_idle).await?;
        let permit = match idempotency_key(&parts, &bytes, app)? {
            None => permit,
            Some(key) => permit.repeatable(key),
        };
        let body = T::from_body(&bytes)?;
        Ok(Self { permit, body })
    }
}

impl<P: Requires, T: FromBody> FromRequest<App> for UserChange<P, T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let PermittedUser(permit) = PermittedUser::<P>::from_request_parts(&mut parts, app).await?;
        T::check_repeatable(&parts)?;
        let bytes = read(body, MAX_JSON_BODY_BYTES, app.body_idle).await?;
        let permit = match idempotency_key(&parts, &bytes, app)? {
            None => permit,
            Some(key) => permit.repeatable(key),
        };
        let body = T::from_body(&bytes)?;
        Ok(Self { permit, body })
    }
}

/// A request that anyone may send, with its JSON body; but no page of another site on a browser's behalf.
#[derive(Debug)]
pub(crate) struct Anyone<T> {
    pub(crate) request: RequestMeta,
    pub(crate) body: T,
}

impl<T: FromBody> FromRequest<App> for Anyone<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        if Site::of(&parts) == Site::Other {
            return Err(ApiError::OtherSite);
        }
        let request = request_meta(&parts)?;
        T::check_repeatable(&parts)?;
        let bytes = read(body, MAX_JSON_BODY_BYTES, app.body_idle).await?;
        let body = T::from_body(&bytes)?;
        Ok(Self { request, body })
    }
}

/// The request's `Idempotency-Key`, with a digest of the request.
pub(crate) fn idempotency_key(
    parts: &Parts,
    body: &[u8],
    app: &App,
) -> ApiResult<Option<IdempotencyKey>> {
    let Some(key) = parts.headers.get("idempotency-key") else {
        return Ok(None);
    };
    let request = [
        parts.method.as_str().as_bytes(),
        parts.uri.path().as_bytes(),
        parts.uri.query().unwrap_or_default().as_bytes(),
        body,
    ];
    let key = key.to_str().unwrap_or_default();
    Ok(Some(app.engine.idempotency_key(key, &request)?))
}

/// No body, or one that is passed over.
impl FromBody for () {
    fn from_body(_bytes: &[u8]) -> ApiResult<Self> {
        Ok(())
    }
}

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromBody for Json<T> {
    fn from_body(bytes: &[u8]) -> ApiResult<Self> {
        serde_json::from_slice(bytes)
            .map(Self)
            .map_err(|error| not_json(&error))
    }
}

/// A JSON body with a password.
#[derive(Debug)]
pub(crate) struct WithPassword<T>(pub(crate) T);

impl<T: DeserializeOwned> FromBody for WithPassword<T> {
    const HAS_PASSWORD: bool = true;

    fn from_body(bytes: &[u8]) -> ApiResult<Self> {
        Json::from_body(bytes).map(|Json(value)| Self(value))
    }
}

impl<T: DeserializeOwned> FromBody for Maybe<T> {
    fn from_body(bytes: &[u8]) -> ApiResult<Self> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(None));
        }
        let Json(value) = Json::from_body(bytes)?;
        Ok(Self(Some(value)))
    }
}

/// Reads a body of at most `limit` bytes, each frame of which may take as long as `idle`.
pub(crate) async fn read(
    mut body: Body,
    limit: usize,
    idle: Duration,
) -> ApiResult<Zeroizing<Vec<u8>>> {
    let told = body.size_hint().exact().unwrap_or_default();
    let told = usize::try_from(told).unwrap_or(limit).min(limit);
    let mut bytes = Zeroizing::new(Vec::with_capacity(told));
    loop {
        let next = tokio::time::timeout(idle, body.frame()).await;
        let Some(frame) = next.map_err(|_| ApiError::BodyTooSlow)? else {
            return Ok(bytes);
        };
        let frame = frame.map_err(|_| ApiError::BodyUnreadable)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > limit {
            return Err(ApiError::BodyTooLarge(limit));
        }
        append(&mut bytes, &data);
    }
}

/// Adds to bytes that may hold a value. A vector that grows by itself would leave them behind where they
/// were; here that place is wiped.
fn append(bytes: &mut Zeroizing<Vec<u8>>, data: &[u8]) {
    let needed = bytes.len() + data.len();
    if needed > bytes.capacity() {
        let capacity = needed.max(bytes.capacity().saturating_mul(2));
        let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
        larger.extend_from_slice(bytes);
        *bytes = larger;
    }
    bytes.extend_from_slice(data);
}

/// The refusal of a body that is not the JSON that was expected. The parser's own words may quote the body,
/// and the body may hold a value, so only the place and the kind of fault are told.
fn not_json(error: &serde_json::Error) -> ApiError {
    use serde_json::error::Category;
    let fault = match error.classify() {
        Category::Data => "a part is missing or of the wrong type",
        Category::Syntax => "the syntax is wrong",
        Category::Eof | Category::Io => "it ends too early",
    };
    let place = format!(
        "{fault} at line {}, column {}",
        error.line(),
        error.column()
    );
    Error::invalid("", Problem::Json(place)).into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use axum::http::{Method, StatusCode, header};
    use axum::response::IntoResponse;
    use coffer_types::limits::MAX_JSON_BODY_BYTES;
    use futures::StreamExt;
    use serde_json::{Value, json};

    use super::read;
    use crate::testing::{Actor, Answer, TestApp, failure, result, text_at};

    const STORES: &str = "/accounts/{account_id}/secrets_store/stores";

    #[tokio::test]
    async fn json_is_read_whatever_the_content_type_says() {
        let app = TestApp::new().await;
        app.set_limits(|limits| limits.stores = 10).await;
        for (index, content_type) in [
            "text/plain;charset=UTF-8",
            "application/json",
            "application/merge-patch+json",
            "application/x-www-form-urlencoded",
            "nonsense",
        ]
        .into_iter()
        .enumerate()
        {
            let body = format!(" {{\"name\":\"s{index}\"}}\n");
            result(
                &app.send_bytes(Method::POST, STORES, content_type, body)
                    .await,
            );
        }
        let mut untyped = app.build(
            &app.admin(),
            Method::POST,
            STORES,
            Body::from(r#"{"name":"untyped"}"#),
        );
        untyped.headers_mut().remove(header::CONTENT_TYPE);
        result(&app.send(untyped).await);
    }

    #[tokio::test]
    async fn what_is_no_json_is_refused_by_its_place() {
        let app = TestApp::new().await;
        for (body, expected) in [
            ("", "it ends too early at line 1, column 0"),
            (
                "{\"name\":\"dev\"",
                "it ends too early at line 1, column 13",
            ),
            ("\n{name: dev}", "the syntax is wrong at line 2, column 2"),
            (
                "{\"name\":\"dev\"} extra",
                "the syntax is wrong at line 1, column 16",
            ),
            (
                "{\"name\":5}",
                "a part is missing or of the wrong type at line 1, column 9",
            ),
        ] {
            let answer = app
                .send_bytes(Method::POST, STORES, "application/json", body)
                .await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 400, "{body}");
            assert_eq!(errors, [format!("1001 invalid_json_body: {expected}")]);
        }
        let deep = "[".repeat(100_000);
        assert_eq!(
            failure(
                &app.send_bytes(Method::POST, STORES, "application/json", deep)
                    .await
            )
            .0,
            400
        );
    }

    #[tokio::test]
    async fn a_body_over_1_mib_is_refused_and_one_of_1_mib_is_read() {
        let (app, store) = TestApp::with_store().await;
        let secrets = format!("{STORES}/{store}/secrets");
        let of_bytes = |bytes: usize| {
            let mut body = r#"{"name":"second"}"#.to_owned();
            body.push_str(&" ".repeat(bytes - body.len()));
            body
        };
        let fits = app
            .send_bytes(
                Method::POST,
                STORES,
                "application/json",
                of_bytes(MAX_JSON_BODY_BYTES),
            )
            .await;
        assert!(failure(&fits).1[0].contains("maximum_stores_exceeded"));
        for (method, path) in [
            (Method::POST, STORES),
            (Method::POST, &secrets),
            (Method::DELETE, &secrets),
        ] {
            let body = of_bytes(MAX_JSON_BODY_BYTES + 1);
            let answer = app.send_bytes(method, path, "application/json", body).await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 413);
            assert_eq!(
                errors,
                ["10027 the request body is larger than the limit of 1048576 bytes"]
            );
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_changes_nothing() {
        let app = TestApp::new().await;
        let chunks = [
            Ok("{\"name\":\"dev\"}"),
            Err(std::io::Error::other("the client went away")),
        ];
        let body = Body::from_stream(futures::stream::iter(chunks));
        let events = app.audit_events().await.len();
        let answer = app
            .send(app.build(&app.admin(), Method::POST, STORES, body))
            .await;
        assert_eq!(failure(&answer).0, 400);
        assert_eq!(app.audit_events().await.len(), events);
    }

    #[tokio::test]
    async fn a_body_that_stalls_is_given_up() {
        let begun = futures::stream::iter([Ok::<_, std::io::Error>("{\"name\":")]);
        let stalled = Body::from_stream(begun.chain(futures::stream::pending()));
        let given_up = read(stalled, MAX_JSON_BODY_BYTES, Duration::ZERO).await;
        let answer = given_up.unwrap_err().into_response();
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_read_whole() {
        let pieces: Vec<String> = (0..300).map(|piece| format!("{piece} ")).collect();
        let whole = pieces.concat();
        let sent = pieces.into_iter().map(Ok::<_, std::io::Error>);
        let body = Body::from_stream(futures::stream::iter(sent));
        let idle = Duration::from_secs(60);
        let read_whole = read(body, whole.len(), idle).await.unwrap();
        assert_eq!(read_whole.as_slice(), whole.as_bytes());
        // Of one whose length is known, nothing is ever moved.
        let known = read(Body::from(whole.clone()), MAX_JSON_BODY_BYTES, idle).await;
        assert_eq!(known.unwrap().capacity(), whole.len());
    }

    #[tokio::test]
    async fn nobody_is_refused_before_the_body_is_read() {
        let app = TestApp::new().await;
        let body = Body::from_stream(futures::stream::pending::<Result<&str, std::io::Error>>());
        let answer = app
            .send(app.build(&Actor::nobody(), Method::POST, STORES, body))
            .await;
        assert_eq!(failure(&answer).0, 400);
        let body = Body::from_stream(futures::stream::pending::<Result<&str, std::io::Error>>());
        let answer = app
            .send(app.build(&Actor::wrong_token(), Method::POST, STORES, body))
            .await;
        assert_eq!(failure(&answer).0, 401);
    }

    async fn keyed(
        app: &TestApp,
        actor: &Actor,
        key: &str,
        (method, path): (Method, &str),
        body: Value,
    ) -> Answer {
        let mut request = app.build(actor, method, path, Body::from(body.to_string()));
        request
            .headers_mut()
            .insert("idempotency-key", key.parse().unwrap());
        app.send(request).await
    }

    #[tokio::test]
    async fn a_repeated_key_answers_the_same_and_does_nothing() {
        let (app, store) = TestApp::with_store().await;
        let secrets = format!("{STORES}/{store}/secrets");
        let secret = json!([{ "name": "KEY", "value": "v", "scopes": ["workers"] }]);
        let admin = app.admin();
        let create = || keyed(&app, &admin, "k1", (Method::POST, &secrets), secret.clone());
        let first = create().await;
        let id = text_at(result(&first), "/0/id");
        let events = app.audit_events().await.len();
        app.clock.advance_seconds(60);
        let again = create().await;
        assert_eq!((again.0, &again.2), (first.0, &first.2));
        assert_ne!(again.1["cf-ray"], first.1["cf-ray"]);
        assert_eq!(app.audit_events().await.len(), events);

        // Edits and deletes, too.
        let path = format!("{secrets}/{id}");
        let edit = json!({ "value": "new" });
        let first = keyed(&app, &admin, "k2", (Method::PATCH, &path), edit.clone()).await;
        let sealed = app.sealed(&id).await;
        let again = keyed(&app, &admin, "k2", (Method::PATCH, &path), edit).await;
        assert_eq!(first.2, again.2);
        assert_eq!(app.sealed(&id).await, sealed);
        for _ in 0..2 {
            let gone = keyed(&app, &admin, "k3", (Method::DELETE, &path), Value::Null).await;
            assert_eq!(gone.0, 202);
        }
        assert_eq!(app.audit_events().await.len(), events + 2);

        // After a day the key means nothing.
        app.clock.advance_seconds(24 * 3600);
        assert_ne!(text_at(result(&create().await), "/0/id"), id);
    }

    #[tokio::test]
    async fn a_key_of_another_request_is_a_conflict() {
        let (app, store) = TestApp::with_store().await;
        let secrets = format!("{STORES}/{store}/secrets");
        let admin = app.admin();
        let secret =
            |value: &str| json!([{ "name": "KEY", "value": value, "scopes": ["workers"] }]);
        result(&keyed(&app, &admin, "k", (Method::POST, &secrets), secret("one")).await);
        for (method, path, body) in [
            (Method::POST, secrets.clone(), secret("two")),
            (Method::DELETE, format!("{STORES}/{store}"), secret("one")),
            (Method::POST, format!("{secrets}?x=1"), secret("one")),
            (Method::POST, STORES.to_owned(), json!({ "name": "x" })),
        ] {
            let answer = keyed(&app, &admin, "k", (method, &path), body).await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 409, "{path}");
            assert!(
                errors[0].starts_with("1003 idempotency_key_reused"),
                "{errors:?}"
            );
            assert_eq!(answer.1["x-should-retry"], "false");
        }
        // Keys belong to who sends them, and failures are not kept.
        let member = app
            .member_with(&[coffer_types::Role::SecretsStoreAdmin])
            .await;
        let answer = keyed(&app, &member, "k", (Method::POST, &secrets), secret("two")).await;
        assert!(failure(&answer).1[0].starts_with("1003 secret_name_already_exists"));
        let other = json!([{ "name": "OTHER", "value": "v", "scopes": ["workers"] }]);
        result(&keyed(&app, &member, "k", (Method::POST, &secrets), other).await);
    }

    #[tokio::test]
    async fn the_same_key_at_the_same_time_has_one_effect() {
        let (app, store) = TestApp::with_store().await;
        let secrets = format!("{STORES}/{store}/secrets");
        let admin = app.admin();
        let events = app.audit_events().await.len();
        let body = json!([{ "name": "KEY", "value": "v", "scopes": ["workers"] }]);
        let requests =
            (0..12).map(|_| keyed(&app, &admin, "k", (Method::POST, &secrets), body.clone()));
        let answers = futures::future::join_all(requests).await;
        for answer in &answers {
            assert_eq!(result(answer), result(&answers[0]));
        }
        assert_eq!(app.audit_events().await.len(), events + 1);
    }

    #[tokio::test]
    async fn a_key_is_1_to_255_visible_characters() {
        let (app, store) = TestApp::with_store().await;
        let path = format!("{STORES}/{store}");
        let admin = app.admin();
        for key in ["", "a b", "é", &"x".repeat(256)] {
            let answer = keyed(&app, &admin, key, (Method::DELETE, &path), Value::Null).await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 400, "{key}");
            assert!(
                errors[0].starts_with("6003 Idempotency-Key must be"),
                "{errors:?}"
            );
        }
        result(
            &keyed(
                &app,
                &admin,
                &"x".repeat(255),
                (Method::DELETE, &path),
                Value::Null,
            )
            .await,
        );
    }
}
