//! Deleting a version that gets no traffic.

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, Error, Missing, Permit, WhichVersion};
use coffer_types::WorkerName;

use super::WorkerPath;
use super::versions::VersionPath;
use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::app::App;

/// `DELETE …/versions/{version_id}`: by id, its beginning, or `latest`.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<VersionPath>,
    Change { permit, body: () }: Change<DeployWorkers, ()>,
) -> ApiResult<Answer<()>> {
    let name = path.worker.name(&app, &permit).await?;
    delete_named(&app, &permit, name, &path.version_id).await
}

/// `DELETE …/versions/latest`.
pub(super) async fn delete_latest(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Change { permit, body: () }: Change<DeployWorkers, ()>,
) -> ApiResult<Answer<()>> {
    let name = path.name(&app, &permit).await?;
    delete_named(&app, &permit, name, "latest").await
}

async fn delete_named(
    app: &App,
    permit: &Permit<DeployWorkers>,
    name: WorkerName,
    which: &str,
) -> ApiResult<Answer<()>> {
    let Some(which) = WhichVersion::parse(which) else {
        app.engine.check_worker(permit, &name).await?;
        return Err(Error::from(Missing::Version).into());
    };
    app.engine
        .delete_worker_version(permit, name, which)
        .await?;
    Ok(Answer::null())
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_protocol::feed::{ChangeSource, Record, Subject};
    use coffer_store::rows::{blobs, worker_secrets};
    use coffer_types::VersionId;
    use serde_json::{Value, json};

    use crate::api::workers::testing::{ES_MODULE, Multipart, SCRIPTS, metadata, secret};
    use crate::testing::{Answer, TestApp, failure, result, text_at};

    const VERSIONS: &str = "/accounts/{account_id}/workers/workers/w/versions";

    async fn delete(app: &TestApp, which: &str) -> Answer {
        let path = format!("{VERSIONS}/{which}");
        app.request(Method::DELETE, &path, None).await
    }

    async fn ids(app: &TestApp) -> Vec<String> {
        let answer = app.request(Method::GET, VERSIONS, None).await;
        let found = result(&answer).as_array().unwrap();
        found.iter().map(|one| text_at(one, "/id")).collect()
    }

    /// Uploads code of this text with these bindings, and deploys it if asked.
    async fn upload(app: &TestApp, deploy: bool, code: &str, bindings: Value) -> String {
        let body = Multipart::of(&metadata(&bindings)).module("index.js", ES_MODULE, code);
        let (method, path) = match deploy {
            true => (Method::PUT, format!("{SCRIPTS}/w")),
            false => (Method::POST, format!("{SCRIPTS}/w/versions")),
        };
        result(&app.multipart(method, &path, body).await);
        text_at(&app.latest("w").await, "/id")
    }

    /// How many sealed values the Worker has.
    async fn values(app: &TestApp) -> usize {
        let id = app.record_of("w").await.unwrap().worker_id;
        let mut reader = app.store.reader().await.unwrap();
        worker_secrets::of_worker(&mut reader, id)
            .await
            .unwrap()
            .len()
    }

    #[tokio::test]
    async fn a_version_goes_with_what_only_it_has_and_edges_are_told() {
        let app = TestApp::new().await;
        let first = upload(&app, true, "1", json!([secret("KEPT", "a")])).await;
        let second = upload(&app, false, "2", json!([secret("OWN", "b")])).await;
        let digest = {
            let path = format!("{VERSIONS}/latest");
            let answer = app.request(Method::GET, &path, None).await;
            assert_eq!(text_at(result(&answer), "/id"), second);
            let snapshot = app.engine.snapshot().await.unwrap();
            let records = snapshot.records.into_iter();
            let mut found = records.filter_map(|record| match record {
                Record::Version(one) if one.number == 2 => Some(one.modules[0].digest),
                _ => None,
            });
            found.next().unwrap()
        };
        assert_eq!(values(&app).await, 2);
        let before = app.engine.snapshot().await.unwrap().seq;
        let events = app.audit_events().await.len();

        assert_eq!(result(&delete(&app, &second).await), &Value::Null);

        assert_eq!(ids(&app).await, [first]);
        assert_eq!(values(&app).await, 1);
        let mut reader = app.store.reader().await.unwrap();
        assert_eq!(blobs::find(&mut reader, digest).await.unwrap(), None);
        assert_eq!(app.env("w").await["KEPT"], "a");
        let changes = app.engine.changes(before).await.unwrap();
        let id: VersionId = second.parse().unwrap();
        assert!(
            changes
                .iter()
                .any(|change| change.subject == Subject::Version(id) && change.record.is_none())
        );
        let told: Vec<_> = app.audit_events().await.split_off(events);
        let kinds: Vec<_> = told
            .iter()
            .map(|event| format!("{} {}", event.action, event.resource_kind))
            .collect();
        assert_eq!(kinds, ["delete worker_secret", "delete version"]);
        assert_eq!(told[1].details["secret_values_removed"], 1);
        // Numbers are not given twice.
        let third = upload(&app, false, "3", json!([])).await;
        assert_eq!(app.latest("w").await["number"], 3);
        assert_eq!(result(&delete(&app, &third[..8]).await), &Value::Null);
        assert!(failure(&delete(&app, &third).await).1[0].starts_with("100146 "));
    }

    #[tokio::test]
    async fn what_other_versions_have_stays() {
        let app = TestApp::new().await;
        let shared = json!([secret("S", "a")]);
        let first = upload(&app, true, "same", shared).await;
        upload(&app, true, "same", json!([])).await;
        // The first was deployed before: its deployment goes with it.
        let path = format!("{SCRIPTS}/w/deployments");
        let deployments = async || {
            let answer = app.request(Method::GET, &path, None).await;
            result(&answer)["deployments"].as_array().unwrap().len()
        };
        assert_eq!(deployments().await, 2);
        assert_eq!(result(&delete(&app, &first).await), &Value::Null);
        assert_eq!(deployments().await, 1);
        assert_eq!(app.env("w").await["S"], "a");
        let module = app.serving("w").await.modules[0].digest;
        let mut reader = app.store.reader().await.unwrap();
        let content = blobs::find(&mut reader, module).await.unwrap();
        assert_eq!(content.as_deref(), Some("same".as_bytes()));
        assert_eq!(values(&app).await, 1);
    }

    #[tokio::test]
    async fn the_newest_is_taken_back_by_name() {
        let app = TestApp::new().await;
        let first = upload(&app, true, "1", json!([secret("S", "a")])).await;
        let path = format!("{VERSIONS}/latest");
        let changed = json!({ "env": { "S": { "type": "secret_text", "text": "b" } } });
        result(&app.request(Method::PATCH, &path, Some(changed)).await);
        assert_eq!(values(&app).await, 2);
        assert_eq!(result(&delete(&app, "latest").await), &Value::Null);
        assert_eq!(ids(&app).await, [first]);
        assert_eq!(values(&app).await, 1);
        // A secret may be set again: the newest version is the deployed one.
        result(&app.put_secret("w", "S", "c").await);
        assert_eq!(app.env("w").await["S"], "c");
    }

    #[tokio::test]
    async fn a_version_with_traffic_and_an_unknown_one_are_refused() {
        let app = TestApp::new().await;
        let first = upload(&app, true, "1", json!([])).await;
        let second = upload(&app, false, "2", json!([])).await;
        let split = json!({ "strategy": "percentage", "versions": [
            { "version_id": first, "percentage": 99.9 },
            { "version_id": second, "percentage": 0.1 },
        ] });
        let path = format!("{SCRIPTS}/w/deployments");
        result(&app.request(Method::POST, &path, Some(split)).await);
        app.upload("other", json!([])).await;
        let foreign = text_at(&app.latest("other").await, "/id");
        let written = app.written().await;
        for (which, status, expected) in [
            (first.as_str(), 409, "1003 version_deployed: "),
            (&second, 409, "1003 version_deployed: "),
            ("latest", 409, "1003 version_deployed: "),
            (&foreign, 404, "100146 "),
            ("nonsense", 404, "100146 "),
            ("00000000", 404, "100146 "),
        ] {
            let (found, errors) = failure(&delete(&app, which).await);
            assert_eq!(found, status, "{which}");
            assert!(errors[0].starts_with(expected), "{errors:?}");
        }
        for which in [first.as_str(), "latest", "nonsense"] {
            let path = format!("{}/{which}", VERSIONS.replace("/w/", "/nope/"));
            let answer = app.request(Method::DELETE, &path, None).await;
            assert!(failure(&answer).1[0].starts_with("10007 "), "{which}");
        }
        assert_eq!(ids(&app).await.len(), 2);
        assert_eq!(app.written().await, written);
    }
}
