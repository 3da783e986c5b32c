//! Request bodies: bounded, JSON whatever the content type says, and wiped after they are read.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use coffer_engine::{Error, Permit, Problem, Requires};
use coffer_types::limits::MAX_JSON_BODY_BYTES;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::error::{ApiError, ApiResult};
use super::permitted::Permitted;
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
    /// Reads the whole body.
    fn from_body(bytes: &[u8]) -> ApiResult<Self>;
}

impl<P: Requires, T: FromBody> FromRequest<App> for Change<P, T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let Permitted(permit) = Permitted::<P>::from_request_parts(&mut parts, app).await?;
        let bytes = read(body, MAX_JSON_BODY_BYTES).await?;
        let permit = match parts.headers.get("idempotency-key") {
            None => permit,
            Some(key) => {
                let key = key.to_str().unwrap_or_default();
                let request = [
                    parts.method.as_str().as_bytes(),
                    parts.uri.path().as_bytes(),
                    parts.uri.query().unwrap_or_default().as_bytes(),
                    &bytes,
                ];
                permit.repeatable(app.engine.idempotency_key(key, &request)?)
            }
        };
        Ok(Self {
            permit,
            body: T::from_body(&bytes)?,
        })
    }
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

impl<T: DeserializeOwned> FromBody for Maybe<T> {
    fn from_body(bytes: &[u8]) -> ApiResult<Self> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(None));
        }
        let Json(value) = Json::from_body(bytes)?;
        Ok(Self(Some(value)))
    }
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(mut body: Body, limit: usize) -> ApiResult<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::BodyUnreadable)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > limit {
            return Err(ApiError::BodyTooLarge(limit));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
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
