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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Method;
    use http_body_util::BodyExt;
    use serde_json::json;
    use tower::ServiceExt;

    use crate::api::workers::testing::{CODE, ES_MODULE, Multipart, SCRIPTS, metadata};
    use crate::testing::{TestApp, failure, result};

    #[tokio::test]
    async fn code_comes_back_as_it_was_uploaded() {
        let app = TestApp::new().await;
        let first = app.upload("w", json!([])).await;
        let binary = [0u8, 255, 13, 10, 45, 45];
        let body = Multipart::of(&metadata(&json!([])))
            .module("index.js", ES_MODULE, "export default {}")
            .part(
                "Content-Disposition: form-data; name=\"a.bin\"; filename=\"a.bin\"\r\n\
                 Content-Type: application/octet-stream",
                &binary,
            );
        let path = format!("{SCRIPTS}/w");
        result(&app.multipart(Method::PUT, &path, body).await);
        let read = async |path: String| {
            let request = app.build(&app.admin(), Method::GET, &path, Body::empty());
            let response = app.router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()["cf-entrypoint"], "index.js");
            let content_type = response.headers()["content-type"]
                .to_str()
                .unwrap()
                .to_owned();
            let boundary = multer::parse_boundary(content_type).unwrap();
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let stream = futures::stream::iter([Ok::<_, std::io::Error>(bytes)]);
            let mut multipart = multer::Multipart::new(stream, boundary);
            let mut parts = Vec::new();
            while let Some(field) = multipart.next_field().await.unwrap() {
                let name = field.file_name().unwrap().to_owned();
                let media_type = field.content_type().unwrap().to_string();
                parts.push((name, media_type, field.bytes().await.unwrap().to_vec()));
            }
            parts
        };
        let main = |code: &str| {
            (
                "index.js".to_owned(),
                ES_MODULE.to_owned(),
                code.as_bytes().to_vec(),
            )
        };
        let data = (
            "a.bin".to_owned(),
            "application/octet-stream".to_owned(),
            binary.to_vec(),
        );
        let latest = vec![main("export default {}"), data];
        assert_eq!(read(path.clone()).await, latest);
        assert_eq!(read(format!("{path}/content/v2")).await, latest);
        assert_eq!(
            read(format!("{path}/content/v2?version={first}")).await,
            [main(CODE)]
        );
        for version in ["nonsense", "c5e9c03c-4448-49b4-a1b1-b19bf4cd2241"] {
            let path = format!("{path}/content/v2?version={version}");
            let answer = app.request(Method::GET, &path, None).await;
            assert!(failure(&answer).1[0].starts_with("100146 "));
        }
    }
}
