//! Uploads: a multipart body of metadata and modules.

mod brackets;
mod content;
mod form;
mod metadata;
mod modules;

pub(super) use brackets::take as take_bracketed;
pub(super) use content::parse_code;
pub(super) use form::refused;
pub(in crate::api) use form::{Form, Part};
pub(in crate::api) use metadata::parse;
pub(super) use metadata::parse_json;
pub(super) use modules::module_name;

use axum::body::HttpBody;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use coffer_engine::{Permit, Requires, Upload};
use coffer_types::limits::MAX_UPLOAD_BYTES;

use super::super::body::{idempotency_key, read};
use super::super::error::ApiError;
use super::super::permitted::Permitted;
use crate::app::App;
use crate::upload_room::TakenRoom;

/// A permitted request with a multipart body. A repeated `Idempotency-Key` is known to the permit.
#[derive(Debug)]
pub(in crate::api) struct Uploaded<P> {
    pub(in crate::api) permit: Permit<P>,
    pub(in crate::api) form: Form,
    /// Held until the request is done.
    pub(in crate::api) room: TakenRoom,
}

impl<P: Requires> FromRequest<App> for Uploaded<P> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let Permitted(permit) = Permitted::<P>::from_request_parts(&mut parts, app).await?;
        let content_type = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let room = app.upload_room.take(body.size_hint().upper()).await?;
        let form = Form::read(content_type, body, app.body_idle).await?;
        let permit = match parts.headers.get("idempotency-key") {
            None => permit,
            Some(key) => {
                let key = key.to_str().unwrap_or_default();
                let mut request = vec![
                    parts.method.as_str().as_bytes(),
                    parts.uri.path().as_bytes(),
                    parts.uri.query().unwrap_or_default().as_bytes(),
                ];
                request.extend(form.pieces());
                permit.repeatable(app.engine.idempotency_key(key, &request)?)
            }
        };
        Ok(Self { permit, form, room })
    }
}

/// A permitted request with a version in JSON, as large as an upload. A repeated `Idempotency-Key` is known to the
/// permit.
#[derive(Debug)]
pub(super) struct UploadedJson<P> {
    pub(super) permit: Permit<P>,
    pub(super) upload: Upload,
    /// Held until the request is done.
    pub(super) room: TakenRoom,
}

impl<P: Requires> FromRequest<App> for UploadedJson<P> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let Permitted(permit) = Permitted::<P>::from_request_parts(&mut parts, app).await?;
        let room = app.upload_room.take(body.size_hint().upper()).await?;
        let bytes = read(body, MAX_UPLOAD_BYTES, app.body_idle).await?;
        let permit = match idempotency_key(&parts, &bytes, app)? {
            None => permit,
            Some(key) => permit.repeatable(key),
        };
        let upload = parse_json(&bytes)?;
        Ok(Self {
            permit,
            upload,
            room,
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, header};
    use coffer_types::limits::{MAX_SECRETS_PER_BULK, MAX_UPLOAD_BYTES_AT_ONCE};
    use serde_json::{Value, json};

    use crate::api::workers::testing::{CODE, Multipart, SCRIPTS, metadata, secret};
    use crate::testing::{Answer, TestApp, failure, result};

    /// Sends a request whose key is its method and path.
    async fn keyed(app: &TestApp, (method, path, media_type, body): &Sent) -> Answer {
        let body = body.clone().into();
        let mut request = app.build(&app.admin(), method.clone(), path, body);
        let key = format!("{method}:{path}").parse().unwrap();
        request.headers_mut().insert("idempotency-key", key);
        let media_type = media_type.parse().unwrap();
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, media_type);
        app.send(request).await
    }

    type Sent = (Method, String, String, Vec<u8>);

    fn form(method: Method, path: &str, body: Multipart) -> Sent {
        (
            method,
            path.to_owned(),
            Multipart::content_type(),
            body.end(),
        )
    }

    fn json_of(method: Method, path: &str, body: &Value) -> Sent {
        let media_type = "application/json".to_owned();
        (method, path.to_owned(), media_type, body.to_string().into())
    }

    #[tokio::test]
    async fn a_repeated_change_of_a_worker_answers_the_same_when_it_is_gone() {
        let (app, store) = TestApp::with_store().await;
        let key = app.create_secret(&store, "KEY", "v").await;
        let script = format!("{SCRIPTS}/w");
        let stored = json!({ "name": "K", "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY" });
        let code = || Multipart::script(&metadata(&json!([stored])));
        let settings = json!({ "logpush": true }).to_string();
        let worker = "/accounts/{account_id}/workers/workers/w";
        let one = json!({ "name": "ONE", "type": "secret_text", "text": "1" });
        let several = json!({ "secrets": { "TWO": { "type": "secret_text", "text": "2" } } });
        let requests = [
            form(Method::PUT, &script, code()),
            json_of(
                Method::POST,
                &format!("{script}/subdomain"),
                &json!({ "enabled": true }),
            ),
            form(
                Method::PATCH,
                &format!("{script}/settings"),
                Multipart::default().field("settings", &settings),
            ),
            json_of(Method::PUT, &format!("{script}/secrets"), &one),
            json_of(Method::PATCH, &format!("{script}/secrets-bulk"), &several),
            json_of(
                Method::DELETE,
                &format!("{script}/secrets/ONE"),
                &Value::Null,
            ),
            json_of(
                Method::PATCH,
                &format!("{worker}/versions/latest"),
                &json!({}),
            ),
            form(Method::POST, &format!("{script}/versions"), code()),
            json_of(
                Method::DELETE,
                &format!("{worker}/versions/latest"),
                &Value::Null,
            ),
            form(
                Method::PUT,
                &format!("{script}/content"),
                Multipart::script(&json!({ "main_module": "index.js" })),
            ),
            json_of(
                Method::PUT,
                &format!("{script}/usage-model"),
                &json!({ "usage_model": "bundled" }),
            ),
            json_of(Method::DELETE, &script, &Value::Null),
        ];
        let mut firsts = Vec::new();
        for request in &requests {
            let first = keyed(&app, request).await;
            result(&first);
            firsts.push(first);
        }
        // What the code is bound to goes, too.
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{key}");
        result(&app.request(Method::DELETE, &path, None).await);
        let written = app.written().await;
        for (request, first) in requests.iter().zip(&firsts) {
            let again = keyed(&app, request).await;
            let name = format!("{} {}", request.0, request.1);
            assert_eq!((again.0, &again.2), (first.0, &first.2), "{name}");
        }
        assert_eq!(app.written().await, written);
    }

    #[tokio::test]
    async fn an_unknown_worker_is_told_before_a_name_that_is_none() {
        let app = TestApp::new().await;
        app.upload("w", json!([secret("A", "1")])).await;
        for method in [Method::GET, Method::DELETE] {
            for (worker, code) in [("nope", "10007 "), ("w", "10056 ")] {
                let path = format!("{SCRIPTS}/{worker}/secrets/bad-name");
                let (status, errors) = failure(&app.request(method.clone(), &path, None).await);
                assert_eq!((status, &errors[0][..6]), (404, code), "{method} {path}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_form_and_what_is_too_much_has_its_own_code() {
        let app = TestApp::new().await;
        app.upload("w", json!([secret("A", "1")])).await;
        let path = format!("{SCRIPTS}/w/settings");
        let refused = app.request(Method::PATCH, &path, Some(json!({}))).await;
        let (status, errors) = failure(&refused);
        assert_eq!((status, &errors[0][..6]), (400, "10001 "));

        let names = 0..=MAX_SECRETS_PER_BULK;
        let secrets: serde_json::Map<_, _> = names
            .map(|index| {
                (
                    format!("S{index}"),
                    json!({ "type": "secret_text", "text": "x" }),
                )
            })
            .collect();
        let path = format!("{SCRIPTS}/w/secrets-bulk");
        let body = json!({ "secrets": secrets });
        let (status, errors) = failure(&app.request(Method::PATCH, &path, Some(body)).await);
        assert_eq!(status, 400);
        assert_eq!(
            errors,
            ["10021 at most 100 secrets per request at /secrets"]
        );
    }

    /// Sends an upload under this Content-Type.
    async fn put(app: &TestApp, media_type: &str, body: Multipart) -> Answer {
        let path = format!("{SCRIPTS}/w");
        app.send_bytes(Method::PUT, &path, media_type, body.end())
            .await
    }

    #[tokio::test]
    async fn every_client_has_its_own_layout() {
        let app = TestApp::new().await;
        let form = Multipart::content_type();
        // Every module in a part of the same name.
        let module = |name: &str, part: &str| {
            format!(
                "Content-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\n\
                 Content-Type: application/javascript+module"
            )
        };
        let body = Multipart::of(&metadata(&json!([secret("S", "1")])))
            .part(&module("index.js", "files"), CODE.as_bytes())
            .part(&module("lib/other.js", "files"), CODE.as_bytes());
        result(&put(&app, &form, body).await);
        let modules = app.serving("w").await.modules;
        let names: Vec<_> = modules.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["index.js", "lib/other.js"]);

        // Metadata in brackets, under a Content-Type that tells no boundary.
        let fields = || {
            Multipart::default()
                .field("metadata[main_module]", "index.js")
                .field("metadata[compatibility_date]", "2026-01-01")
                .field("metadata[bindings][][name]", "S")
                .field("metadata[bindings][][type]", "secret_text")
                .field("metadata[bindings][][text]", "marked canary")
                .field("metadata[bindings][][name]", "V")
                .field("metadata[bindings][][type]", "plain_text")
                .field("metadata[bindings][][text]", "true")
                .field("metadata[logpush]", "true")
        };
        for media_type in [&form, "application/javascript", "multipart/form-data"] {
            let body = fields().part(&module("index.js", "files[]"), CODE.as_bytes());
            let answer = put(&app, media_type, body).await;
            assert_eq!(result(&answer)["logpush"], true, "{media_type}");
            assert!(!answer.2.to_string().contains("canary"));
            assert_eq!(app.env("w").await["S"], "marked canary");
            assert_eq!(app.serving("w").await.bindings.len(), 2);
        }

        let written = app.written().await;
        for (media_type, expected) in [("text/plain", "10001 "), ("application/json", "10001 ")] {
            let body = fields().part(&module("index.js", "files[]"), CODE.as_bytes());
            let (status, errors) = failure(&put(&app, media_type, body).await);
            assert_eq!((status, &errors[0][..6]), (400, expected), "{media_type}");
        }
        // What only looks like a form is none.
        for body in [
            "",
            "--",
            "--\r\n",
            "addEventListener('fetch', () => {})\r\n",
            &"-".repeat(500),
        ] {
            let path = format!("{SCRIPTS}/w");
            let body = body.as_bytes().to_vec();
            let answer = app
                .send_bytes(Method::PUT, &path, "application/javascript", body)
                .await;
            assert_eq!(failure(&answer).0, 400);
        }
        let twice = fields().field("metadata[main_module]", "marked canary");
        let (status, errors) = failure(&put(&app, &form, twice).await);
        assert_eq!((status, &errors[0][..6]), (400, "10021 "));
        assert!(!errors[0].contains("canary"), "{errors:?}");
        assert_eq!(app.written().await, written);
    }

    #[tokio::test]
    async fn an_upload_waits_for_room_before_its_body_is_read() {
        let app = TestApp::new().await;
        let all = Some(MAX_UPLOAD_BYTES_AT_ONCE as u64 / 2);
        let taken = (
            app.app.upload_room.take(all).await.unwrap(),
            app.app.upload_room.take(all).await.unwrap(),
        );
        let mut upload = Box::pin(app.upload("w", json!([])));
        let read = app.request(Method::GET, SCRIPTS, None);
        tokio::select! {
            biased;
            _ = &mut upload => panic!("it was read without room"),
            answer = read => assert_eq!(result(&answer), &json!([])),
        }
        drop(taken);
        upload.await;
        // All room is given back.
        for _ in 0..2 {
            std::mem::forget(app.app.upload_room.take(all).await.unwrap());
        }
    }
}
