//! `PATCH …/workers/{worker_id}/versions/latest`: a version out of the latest.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use coffer_engine::{EditSettings, Error, Invalid, NewBindingKind, VersionPatch};
use coffer_protocol::workers::Version;
use coffer_types::BindingName;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::workers::binding::{Bare, BindingFields};
use crate::api::workers::fields::{annotations, binding_name};
use crate::api::workers::worker::WorkerPath;
use crate::app::App;

/// The request: a merge patch of the latest version's environment.
#[derive(Debug, Deserialize)]
pub(super) struct Patch {
    #[serde(default)]
    env: BTreeMap<String, Option<BindingFields>>,
    annotations: Option<BTreeMap<String, String>>,
}

/// Makes a version out of the latest.
pub(super) async fn patch(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    query: Query,
    Change {
        permit,
        body: Json(body),
    }: Change<EditSettings, Json<Patch>>,
) -> ApiResult<Answer<Version>> {
    let name = path.name(&app, &permit).await?;
    let patch = VersionPatch {
        bindings: bindings(body.env)?,
        annotations: annotations(body.annotations)?,
        deploy: query.flag("deploy")?,
        only_if_deployed: false,
    };
    Ok(Answer::ok(
        app.engine
            .patch_latest_version(&permit, &name, patch)
            .await?,
    ))
}

type BindingPatch = (BindingName, Option<NewBindingKind>);

fn bindings(env: BTreeMap<String, Option<BindingFields>>) -> Result<Vec<BindingPatch>, Error> {
    let mut problems = Vec::new();
    let mut parsed = Vec::with_capacity(env.len());
    for (text, fields) in env {
        let one = binding_name(&text).and_then(|name| {
            let kind = fields.map(|fields| fields.kind(&name, Bare::Refused));
            Ok((name, kind.transpose()?))
        });
        match one {
            Ok(one) => parsed.push(one),
            Err(problem) => problems.push(Invalid {
                pointer: "/env".to_owned(),
                problem,
            }),
        }
    }
    if problems.is_empty() {
        Ok(parsed)
    } else {
        Err(Error::Invalid(problems))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::PermissionGroup;
    use serde_json::{Value, json};

    use crate::api::workers::testing::{SCRIPTS, names, secret};
    use crate::testing::{Answer, TestApp, failure, result, text_at};

    const WORKERS: &str = "/accounts/{account_id}/workers/workers";

    async fn patch(app: &TestApp, worker: &str, query: &str, body: Value) -> Answer {
        let path = format!("{WORKERS}/{worker}/versions/latest{query}");
        app.request(Method::PATCH, &path, Some(body)).await
    }

    #[tokio::test]
    async fn a_merge_patch_makes_a_version_that_is_not_deployed() {
        let app = TestApp::new().await;
        let first = app
            .upload("w", json!([secret("A", "1"), secret("B", "2")]))
            .await;
        let body = json!({
            "env": { "A": null, "C": { "type": "secret_text", "text": "3" }, "GONE": null },
            "annotations": { "workers/message": "Updated secret \"C\"" },
        });
        let answer = patch(&app, "w", "", body).await;
        assert_eq!(result(&answer)["number"], 2);
        let latest = app.latest("w").await;
        let bindings = names(&latest["resources"]["bindings"]);
        let bound: Vec<_> = bindings.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(bound, ["B", "C"]);
        assert_eq!(
            latest["annotations"]["workers/message"],
            "Updated secret \"C\""
        );
        assert_eq!(latest["annotations"]["workers/triggered_by"], "secret");
        assert_eq!(app.serving("w").await.version_id.to_string(), first);
        // Out of the latest, though it is not deployed.
        let body = json!({ "env": { "D": { "type": "secret_text", "text": "4" } } });
        result(&patch(&app, "w", "?deploy=true", body).await);
        let env = app.env("w").await;
        assert_eq!(
            (env.len(), env["B"].as_str(), env["D"].as_str()),
            (3, "2", "4")
        );
    }

    #[tokio::test]
    async fn a_worker_is_found_by_id_and_by_name() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let tag = app.record_of("w").await.unwrap().worker_id.to_string();
        let answer = patch(&app, &tag, "", json!({ "env": {} })).await;
        assert_eq!(result(&answer)["number"], 2);
        for path in [&tag, "w"] {
            let found = app
                .request(Method::GET, &format!("{WORKERS}/{path}"), None)
                .await;
            assert_eq!(text_at(result(&found), "/name"), "w");
        }
        // A name may look like an id.
        let name = "0".repeat(32);
        app.upload(&name, json!([])).await;
        let found = app
            .request(Method::GET, &format!("{WORKERS}/{name}"), None)
            .await;
        assert_eq!(text_at(result(&found), "/name"), name);

        let stranger = app.other_account().await;
        for id in [tag.as_str(), "w", "nope", "No Name"] {
            let path = format!("{WORKERS}/{}", id.replace(' ', "%20"));
            let theirs = path.replace("{account_id}", &stranger.id.to_string());
            let answer = app
                .request_as(&stranger.admin, Method::GET, &theirs, None)
                .await;
            assert!(failure(&answer).1[0].starts_with("10007 "));
            let path = format!("{theirs}/versions/latest");
            let body = Some(json!({ "env": {} }));
            let answer = app
                .request_as(&stranger.admin, Method::PATCH, &path, body)
                .await;
            assert!(failure(&answer).1[0].starts_with("10007 "));
        }
    }

    #[tokio::test]
    async fn what_is_no_binding_is_refused() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "KEY", "value").await;
        app.upload("w", json!([])).await;
        let deployer = app
            .token_with(&[PermissionGroup::WORKERS_SCRIPTS_WRITE])
            .await;
        let written = app.written().await;
        for bad in [
            json!({ "a b": { "type": "secret_text", "text": "x" } }),
            json!({ "A": { "type": "secret_text" } }),
            json!({ "A": { "type": "kv_namespace" } }),
            json!({ "A": { "type": "secret_text", "text": "x".repeat(5121) } }),
            json!({ "A": { "type": "secrets_store_secret", "store_id": store, "secret_name": "NOPE" } }),
            json!({ "A": 5 }),
            json!(5),
        ] {
            let answer = patch(&app, "w", "", json!({ "env": bad })).await;
            assert_eq!(failure(&answer).0, 400);
        }
        let path = format!("{WORKERS}/w/versions/latest");
        let stored =
            json!({ "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY" });
        let body = json!({ "env": { "B": stored } });
        let answer = app
            .request_as(&deployer, Method::PATCH, &path, Some(body))
            .await;
        assert!(failure(&answer).1[0].starts_with("10021 Secrets store binding authorization"));
        assert_eq!(app.written().await, written);
        assert!(app.record_of("w").await.is_some(), "{SCRIPTS}");
    }
}
