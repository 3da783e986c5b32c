//! `GET …/scripts/{script_name}` and `…/content/v2`: the code as it was uploaded.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use coffer_engine::{VersionContent, ViewWorkers};

use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::api::workers::fields::{ScriptPath, version_id};
use crate::app::App;

const ENTRYPOINT: HeaderName = HeaderName::from_static("cf-entrypoint");

/// The modules of a version, of the newest if none is named, as a multipart body.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
    query: Query,
) -> ApiResult<Response> {
    let version = query.value("version").map(version_id).transpose()?;
    let name = path.name()?;
    let content = app.engine.version_content(&permit, &name, version).await?;
    let mut random = [0; 16];
    app.engine.random().fill(&mut random);
    Ok(answer(&content, &boundary(random)))
}

fn boundary(random: [u8; 16]) -> String {
    format!("coffer-{:032x}", u128::from_be_bytes(random))
}

fn answer(content: &VersionContent, boundary: &str) -> Response {
    let mut headers = HeaderMap::new();
    let value = |text: &str| HeaderValue::from_bytes(text.as_bytes()).ok();
    let media_type = format!("multipart/form-data; boundary={boundary}");
    headers.extend(value(&media_type).map(|value| (header::CONTENT_TYPE, value)));
    let etag = format!("\"{}\"", content.etag);
    headers.extend(value(&etag).map(|value| (header::ETAG, value)));
    let main_module = content.main_module.as_ref();
    headers.extend(
        main_module
            .and_then(|name| value(name.as_str()))
            .map(|value| (ENTRYPOINT, value)),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    (headers, Body::from(multipart(content, boundary))).into_response()
}

fn multipart(content: &VersionContent, boundary: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (module, bytes) in &content.modules {
        // A module's name has no control characters, so the quote is all that must be escaped.
        let name = module.name.as_str().replace('"', "%22");
        let media_type = module.kind.media_type();
        body.extend_from_slice(
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\
                 Content-Type: {media_type}\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}
