//! Versions of a Worker in JSON, with their modules as base64.

use axum::extract::{Path, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use coffer_engine::{EditSettings, Error, Missing, Permit, Problem, ViewWorkers, WhichVersion};
use coffer_protocol::workers::{WorkerModule, WorkerVersion};
use coffer_types::WorkerName;
use coffer_types::limits::MAX_PAGE_SIZE;
use serde::Deserialize;

use super::WorkerPath;
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::api::workers::upload::UploadedJson;
use crate::app::App;

/// Items on one page where a client names no number, from the API description.
const DEFAULT_SIZE: u32 = 10;

/// The version of a path.
#[derive(Debug, Deserialize)]
pub(super) struct VersionPath {
    #[serde(flatten)]
    pub(super) worker: WorkerPath,
    pub(super) version_id: String,
}

/// `GET …/versions`: newest first.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<WorkerPath>,
    query: Query,
) -> ApiResult<Answer<Vec<WorkerVersion>>> {
    let page = query.page(1..=MAX_PAGE_SIZE, DEFAULT_SIZE)?;
    let name = path.name(&app, &permit).await?;
    let (versions, total) = app
        .engine
        .list_worker_versions(&permit, &name, page.slice())
        .await?;
    let info = page.info(versions.len(), total);
    Ok(Answer::page(versions, info))
}

/// `POST …/versions`: gets no traffic before it is deployed, unless `deploy` says so.
pub(super) async fn create(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    query: Query,
    UploadedJson {
        permit,
        upload,
        room: _room,
    }: UploadedJson<EditSettings>,
) -> ApiResult<Answer<WorkerVersion>> {
    let deploy = query.flag("deploy")?;
    let name = path.name(&app, &permit).await?;
    let made = if deploy {
        app.engine
            .deploy_new_version(&permit, &name, upload.version)
            .await?
    } else {
        app.engine
            .create_version(&permit, &name, upload.version)
            .await?
    };
    let which = WhichVersion::Id(made.id);
    Ok(Answer::ok(
        app.engine.worker_version(&permit, &name, &which).await?,
    ))
}

/// `GET …/versions/{version_id}`: by id, its beginning, or `latest`.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<VersionPath>,
    query: Query,
) -> ApiResult<Answer<WorkerVersion>> {
    let name = path.worker.name(&app, &permit).await?;
    let Some(which) = WhichVersion::parse(&path.version_id) else {
        app.engine.check_worker(&permit, &name).await?;
        return Err(Error::from(Missing::Version).into());
    };
    shown(&app, &permit, &name, &which, &query).await
}

/// `GET …/versions/latest`.
pub(super) async fn find_latest(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<WorkerPath>,
    query: Query,
) -> ApiResult<Answer<WorkerVersion>> {
    let name = path.name(&app, &permit).await?;
    shown(&app, &permit, &name, &WhichVersion::Latest, &query).await
}

async fn shown(
    app: &App,
    permit: &Permit<ViewWorkers>,
    name: &WorkerName,
    which: &WhichVersion,
    query: &Query,
) -> ApiResult<Answer<WorkerVersion>> {
    let with_modules = match query.value("include") {
        None => false,
        Some("modules") => true,
        Some(_) => {
            let rule = "include must be modules".to_owned();
            return Err(Error::invalid("", Problem::Parameter(rule)).into());
        }
    };
    if !with_modules {
        return Ok(Answer::ok(
            app.engine.worker_version(permit, name, which).await?,
        ));
    }
    let found = app.engine.worker_version_with_modules(permit, name, which);
    let (mut version, modules) = found.await?;
    let shown = modules.into_iter().map(|(module, content)| WorkerModule {
        name: module.name,
        content_type: module.kind.media_type().to_owned(),
        content_base64: BASE64.encode(content),
    });
    version.modules = Some(shown.collect());
    Ok(Answer::ok(version))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::api::workers::testing::{CODE, secret};
    use crate::testing::{Answer, TestApp, failure, result, text_at};

    const VERSIONS: &str = "/accounts/{account_id}/workers/workers/w/versions";

    /// `CODE` as base64.
    const CODE_BASE64: &str =
        "ZXhwb3J0IGRlZmF1bHQgeyBmZXRjaCgpIHsgcmV0dXJuIG5ldyBSZXNwb25zZSgnb2snKSB9IH0=";

    fn version(bindings: &Value) -> Value {
        json!({
            "main_module": "index.js",
            "modules": [{ "name": "index.js", "content_type": "application/javascript+module", "content_base64": CODE_BASE64 }],
            "bindings": bindings, "compatibility_date": "2026-01-01", "annotations": { "workers/tag": "v2" },
        })
    }

    async fn post(app: &TestApp, query: &str, body: Value) -> Answer {
        app.request(Method::POST, &format!("{VERSIONS}{query}"), Some(body))
            .await
    }

    #[tokio::test]
    async fn a_version_in_json_is_made_shown_and_deployed() {
        let app = TestApp::new().await;
        let worker = json!({ "name": "w" });
        let path = "/accounts/{account_id}/workers/workers";
        result(&app.request(Method::POST, path, Some(worker)).await);
        let made = post(&app, "", version(&json!([secret("S", "marked canary")]))).await;
        let made = result(&made);
        assert_eq!(
            (&made["number"], &made["main_module"]),
            (&json!(1), &json!("index.js"))
        );
        assert_eq!(made["annotations"]["workers/tag"], "v2");
        assert_eq!(
            made["bindings"],
            json!([{ "name": "S", "type": "secret_text" }])
        );
        assert_eq!(
            (&made["usage_model"], &made["urls"]),
            (&json!("standard"), &json!([]))
        );
        assert!(app.record_of("w").await.unwrap().deployment.is_none());

        let inherited = json!([{ "name": "S", "type": "inherit" }]);
        let deployed = post(&app, "?deploy=true", version(&inherited)).await;
        let id = text_at(result(&deployed), "/id");
        assert_eq!(app.serving("w").await.version_id.to_string(), id);
        assert_eq!(app.env("w").await["S"], "marked canary");

        let get = async |path: &str| {
            app.request(Method::GET, &format!("{VERSIONS}{path}"), None)
                .await
        };
        for which in [&id, "latest", &id[..8]] {
            assert_eq!(result(&get(&format!("/{which}")).await), result(&deployed));
        }
        let with = get("/latest?include=modules").await;
        assert_eq!(result(&with)["modules"][0]["content_base64"], CODE_BASE64);
        assert!(!with.2.to_string().contains("canary"));
        let list = get("?per_page=1&page=2").await;
        assert_eq!(
            (
                result(&list)[0]["number"].clone(),
                list.2["result_info"]["total_count"].clone()
            ),
            (json!(1), json!(2))
        );
        assert_eq!(result(&get("?page=9").await), &json!([]));
        for (path, status) in [
            ("/nope", 404),
            ("/00000000", 404),
            ("/latest?include=all", 400),
        ] {
            assert_eq!(failure(&get(path).await).0, status, "{path}");
        }
        assert_eq!(CODE.len(), 56);
    }

    #[tokio::test]
    async fn what_is_no_version_is_refused() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let written = app.written().await;
        let module = |change: Value| {
            let mut body = version(&json!([]));
            body["modules"][0]
                .as_object_mut()
                .unwrap()
                .extend(change.as_object().unwrap().clone());
            body
        };
        for (body, expected) in [
            (json!({}), "10021 main_module is missing"),
            (
                json!({ "main_module": "index.js" }),
                "10021 main_module names index.js",
            ),
            (
                module(json!({ "content_base64": "marked canary" })),
                "10021 content_base64 of module index.js is not base64",
            ),
            (
                module(json!({ "content_type": "text/x-python" })),
                "10021 module index.js is Python",
            ),
            (
                module(json!({ "content_type": null })),
                "10021 module index.js has no Content-Type",
            ),
            (module(json!({ "name": "" })), "10021 module name"),
            (json!({ "modules": 5 }), "1001 invalid_json_body"),
            (
                version(&json!([{ "name": "S", "type": "inherit" }])),
                "10057 ",
            ),
        ] {
            let (status, errors) = failure(&post(&app, "", body.clone()).await);
            assert_eq!(status, 400, "{body}");
            assert!(
                errors[0].starts_with(expected) && !errors[0].contains("canary"),
                "{errors:?}"
            );
        }
        let path = VERSIONS.replace("/w/", "/nope/");
        let answer = app
            .request(Method::POST, &path, Some(version(&json!([]))))
            .await;
        assert!(failure(&answer).1[0].starts_with("10007 "));
        assert_eq!(app.written().await, written);
    }
}
