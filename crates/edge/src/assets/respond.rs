//! From what answers a request to the response.

use std::sync::Arc;

use coffer_protocol::feed::FeedError;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};

use super::files::AssetBody;
use super::range::{self, Part};
use super::site::{Asked, Found, ServedFile, Site, SiteKind, is_known};

/// What browsers are told of assets: keep them, and ask each time whether they are still right.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=0, must-revalidate");
/// What is always said of a file of a Pages project, unless `_headers` says otherwise.
const OF_PAGES: [(HeaderName, HeaderValue); 3] = [
    (
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("strict-origin-when-cross-origin"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

impl Site {
    /// The response to a client's request; `None` if the code answers.
    ///
    /// # Errors
    /// When the file's content is neither here nor at the source.
    pub(crate) async fn serve(
        self: &Arc<Self>,
        asked: &Asked<'_>,
    ) -> Result<Option<Response<AssetBody>>, FeedError> {
        match self.route(asked) {
            None => Ok(None),
            Some(found) => self.respond(asked, found).await.map(Some),
        }
    }

    /// The response to a request of the version's own code for its assets.
    ///
    /// # Errors
    /// When the file's content is neither here nor at the source.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        asked: &Asked<'_>,
    ) -> Result<Response<AssetBody>, FeedError> {
        self.respond(asked, self.find(asked, true)).await
    }

    async fn respond(
        &self,
        asked: &Asked<'_>,
        found: Found<'_>,
    ) -> Result<Response<AssetBody>, FeedError> {
        let mut response = match found {
            Found::File(file, status) => {
                let mut response = file_response(asked, file, status).await?;
                if self.kind() == SiteKind::Pages {
                    for (name, value) in OF_PAGES {
                        response.headers_mut().insert(name, value);
                    }
                }
                response
            }
            Found::Elsewhere(status, target) => match HeaderValue::try_from(target) {
                Ok(target) => {
                    let mut response = empty(status);
                    response.headers_mut().insert(header::LOCATION, target);
                    response
                }
                Err(_) => empty(StatusCode::NOT_FOUND),
            },
            Found::NoMethod => {
                let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
                let allowed = HeaderValue::from_static("GET, HEAD");
                response.headers_mut().insert(header::ALLOW, allowed);
                response
            }
            Found::Nothing => empty(StatusCode::NOT_FOUND),
        };
        let path = asked.target.path();
        self.headers.apply(asked.host, path, response.headers_mut());
        Ok(response)
    }
}

async fn file_response(
    asked: &Asked<'_>,
    served: &ServedFile,
    status: StatusCode,
) -> Result<Response<AssetBody>, FeedError> {
    let length = served.file.size;
    let part = if status == StatusCode::OK && asked.method == Method::GET {
        range::part(
            asked.headers,
            served.tag.to_str().unwrap_or_default(),
            length,
        )
    } else {
        Part::Whole
    };
    let mut response = empty(status);
    describe(asked, served, response.headers_mut());
    if is_known(asked.headers, &served.tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let range = match part {
        Part::Whole => 0..length,
        Part::Bytes(range) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let told = format!(
                "bytes {}-{}/{length}",
                range.start,
                range.end.saturating_sub(1)
            );
            insert(response.headers_mut(), header::CONTENT_RANGE, told);
            range
        }
        Part::Outside => {
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            let told = format!("bytes */{length}");
            insert(response.headers_mut(), header::CONTENT_RANGE, told);
            return Ok(response);
        }
    };
    if asked.method == Method::HEAD {
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        return Ok(response);
    }
    *response.body_mut() = served.file.open(range).await?;
    Ok(response)
}

/// What is always said of a file.
fn describe(asked: &Asked<'_>, served: &ServedFile, headers: &mut HeaderMap) {
    headers.insert(header::ETAG, served.tag.clone());
    if let Some(content_type) = &served.content_type {
        headers.insert(header::CONTENT_TYPE, content_type.clone());
    }
    let private = asked.headers.contains_key(header::AUTHORIZATION)
        || asked.headers.contains_key(header::RANGE);
    if !private {
        headers.insert(header::CACHE_CONTROL, CACHE_CONTROL);
    }
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, text: String) {
    // Digits and the few characters between them are always a header's value.
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}

fn empty(status: StatusCode) -> Response<AssetBody> {
    let mut response = Response::new(AssetBody::default());
    *response.status_mut() = status;
    response
}
