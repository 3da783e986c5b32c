//! `PUT …/secrets`: one secret, deployed at once.

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, Error, Problem, SecretEdit, SecretValue};
use coffer_protocol::workers::WorkerSecret;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::workers::binding::unsupported;
use crate::api::workers::fields::{ScriptPath, binding_name};
use crate::app::App;

/// A secret to be set.
#[derive(Debug, Deserialize)]
pub(super) struct Secret {
    name: Option<String>,
    text: Option<SecretValue>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Sets a secret.
pub(super) async fn put(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(secret),
    }: Change<DeployWorkers, Json<Secret>>,
) -> ApiResult<Answer<WorkerSecret>> {
    let name = path.name()?;
    let edit = secret.parse(None)?;
    let answer = WorkerSecret::named(edit.name.clone());
    app.engine
        .edit_worker_secrets(&permit, &name, vec![edit])
        .await?;
    Ok(Answer::ok(answer))
}

impl Secret {
    /// The secret to be set, under the name of its place if it has one.
    pub(super) fn parse(self, place: Option<&str>) -> Result<SecretEdit, Error> {
        let text = place.or(self.name.as_deref()).unwrap_or_default();
        let name = binding_name(text).map_err(|problem| Error::invalid("/name", problem))?;
        match self.kind.as_deref() {
            None | Some("secret_text") => {}
            Some("secret_key") => {
                let rule = format!("binding {name} of type secret_key is set with an upload");
                return Err(Error::invalid("/type", Problem::Upload(rule)));
            }
            Some(other) => {
                return Err(Error::invalid("/type", unsupported(&name, other)));
            }
        }
        let missing = || {
            let rule = format!("secret {name} needs text");
            Error::invalid("/text", Problem::Upload(rule))
        };
        let value = self.text.ok_or_else(missing)?;
        Ok(SecretEdit {
            name,
            value: Some(value),
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::PermissionGroup;
    use serde_json::{Value, json};

    use crate::api::workers::testing::{CODE, ES_MODULE, Multipart, SCRIPTS, names, secret};
    use crate::testing::{TestApp, failure, result, text_at};

    #[tokio::test]
    async fn a_secret_is_served_at_once_by_a_new_version_with_the_same_code() {
        let app = TestApp::new().await;
        let first = app.upload("w", json!([secret("KEPT", "kept")])).await;
        let before = app.audit_events().await.len();
        let answer = app.put_secret("w", "NEW", "marked-value").await;
        assert_eq!(
            result(&answer),
            &json!({ "name": "NEW", "type": "secret_text" })
        );
        let serving = app.serving("w").await;
        assert_ne!(serving.version_id.to_string(), first);
        assert_eq!(serving.number, 2);
        assert_eq!(serving.main_module.as_ref().unwrap().as_str(), "index.js");
        let env = app.env("w").await;
        assert_eq!(
            (env["KEPT"].as_str(), env["NEW"].as_str()),
            ("kept", "marked-value")
        );
        let latest = app.latest("w").await;
        assert_eq!(
            latest["annotations"],
            json!({ "workers/triggered_by": "secret" })
        );
        assert_eq!(app.start_check.asked().len(), 2);

        let kinds = async |from: usize| {
            let events = app.audit_events().await;
            let said = events[from..].iter().map(|event| {
                assert!(!event.details.to_string().contains("marked-value"));
                format!("{} {}", event.action, event.resource_kind)
            });
            said.collect::<Vec<_>>()
        };
        assert_eq!(
            kinds(before).await,
            [
                "create worker_secret",
                "create version",
                "create deployment"
            ]
        );
        let before = app.audit_events().await.len();
        result(&app.put_secret("w", "NEW", "other").await);
        assert_eq!(app.env("w").await["NEW"], "other");
        assert_eq!(kinds(before).await[0], "update worker_secret");
        // The older version still has the older value.
        let tried = app.start_check.asked();
        assert_eq!(app.opened(&tried[1]).await["NEW"], "marked-value");
    }

    #[tokio::test]
    async fn the_way_of_a_worker_that_does_not_exist_yet() {
        let app = TestApp::new().await;
        let missing = app.put_secret("brand-new", "D", "d").await;
        assert_eq!(
            failure(&missing),
            (
                404,
                vec!["10007 This Worker does not exist on your account.".to_owned()]
            )
        );
        let stub = json!({ "main_module": "brand-new", "bindings": [], "logpush": false });
        let body = Multipart::of(&stub).module("brand-new", ES_MODULE, CODE);
        let path = format!("{SCRIPTS}/brand-new");
        result(&app.multipart(Method::PUT, &path, body).await);
        result(&app.put_secret("brand-new", "D", "d").await);
        result(&app.put_secret("brand-new", "E", "e").await);
        let env = app.env("brand-new").await;
        assert_eq!((env["D"].as_str(), env["E"].as_str()), ("d", "e"));
        // Wrangler sends an existing Worker's code as a version and keeps the secrets.
        let version = app.upload_version("brand-new", json!([])).await;
        result(&app.deploy("brand-new", &version, "").await);
        assert_eq!(app.env("brand-new").await.len(), 2);
    }

    #[tokio::test]
    async fn secrets_are_not_edited_beside_a_version_that_is_not_deployed() {
        let app = TestApp::new().await;
        app.upload("w", json!([secret("OLD", "x")])).await;
        let version = app.upload_version("w", json!([])).await;
        let written = app.written().await;
        let path = format!("{SCRIPTS}/w/secrets/OLD?url_encoded=true");
        let bulk = format!("{SCRIPTS}/w/secrets-bulk");
        let patch = json!({ "secrets": { "A": secret("A", "1") } });
        for answer in [
            app.put_secret("w", "S", "s").await,
            app.request(Method::DELETE, &path, None).await,
            app.request(Method::PATCH, &bulk, Some(patch)).await,
        ] {
            let (status, errors) = failure(&answer);
            assert_eq!(status, 400);
            assert!(errors[0].starts_with("10215 "), "{errors:?}");
        }
        assert_eq!(app.written().await, written);
        result(&app.deploy("w", &version, "").await);
        result(&app.put_secret("w", "S", "s").await);
    }

    #[tokio::test]
    async fn what_is_no_secret_is_refused() {
        let app = TestApp::new().await;
        let var = json!([{ "name": "VAR", "type": "plain_text", "text": "x" }]);
        app.upload("w", var).await;
        let written = app.written().await;
        let path = format!("{SCRIPTS}/w/secrets");
        let long = "x".repeat(5121);
        for (body, expected) in [
            (
                secret("", "s"),
                "10021 the name of a binding must not be empty",
            ),
            (
                secret("a b", "s"),
                "10021 the name of a binding must consist of",
            ),
            (
                secret("A\u{0}", "s"),
                "10021 the name of a binding must consist of",
            ),
            (
                json!({ "text": "s" }),
                "10021 the name of a binding must not be empty",
            ),
            (json!({ "name": "A" }), "10021 secret A needs text"),
            (
                json!({ "name": "A", "text": "s", "type": "secret_key" }),
                "10021 binding A of type secret_key is set with an upload",
            ),
            (
                json!({ "name": "A", "text": "s", "type": "8675309" }),
                "10021 binding A has a type that is not known",
            ),
            (
                secret("VAR", "s"),
                "10021 Binding name 'VAR' already in use.",
            ),
            (
                secret("A", &long),
                "10054 the text of A is 5121 bytes, the limit is 5120",
            ),
            (
                json!({ "name": "A", "text": 8_675_309 }),
                "1001 invalid_json_body",
            ),
            (json!([]), "1001 invalid_json_body"),
        ] {
            let answer = app.request(Method::PUT, &path, Some(body)).await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 400);
            assert!(
                errors[0].starts_with(expected),
                "{errors:?} is not {expected}"
            );
            assert!(!answer.2.to_string().contains("8675309"));
        }
        let not_utf8 = b"{\"name\":\"A\",\"text\":\"\xff\"}".to_vec();
        let answer = app
            .send_bytes(Method::PUT, &path, "application/json", not_utf8)
            .await;
        assert_eq!(failure(&answer).0, 400);
        assert_eq!(app.written().await, written);
        result(&app.put_secret("w", "A", &long[..5120]).await);
    }

    #[tokio::test]
    async fn an_edit_carries_bindings_over_that_its_caller_may_not_make() {
        let (app, store) = TestApp::with_store().await;
        let id = app.create_secret(&store, "KEY", "value").await;
        let stored = json!([
            { "name": "B", "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY" }
        ]);
        app.upload("w", stored).await;
        // Neither the permission to bind nor the secret itself is needed for what is there already.
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{id}");
        assert_eq!(app.request(Method::DELETE, &path, None).await.0, 202);
        let deployer = app
            .token_with(&[PermissionGroup::WORKERS_SCRIPTS_WRITE])
            .await;
        let path = format!("{SCRIPTS}/w/secrets");
        let answer = app
            .request_as(&deployer, Method::PUT, &path, Some(secret("S", "s")))
            .await;
        result(&answer);
        let latest = app.latest("w").await;
        assert_eq!(names(&latest["resources"]["bindings"]).len(), 2);
    }

    #[tokio::test]
    async fn secrets_put_at_once_are_all_there() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let puts = (0..16).map(|index| {
            let app = &app;
            async move { app.put_secret("w", &format!("S{index}"), "x").await }
        });
        for answer in futures::future::join_all(puts).await {
            result(&answer);
        }
        assert_eq!(app.env("w").await.len(), 16);
        assert_eq!(app.latest("w").await["number"], 17);
    }

    #[tokio::test]
    async fn secrets_are_listed_and_found_by_name_only() {
        let app = TestApp::new().await;
        app.upload(
            "w",
            json!([{ "name": "VAR", "type": "plain_text", "text": "x" }]),
        )
        .await;
        let path = format!("{SCRIPTS}/w/secrets");
        let list = app.request(Method::GET, &path, None).await;
        assert_eq!(result(&list), &json!([]));
        result(&app.put_secret("w", "S", "marked-value").await);
        let list = app.request(Method::GET, &path, None).await;
        assert_eq!(
            result(&list),
            &json!([{ "name": "S", "type": "secret_text" }])
        );
        let past = app
            .request(Method::GET, &format!("{path}?page=2"), None)
            .await;
        assert_eq!(result(&past), &json!([]));
        let one = app.request(Method::GET, &format!("{path}/S"), None).await;
        assert_eq!(text_at(result(&one), "/name"), "S");
        for name in ["VAR", "NOPE", "a%20b"] {
            for method in [Method::GET, Method::DELETE] {
                let answer = app
                    .request(method, &format!("{path}/{name}?url_encoded=true"), None)
                    .await;
                assert_eq!(
                    failure(&answer),
                    (404, vec!["10056 Binding not found".to_owned()])
                );
            }
        }
        let deleted = app
            .request(Method::DELETE, &format!("{path}/S?url_encoded=true"), None)
            .await;
        assert_eq!(result(&deleted), &Value::Null);
        assert!(app.env("w").await.is_empty());
        assert_eq!(app.serving("w").await.bindings.len(), 1);
        for missing in ["nope", "Not-A-Name"] {
            for path in ["secrets", "secrets/S"] {
                let path = format!("{SCRIPTS}/{missing}/{path}");
                let answer = app.request(Method::GET, &path, None).await;
                assert!(failure(&answer).1[0].starts_with("10007 "));
            }
        }
    }
}
