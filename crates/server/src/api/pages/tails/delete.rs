//! `DELETE …/deployments/{deployment_id}/tails/{tail_id}`.

use axum::extract::{Path, State};
use coffer_engine::DeployPages;
use serde::Deserialize;

use super::project_name;
use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::app::App;

/// The tail of a path.
#[derive(Debug, Deserialize)]
pub(super) struct TailPath {
    project_name: String,
    deployment_id: String,
    tail_id: String,
}

/// Ends a tail, also one whose client hung up before.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<TailPath>,
    Change { permit, body: () }: Change<DeployPages, ()>,
) -> ApiResult<Answer<()>> {
    let name = project_name(&path.project_name)?;
    app.engine
        .delete_pages_tail(&permit, &name, &path.deployment_id, &path.tail_id)
        .await?;
    Ok(Answer::null())
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::api::pages::testing::{DEPLOYMENTS, SITE, id_of};
    use crate::testing::{TestApp, failure, result, text_at};

    #[tokio::test]
    async fn a_tail_ends_once_by_its_own_deployment_and_after_it_too() {
        let app = TestApp::with_site().await;
        app.project("other").await;
        let deployment = id_of(&app.deployed("preview").await);
        let other = id_of(&app.deployed("main").await);
        let tails = format!("{DEPLOYMENTS}/{deployment}/tails");
        let mut made = Vec::new();
        let mut url = String::new();
        for _ in 0..2 {
            let answer = app.request(Method::POST, &tails, Some(json!({}))).await;
            made.push(text_at(result(&answer), "/id"));
            url = text_at(result(&answer), "/url");
        }
        let id = &made[0];
        for path in [
            format!("{DEPLOYMENTS}/{other}/tails/{id}"),
            format!("{DEPLOYMENTS}/first/tails/{id}"),
            format!("{tails}/{id}").replace("/site/", "/other/"),
            format!("{tails}/0123456789abcdef0123456789abcdef"),
            format!("{tails}/nonsense"),
        ] {
            let answer = app.request(Method::DELETE, &path, None).await;
            assert_eq!(failure(&answer).0, 404, "{path}");
        }
        let path = format!("{tails}/{id}");
        let answer = app.request(Method::DELETE, &path, None).await;
        assert_eq!(result(&answer), &json!(null));
        let event = app.audit_events().await.pop().unwrap();
        let told = (
            event.action.as_str(),
            event.resource_kind.as_str(),
            &event.resource_id,
        );
        assert_eq!(told, ("delete", "tail", id));
        let again = app.request(Method::DELETE, &path, None).await;
        assert_eq!(failure(&again).0, 404);

        // With the deployment its tails end; a client may still end its own.
        let path = format!("{DEPLOYMENTS}/{deployment}?force=true");
        result(&app.request(Method::DELETE, &path, None).await);
        let (_, token) = url.rsplit_once('/').unwrap();
        assert!(app.engine.follow_tail(&made[1], token).is_err());
        let answer = app.request(Method::POST, &tails, Some(json!({}))).await;
        assert_eq!(failure(&answer).0, 404);
        let path = format!("{tails}/{}", made[1]);
        let answer = app.request(Method::DELETE, &path, None).await;
        assert_eq!(result(&answer), &json!(null));

        // With the project all its tails are gone.
        let tails = format!("{DEPLOYMENTS}/{other}/tails");
        let answer = app.request(Method::POST, &tails, Some(json!({}))).await;
        let url = text_at(result(&answer), "/url");
        result(&app.request(Method::DELETE, SITE, None).await);
        let (path, token) = url.rsplit_once('/').unwrap();
        let (_, id) = path.rsplit_once('/').unwrap();
        assert!(app.engine.follow_tail(id, token).is_err());
    }
}
