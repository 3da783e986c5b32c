//! `DELETE …/stores/{store_id}/secrets`: those named in the body, all of them or none.

use std::collections::HashSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use coffer_engine::{Error, ManageSecrets, Missing, Problem};
use coffer_types::SecretId;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Maybe};
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::secrets_store::fields::{StorePath, parsed_in};
use crate::app::App;

/// One element of the request.
#[derive(Debug, Deserialize)]
pub(in crate::api::secrets_store) struct Element {
    id: String,
}

/// Removes the secrets whose ids the body lists. A request without a body names none, and is refused rather
/// than taken for all. With `?force=true` those that the account protects are removed too.
pub(in crate::api::secrets_store) async fn delete_several(
    State(app): State<App>,
    path: Path<StorePath>,
    query: Query,
    Change {
        permit,
        body: Maybe(elements),
    }: Change<ManageSecrets, Maybe<Vec<Element>>>,
) -> ApiResult<Answer<()>> {
    let store_id = StorePath::id(&path)?;
    let mut ids = parsed_in(&app, &permit, store_id, parse(elements)).await?;
    let force = query.flag("force")?;
    // One that is named twice is removed once.
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(*id));
    app.engine
        .delete_secrets(&permit, store_id, ids, force)
        .await?;
    Ok(Answer::null().with_status(StatusCode::ACCEPTED))
}

fn parse(elements: Option<Vec<Element>>) -> Result<Vec<SecretId>, Error> {
    let missing = || Problem::Json("send an array such as [{\"id\": \"…\"}]".to_owned());
    let elements = elements.ok_or_else(|| Error::invalid("", missing()))?;
    let ids = elements.iter().map(|element| element.id.parse());
    ids.collect::<Result<Vec<_>, _>>()
        .map_err(|_| Missing::Secret.into())
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::testing::{Answer, TestApp, failure, result};

    async fn delete(app: &TestApp, store: &str, body: Option<Value>) -> Answer {
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
        app.request(Method::DELETE, &path, body).await
    }

    #[tokio::test]
    async fn those_named_go_and_the_others_stay() {
        let (app, store) = TestApp::with_store().await;
        let mut ids = Vec::new();
        for name in ["A", "B", "C"] {
            ids.push(app.create_secret(&store, name, "value").await);
        }
        let body = json!([{ "id": ids[0] }, { "id": ids[2] }, { "id": ids[0] }]);
        let answer = delete(&app, &store, Some(body)).await;
        assert_eq!(answer.0, 202);
        assert_eq!(result(&answer), &Value::Null);
        assert_eq!(app.sealed(&ids[0]).await, None);
        assert!(app.sealed(&ids[1]).await.is_some());
        assert_eq!(app.sealed(&ids[2]).await, None);
        let events = app.audit_events().await;
        let deleted = events.iter().filter(|event| event.action == "delete");
        assert_eq!(
            deleted.map(|event| &event.resource_id).collect::<Vec<_>>(),
            [&ids[0], &ids[2]]
        );
        let quota = app
            .request(
                Method::GET,
                "/accounts/{account_id}/secrets_store/quota",
                None,
            )
            .await;
        assert_eq!(result(&quota)["secrets"]["usage"], 1);
    }

    #[tokio::test]
    async fn one_unknown_id_keeps_all() {
        let (app, store) = TestApp::with_store().await;
        let id = app.create_secret(&store, "A", "value").await;
        for unknown in ["0123456789abcdef0123456789abcdef", "x", ""] {
            let body = json!([{ "id": id }, { "id": unknown }]);
            let answer = delete(&app, &store, Some(body)).await;
            assert_eq!(
                failure(&answer),
                (404, vec!["1001 secret_not_found".to_owned()])
            );
            assert!(app.sealed(&id).await.is_some());
        }
    }

    #[tokio::test]
    async fn no_body_is_not_everything() {
        let (app, store) = TestApp::with_store().await;
        let id = app.create_secret(&store, "A", "value").await;
        for body in [
            None,
            Some(json!({})),
            Some(json!([{}])),
            Some(json!([id])),
            Some(json!(null)),
        ] {
            let (status, errors) = failure(&delete(&app, &store, body.clone()).await);
            assert_eq!(status, 400, "{body:?}");
            assert!(
                errors[0].starts_with("1001 invalid_json_body"),
                "{errors:?}"
            );
        }
        result(&delete(&app, &store, Some(json!([]))).await);
        assert!(app.sealed(&id).await.is_some());
    }
}
