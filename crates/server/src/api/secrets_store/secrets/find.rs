//! `GET …/stores/{store_id}/secrets/{secret_id}`: metadata; there is no way to the value.

use axum::extract::{Path, State};
use coffer_engine::ViewSecrets;
use coffer_protocol::secrets_store::Secret;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::secrets_store::fields::SecretPath;
use crate::app::App;

/// One secret's metadata.
pub(in crate::api::secrets_store) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewSecrets>,
    path: Path<SecretPath>,
) -> ApiResult<Answer<Secret>> {
    let (store_id, id) = (SecretPath::store_id(&path)?, SecretPath::secret_id(&path));
    Ok(Answer::ok(app.engine.secret(&permit, store_id, id).await?))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::testing::{TestApp, result};

    #[tokio::test]
    async fn metadata_is_all_that_is_shown() {
        let (app, store) = TestApp::with_store().await;
        let id = app.create_secret(&store, "STRIPE_KEY", "sk_live_1").await;
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{id}");
        let answer = app.request(Method::GET, &path, None).await;
        assert_eq!(
            result(&answer),
            &json!({
                "id": id,
                "store_id": store,
                "name": "STRIPE_KEY",
                "comment": null,
                "scopes": ["workers"],
                "status": "active",
                "created": app.now(),
                "modified": app.now(),
            })
        );
        assert_eq!(answer.1["cache-control"], "no-store");
        assert_eq!(answer.1["content-type"], "application/json");
    }
}
