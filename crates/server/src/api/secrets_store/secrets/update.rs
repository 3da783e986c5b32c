//! `PATCH …/stores/{store_id}/secrets/{secret_id}`.

use axum::extract::{Path, State};
use coffer_engine::{ManageSecrets, SecretChanges, SecretValue};
use coffer_protocol::secrets_store::Secret;
use serde::{Deserialize, Deserializer};

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::secrets_store::fields::{Problems, SecretPath, parsed_in};
use crate::app::App;

/// The request. A part that is absent stays as it is; a comment of `null` is taken away.
#[derive(Debug, Deserialize)]
pub(in crate::api::secrets_store) struct Update {
    value: Option<SecretValue>,
    scopes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    comment: Option<Option<String>>,
}

/// Edits a secret.
pub(in crate::api::secrets_store) async fn update(
    State(app): State<App>,
    path: Path<SecretPath>,
    Change {
        permit,
        body: Json(request),
    }: Change<ManageSecrets, Json<Update>>,
) -> ApiResult<Answer<Secret>> {
    let (store_id, id) = (SecretPath::store_id(&path)?, SecretPath::secret_id(&path));
    let mut problems = Problems::default();
    let value_limit = permit.account().limits.value_bytes;
    let value = request
        .value
        .map(|value| problems.value("", Some(value), value_limit));
    let scopes = request.scopes.map(|scopes| problems.scopes("", &scopes));
    let comment = request
        .comment
        .map(|comment| problems.comment("", comment.as_deref()));
    parsed_in(&app, &permit, store_id, problems.into_result()).await?;
    let changes = SecretChanges {
        value: value.flatten(),
        scopes: scopes.flatten(),
        comment: comment.flatten(),
        expected: None,
    };
    Ok(Answer::ok(
        app.engine
            .update_secret(&permit, store_id, id, changes)
            .await?,
    ))
}

/// Tells `null` apart from absence.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::Method;
    use serde_json::{Value, json};
    use tokio::sync::watch;

    use crate::testing::{Answer, TestApp, failure, result, text_at};

    async fn app() -> (TestApp, String, String) {
        let (app, store) = TestApp::with_store().await;
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
        let body =
            json!([{ "name": "KEY", "value": "old", "scopes": ["workers"], "comment": "first" }]);
        let made = app.request(Method::POST, &path, Some(body)).await;
        let id = text_at(result(&made), "/0/id");
        app.clock.advance_seconds(5);
        let path = format!("{path}/{id}");
        (app, id, path)
    }

    async fn update(app: &TestApp, path: &str, body: Value) -> Answer {
        app.request(Method::PATCH, path, Some(body)).await
    }

    #[tokio::test]
    async fn a_new_value_is_sealed_and_delivered_and_the_rest_stays() {
        let (app, id, path) = app().await;
        let before = result(&app.request(Method::GET, &path, None).await).clone();
        let answer = update(&app, &path, json!({ "value": "new" })).await;
        let after = result(&answer);
        assert_eq!(app.delivered(&id).await.as_deref(), Some("new"));
        assert_eq!(after["modified"], app.now());
        assert_ne!(before["modified"], after["modified"]);
        let mut expected = before.clone();
        expected["modified"] = after["modified"].clone();
        assert_eq!(after, &expected);

        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_id.as_str()),
            ("update", id.as_str())
        );
        assert_eq!(event.details["value_modified"], true);
        assert_eq!(event.details["before"], event.details["after"]);
    }

    #[tokio::test]
    async fn metadata_changes_leave_the_sealed_value_alone() {
        let (app, id, path) = app().await;
        let sealed = app.sealed(&id).await;
        let answer = update(
            &app,
            &path,
            json!({ "scopes": ["workers", "ai_gateway"], "comment": "second" }),
        )
        .await;
        assert_eq!(result(&answer)["scopes"], json!(["ai_gateway", "workers"]));
        assert_eq!(result(&answer)["comment"], "second");
        assert_eq!(
            result(&app.request(Method::GET, &path, None).await),
            result(&answer)
        );
        assert_eq!(app.sealed(&id).await, sealed);
        let event = app.last_event().await;
        assert_eq!(event.details["value_modified"], false);
        assert_eq!(event.details["before"]["comment"], "first");
        assert_eq!(event.details["after"]["comment"], "second");
        assert_eq!(
            event.details["after"]["scopes"],
            json!(["ai_gateway", "workers"])
        );
    }

    #[tokio::test]
    async fn a_comment_is_cleared_by_null_and_kept_by_absence() {
        let (app, _, path) = app().await;
        assert_eq!(
            result(&update(&app, &path, json!({ "scopes": ["dex"] })).await)["comment"],
            "first"
        );
        assert_eq!(
            result(&update(&app, &path, json!({ "comment": "" })).await)["comment"],
            ""
        );
        assert_eq!(
            result(&update(&app, &path, json!({ "comment": null })).await)["comment"],
            Value::Null
        );
        assert_eq!(
            result(&update(&app, &path, json!({})).await)["comment"],
            Value::Null
        );
    }

    #[tokio::test]
    async fn bad_parts_are_all_told_and_nothing_changes() {
        let (app, id, path) = app().await;
        let events = app.audit_events().await.len();
        let before = result(&app.request(Method::GET, &path, None).await).clone();
        let body =
            json!({ "value": "x".repeat(1025), "scopes": ["zones"], "comment": "x".repeat(1025) });
        let (status, errors) = failure(&update(&app, &path, body).await);
        assert_eq!(status, 400);
        let starts = [
            "1001 secret_value_too_large",
            "1001 secret_scope_invalid",
            "1001 secret_comment_invalid",
        ];
        let ends = [" at /value", " at /scopes/0", " at /comment"];
        assert_eq!(errors.len(), 3, "{errors:?}");
        for ((error, start), end) in errors.iter().zip(starts).zip(ends) {
            assert!(
                error.starts_with(start) && error.ends_with(end),
                "{errors:?}"
            );
        }
        for body in [
            json!({ "value": "" }),
            json!({ "scopes": [] }),
            json!({ "value": 1 }),
            json!([]),
            json!(null),
        ] {
            assert_eq!(
                failure(&update(&app, &path, body.clone()).await).0,
                400,
                "{body}"
            );
        }
        assert_eq!(
            result(&app.request(Method::GET, &path, None).await),
            &before
        );
        assert_eq!(app.delivered(&id).await.as_deref(), Some("old"));
        assert_eq!(app.audit_events().await.len(), events);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn whoever_reads_during_edits_finds_a_value_that_opens() {
        const EDITS: u32 = 100;
        let (app, id, path) = app().await;
        let (app, path) = (Arc::new(app), Arc::new(path));
        let (edited, edits_end) = watch::channel(false);
        let reader = tokio::spawn({
            let (app, id) = (Arc::clone(&app), id.clone());
            async move {
                while !*edits_end.borrow() {
                    assert!(app.delivered(&id).await.is_some());
                }
            }
        });
        let writers = (0..2).map(|writer| {
            let (app, path) = (Arc::clone(&app), Arc::clone(&path));
            tokio::spawn(async move {
                for edit in 0..EDITS / 2 {
                    let body = json!({ "value": format!("{writer} {edit}") });
                    result(&update(&app, &path, body).await);
                }
            })
        });
        for writer in futures::future::join_all(writers).await {
            writer.unwrap();
        }
        edited.send_replace(true);
        reader.await.unwrap();
        let last = format!(" {}", EDITS / 2 - 1);
        assert!(app.delivered(&id).await.unwrap().ends_with(&last));
        let events = app.audit_events().await;
        let updates = events.iter().filter(|event| event.action == "update");
        assert_eq!(updates.count(), EDITS as usize);
    }
}
