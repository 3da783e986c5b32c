//! `DELETE …/deployments/{deployment_id}`: an earlier one, from the history.

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, Error, Missing};

use super::find::DeploymentPath;
use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::app::App;

/// Removes a deployment that divides no traffic any more.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<DeploymentPath>,
    Change { permit, body: () }: Change<DeployWorkers, ()>,
) -> ApiResult<Answer<()>> {
    let name = path.name()?;
    let Some(id) = path.id() else {
        app.engine.check_worker(&permit, &name).await?;
        return Err(Error::from(Missing::Deployment).into());
    };
    app.engine.delete_deployment(&permit, name, id).await?;
    Ok(Answer::null())
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::api::workers::testing::SCRIPTS;
    use crate::testing::{TestApp, failure, result, text_at};

    async fn deployments(app: &TestApp) -> Vec<Value> {
        let path = format!("{SCRIPTS}/w/deployments");
        let answer = app.request(Method::GET, &path, None).await;
        result(&answer)["deployments"].as_array().unwrap().clone()
    }

    #[tokio::test]
    async fn earlier_deployments_go_and_traffic_stays() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let second = app.upload("w", json!([])).await;
        let before = deployments(&app).await;
        let path =
            |deployment: &Value| format!("{SCRIPTS}/w/deployments/{}", text_at(deployment, "/id"));
        let answer = app.request(Method::DELETE, &path(&before[1]), None).await;
        assert_eq!(result(&answer), &Value::Null);
        assert_eq!(deployments(&app).await, before[..1]);
        assert_eq!(app.serving("w").await.version_id.to_string(), second);
        let gone = app.request(Method::DELETE, &path(&before[1]), None).await;
        assert!(failure(&gone).1[0].starts_with("10336 "));
        let events = app.audit_events().await;
        let last = events.last().unwrap();
        assert_eq!(
            (last.resource_id.as_str(), &last.details["worker_name"]),
            (before[1]["id"].as_str().unwrap(), &json!("w"))
        );
    }

    #[tokio::test]
    async fn the_active_deployment_and_unknown_ones_are_refused() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let active = text_at(&deployments(&app).await[0], "/id");
        app.upload("other", json!([])).await;
        let written = app.written().await;
        for (name, id, status, expected) in [
            ("w", active.as_str(), 409, "1003 deployment_active: "),
            ("other", &active, 404, "10336 "),
            ("w", "nonsense", 404, "10336 "),
            ("nope", &active, 404, "10007 "),
            ("nope", "nonsense", 404, "10007 "),
        ] {
            let path = format!("{SCRIPTS}/{name}/deployments/{id}");
            let (found, errors) = failure(&app.request(Method::DELETE, &path, None).await);
            assert_eq!(found, status, "{name} {id}");
            assert!(errors[0].starts_with(expected), "{errors:?}");
        }
        assert_eq!(app.written().await, written);
    }
}
