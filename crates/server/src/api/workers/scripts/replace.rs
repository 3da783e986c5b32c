//! `PUT …/scripts/{script_name}/content`: new code, with everything else as it is.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use coffer_engine::DeployWorkers;
use coffer_protocol::workers::Script;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::workers::fields::ScriptPath;
use crate::api::workers::upload::{Uploaded, parse_code};
use crate::app::App;

/// Replaces the code and deploys it.
pub(super) async fn replace(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    headers: HeaderMap,
    Uploaded {
        permit,
        form,
        room: _room,
    }: Uploaded<DeployWorkers>,
) -> ApiResult<Answer<Script>> {
    let name = path.name()?;
    let code = parse_code(form, &headers)?;
    let published = app.engine.replace_content(&permit, &name, code).await?;
    Ok(Answer::ok(Script {
        startup_time_ms: published.version.startup_time_ms,
        ..published.script
    }))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::api::workers::testing::{CODE, ES_MODULE, Multipart, SCRIPTS, secret};
    use crate::testing::{Answer, TestApp, failure, result};

    const NEW: &str = "export default { fetch() { return new Response('new') } }";

    async fn put(app: &TestApp, name: &str, body: Multipart) -> Answer {
        let path = format!("{SCRIPTS}/{name}/content");
        app.multipart(Method::PUT, &path, body).await
    }

    fn named(module: &str) -> Multipart {
        Multipart::of(&json!({ "main_module": module })).module(module, ES_MODULE, NEW)
    }

    #[tokio::test]
    async fn new_code_keeps_bindings_and_settings() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "KEY", "v").await;
        let stored = json!({ "name": "K", "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY" });
        let var = json!({ "name": "VAR", "type": "plain_text", "text": "x" });
        app.upload("w", json!([secret("S", "marked canary"), var, stored]))
            .await;
        let before = app.serving("w").await;
        let path = format!("{SCRIPTS}/w/script-settings");
        let settings = json!({ "logpush": true });
        result(&app.request(Method::PATCH, &path, Some(settings)).await);

        let answer = put(&app, "w", named("main.js")).await;
        let script = result(&answer);
        assert_eq!(
            (&script["id"], &script["logpush"]),
            (&json!("w"), &json!(true))
        );
        assert!(!answer.2.to_string().contains("canary"));
        let after = app.serving("w").await;
        assert_eq!(after.number, before.number + 1);
        assert_eq!(after.modules[0].name.as_str(), "main.js");
        assert_ne!(after.modules[0].digest, before.modules[0].digest);
        assert_eq!(after.bindings, before.bindings);
        assert_eq!(after.compatibility_date, before.compatibility_date);
        assert_eq!(app.env("w").await["S"], "marked canary");
        let latest = app.latest("w").await;
        assert_eq!(latest["annotations"]["workers/triggered_by"], "upload");
    }

    #[tokio::test]
    async fn a_header_may_name_the_module_instead_of_metadata() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let body = Multipart::default().module("main.js", ES_MODULE, NEW);
        let path = format!("{SCRIPTS}/w/content");
        let mut request = app.build(&app.admin(), Method::PUT, &path, body.end().into());
        let headers = request.headers_mut();
        let media_type = Multipart::content_type().parse().unwrap();
        headers.insert("content-type", media_type);
        headers.insert("cf-worker-main-module-part", "main.js".parse().unwrap());
        result(&app.send(request).await);
        let main = app.serving("w").await.main_module.unwrap();
        assert_eq!(main.as_str(), "main.js");
    }

    #[tokio::test]
    async fn a_service_worker_stays_one() {
        let app = TestApp::new().await;
        let script = |text: &str| {
            Multipart::of(&json!({ "body_part": "script" })).part(
                "Content-Disposition: form-data; name=\"script\"; filename=\"a.js\"\r\n\
                 Content-Type: application/javascript",
                text.as_bytes(),
            )
        };
        let path = format!("{SCRIPTS}/w");
        let first = "addEventListener('fetch', () => {})";
        result(&app.multipart(Method::PUT, &path, script(first)).await);
        let before = app.serving("w").await;
        let second = "addEventListener('fetch', () => { 2 })";
        result(&put(&app, "w", script(second)).await);
        let after = app.serving("w").await;
        assert_eq!(after.format, before.format);
        assert_ne!(after.modules[0].digest, before.modules[0].digest);
    }

    #[tokio::test]
    async fn what_is_more_or_less_than_code_is_refused() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let written = app.written().await;
        let with = |metadata: Value| Multipart::of(&metadata).module("index.js", ES_MODULE, CODE);
        for (name, body, status, expected) in [
            (
                "nope",
                with(json!({ "main_module": "index.js" })),
                404,
                "10007 ",
            ),
            ("w", with(json!({})), 400, "10021 main_module is missing"),
            (
                "w",
                with(json!({ "main_module": "other.js" })),
                400,
                "10021 main_module names other.js",
            ),
            (
                "w",
                with(json!({ "main_module": 5 })),
                400,
                "10021 main_module must be a text",
            ),
            (
                "w",
                with(
                    json!({ "main_module": "index.js", "bindings": [secret("S", "marked canary")] }),
                ),
                400,
                "10021 bindings is not changed with the code alone",
            ),
            (
                "w",
                with(json!({ "main_module": "index.js", "body_part": "index.js" })),
                400,
                "10021 main_module and body_part exclude each other",
            ),
            (
                "w",
                Multipart::default().field("metadata", "nonsense"),
                400,
                "1001 invalid_json_body",
            ),
            (
                "w",
                Multipart::of(&json!({ "main_module": "a.py" })).module(
                    "a.py",
                    "text/x-python",
                    "",
                ),
                400,
                "10021 module a.py is Python",
            ),
        ] {
            let (found, errors) = failure(&put(&app, name, body).await);
            assert_eq!(found, status, "{errors:?}");
            assert!(
                errors[0].starts_with(expected) && !errors[0].contains("canary"),
                "{errors:?} is not {expected}"
            );
        }
        assert_eq!(app.written().await, written);
    }

    #[tokio::test]
    async fn code_without_a_part_that_a_binding_gives_is_refused() {
        let app = TestApp::new().await;
        let metadata = json!({
            "body_part": "script",
            "bindings": [{ "name": "TEXT", "type": "text_blob", "part": "text" }],
        });
        let script = |body: Multipart| {
            body.part(
                "Content-Disposition: form-data; name=\"script\"; filename=\"a.js\"\r\n\
                 Content-Type: application/javascript",
                b"addEventListener('fetch', () => {})",
            )
        };
        let body = script(Multipart::of(&metadata)).module("text", "text/plain", "hello");
        let path = format!("{SCRIPTS}/w");
        result(&app.multipart(Method::PUT, &path, body).await);
        let written = app.written().await;
        let body = script(Multipart::of(&json!({ "body_part": "script" })));
        let (status, errors) = failure(&put(&app, "w", body).await);
        assert_eq!(status, 400, "{errors:?}");
        assert!(errors[0].contains("TEXT"), "{errors:?}");
        assert_eq!(app.written().await, written);
    }
}
