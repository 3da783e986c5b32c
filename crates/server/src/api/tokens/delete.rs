//! `DELETE …/tokens/{token_id}`.

use axum::extract::{Path, State};
use coffer_engine::{ManageTokens, ManageUserTokens, TokensPermit};
use coffer_protocol::tokens::RemovedToken;

use super::fields::TokenPath;
use crate::api::answer::Answer;
use crate::api::body::{Change, UserChange};
use crate::api::error::ApiResult;
use crate::app::App;

/// Removes a token of the user who asks.
pub(super) async fn of_user(
    State(app): State<App>,
    path: Path<TokenPath>,
    UserChange { permit, .. }: UserChange<ManageUserTokens, ()>,
) -> ApiResult<Answer<RemovedToken>> {
    delete(&app, &permit.into(), &path).await
}

/// Removes a token of the account itself.
pub(super) async fn of_account(
    State(app): State<App>,
    path: Path<TokenPath>,
    Change { permit, .. }: Change<ManageTokens, ()>,
) -> ApiResult<Answer<RemovedToken>> {
    delete(&app, &permit.into(), &path).await
}

async fn delete(
    app: &App,
    permit: &TokensPermit<ManageTokens>,
    path: &Path<TokenPath>,
) -> ApiResult<Answer<RemovedToken>> {
    let id = TokenPath::id(path)?;
    Ok(Answer::ok(app.engine.delete_token(permit, id).await?))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::api::tokens::testing::{OF_ACCOUNT, OF_USER, keyed, look, made, reader};
    use crate::testing::{TestApp, failure, result};

    #[tokio::test]
    async fn a_removed_token_is_gone_and_refused() {
        let app = TestApp::new().await;
        for path in [OF_USER, OF_ACCOUNT] {
            let token = made(&app, path, reader(&app)).await;
            assert_eq!(look(&app, &token.actor()).await, 200);
            let removed = keyed(&app, path, Method::DELETE, &token.path, Value::Null).await;
            assert_eq!(result(&removed), &json!({ "id": token.id }));
            assert_eq!(look(&app, &token.actor()).await, 401);
            let event = app.last_event().await;
            assert_eq!(
                (event.action.as_str(), &event.resource_id),
                ("delete", &token.id)
            );
            assert_eq!(event.details["before"]["name"], "reader");
            let gone = app.request(Method::DELETE, &token.path, None).await;
            assert_eq!(failure(&gone).0, 404);
            // But the same request is answered as before.
            let again = keyed(&app, path, Method::DELETE, &token.path, Value::Null).await;
            assert_eq!(result(&again), result(&removed));
        }
    }

    #[tokio::test]
    async fn a_use_that_was_noted_outlives_the_token_without_harm() {
        let app = TestApp::new().await;
        let token = made(&app, OF_USER, reader(&app)).await;
        look(&app, &token.actor()).await;
        result(&app.request(Method::DELETE, &token.path, None).await);
        app.engine.write_uses().await.unwrap();
    }
}
