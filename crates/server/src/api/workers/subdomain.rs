//! Whether a Worker answers at its own host name.

use axum::extract::{Path, State};
use axum::http::Method;
use coffer_engine::{DeployWorkers, SubdomainChange, ViewWorkers};
use coffer_protocol::workers::SubdomainState;
use coffer_types::Permission;
use serde::Deserialize;

use super::fields::ScriptPath;
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::route::{Route, route};
use crate::app::App;

pub(super) fn routes() -> Vec<Route> {
    const SCRIPT: &str = "/accounts/{account_id}/workers/scripts/{script_name}/subdomain";
    let view = Some(Permission::ViewWorkers);
    let deploy = Some(Permission::DeployWorkers);
    vec![
        route(
            &Method::GET,
            SCRIPT,
            "Show whether a Worker's host name is on",
            view,
            find_state,
        ),
        route(
            &Method::POST,
            SCRIPT,
            "Switch a Worker's host name",
            deploy,
            switch,
        ),
        route(
            &Method::DELETE,
            SCRIPT,
            "Switch a Worker's host name off",
            deploy,
            switch_off,
        ),
    ]
}

/// The request: without `previews_enabled`, previews follow the Worker.
#[derive(Debug, Deserialize)]
struct Asked {
    enabled: bool,
    previews_enabled: Option<bool>,
}

async fn find_state(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
) -> ApiResult<Answer<SubdomainState>> {
    let found = app.engine.worker(&permit, &path.name()?).await?;
    Ok(Answer::ok(found.subdomain))
}

async fn switch(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(asked),
    }: Change<DeployWorkers, Json<Asked>>,
) -> ApiResult<Answer<SubdomainState>> {
    let change = SubdomainChange {
        enabled: asked.enabled,
        previews_enabled: asked.previews_enabled,
    };
    let name = path.name()?;
    Ok(Answer::ok(
        app.engine.switch_subdomain(&permit, name, change).await?,
    ))
}

async fn switch_off(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change { permit, body: () }: Change<DeployWorkers, ()>,
) -> ApiResult<Answer<SubdomainState>> {
    let change = SubdomainChange {
        enabled: false,
        previews_enabled: Some(false),
    };
    let name = path.name()?;
    Ok(Answer::ok(
        app.engine.switch_subdomain(&permit, name, change).await?,
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::api::workers::testing::SCRIPTS;
    use crate::testing::{TestApp, failure, result};

    #[tokio::test]
    async fn previews_follow_the_worker_unless_told_otherwise() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let path = format!("{SCRIPTS}/w/subdomain");
        let off = json!({ "enabled": false, "previews_enabled": false });
        let found = app.request(Method::GET, &path, None).await;
        assert_eq!(result(&found), &off);
        for (asked, enabled, previews_enabled) in [
            (json!({ "enabled": true }), true, true),
            (
                json!({ "enabled": true, "previews_enabled": false }),
                true,
                false,
            ),
            (
                json!({ "enabled": false, "previews_enabled": true }),
                false,
                true,
            ),
            (json!({ "enabled": false }), false, false),
            (json!({ "enabled": true }), true, true),
        ] {
            let answer = app.request(Method::POST, &path, Some(asked)).await;
            let expected = json!({ "enabled": enabled, "previews_enabled": previews_enabled });
            assert_eq!(result(&answer), &expected);
            let record = app.record_of("w").await.unwrap();
            assert_eq!(
                (record.subdomain_enabled, record.previews_enabled),
                (enabled, previews_enabled)
            );
        }
        assert_eq!(app.latest("w").await["metadata"]["has_preview"], true);
        let answer = app.request(Method::DELETE, &path, None).await;
        assert_eq!(result(&answer), &off);
        assert_eq!(
            failure(&app.request(Method::POST, &path, Some(json!({}))).await).0,
            400
        );
        let missing = format!("{SCRIPTS}/nope/subdomain");
        let asked = Some(json!({ "enabled": true }));
        let answer = app.request(Method::POST, &missing, asked).await;
        assert!(failure(&answer).1[0].starts_with("10007 "));
    }
}
