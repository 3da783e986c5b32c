//! `GET …/secrets_store/quota`.

use axum::extract::State;
use coffer_engine::ViewSecrets;
use coffer_protocol::secrets_store::Quota;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::app::App;

/// The account's limit of secrets and how many it has.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewSecrets>,
) -> ApiResult<Answer<Quota>> {
    Ok(Answer::ok(app.engine.quota(&permit).await?))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::testing::{TestApp, result};

    const QUOTA: &str = "/accounts/{account_id}/secrets_store/quota";

    #[tokio::test]
    async fn the_quota_follows_every_change() {
        let (app, store) = TestApp::with_store().await;
        let usage = async |expected: u32| {
            let answer = app.request(Method::GET, QUOTA, None).await;
            assert_eq!(
                result(&answer),
                &json!({ "secrets": { "quota": 100, "usage": expected } })
            );
        };
        usage(0).await;
        let id = app.create_secret(&store, "FIRST", "one").await;
        usage(1).await;
        let secret = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{id}");
        let body = json!({ "name": "SECOND", "scopes": ["workers"] });
        result(
            &app.request(Method::POST, &format!("{secret}/duplicate"), Some(body))
                .await,
        );
        usage(2).await;
        let body = json!([{ "name": "FIRST", "value": "taken", "scopes": ["workers"] }]);
        let secrets = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
        let taken = app.request(Method::POST, &secrets, Some(body)).await;
        assert_eq!(taken.0, 409);
        usage(2).await;
        result(&app.request(Method::DELETE, &secret, None).await);
        usage(1).await;
    }

    #[tokio::test]
    async fn each_account_has_its_own() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "FIRST", "one").await;
        app.set_limits(|limits| limits.secrets = 7).await;
        assert_eq!(
            result(&app.request(Method::GET, QUOTA, None).await),
            &json!({ "secrets": { "quota": 7, "usage": 1 } })
        );
        let other = app.other_account().await;
        let path = format!("/accounts/{}/secrets_store/quota", other.id);
        let answer = app.request_as(&other.admin, Method::GET, &path, None).await;
        assert_eq!(
            result(&answer),
            &json!({ "secrets": { "quota": 7, "usage": 0 } })
        );
    }
}
