//! Making, editing and deleting a Worker apart from its versions.

use axum::extract::{Path, State};
use coffer_engine::{
    DeployWorkers, Error, Permit, Problem, ScriptSettingsChanges, SubdomainChange, WorkerChanges,
};
use coffer_protocol::workers::Worker;
use coffer_types::WorkerName;
use serde::Deserialize;
use serde_json::Value;

use super::{WorkerPath, view};
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::workers::fields::ScriptSettingsFields;
use crate::app::App;

/// A Worker as clients send it; what only the server says is passed over.
#[derive(Debug, Deserialize)]
pub(super) struct WorkerFields {
    name: Option<String>,
    subdomain: Option<SubdomainFields>,
    #[serde(flatten)]
    settings: ScriptSettingsFields,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct SubdomainFields {
    enabled: Option<bool>,
    previews_enabled: Option<bool>,
}

impl WorkerFields {
    /// What changes; what is not named stays.
    fn changes(self) -> WorkerChanges {
        let switch = |fields: SubdomainFields| {
            let enabled = fields.enabled.unwrap_or(false);
            SubdomainChange {
                enabled,
                previews_enabled: fields.previews_enabled,
            }
        };
        WorkerChanges {
            settings: self.settings.into(),
            subdomain: self.subdomain.map(switch),
        }
    }
}

/// What is not named goes back to what a new Worker has.
fn or_default(changes: WorkerChanges) -> WorkerChanges {
    let WorkerChanges {
        settings,
        subdomain,
    } = changes;
    let off = SubdomainChange {
        enabled: false,
        previews_enabled: Some(false),
    };
    WorkerChanges {
        settings: ScriptSettingsChanges {
            logpush: Some(settings.logpush.unwrap_or(false)),
            tags: Some(settings.tags.flatten()),
            tail_consumers: Some(settings.tail_consumers.flatten()),
            observability: Some(settings.observability.flatten()),
        },
        subdomain: Some(subdomain.unwrap_or(off)),
    }
}

/// `POST …/workers/workers`.
pub(super) async fn create(
    State(app): State<App>,
    Change {
        permit,
        body: Json(fields),
    }: Change<DeployWorkers, Json<WorkerFields>>,
) -> ApiResult<Answer<Worker>> {
    let name = fields.name.as_deref().unwrap_or_default();
    let name: WorkerName = name
        .parse()
        .map_err(|error| Error::invalid("/name", Problem::WorkerName(error)))?;
    let changes = or_default(fields.changes());
    app.engine
        .create_worker(&permit, name.clone(), &changes)
        .await?;
    shown(&app, &permit, &name).await
}

/// `PATCH …/workers/workers/{worker_id}`.
pub(super) async fn edit(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Change {
        permit,
        body: Json(fields),
    }: Change<DeployWorkers, Json<WorkerFields>>,
) -> ApiResult<Answer<Worker>> {
    let name = path.name(&app, &permit).await?;
    check_name(&name, &fields)?;
    app.engine
        .edit_worker(&permit, name.clone(), fields.changes())
        .await?;
    shown(&app, &permit, &name).await
}

/// `PUT …/workers/workers/{worker_id}`.
pub(super) async fn replace(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Change {
        permit,
        body: Json(fields),
    }: Change<DeployWorkers, Json<WorkerFields>>,
) -> ApiResult<Answer<Worker>> {
    let name = path.name(&app, &permit).await?;
    check_name(&name, &fields)?;
    let changes = or_default(fields.changes());
    app.engine
        .edit_worker(&permit, name.clone(), changes)
        .await?;
    shown(&app, &permit, &name).await
}

/// `DELETE …/workers/workers/{worker_id}`.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Change { permit, body: () }: Change<DeployWorkers, ()>,
) -> ApiResult<Answer<Value>> {
    let name = path.name(&app, &permit).await?;
    app.engine.delete_worker(&permit, name).await?;
    Ok(Answer::ok(Value::Null))
}

/// A Worker keeps its name: host names and bindings of others are made of it.
fn check_name(name: &WorkerName, fields: &WorkerFields) -> Result<(), Error> {
    match &fields.name {
        Some(other) if other != name.as_str() => {
            let rule = "a Worker cannot be renamed: make another with the new name".to_owned();
            Err(Error::invalid("/name", Problem::Upload(rule)))
        }
        _ => Ok(()),
    }
}

async fn shown(
    app: &App,
    permit: &Permit<DeployWorkers>,
    name: &WorkerName,
) -> ApiResult<Answer<Worker>> {
    let facts = app.engine.worker(permit, name).await?;
    let subdomain = permit.account().subdomain.as_ref();
    Ok(Answer::ok(view(app, subdomain, facts)))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::testing::{Answer, TestApp, failure, result, text_at};

    const WORKERS: &str = "/accounts/{account_id}/workers/workers";

    async fn send(app: &TestApp, method: Method, path: &str, body: Value) -> Answer {
        app.request(method, &format!("{WORKERS}{path}"), Some(body))
            .await
    }

    #[tokio::test]
    async fn a_worker_is_made_edited_replaced_and_deleted() {
        let app = TestApp::new().await;
        let body = json!({ "name": "w", "logpush": true, "tags": ["a"], "subdomain": { "enabled": true } });
        let made = send(&app, Method::POST, "", body).await;
        let made = result(&made);
        assert_eq!(
            (&made["name"], &made["logpush"], &made["tags"]),
            (&json!("w"), &json!(true), &json!(["a"]))
        );
        assert_eq!(made["subdomain"]["enabled"], true);
        assert_eq!(made["subdomain"]["previews_enabled"], true);
        assert_eq!(made["deployed_on"], Value::Null);
        assert!(app.record_of("w").await.unwrap().subdomain_enabled);
        let id = format!("/{}", text_at(made, "/id"));

        let edited = send(
            &app,
            Method::PATCH,
            &id,
            json!({ "observability": { "enabled": true } }),
        )
        .await;
        let edited = result(&edited);
        assert_eq!(
            (&edited["tags"], &edited["observability"]),
            (&json!(["a"]), &json!({ "enabled": true }))
        );
        let same = json!({ "name": "w", "tags": ["b"] });
        let replaced = send(&app, Method::PUT, "/w", same).await;
        let replaced = result(&replaced);
        assert_eq!(
            (&replaced["tags"], &replaced["logpush"]),
            (&json!(["b"]), &json!(false))
        );
        assert_eq!(replaced["observability"], json!({ "enabled": false }));
        assert_eq!(replaced["subdomain"]["enabled"], false);
        assert!(!app.record_of("w").await.unwrap().subdomain_enabled);

        app.upload("w", json!([])).await;
        assert_eq!(
            result(&send(&app, Method::DELETE, &id, Value::Null).await),
            &Value::Null
        );
        assert!(app.record_of("w").await.is_none());
        let gone = send(&app, Method::DELETE, &id, Value::Null).await;
        assert!(failure(&gone).1[0].starts_with("10007 "));
    }

    #[tokio::test]
    async fn what_is_no_worker_is_refused() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let written = app.written().await;
        for (method, path, body, status) in [
            (Method::POST, "", json!({}), 400),
            (Method::POST, "", json!({ "name": "No Name" }), 400),
            (Method::POST, "", json!({ "name": "w" }), 409),
            (Method::PATCH, "/w", json!({ "name": "other" }), 400),
            (Method::PUT, "/w", json!({ "name": "other" }), 400),
            (Method::PATCH, "/w", json!({ "logpush": "yes" }), 400),
            (Method::PATCH, "/nope", json!({}), 404),
        ] {
            let answer = send(&app, method.clone(), path, body.clone()).await;
            assert_eq!(failure(&answer).0, status, "{method} {path} {body}");
        }
        assert_eq!(app.written().await, written);
    }
}
