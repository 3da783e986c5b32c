//! `DELETE …/tails/{id}`.

use axum::extract::{Path, State};
use coffer_engine::{Error, Missing, TailWorkers};
use coffer_types::WorkerName;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::app::App;

/// The tail of a path.
#[derive(Debug, Deserialize)]
pub(super) struct TailPath {
    script_name: String,
    id: String,
}

impl TailPath {
    fn script_name(&self) -> Result<WorkerName, Error> {
        self.script_name.parse().map_err(|_| Missing::Worker.into())
    }
}

/// Ends a tail, also one whose client hung up before.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<TailPath>,
    Change { permit, body: () }: Change<TailWorkers, ()>,
) -> ApiResult<Answer<()>> {
    app.engine
        .delete_tail(&permit, path.script_name()?, &path.id)
        .await?;
    Ok(Answer::null())
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::testing::{TestApp, failure, result, text_at};

    const SCRIPTS: &str = "/accounts/{account_id}/workers/scripts";

    #[tokio::test]
    async fn a_tail_ends_once_and_by_its_own_worker() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        app.upload("other", json!([])).await;
        let tails = format!("{SCRIPTS}/w/tails");
        let answer = app.request(Method::POST, &tails, Some(json!({}))).await;
        let id = text_at(result(&answer), "/id");
        for path in [
            format!("{SCRIPTS}/other/tails/{id}"),
            format!("{SCRIPTS}/none/tails/{id}"),
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
            event.resource_id,
        );
        assert_eq!(told, ("delete", "tail", id));
        let again = app.request(Method::DELETE, &path, None).await;
        assert_eq!(failure(&again).0, 404);
        assert_eq!(
            result(&app.request(Method::GET, &tails, None).await),
            &json!([])
        );
    }
}
