//! `POST …/deployments/{deployment_id}/tails`.

use axum::extract::{Path, State};
use coffer_engine::DeployPages;
use coffer_protocol::tail::TailInfo;
use serde::Deserialize;
use serde_json::Value;

use super::{DeploymentPath, project_name};
use crate::api::answer::Answer;
use crate::api::body::{Change, Maybe};
use crate::api::error::ApiResult;
use crate::app::App;

/// The request: without filters, everything is seen.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    filters: Vec<Value>,
}

/// Starts a tail, whose address lets one client in.
pub(super) async fn create(
    State(app): State<App>,
    Path(path): Path<DeploymentPath>,
    Change {
        permit,
        body: Maybe(asked),
    }: Change<DeployPages, Maybe<Asked>>,
) -> ApiResult<Answer<TailInfo>> {
    let name = project_name(&path.project_name)?;
    let filters = asked.unwrap_or_default().filters;
    let tail = app
        .engine
        .create_pages_tail(&permit, &name, &path.deployment_id, &filters)
        .await?;
    Ok(Answer::ok(TailInfo {
        id: tail.id.to_string(),
        url: app.tail_url(tail.id, Some(&tail.token)),
        expires_at: tail.expires_at.to_string(),
    }))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Clock;
    use serde_json::{Value, json};

    use crate::api::pages::testing::{DEPLOYMENTS, id_of};
    use crate::testing::{TestApp, failure, result, text_at};

    async fn create(app: &TestApp, deployment: &str, body: Value) -> crate::testing::Answer {
        let path = format!("{DEPLOYMENTS}/{deployment}/tails");
        app.request(Method::POST, &path, Some(body)).await
    }

    #[tokio::test]
    async fn a_tail_of_a_deployment_has_an_address_an_end_and_an_event() {
        let app = TestApp::with_site().await;
        let deployment = id_of(&app.deployed("main").await).to_string();
        // As Wrangler and others send it.
        for body in [json!({ "filters": [] }), json!({})] {
            let answer = create(&app, &deployment, body).await;
            let tail = result(&answer);
            let id = text_at(tail, "/id");
            let url = text_at(tail, "/url");
            let beginning = format!("ws://localhost:7070/tails/{id}/cft_");
            assert!(url.starts_with(&beginning), "{url}");
            let expires = app.clock.now().plus_micros(3600 * 1_000_000).to_string();
            assert_eq!(text_at(tail, "/expires_at"), expires);
            let event = app.audit_events().await.pop().unwrap();
            assert_eq!(
                (event.action.as_str(), event.resource_kind.as_str()),
                ("create", "tail")
            );
            assert_eq!(event.resource_id, id);
            assert_eq!(event.details["deployment_id"], deployment);
            assert_eq!(event.details["project_name"], "site");
            let (_, secret) = url.rsplit_once('/').unwrap();
            assert!(!format!("{event:?}").contains(secret));
        }
    }

    #[tokio::test]
    async fn what_is_not_there_has_no_tail_and_bad_filters_are_refused() {
        let app = TestApp::with_site().await;
        let deployment = id_of(&app.deployed("main").await).to_string();
        app.project("other").await;
        let before = app.written().await;
        for unknown in ["00000000-0000-4000-8000-000000000000", "first"] {
            let (status, errors) = failure(&create(&app, unknown, json!({})).await);
            assert_eq!(status, 404, "{errors:?}");
        }
        for project in ["other", "none", "No_Name"] {
            let path = DEPLOYMENTS.replace("/site/", &format!("/{project}/"));
            let path = format!("{path}/{deployment}/tails");
            let answer = app.request(Method::POST, &path, Some(json!({}))).await;
            assert_eq!(failure(&answer).0, 404, "{project}");
        }
        let filters = json!({ "filters": [{ "sampling_rate": 2 }] });
        let (status, errors) = failure(&create(&app, &deployment, filters).await);
        assert_eq!(status, 400);
        assert!(
            errors[0].ends_with(" at /filters/0/sampling_rate"),
            "{errors:?}"
        );
        assert_eq!(app.written().await, before);
    }
}
