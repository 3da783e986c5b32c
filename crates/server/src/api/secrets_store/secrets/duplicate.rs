//! `POST …/stores/{store_id}/secrets/{secret_id}/duplicate`.

use axum::extract::{Path, State};
use coffer_engine::{DuplicateSecret, ManageSecrets};
use coffer_protocol::secrets_store::Secret;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::secrets_store::fields::{Problems, SecretPath, parsed_in};
use crate::app::App;

/// The request.
#[derive(Debug, Deserialize)]
pub(in crate::api::secrets_store) struct Duplicate {
    name: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    comment: Option<String>,
}

/// Makes a secret with the value of another.
pub(in crate::api::secrets_store) async fn duplicate(
    State(app): State<App>,
    path: Path<SecretPath>,
    Change {
        permit,
        body: Json(request),
    }: Change<ManageSecrets, Json<Duplicate>>,
) -> ApiResult<Answer<Secret>> {
    let (store_id, id) = (SecretPath::store_id(&path)?, SecretPath::secret_id(&path));
    let mut problems = Problems::default();
    let name = problems.name("", request.name.as_deref());
    let scopes = problems.scopes("", &request.scopes);
    let comment = problems.comment("", request.comment.as_deref());
    let parsed = name.zip(scopes).zip(comment);
    let parsed = problems.finish(parsed);
    let ((name, scopes), comment) = parsed_in(&app, &permit, store_id, parsed).await?;
    let duplicate = DuplicateSecret {
        name,
        scopes,
        comment,
    };
    Ok(Answer::ok(
        app.engine
            .duplicate_secret(&permit, store_id, id, duplicate)
            .await?,
    ))
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
        let id = app.create_secret(&store, "ORIGINAL", "the value").await;
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{id}");
        (app, id, path)
    }

    async fn duplicate(app: &TestApp, path: &str, body: Value) -> Answer {
        app.request(Method::POST, &format!("{path}/duplicate"), Some(body))
            .await
    }

    #[tokio::test]
    async fn the_value_is_sealed_anew_for_its_new_place() {
        let (app, id, path) = app().await;
        // As a client sends it, with an empty comment.
        let body = json!({ "name": "COPY", "scopes": ["workers", "dex"], "comment": "" });
        let answer = duplicate(&app, &path, body).await;
        let copy = result(&answer);
        let copy_id = text_at(copy, "/id");
        assert_ne!(copy_id, id);
        assert_eq!(
            (&copy["name"], &copy["comment"]),
            (&json!("COPY"), &json!(""))
        );
        assert_eq!(copy["scopes"], json!(["dex", "workers"]));
        assert_eq!(app.delivered(&copy_id).await.as_deref(), Some("the value"));
        let (original, sealed) = (
            app.sealed(&id).await.unwrap(),
            app.sealed(&copy_id).await.unwrap(),
        );
        assert_ne!(original, sealed);
        // Nothing of the salt, nonce or ciphertext is shared: no eight bytes in a row.
        let shared = original[6..]
            .windows(8)
            .any(|window| sealed.windows(8).any(|other| other == window));
        assert!(!shared);

        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_id.as_str()),
            ("create", copy_id.as_str())
        );
        assert_eq!(event.details["duplicated_from_id"], id.as_str());

        // The two are apart from here on.
        result(
            &app.request(Method::PATCH, &path, Some(json!({ "value": "changed" })))
                .await,
        );
        assert_eq!(app.delivered(&copy_id).await.as_deref(), Some("the value"));
        result(&app.request(Method::DELETE, &path, None).await);
        assert_eq!(app.delivered(&copy_id).await.as_deref(), Some("the value"));
    }

    #[tokio::test]
    async fn a_changed_value_is_duplicated_as_it_is_now() {
        let (app, _, path) = app().await;
        for value in ["second", "third"] {
            result(
                &app.request(Method::PATCH, &path, Some(json!({ "value": value })))
                    .await,
            );
            let copy =
                duplicate(&app, &path, json!({ "name": value, "scopes": ["workers"] })).await;
            let copy_id = text_at(result(&copy), "/id");
            assert_eq!(app.delivered(&copy_id).await.as_deref(), Some(value));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_change_at_the_same_time_is_seen_whole_or_not_at_all() {
        const EDITS: u32 = 150;
        let (app, _, path) = app().await;
        app.set_limits(|limits| limits.secrets = 10_000).await;
        let (app, path) = (Arc::new(app), Arc::new(path));
        let (edited, edits_end) = watch::channel(false);
        let copies = (0..3).map(|copier| {
            let (app, path, edits_end) = (Arc::clone(&app), Arc::clone(&path), edits_end.clone());
            tokio::spawn(async move {
                let mut copies = Vec::new();
                while !*edits_end.borrow() {
                    let name = format!("C{copier}-{}", copies.len());
                    let body = json!({ "name": name, "scopes": ["workers"] });
                    let copy = duplicate(&app, &path, body).await;
                    copies.push(text_at(result(&copy), "/id"));
                }
                copies
            })
        });
        let copies: Vec<_> = copies.collect();
        for edit in 0..EDITS {
            let body = json!({ "value": format!("value {edit}") });
            result(&app.request(Method::PATCH, &path, Some(body)).await);
        }
        edited.send_replace(true);
        for copies in futures::future::join_all(copies).await {
            let copies = copies.unwrap();
            assert!(!copies.is_empty());
            for copy in copies {
                let value = app.delivered(&copy).await.unwrap();
                assert!(
                    value.starts_with("the value") || value.starts_with("value "),
                    "{value}"
                );
            }
        }
    }

    #[tokio::test]
    async fn bad_input_makes_nothing() {
        let (app, _, path) = app().await;
        let events = app.audit_events().await.len();
        for (body, expected) in [
            (
                json!({ "name": "", "scopes": ["workers"] }),
                "1001 secret_name_empty",
            ),
            (json!({ "scopes": ["workers"] }), "1001 secret_name_empty"),
            (
                json!({ "name": "a b", "scopes": ["workers"] }),
                "1001 secret_name_invalid",
            ),
            (
                json!({ "name": "x".repeat(256), "scopes": ["workers"] }),
                "1001 secret_name_invalid",
            ),
            (
                json!({ "name": "COPY", "scopes": [] }),
                "1001 secret_scopes_empty",
            ),
            (json!({ "name": "COPY" }), "1001 secret_scopes_empty"),
            (
                json!({ "name": "COPY", "scopes": ["zones"] }),
                "1001 secret_scope_invalid",
            ),
            (
                json!({ "name": "COPY", "scopes": ["dex"], "comment": "x".repeat(1025) }),
                "1001 secret_comment_invalid",
            ),
            (json!([]), "1001 invalid_json_body"),
        ] {
            let (status, errors) = failure(&duplicate(&app, &path, body.clone()).await);
            assert_eq!(status, 400, "{body}");
            assert!(errors[0].starts_with(expected), "{errors:?}");
        }
        let taken = duplicate(
            &app,
            &path,
            json!({ "name": "ORIGINAL", "scopes": ["workers"] }),
        )
        .await;
        let expected = (
            409,
            vec!["1003 secret_name_already_exists: ORIGINAL".to_owned()],
        );
        assert_eq!(failure(&taken), expected);
        assert_eq!(taken.1["x-should-retry"], "false");

        app.set_limits(|limits| limits.secrets = 1).await;
        let (status, errors) =
            failure(&duplicate(&app, &path, json!({ "name": "COPY", "scopes": ["dex"] })).await);
        assert_eq!(status, 400);
        assert!(
            errors[0].starts_with("1003 maximum_secrets_exceeded"),
            "{errors:?}"
        );
        // Only the change of the limits was told.
        assert_eq!(app.audit_events().await.len(), events + 1);
    }
}
