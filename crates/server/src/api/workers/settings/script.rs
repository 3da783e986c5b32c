//! `PATCH …/script-settings`.

use axum::extract::{Path, State};
use coffer_engine::DeployWorkers;
use coffer_protocol::workers::ScriptSettings;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::workers::fields::{ScriptPath, ScriptSettingsFields};
use crate::app::App;

/// Changes the settings that are not part of a version.
pub(super) async fn edit(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(fields),
    }: Change<DeployWorkers, Json<ScriptSettingsFields>>,
) -> ApiResult<Answer<ScriptSettings>> {
    let name = path.name()?;
    Ok(Answer::ok(
        app.engine
            .edit_script_settings(&permit, name, fields.into())
            .await?,
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::api::workers::testing::SCRIPTS;
    use crate::testing::{TestApp, failure, result};

    #[tokio::test]
    async fn settings_are_kept_apart_from_versions() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let path = format!("{SCRIPTS}/w/script-settings");
        let patch = async |body| app.request(Method::PATCH, &path, Some(body)).await;
        let answer = patch(json!({ "observability": { "enabled": false }, "tags": [] })).await;
        let expected = json!({
            "logpush": false, "tags": [], "tail_consumers": null, "observability": { "enabled": false }
        });
        assert_eq!(result(&answer), &expected);
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("update", "worker")
        );
        let found = app.request(Method::GET, &path, None).await;
        assert_eq!(result(&found), &expected);
        assert_eq!(app.latest("w").await["number"], 1);
        let answer = patch(json!({ "observability": null, "logpush": true })).await;
        let expected =
            json!({ "logpush": true, "tags": [], "tail_consumers": null, "observability": null });
        assert_eq!(result(&answer), &expected);
        // A further upload leaves them.
        app.upload("w", json!([])).await;
        assert_eq!(
            result(&app.request(Method::GET, &path, None).await),
            &expected
        );
        assert_eq!(failure(&patch(json!({ "tags": "x" })).await).0, 400);
        let missing = format!("{SCRIPTS}/nope/script-settings");
        let answer = app.request(Method::PATCH, &missing, Some(json!({}))).await;
        assert!(failure(&answer).1[0].starts_with("10007 "));
    }
}
