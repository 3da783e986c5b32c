//! `POST …/versions`: a version that gets no traffic before it is deployed.

use axum::extract::{Path, State};
use coffer_engine::EditSettings;
use coffer_protocol::workers::Version;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::workers::fields::ScriptPath;
use crate::api::workers::upload::{Uploaded, parse};
use crate::app::App;

/// Uploads a version.
pub(super) async fn create(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    query: Query,
    Uploaded {
        permit,
        form,
        room: _room,
    }: Uploaded<EditSettings>,
) -> ApiResult<Answer<Version>> {
    let name = path.name()?;
    // Settings that are not part of a version are set apart from it.
    let upload = parse(form, query.value("bindings_inherit") == Some("strict"))?;
    let version = app
        .engine
        .create_version(&permit, &name, upload.version)
        .await?;
    Ok(Answer::ok(version))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::api::workers::testing::{Multipart, SCRIPTS, metadata, names, secret};
    use crate::testing::{TestApp, failure, result};

    #[tokio::test]
    async fn a_version_gets_no_traffic_before_it_is_deployed() {
        let app = TestApp::new().await;
        let first = app.upload("w", json!([secret("S", "s")])).await;
        let mut meta = metadata(&json!([{ "name": "V", "type": "plain_text", "text": "x" }]));
        meta["annotations"] = json!({ "workers/message": "m", "workers/tag": "t" });
        meta["limits"] = json!({ "cpu_ms": 50 });
        let path = format!("{SCRIPTS}/w/versions?bindings_inherit=strict");
        let answer = app
            .multipart(Method::POST, &path, Multipart::script(&meta))
            .await;
        let version = result(&answer);
        assert_eq!(version["number"], 2);
        assert_eq!(version["startup_time_ms"], 17);
        assert_eq!(version["metadata"]["author_email"], "admin@example.com");
        assert_eq!(version["metadata"]["has_preview"], false);
        assert_eq!(version["metadata"]["hasPreview"], false);
        assert_eq!(
            version["annotations"],
            json!({ "workers/message": "m", "workers/tag": "t", "workers/triggered_by": "version_upload" })
        );
        let resources = &version["resources"];
        assert_eq!(resources["script"]["etag"].as_str().unwrap().len(), 64);
        assert_eq!(
            resources["script_runtime"]["compatibility_date"],
            "2026-01-01"
        );
        assert_eq!(
            resources["script_runtime"]["limits"],
            json!({ "cpu_ms": 50 })
        );
        assert_eq!(names(&resources["bindings"]).len(), 2);
        assert_eq!(app.serving("w").await.version_id.to_string(), first);

        let id = version["id"].as_str().unwrap();
        result(&app.deploy("w", id, "").await);
        assert_eq!(app.serving("w").await.version_id.to_string(), id);
        assert_eq!(app.env("w").await["S"], "s");
    }

    #[tokio::test]
    async fn a_worker_is_not_made_by_a_version() {
        let app = TestApp::new().await;
        let body = Multipart::script(&metadata(&json!([])));
        let path = format!("{SCRIPTS}/w/versions");
        let answer = app.multipart(Method::POST, &path, body).await;
        assert!(failure(&answer).1[0].starts_with("10007 "));
        assert!(app.record_of("w").await.is_none());
    }

    #[tokio::test]
    async fn what_does_not_start_is_no_version() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let written = app.written().await;
        app.start_check.refuses("Error: thrown at start");
        let body = Multipart::script(&metadata(&json!([])));
        let path = format!("{SCRIPTS}/w/versions");
        let answer = app.multipart(Method::POST, &path, body).await;
        assert_eq!(
            failure(&answer),
            (400, vec!["10021 Error: thrown at start".to_owned()])
        );
        assert_eq!(app.written().await, written);
        assert_eq!(app.latest("w").await["number"], 1);
    }
}
