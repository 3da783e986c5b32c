//! `PATCH …/settings`: bindings and settings without new code. A binding that comes without what it gives
//! stays as it is, because a list that was read has no values in it.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use coffer_engine::{EditSettings, SettingsChanges};
use coffer_protocol::workers::Settings;
use coffer_types::limits::MAX_JSON_BODY_BYTES;
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::api::answer::Answer;
use crate::api::body::{FromBody, Json};
use crate::api::error::{ApiError, ApiResult};
use crate::api::workers::binding::{Bare, BindingFields, bindings};
use crate::api::workers::fields::{ScriptPath, ScriptSettingsFields, annotations};
use crate::api::workers::upload::{Form, Uploaded, refused, take_bracketed};
use crate::app::App;

#[derive(Debug, Deserialize)]
struct Fields {
    bindings: Option<Vec<BindingFields>>,
    compatibility_date: Option<String>,
    compatibility_flags: Option<Vec<String>>,
    limits: Option<Value>,
    placement: Option<Value>,
    annotations: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    script: ScriptSettingsFields,
}

/// Edits settings and bindings.
pub(super) async fn edit(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Uploaded {
        permit,
        form,
        room: _room,
    }: Uploaded<EditSettings>,
) -> ApiResult<Answer<Settings>> {
    let name = path.name()?;
    let changes = parse(form)?;
    Ok(Answer::ok(
        app.engine.edit_settings(&permit, &name, changes).await?,
    ))
}

fn parse(mut form: Form) -> ApiResult<SettingsChanges> {
    let Json(fields): Json<Fields> = match take_bracketed(&mut form, "settings")? {
        Some(fields) => Json::from_body(&Zeroizing::new(fields.to_string().into_bytes()))?,
        None => {
            let part = form.take("settings");
            let part = part.ok_or_else(|| refused("the request has no part named settings"))?;
            if part.content.len() > MAX_JSON_BODY_BYTES {
                return Err(ApiError::BodyTooLarge(MAX_JSON_BODY_BYTES));
            }
            Json::from_body(&part.content)?
        }
    };
    let given = fields.bindings;
    Ok(SettingsChanges {
        bindings: given.map(|given| bindings(given, Bare::Kept)).transpose()?,
        compatibility_date: fields.compatibility_date,
        compatibility_flags: fields.compatibility_flags,
        limits: fields.limits,
        placement: fields.placement,
        annotations: annotations(fields.annotations)?,
        script: fields.script.into(),
    })
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Role;
    use serde_json::{Value, json};

    use crate::api::workers::testing::{Multipart, SCRIPTS, metadata, secret};
    use crate::testing::{Actor, Answer, TestApp, failure, result};

    const PATH: &str = "/accounts/{account_id}/workers/scripts/w/settings";

    async fn edit_as(app: &TestApp, actor: &Actor, settings: &Value) -> Answer {
        let body = Multipart::default().field("settings", &settings.to_string());
        app.multipart_as(actor, Method::PATCH, PATH, body).await
    }

    async fn edit(app: &TestApp, settings: Value) -> Answer {
        edit_as(app, &app.admin(), &settings).await
    }

    #[tokio::test]
    async fn settings_may_come_as_fields_in_brackets() {
        let app = TestApp::new().await;
        app.upload("w", json!([secret("A", "1")])).await;
        let body = Multipart::default()
            .field("settings[bindings][][name]", "A")
            .field("settings[bindings][][type]", "inherit")
            .field("settings[bindings][][name]", "B")
            .field("settings[bindings][][type]", "secret_text")
            .field("settings[bindings][][text]", "marked canary")
            .field("settings[logpush]", "true");
        let answer = app.multipart(Method::PATCH, PATH, body).await;
        assert_eq!(result(&answer)["logpush"], true);
        assert!(!answer.2.to_string().contains("canary"));
        let env = app.env("w").await;
        assert_eq!(
            (env["A"].as_str(), env["B"].as_str()),
            ("1", "marked canary")
        );
        let written = app.written().await;
        let twice = Multipart::default()
            .field("settings[logpush]", "true")
            .field("settings[logpush]", "marked canary");
        let (status, errors) = failure(&app.multipart(Method::PATCH, PATH, twice).await);
        assert_eq!((status, &errors[0][..6]), (400, "10021 "));
        assert!(!errors[0].contains("canary"), "{errors:?}");
        assert_eq!(app.written().await, written);
    }

    #[tokio::test]
    async fn what_comes_back_as_it_was_read_is_kept() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "KEY", "value").await;
        let stored = json!({ "name": "B", "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY" });
        let var = json!({ "name": "VAR", "type": "plain_text", "text": "x" });
        app.upload(
            "w",
            json!([secret("A", "1"), secret("GONE", "2"), stored, var]),
        )
        .await;
        let read = app.request(Method::GET, PATH, None).await;
        let read = result(&read);
        assert_eq!(read["compatibility_date"], "2026-01-01");
        assert!(!read.to_string().contains("\"1\""));
        // As an older client sets several secrets: it sends back what it read, and the new ones.
        let mut bindings: Vec<Value> = read["bindings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["name"] != "GONE")
            .map(|one| json!({ "name": one["name"], "type": one["type"] }))
            .collect();
        bindings.push(secret("NEW", "3"));
        let answer = edit(&app, json!({ "bindings": bindings })).await;
        assert_eq!(result(&answer)["bindings"].as_array().unwrap().len(), 4);
        let env = app.env("w").await;
        assert_eq!(
            (env.len(), env["A"].as_str(), env["NEW"].as_str()),
            (2, "1", "3")
        );
        assert!(!answer.2.to_string().contains("\"3\""));
        let serving = app.serving("w").await;
        assert_eq!((serving.number, serving.bindings.len()), (2, 4));
    }

    #[tokio::test]
    async fn parts_that_are_not_named_stay() {
        let app = TestApp::new().await;
        app.upload("w", json!([secret("A", "1")])).await;
        let settings =
            json!({ "compatibility_flags": ["nodejs_compat"], "tags": ["one"], "logpush": true });
        let answer = edit(&app, settings).await;
        assert_eq!(result(&answer)["tags"], json!(["one"]));
        assert_eq!(result(&answer)["logpush"], true);
        let serving = app.serving("w").await;
        assert_eq!(serving.compatibility_date, "2026-01-01");
        assert_eq!(serving.compatibility_flags, ["nodejs_compat"]);
        assert_eq!(app.env("w").await["A"], "1");
    }

    #[tokio::test]
    async fn the_log_tells_what_settings_were_and_are() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let of_worker = async || -> Vec<Value> {
            let events = app.audit_events().await;
            let of_worker = events.iter().filter(|event| {
                (event.action.as_str(), event.resource_kind.as_str()) == ("update", "worker")
            });
            of_worker.map(|event| event.details.clone()).collect()
        };
        result(&edit(&app, json!({ "tags": ["one"], "logpush": true })).await);
        let events = of_worker().await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["before"]["logpush"], false);
        assert_eq!(events[0]["after"]["logpush"], true);
        assert_eq!(events[0]["after"]["tags"], json!(["one"]));
        // What is as it was is no change.
        result(&edit(&app, json!({ "tags": ["one"] })).await);
        assert_eq!(of_worker().await.len(), 1);
        // An upload changes them too.
        let mut metadata = metadata(&json!([]));
        metadata["tags"] = json!(["two"]);
        let path = format!("{SCRIPTS}/w");
        let upload = async |path: &str| {
            let body = Multipart::script(&metadata);
            result(&app.multipart(Method::PUT, path, body).await);
        };
        upload(&path).await;
        let events = of_worker().await;
        assert_eq!(events.len(), 2);
        assert_eq!(events[1]["before"]["tags"], json!(["one"]));
        assert_eq!(events[1]["after"]["tags"], json!(["two"]));
        // And the event of a new Worker tells what it came with.
        upload(&format!("{SCRIPTS}/new")).await;
        let events = app.audit_events().await;
        let created = events
            .iter()
            .rfind(|event| event.resource_kind.as_str() == "worker");
        let created = created.unwrap();
        assert_eq!(created.action.as_str(), "create");
        assert_eq!(created.details["after"]["tags"], json!(["two"]));
    }

    #[tokio::test]
    async fn an_edit_does_not_end_a_gradual_deployment() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "KEY", "value").await;
        let one = app.upload("w", json!([])).await;
        let two = app.upload_version("w", json!([])).await;
        let path = format!("{SCRIPTS}/w/deployments");
        let body = json!({ "strategy": "percentage", "versions": [
            { "version_id": one, "percentage": 90 }, { "version_id": two, "percentage": 10 },
        ] });
        result(&app.request(Method::POST, &path, Some(body)).await);
        let before = app.record_of("w").await.unwrap().deployment;
        let stored = json!({ "name": "B", "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY" });
        let deployer = app.member_with(&[Role::SecretsStoreDeployer]).await;
        for actor in [deployer, app.admin()] {
            let answer = edit_as(&app, &actor, &json!({ "bindings": [stored] })).await;
            let (_, errors) = failure(&answer);
            assert!(errors[0].starts_with("10215 "), "{errors:?}");
        }
        assert_eq!(app.record_of("w").await.unwrap().deployment, before);
        result(&app.deploy("w", &two, "").await);
        result(&edit(&app, json!({ "bindings": [stored] })).await);
    }

    #[tokio::test]
    async fn who_may_edit_nothing_is_refused_before_the_body_is_read() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let reader = app.member_with(&[Role::WorkersReadOnly]).await;
        let answer = app
            .request_as(&reader, Method::PATCH, PATH, Some(json!("no form")))
            .await;
        assert_eq!(answer.0, 403);
    }

    #[tokio::test]
    async fn what_makes_no_settings_is_refused() {
        let app = TestApp::new().await;
        app.upload("w", json!([secret("A", "1")])).await;
        let written = app.written().await;
        for bad in [
            json!({ "bindings": [{ "name": "NOPE", "type": "secret_text" }] }),
            json!({ "bindings": [{ "name": "KV", "type": "kv_namespace" }] }),
            json!({ "compatibility_date": "soon" }),
            json!({ "bindings": 5 }),
        ] {
            assert_eq!(failure(&edit(&app, bad).await).0, 400);
        }
        let body = Multipart::default().field("other", "{}");
        assert_eq!(
            failure(&app.multipart(Method::PATCH, PATH, body).await).0,
            400
        );
        let answer = app.request(Method::PATCH, PATH, Some(json!({}))).await;
        assert_eq!(failure(&answer).0, 400);
        assert_eq!(app.written().await, written);
        app.upload_version("w", json!([])).await;
        let (_, errors) = failure(&edit(&app, json!({ "tags": [] })).await);
        assert!(errors[0].starts_with("10215 "));
        let path = format!("{SCRIPTS}/nope/settings");
        let body = Multipart::default().field("settings", "{}");
        let answer = app.multipart(Method::PATCH, &path, body).await;
        assert!(failure(&answer).1[0].starts_with("10007 "));
    }

    #[tokio::test]
    async fn who_may_bind_may_change_bindings_to_secrets_of_a_store_and_nothing_else() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "KEY", "value").await;
        app.upload("w", json!([secret("A", "1")])).await;
        let kept = json!({ "name": "A", "type": "secret_text" });
        let stored = json!({ "name": "B", "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY" });
        let var = json!({ "name": "V", "type": "plain_text", "text": "x" });
        let deployer = app.member_with(&[Role::SecretsStoreDeployer]).await;
        let admin = app.member_with(&[Role::WorkersPlatformAdmin]).await;
        let reader = app.member_with(&[Role::WorkersReadOnly]).await;
        let bind = json!({ "bindings": [kept, stored] });
        let written = app.written().await;
        for refused in [
            json!({ "bindings": [kept, var] }),
            json!({ "bindings": [stored] }),
            json!({ "bindings": [secret("A", "2")] }),
            json!({ "bindings": [kept], "compatibility_flags": ["nodejs_compat"] }),
            json!({ "bindings": [kept], "tags": ["x"] }),
        ] {
            assert_eq!(edit_as(&app, &deployer, &refused).await.0, 403, "{refused}");
        }
        assert_eq!(edit_as(&app, &reader, &bind).await.0, 403);
        // The administrator of Workers may not bind, but edits around what is bound.
        let (_, errors) = failure(&edit_as(&app, &admin, &bind).await);
        assert!(errors[0].starts_with("10021 Secrets store binding authorization"));
        assert_eq!(app.written().await, written);
        result(&edit_as(&app, &deployer, &bind).await);
        result(&edit_as(&app, &admin, &json!({ "bindings": [kept, stored, var] })).await);
        assert_eq!(app.serving("w").await.bindings.len(), 3);
        result(&edit_as(&app, &deployer, &json!({ "bindings": [kept, var] })).await);
        assert_eq!(app.env("w").await["A"], "1");
    }
}
