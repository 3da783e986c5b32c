//! `PATCH …/secrets-bulk`: several secrets in one version; `null` deletes.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, Error, SecretEdit};
use coffer_protocol::workers::WorkerSecret;
use coffer_types::BindingName;
use serde::Deserialize;

use super::put::Secret;
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::workers::fields::{ScriptPath, binding_name};
use crate::app::App;

/// The request: a merge patch of the Worker's secrets.
#[derive(Debug, Deserialize)]
pub(super) struct Patch {
    secrets: BTreeMap<String, Option<Secret>>,
}

/// Sets and deletes secrets.
pub(super) async fn bulk(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(patch),
    }: Change<DeployWorkers, Json<Patch>>,
) -> ApiResult<Answer<BTreeMap<BindingName, WorkerSecret>>> {
    let name = path.name()?;
    let edits = patch
        .secrets
        .into_iter()
        .map(|(text, secret)| match secret {
            Some(secret) => secret.parse(Some(&text)),
            None => removal(&text),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let set = edits
        .iter()
        .filter(|edit| edit.value.is_some())
        .map(|edit| (edit.name.clone(), WorkerSecret::named(edit.name.clone())))
        .collect();
    app.engine
        .edit_worker_secrets(&permit, &name, edits)
        .await?;
    Ok(Answer::ok(set))
}

fn removal(text: &str) -> Result<SecretEdit, Error> {
    let name = binding_name(text).map_err(|problem| Error::invalid("/secrets", problem))?;
    Ok(SecretEdit { name, value: None })
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Map, Value, json};

    use crate::api::workers::testing::{SCRIPTS, secret};
    use crate::testing::{TestApp, failure, result};

    async fn bulk(app: &TestApp, secrets: Value) -> crate::testing::Answer {
        let path = format!("{SCRIPTS}/w/secrets-bulk");
        let patch = json!({ "secrets": secrets });
        app.request(Method::PATCH, &path, Some(patch)).await
    }

    #[tokio::test]
    async fn secrets_are_set_and_deleted_in_one_version() {
        let app = TestApp::new().await;
        app.upload("w", json!([secret("A", "1"), secret("B", "2")]))
            .await;
        let patch =
            json!({ "A": null, "C": secret("C", "3"), "B": secret("B", "4"), "GONE": null });
        let answer = bulk(&app, patch).await;
        assert_eq!(
            result(&answer),
            &json!({
                "B": { "name": "B", "type": "secret_text" },
                "C": { "name": "C", "type": "secret_text" },
            })
        );
        let env = app.env("w").await;
        assert_eq!(env.len(), 2);
        assert_eq!((env["B"].as_str(), env["C"].as_str()), ("4", "3"));
        assert_eq!(app.latest("w").await["number"], 2);
        // What changes nothing makes no version.
        result(&bulk(&app, json!({ "GONE": null })).await);
        assert_eq!(app.latest("w").await["number"], 2);
    }

    #[tokio::test]
    async fn all_or_nothing_and_at_most_one_hundred() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let written = app.written().await;
        let of = |count: usize| -> Value {
            let named = (0..count).map(|index| format!("S{index}"));
            Value::Object(
                named
                    .map(|name| (name.clone(), secret(&name, "x")))
                    .collect::<Map<_, _>>(),
            )
        };
        for bad in [
            of(101),
            json!({ "A": secret("A", "1"), "b d": secret("b d", "2") }),
            json!({ "A": secret("A", "1"), "B": secret("B", &"x".repeat(5121)) }),
            json!({ "A": secret("A", "1"), "B": { "name": "B" } }),
            json!({ "A": "text" }),
            json!([]),
        ] {
            assert_eq!(failure(&bulk(&app, bad).await).0, 400);
        }
        assert_eq!(app.written().await, written);
        result(&bulk(&app, of(100)).await);
        assert_eq!(app.env("w").await.len(), 100);
    }
}
