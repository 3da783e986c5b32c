//! `DELETE …/scripts/{script_name}` and `DELETE …/services/{script_name}`.

use axum::extract::{Path, State};
use coffer_engine::DeployWorkers;

use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::api::workers::fields::ScriptPath;
use crate::api::workers::scripts::service::as_service;
use crate::app::App;

/// Removes a Worker. Nothing can be bound to one, so there is nothing to force.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change { permit, body: () }: Change<DeployWorkers, ()>,
) -> ApiResult<Answer<()>> {
    app.engine.delete_worker(&permit, path.name()?).await?;
    Ok(Answer::null())
}

/// The same, by the older path.
pub(super) async fn delete_service(
    app: State<App>,
    path: Path<ScriptPath>,
    change: Change<DeployWorkers, ()>,
) -> ApiResult<Answer<()>> {
    delete(app, path, change).await.map_err(as_service)
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_protocol::feed::{ChangeSource, Record, Seq, Subject};
    use coffer_store::rows::worker_secrets;
    use serde_json::{Value, json};

    use crate::api::workers::testing::{SCRIPTS, secret};
    use crate::testing::{TestApp, failure, result};

    #[tokio::test]
    async fn nothing_of_a_worker_is_left_and_edges_are_told() {
        let app = TestApp::new().await;
        app.upload("kept", json!([])).await;
        app.upload("w", json!([secret("S", "s")])).await;
        result(&app.put_secret("w", "S", "t").await);
        let worker_id = app.record_of("w").await.unwrap().worker_id;
        let before = app.engine.snapshot().await.unwrap().seq;
        let path = format!("{SCRIPTS}/w?force=true");
        let answer = app.request(Method::DELETE, &path, None).await;
        assert_eq!(result(&answer), &Value::Null);
        assert!(answer.2.as_object().unwrap().contains_key("result"));

        let changes = app.engine.changes(before).await.unwrap();
        let gone: Vec<_> = changes.iter().map(|change| change.subject).collect();
        assert_eq!(gone.len(), 3);
        assert_eq!(gone[2], Subject::Worker(worker_id));
        assert!(changes.iter().all(|change| change.record.is_none()));
        let snapshot = app.engine.snapshot().await.unwrap();
        assert_eq!(snapshot.seq, Seq(before.0 + 3));
        let theirs = |record: &Record| match record {
            Record::Worker(worker) => worker.worker_id == worker_id,
            Record::Version(version) => version.worker_id == worker_id,
            _ => false,
        };
        assert!(!snapshot.records.iter().any(theirs));
        let mut reader = app.store.reader().await.unwrap();
        let secrets = worker_secrets::of_worker(&mut reader, worker_id)
            .await
            .unwrap();
        assert!(secrets.is_empty());
        drop(reader);
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("delete", "worker")
        );
        assert_eq!(event.details["worker_name"], "w");
        assert_eq!(event.details["versions"], 2);
        assert_eq!(event.details["deployments"], 2);
        let events = app.audit_events().await;
        let secrets: Vec<_> = events
            .iter()
            .filter(|event| {
                (event.action.as_str(), event.resource_kind.as_str()) == ("delete", "worker_secret")
            })
            .collect();
        assert_eq!(secrets.len(), 1);
        assert_eq!(secrets[0].details["name"], "S");

        assert!(failure(&app.put_secret("w", "S", "s").await).1[0].starts_with("10007 "));
        assert_eq!(
            failure(&app.request(Method::DELETE, &path, None).await).0,
            404
        );
        // The name is free, and what comes next is another Worker.
        app.upload("w", json!([])).await;
        assert_ne!(app.record_of("w").await.unwrap().worker_id, worker_id);
        assert!(app.record_of("kept").await.is_some());
    }
}
