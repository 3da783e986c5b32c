//! `DELETE …/stores/{store_id}`.

use axum::extract::{Path, State};
use coffer_engine::ManageSecrets;

use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::secrets_store::fields::StorePath;
use crate::app::App;

/// Removes a store; with `?force=true` its secrets too.
pub(in crate::api::secrets_store) async fn delete(
    State(app): State<App>,
    path: Path<StorePath>,
    query: Query,
    Change { permit, body: () }: Change<ManageSecrets, ()>,
) -> ApiResult<Answer<()>> {
    app.engine
        .delete_store(&permit, StorePath::id(&path)?, query.flag("force")?)
        .await?;
    Ok(Answer::null())
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, StatusCode};
    use serde_json::Value;

    use crate::testing::{Answer, TestApp, failure, result};

    async fn delete(app: &TestApp, id: &str, query: &str) -> Answer {
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{id}{query}");
        app.request(Method::DELETE, &path, None).await
    }

    #[tokio::test]
    async fn an_empty_store_goes_and_stays_gone() {
        let (app, id) = TestApp::with_store().await;
        let answer = delete(&app, &id, "").await;
        assert_eq!(answer.0, StatusCode::OK);
        assert_eq!(result(&answer), &Value::Null);
        assert!(answer.2.as_object().unwrap().contains_key("result"));
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("delete", "store")
        );
        assert_eq!(event.resource_id, id);
        assert_eq!(event.details["before"]["name"], "dev");

        let again = (404, vec!["1001 store_not_found".to_owned()]);
        assert_eq!(failure(&delete(&app, &id, "").await), again);
    }

    #[tokio::test]
    async fn a_store_with_secrets_goes_only_by_force_and_takes_them_along() {
        let (app, id) = TestApp::with_store().await;
        let first = app.create_secret(&id, "FIRST", "one").await;
        let second = app.create_secret(&id, "SECOND", "two").await;
        for query in ["", "?force=false", "?force="] {
            let answer = delete(&app, &id, query).await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 409, "{query}");
            assert!(errors[0].contains("store_not_empty"), "{errors:?}");
            assert_eq!(answer.1["x-should-retry"], "false");
        }
        assert_eq!(failure(&delete(&app, &id, "?force=perhaps").await).0, 400);
        assert!(app.sealed(&first).await.is_some());

        let events = app.audit_events().await.len();
        result(&delete(&app, &id, "?force=true").await);
        let told: Vec<_> = app.audit_events().await.split_off(events);
        let told: Vec<_> = told
            .iter()
            .map(|event| (event.action.as_str(), event.resource_id.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("delete", first.as_str()),
                ("delete", &second),
                ("delete", &id)
            ]
        );
        assert_eq!(app.sealed(&first).await, None);
        let quota = app
            .request(
                Method::GET,
                "/accounts/{account_id}/secrets_store/quota",
                None,
            )
            .await;
        assert_eq!(result(&quota)["secrets"]["usage"], 0);
    }
}
