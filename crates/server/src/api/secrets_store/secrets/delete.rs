//! `DELETE …/stores/{store_id}/secrets/{secret_id}`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use coffer_engine::ManageSecrets;

use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::secrets_store::fields::SecretPath;
use crate::app::App;

/// Removes a secret; with `?force=true` also one that the account protects.
pub(in crate::api::secrets_store) async fn delete(
    State(app): State<App>,
    path: Path<SecretPath>,
    query: Query,
    Change { permit, body: () }: Change<ManageSecrets, ()>,
) -> ApiResult<Answer<()>> {
    let store_id = SecretPath::store_id(&path)?;
    let force = query.flag("force")?;
    app.engine
        .delete_secret(&permit, store_id, SecretPath::secret_id(&path), force)
        .await?;
    Ok(Answer::null().with_status(StatusCode::ACCEPTED))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::Value;

    use crate::testing::{TestApp, failure, result};

    #[tokio::test]
    async fn a_secret_goes_for_good() {
        let (app, store) = TestApp::with_store().await;
        let id = app.create_secret(&store, "KEY", "value").await;
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{id}");
        let answer = app.request(Method::DELETE, &path, None).await;
        assert_eq!(answer.0, 202);
        assert_eq!(result(&answer), &Value::Null);
        assert!(answer.2.as_object().unwrap().contains_key("result"));
        assert_eq!(app.sealed(&id).await, None);
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_id.as_str()),
            ("delete", id.as_str())
        );
        assert_eq!(event.details["before"]["name"], "KEY");

        for method in [Method::GET, Method::DELETE] {
            let again = app.request(method, &path, None).await;
            assert_eq!(
                failure(&again),
                (404, vec!["1001 secret_not_found".to_owned()])
            );
        }
        // The name is free, and the new secret is another one.
        assert_ne!(app.create_secret(&store, "KEY", "value").await, id);
    }
}
