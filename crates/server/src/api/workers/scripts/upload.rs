//! `PUT …/scripts/{script_name}`: a new version that takes all traffic.

use axum::extract::{Path, State};
use coffer_engine::EditSettings;
use coffer_protocol::workers::Script;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::workers::fields::ScriptPath;
use crate::api::workers::upload::{Uploaded, parse};
use crate::app::App;

/// Uploads and deploys a script.
pub(super) async fn upload(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    query: Query,
    Uploaded {
        permit,
        form,
        room: _room,
    }: Uploaded<EditSettings>,
) -> ApiResult<Answer<Script>> {
    let name = path.new_name()?;
    let upload = parse(form, query.value("bindings_inherit") == Some("strict"))?;
    let published = app.engine.upload_script(&permit, name, upload).await?;
    Ok(Answer::ok(Script {
        startup_time_ms: published.version.startup_time_ms,
        deployment_id: Some(published.version.id.simple()),
        ..published.script
    }))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Method;
    use coffer_store::rows::blobs;
    use coffer_types::{PermissionGroup, Role};
    use serde_json::{Value, json};

    use crate::api::workers::testing::{
        CODE, ES_MODULE, Multipart, SCRIPTS, metadata, names, secret,
    };
    use crate::testing::{TestApp, failure, result};

    fn path(name: &str) -> String {
        format!("{SCRIPTS}/{name}?excludeScript=true&bindings_inherit=strict")
    }

    async fn put(app: &TestApp, body: Multipart) -> (u16, Vec<String>) {
        failure(&app.multipart(Method::PUT, &path("w"), body).await)
    }

    /// The refusal of an upload with this metadata.
    async fn refused(app: &TestApp, metadata: &Value) -> (u16, Vec<String>) {
        put(app, Multipart::script(metadata)).await
    }

    #[tokio::test]
    async fn a_new_worker_is_made_deployed_and_served() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "KEY", "value").await;
        let before = app.audit_events().await.len();
        let body = Multipart::script(&json!({
            "main_module": "index.js",
            "bindings": [
                { "name": "PLAIN", "type": "plain_text", "text": "hello" },
                { "name": "JSONV", "type": "json", "json": { "a": null } },
                { "name": "NOTHING", "type": "json", "json": null },
                { "name": "STORED", "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY" },
                secret("OWN", "worker value"),
            ],
            "compatibility_date": "2026-01-01",
            "compatibility_flags": ["nodejs_compat"],
            "code_update_strategy": { "mode": "deferred", "max_delay": 300 },
            "keep_bindings": ["secret_text", "secret_key"],
            "annotations": { "workers/message": "first", "workers/tag": "v1" },
            "observability": { "enabled": true },
            "logpush": false,
        }))
        .module("index.js.map", "application/source-map", "{}")
        .module("./add.wasm", "application/wasm", "\0asm")
        .module("lib/data.txt", "text/plain; charset=utf-8", "text");
        let answer = app.multipart(Method::PUT, &path("my-worker"), body).await;
        let script = result(&answer);
        assert_eq!(script["id"], "my-worker");
        assert_eq!(script["handlers"], json!(["fetch"]));
        assert_eq!(script["startup_time_ms"], 17);
        assert_eq!(script["last_deployed_from"], "api");
        assert_eq!(script["deployment_id"].as_str().unwrap().len(), 32);
        assert_eq!(script["etag"].as_str().unwrap().len(), 64);
        assert!(!answer.2.to_string().contains("worker value"));

        let record = app.record_of("my-worker").await.unwrap();
        assert!(!record.subdomain_enabled && !record.previews_enabled);
        let version = app.serving("my-worker").await;
        assert_eq!(version.version_id.simple(), script["deployment_id"]);
        assert_eq!(version.number, 1);
        let modules: Vec<_> = version
            .modules
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(
            modules,
            ["index.js", "index.js.map", "add.wasm", "lib/data.txt"]
        );
        assert_eq!(version.compatibility_flags, ["nodejs_compat"]);
        assert_eq!(version.bindings.len(), 5);
        assert_eq!(app.env("my-worker").await["OWN"], "worker value");

        let latest = app.latest("my-worker").await;
        assert_eq!(latest["annotations"]["workers/triggered_by"], "upload");
        assert_eq!(latest["annotations"]["workers/message"], "first");
        assert_eq!(
            names(&latest["resources"]["bindings"]).last().unwrap(),
            &("OWN".to_owned(), "secret_text".to_owned())
        );
        let events = app.audit_events().await;
        let kinds: Vec<_> = events[before..]
            .iter()
            .map(|event| format!("{} {}", event.action, event.resource_kind))
            .collect();
        assert_eq!(
            kinds,
            [
                "create worker",
                "create worker_secret",
                "create version",
                "create deployment"
            ]
        );
        for event in &events {
            assert!(!event.details.to_string().contains("worker value"));
        }
    }

    #[tokio::test]
    async fn what_is_tried_is_what_is_kept() {
        let app = TestApp::new().await;
        app.upload("w", json!([secret("OWN", "value")])).await;
        let tried = app.start_check.asked();
        assert_eq!(tried.len(), 1);
        let kept = app.serving("w").await;
        assert_eq!(tried[0].version_id, kept.version_id);
        assert_eq!(tried[0].modules, kept.modules);
        assert_eq!(tried[0].bindings, kept.bindings);
        assert_eq!(tried[0].number, kept.number);
        assert_eq!(app.opened(&tried[0]).await, app.opened(&kept).await);
    }

    #[tokio::test]
    async fn code_that_does_not_start_is_refused_in_the_runtimes_words() {
        let app = TestApp::new().await;
        let written = app.written().await;
        let message = "Uncaught SyntaxError: Unexpected token '}'\n  at index.js:1";
        app.start_check.refuses(message);
        let refusal = refused(&app, &metadata(&json!([]))).await;
        assert_eq!(refusal, (400, vec![format!("10021 {message}")]));
        assert_eq!(app.written().await, written);
        app.start_check.is_away("workerd is missing at /somewhere");
        let (status, errors) = refused(&app, &metadata(&json!([]))).await;
        assert_eq!(status, 503);
        assert!(errors[0].starts_with("10013 ") && !errors[0].contains("somewhere"));
        assert_eq!(app.written().await, written);
    }

    #[tokio::test]
    async fn an_upload_keeps_what_it_says_and_drops_the_rest() {
        let app = TestApp::new().await;
        let var = |text: &str| json!({ "name": "VAR", "type": "plain_text", "text": text });
        app.upload(
            "w",
            json!([secret("ONE", "1"), secret("TWO", "2"), var("x")]),
        )
        .await;
        // Kept by type, replaced by name, dropped otherwise.
        app.upload("w", json!([secret("TWO", "other")])).await;
        let env = app.env("w").await;
        assert_eq!((env["ONE"].as_str(), env["TWO"].as_str()), ("1", "other"));
        assert_eq!(app.serving("w").await.bindings.len(), 2);

        // Without a word about it secrets stay, and with the word that nothing is kept they go.
        let mut silent = metadata(&json!([var("y")]));
        silent.as_object_mut().unwrap().remove("keep_bindings");
        let body = Multipart::script(&silent);
        result(&app.multipart(Method::PUT, &path("w"), body).await);
        assert_eq!(app.env("w").await.len(), 2);
        silent["bindings"] = json!([]);
        let body = Multipart::script(&silent);
        result(&app.multipart(Method::PUT, &path("w"), body).await);
        assert_eq!(app.serving("w").await.bindings.len(), 2);
        let mut without = metadata(&json!([var("y")]));
        without["keep_bindings"] = json!([]);
        let body = Multipart::script(&without);
        result(&app.multipart(Method::PUT, &path("w"), body).await);
        assert!(app.env("w").await.is_empty());
        let deleted = app.audit_events().await;
        let deleted = deleted.iter().filter(|event| event.action == "delete");
        assert_eq!(deleted.count(), 2);
    }

    #[tokio::test]
    async fn bindings_are_inherited_by_name() {
        let app = TestApp::new().await;
        app.upload("w", json!([secret("OLD", "kept")])).await;
        let inherit = |name: &str| json!({ "name": name, "type": "inherit" });
        let renamed = json!([{ "name": "NEW", "type": "inherit", "old_name": "OLD" }]);
        app.upload("w", renamed).await;
        let env = app.env("w").await;
        assert_eq!((env.len(), env["NEW"].as_str()), (1, "kept"));

        let missing = metadata(&json!([inherit("A"), inherit("NEW"), inherit("B")]));
        let (status, errors) = refused(&app, &missing).await;
        assert_eq!(status, 400);
        assert_eq!(errors.len(), 2);
        assert!(errors[0].starts_with("10057 inherit binding 'A' is invalid"));
        assert!(errors[1].starts_with("10057 inherit binding 'B' is invalid"));
        let lenient = format!("{SCRIPTS}/w");
        let body = Multipart::script(&missing);
        result(&app.multipart(Method::PUT, &lenient, body).await);
        assert_eq!(app.env("w").await.len(), 1);
    }

    #[tokio::test]
    async fn bindings_that_are_none_are_refused_by_name() {
        let app = TestApp::new().await;
        let written = app.written().await;
        let plain =
            |name: &str, text: &str| json!({ "name": name, "type": "plain_text", "text": text });
        let many: Vec<_> = (0..129).map(|n| plain(&format!("V{n}"), "")).collect();
        for (bindings, expected) in [
            (
                json!([plain("A", "1"), plain("A", "2")]),
                "10021 binding A appears more than once at /bindings/1/name",
            ),
            (
                json!([plain("1A", "")]),
                "10021 the name of a binding must consist of a JavaScript identifier",
            ),
            (
                json!([plain("a-b", "")]),
                "10021 the name of a binding must consist of",
            ),
            (
                json!([plain("", "")]),
                "10021 the name of a binding must not be empty",
            ),
            (
                json!([{ "type": "plain_text", "text": "" }]),
                "10021 the name of a binding must not be empty",
            ),
            (json!([{ "name": "A" }]), "10021 binding A needs a type"),
            (
                json!([{ "name": "A", "type": "secret_text" }]),
                "10021 binding A needs text",
            ),
            (
                json!([{ "name": "A", "type": "json" }]),
                "10021 binding A needs json",
            ),
            (
                json!([{ "name": "A", "type": "secrets_store_secret" }]),
                "10021 binding A needs store_id and secret_name",
            ),
            (
                json!([{ "name": "KV", "type": "kv_namespace", "namespace_id": "x" }]),
                "10021 binding KV of type kv_namespace is not supported by Coffer",
            ),
            (
                json!([plain("A", &"x".repeat(5121))]),
                "10054 the text of A is 5121 bytes, the limit is 5120",
            ),
            (
                json!([secret("A", &"x".repeat(5121))]),
                "10054 the text of A is 5121 bytes, the limit is 5120",
            ),
            (
                json!([{ "name": "A", "type": "json", "json": "x".repeat(5119) }]),
                "10054 the text of A is 5121 bytes",
            ),
            (
                json!(many),
                "10021 a version has at most 128 bindings, this one would have 129",
            ),
        ] {
            let (status, errors) = refused(&app, &metadata(&bindings)).await;
            assert_eq!(status, 400);
            assert!(
                errors[0].starts_with(expected),
                "{errors:?} is not {expected}"
            );
        }
        assert_eq!(app.written().await, written);
        assert!(app.start_check.asked().is_empty());
        // The bounds themselves are within.
        app.upload("w", json!([secret("A", &"x".repeat(5120))]))
            .await;
        app.upload("w", json!(many[..127])).await;
        assert_eq!(app.serving("w").await.bindings.len(), 128);
    }

    #[tokio::test]
    async fn a_secret_of_a_store_must_be_there_for_workers_and_for_the_caller() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "KEY", "value").await;
        let secrets = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
        let other = json!([{ "name": "DEX", "value": "v", "scopes": ["dex"] }]);
        result(&app.request(Method::POST, &secrets, Some(other)).await);
        let deployer = app
            .token_with(&[PermissionGroup::WORKERS_SCRIPTS_WRITE])
            .await;
        let stranger = app.other_account().await;
        let written = app.written().await;
        let binding = |store: &str, secret: &str| {
            metadata(&json!([
                { "name": "B", "type": "secrets_store_secret", "store_id": store, "secret_name": secret }
            ]))
        };
        let gone = "0".repeat(32);
        for (store_id, name) in [(store.as_str(), "NOPE"), (gone.as_str(), "KEY")] {
            let expected = format!(
                "10182 Secrets Store binding 'B' references store '{store_id}' and secret '{name}' which were \
                 not found. at /bindings/0"
            );
            assert_eq!(
                refused(&app, &binding(store_id, name)).await,
                (400, vec![expected])
            );
        }
        // What can name nothing is not quoted.
        for (store_id, name) in [("nonsense", "KEY"), (store.as_str(), "no name")] {
            let (_, errors) = refused(&app, &binding(store_id, name)).await;
            assert!(errors[0].starts_with("10182 ") && errors[0].contains("'(not a name)'"));
            assert!(!errors[0].contains("nonsense") && !errors[0].contains("no name"));
        }
        let unauthorized = "10021 Secrets store binding authorization failed. Check your permissions and \
                            secret scopes. at /bindings/0";
        assert_eq!(
            refused(&app, &binding(&store, "DEX")).await,
            (400, vec![unauthorized.to_owned()])
        );
        // Who may not bind is not told whether the secret is there.
        for name in ["KEY", "NOPE"] {
            let body = Multipart::script(&binding(&store, name));
            let answer = app
                .multipart_as(&deployer, Method::PUT, &path("w"), body)
                .await;
            assert_eq!(failure(&answer), (400, vec![unauthorized.to_owned()]));
        }
        // Another account's secret is not there.
        let theirs = path("w").replace("{account_id}", &stranger.id.to_string());
        let body = Multipart::script(&binding(&store, "KEY"));
        let answer = app
            .multipart_as(&stranger.admin, Method::PUT, &theirs, body)
            .await;
        assert!(failure(&answer).1[0].starts_with("10182 "));
        assert_eq!(app.written().await, written);

        let both = [
            PermissionGroup::WORKERS_SCRIPTS_WRITE,
            PermissionGroup::SECRETS_STORE_BIND,
        ];
        let binder = app.token_with(&both).await;
        let body = Multipart::script(&binding(&store, "KEY"));
        result(
            &app.multipart_as(&binder, Method::PUT, &path("w"), body)
                .await,
        );
        // New code reads what it inherits, so inheriting is binding.
        let inherit = metadata(&json!([{ "name": "B", "type": "inherit" }]));
        let admin = app.member_with(&[Role::WorkersPlatformAdmin]).await;
        let body = Multipart::script(&inherit);
        let answer = app
            .multipart_as(&admin, Method::PUT, &path("w"), body)
            .await;
        assert_eq!(failure(&answer), (400, vec![unauthorized.to_owned()]));
        let mut keeping = metadata(&json!([]));
        keeping["keep_bindings"] = json!(["secrets_store_secret"]);
        let body = Multipart::script(&keeping);
        let answer = app
            .multipart_as(&admin, Method::PUT, &path("w"), body)
            .await;
        assert_eq!(failure(&answer), (400, vec![unauthorized.to_owned()]));
    }

    #[tokio::test]
    async fn metadata_that_asks_for_what_is_not_there_is_refused() {
        let app = TestApp::new().await;
        let written = app.written().await;
        let with = |field: &str, value: Value| {
            let mut metadata = metadata(&json!([]));
            metadata[field] = value;
            metadata
        };
        for (metadata, expected) in [
            (
                with("main_module", Value::Null),
                "10021 main_module is missing",
            ),
            (
                with("migrations", json!({ "new_tag": "v1" })),
                "10021 Durable Objects are not supported",
            ),
            (
                with("containers", json!([{ "class_name": "C" }])),
                "10021 containers are not supported",
            ),
            (
                with("compatibility_date", json!("2026-02-30")),
                "10021 compatibility_date must be a date",
            ),
            (
                with("compatibility_date", json!("soon")),
                "10021 compatibility_date must be a date",
            ),
            (
                with("compatibility_flags", json!(["a b"])),
                "10021 compatibility_flags must be",
            ),
            (
                with("annotations", json!({ "workers/tag": "t".repeat(101) })),
                "10021 annotation workers/tag must be at most 100 bytes",
            ),
            (
                with(
                    "annotations",
                    json!({ "workers/message": "m".repeat(1001) }),
                ),
                "10021 annotation workers/message",
            ),
            (with("bindings", json!("x")), "1001 invalid_json_body"),
        ] {
            let (status, errors) = refused(&app, &metadata).await;
            assert_eq!(status, 400, "{metadata}");
            assert!(
                errors[0].starts_with(expected),
                "{errors:?} is not {expected}"
            );
        }
        assert_eq!(app.written().await, written);
    }

    #[tokio::test]
    async fn modules_that_are_none_are_refused_by_name() {
        let app = TestApp::new().await;
        let written = app.written().await;
        let meta = metadata(&json!([]));
        let script = || Multipart::script(&meta);
        for name in [
            "../x",
            "/etc/passwd",
            "a/../b",
            "a\\b",
            "a//b",
            "..",
            "./../x",
            ".",
        ] {
            let (status, errors) = put(&app, script().module(name, "text/plain", "")).await;
            assert_eq!(status, 400);
            let expected = format!("10021 module name '{name}' must consist of relative segments");
            assert!(
                errors[0].starts_with(&expected),
                "{errors:?} is not {expected}"
            );
            let mut main = meta.clone();
            main["main_module"] = json!(name);
            let (status, errors) = put(
                &app,
                Multipart::of(&main).module("index.js", ES_MODULE, CODE),
            )
            .await;
            assert_eq!((status, &errors[0][..5]), (400, "10021"), "{errors:?}");
        }
        // A name with NUL is no header that can be read, and none that can be written in JSON either.
        assert_eq!(
            put(&app, script().module("a\0b", "text/plain", "")).await.0,
            400
        );
        let mut main = meta.clone();
        main["main_module"] = json!("a\0b");
        assert_eq!(
            put(
                &app,
                Multipart::of(&main).module("index.js", ES_MODULE, CODE)
            )
            .await
            .0,
            400
        );

        for (body, expected) in [
            (
                Multipart::of(&meta),
                "10021 main_module names index.js, but the upload has no such part",
            ),
            (
                Multipart::of(&meta).module("other.js", ES_MODULE, ""),
                "10021 main_module names index.js",
            ),
            (
                Multipart::of(&meta).module("index.js", "application/javascript", ""),
                "10021 main module index.js is sent as application/javascript",
            ),
            (
                script().module("./index.js", ES_MODULE, ""),
                "10021 module index.js appears more than once",
            ),
            (
                script().module("a.bin", "application/x-nonsense", ""),
                "10021 module a.bin has the Content-Type application/x-nonsense",
            ),
            (
                script().module("a.py", "text/x-python", ""),
                "10021 module a.py is Python",
            ),
            (
                script().module("r", "text/x-python-requirement", ""),
                "10021 module r is Python",
            ),
            (
                script().field("bare", ""),
                "10021 module bare has no Content-Type",
            ),
        ] {
            let (status, errors) = put(&app, body).await;
            assert_eq!(status, 400);
            assert!(
                errors[0].starts_with(expected),
                "{errors:?} is not {expected}"
            );
        }
        assert_eq!(app.written().await, written);
    }

    #[tokio::test]
    async fn a_client_may_send_every_module_in_parts_of_one_name() {
        let app = TestApp::new().await;
        let part = |file: &str, media_type: &str| {
            format!(
                "Content-Disposition: form-data; name=\"files\"; filename=\"{file}\"\r\nContent-Type: {media_type}"
            )
        };
        let body = Multipart::of(&metadata(&json!([])))
            .part(&part("index.js", ES_MODULE), CODE.as_bytes())
            .part(&part("a.txt", "text/plain"), b"text");
        result(&app.multipart(Method::PUT, &path("w"), body).await);
        assert_eq!(app.serving("w").await.modules.len(), 2);
    }

    #[tokio::test]
    async fn what_is_no_multipart_body_is_refused() {
        let app = TestApp::new().await;
        let written = app.written().await;
        let whole = Multipart::script(&metadata(&json!([secret("S", "marked-value")]))).end();
        let cut = whole[..whole.len() - 30].to_vec();
        let multipart = Multipart::content_type();
        for (content_type, body) in [
            ("application/json", b"{}".to_vec()),
            ("multipart/form-data", whole[2..].to_vec()),
            (multipart.as_str(), cut),
            (multipart.as_str(), b"nonsense".to_vec()),
            (multipart.as_str(), Vec::new()),
            (
                multipart.as_str(),
                Multipart::default()
                    .module("index.js", ES_MODULE, CODE)
                    .end(),
            ),
            (
                multipart.as_str(),
                Multipart::default()
                    .field("metadata", "{\"main_module\":")
                    .end(),
            ),
            (
                multipart.as_str(),
                Multipart::default()
                    .part("Content-Type: text/plain", b"")
                    .end(),
            ),
        ] {
            let answer = app
                .send_bytes(Method::PUT, &path("w"), content_type, body)
                .await;
            assert_eq!(failure(&answer).0, 400);
            assert!(!answer.2.to_string().contains("marked-value"));
        }
        // The parser's words would quote the value.
        let quoted = metadata(&json!([{ "name": "S", "type": "secret_text", "text": 8_675_309 }]));
        let (status, errors) = refused(&app, &quoted).await;
        assert_eq!(status, 400);
        assert!(!errors[0].contains("8675309"), "{errors:?}");
        assert_eq!(app.written().await, written);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_changes_nothing() {
        let app = TestApp::new().await;
        let written = app.written().await;
        let mut half = Multipart::script(&metadata(&json!([]))).end();
        half.truncate(half.len() - 40);
        let chunks = [
            Ok(bytes::Bytes::from(half)),
            Err(std::io::Error::other("the client went away")),
        ];
        let body = Body::from_stream(futures::stream::iter(chunks));
        let mut request = app.build(&app.admin(), Method::PUT, &path("w"), body);
        let content_type = Multipart::content_type().parse().unwrap();
        request.headers_mut().insert("content-type", content_type);
        let (status, errors) = failure(&app.send(request).await);
        assert_eq!(status, 400);
        assert_eq!(
            errors,
            ["1001 the request body ended before it was complete"]
        );
        assert_eq!(app.written().await, written);
    }

    #[tokio::test]
    async fn two_thousand_parts_are_read_and_one_more_is_not() {
        let app = TestApp::new().await;
        let meta = metadata(&json!([]));
        let of = |count: usize| {
            (2..count).fold(Multipart::script(&meta), |body, index| {
                body.module(&format!("m{index}.txt"), "text/plain", "x")
            })
        };
        let (status, errors) = put(&app, of(2001)).await;
        assert_eq!(status, 413);
        assert_eq!(
            errors,
            ["10027 the upload has more than the limit of 2000 parts"]
        );
        assert!(app.record_of("w").await.is_none());
        result(&app.multipart(Method::PUT, &path("w"), of(2000)).await);
        assert_eq!(app.serving("w").await.modules.len(), 1999);
    }

    #[tokio::test]
    async fn one_hundred_and_one_megabytes_are_refused_without_being_kept() {
        let app = TestApp::new().await;
        let start = Multipart::of(&metadata(&json!([])));
        let start = start.module("index.js", ES_MODULE, CODE).end();
        // The last boundary is left out, so that a module goes on.
        let start = start[..start.len() - 30].to_vec();
        let megabyte = bytes::Bytes::from(vec![b'x'; 1024 * 1024]);
        let chunks = std::iter::once(bytes::Bytes::from(start))
            .chain(std::iter::repeat_n(megabyte, 101))
            .map(Ok::<_, std::io::Error>);
        let body = Body::from_stream(futures::stream::iter(chunks));
        let mut request = app.build(&app.admin(), Method::PUT, &path("w"), body);
        let content_type = Multipart::content_type().parse().unwrap();
        request.headers_mut().insert("content-type", content_type);
        let (status, errors) = failure(&app.send(request).await);
        assert_eq!(status, 413);
        assert_eq!(
            errors,
            ["10027 the request body is larger than the limit of 104857600 bytes"]
        );
        assert!(app.record_of("w").await.is_none());
    }

    #[tokio::test]
    async fn names_that_are_no_host_label_are_refused() {
        let app = TestApp::new().await;
        for name in ["My-Worker", "-a", "a.b", "a%20b", &"x".repeat(64)] {
            let body = Multipart::script(&metadata(&json!([])));
            let answer = app.multipart(Method::PUT, &path(name), body).await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 400, "{name}");
            assert!(
                errors[0].starts_with("10016 a Worker's name "),
                "{errors:?}"
            );
        }
    }

    #[tokio::test]
    async fn the_accounts_limit_of_workers_holds() {
        let app = TestApp::new().await;
        app.set_limits(|limits| limits.workers = 1).await;
        app.upload("one", json!([])).await;
        let body = Multipart::script(&metadata(&json!([])));
        let answer = app.multipart(Method::PUT, &path("two"), body).await;
        assert_eq!(
            failure(&answer),
            (
                403,
                vec!["10037 You have exceeded the limit of 1 Workers on your account.".to_owned()]
            )
        );
        app.upload("one", json!([])).await;
    }

    #[tokio::test]
    async fn a_repeated_key_is_answered_as_the_first_time() {
        let app = TestApp::new().await;
        let send = async |code: &str| {
            let body = Multipart::of(&metadata(&json!([]))).module("index.js", ES_MODULE, code);
            let mut request = app.build(&app.admin(), Method::PUT, &path("w"), body.end().into());
            let headers = request.headers_mut();
            headers.insert("content-type", Multipart::content_type().parse().unwrap());
            headers.insert("idempotency-key", "once".parse().unwrap());
            app.send(request).await
        };
        let first = send(CODE).await;
        let again = send(CODE).await;
        assert_eq!(
            result(&first)["deployment_id"],
            result(&again)["deployment_id"]
        );
        assert_eq!(app.latest("w").await["number"], 1);
        assert_eq!(failure(&send("export default {}").await).0, 409);
    }

    #[tokio::test]
    async fn uploads_at_once_follow_each_other() {
        let app = TestApp::new().await;
        let uploads = (0..8).map(|index| {
            let app = &app;
            async move {
                let bindings = json!([secret(&format!("S{index}"), "x")]);
                let body = Multipart::script(&metadata(&bindings));
                app.multipart(Method::PUT, &path("w"), body).await
            }
        });
        for answer in futures::future::join_all(uploads).await {
            result(&answer);
        }
        assert_eq!(app.latest("w").await["number"], 8);
        // Each kept the secrets of those before.
        assert_eq!(app.env("w").await.len(), 8);
    }

    #[tokio::test]
    async fn contents_are_kept_once() {
        let app = TestApp::new().await;
        app.upload("one", json!([])).await;
        app.upload("two", json!([])).await;
        let digest = app.serving("one").await.modules[0].digest;
        assert_eq!(digest, app.serving("two").await.modules[0].digest);
        let delete = async |name: &str| {
            let path = format!("{SCRIPTS}/{name}");
            result(&app.request(Method::DELETE, &path, None).await).clone()
        };
        let kept = async || {
            let mut reader = app.store.reader().await.unwrap();
            blobs::find(&mut reader, digest).await.unwrap().is_some()
        };
        assert_eq!(delete("one").await, Value::Null);
        assert!(kept().await);
        delete("two").await;
        assert!(!kept().await);
    }
}
