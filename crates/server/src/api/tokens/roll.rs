//! `PUT …/tokens/{token_id}/value`.

use axum::extract::{Path, State};
use coffer_engine::{ManageTokens, ManageUserTokens, TokensPermit};

use super::create::ShownText;
use super::fields::TokenPath;
use crate::api::answer::Answer;
use crate::api::body::{Change, UserChange};
use crate::api::error::ApiResult;
use crate::app::App;

/// Gives a token of the user a new text.
pub(super) async fn of_user(
    State(app): State<App>,
    path: Path<TokenPath>,
    UserChange { permit, .. }: UserChange<ManageUserTokens, ()>,
) -> ApiResult<Answer<ShownText>> {
    roll(&app, &permit.into(), &path).await
}

/// Gives a token of the account a new text.
pub(super) async fn of_account(
    State(app): State<App>,
    path: Path<TokenPath>,
    Change { permit, .. }: Change<ManageTokens, ()>,
) -> ApiResult<Answer<ShownText>> {
    roll(&app, &permit.into(), &path).await
}

async fn roll(
    app: &App,
    permit: &TokensPermit<ManageTokens>,
    path: &Path<TokenPath>,
) -> ApiResult<Answer<ShownText>> {
    let id = TokenPath::id(path)?;
    let text = app.engine.roll_token(permit, id).await?;
    Ok(Answer::ok(ShownText(text)))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::api::tokens::testing::{OF_ACCOUNT, OF_USER, keyed, look, made, reader, with_value};
    use crate::testing::{TestApp, failure, result};

    #[tokio::test]
    async fn a_new_value_takes_the_place_of_the_old_one() {
        let app = TestApp::new().await;
        for path in [OF_USER, OF_ACCOUNT] {
            let token = made(&app, path, reader(&app)).await;
            assert_eq!(look(&app, &token.actor()).await, 200);
            app.clock.advance_seconds(60);
            let roll = format!("{}/value", token.path);
            let answer = app.request(Method::PUT, &roll, Some(json!({}))).await;
            let value = result(&answer).as_str().unwrap();
            assert_ne!(value, token.value);
            assert_eq!(look(&app, &token.actor()).await, 401);
            assert_eq!(look(&app, &with_value(value)).await, 200);
            let now = app.request(Method::GET, &token.path, None).await;
            assert_eq!(result(&now)["issued_on"], app.now());
            assert_eq!(result(&now)["status"], "active");
            let event = app.last_event().await;
            assert_eq!(
                (event.action.as_str(), &event.resource_id),
                ("update", &token.id)
            );
            assert_eq!(event.details["value_modified"], true);
            assert_eq!(event.details["after"]["issued_on"], app.now());
        }
    }

    #[tokio::test]
    async fn a_token_can_roll_itself_and_a_body_is_not_needed() {
        let app = TestApp::new().await;
        let user = format!("com.cloudflare.api.user.{}", app.admin_id().await);
        let group = coffer_types::PermissionGroup::API_TOKENS_WRITE;
        let body = json!({
            "name": "maker",
            "policies": [super::super::testing::policy(group, &user)],
        });
        let token = made(&app, OF_USER, body).await;
        let roll = format!("{}/value", token.path);
        let answer = app
            .request_as(&token.actor(), Method::PUT, &roll, None)
            .await;
        let rolled = with_value(result(&answer).as_str().unwrap());
        let refused = app
            .request_as(&token.actor(), Method::GET, OF_USER, None)
            .await;
        assert_eq!(failure(&refused).0, 401);
        result(&app.request_as(&rolled, Method::GET, OF_USER, None).await);
    }

    #[tokio::test]
    async fn a_repeated_key_rolls_once_and_shows_once() {
        let app = TestApp::new().await;
        let token = made(&app, OF_USER, reader(&app)).await;
        let roll = format!("{}/value", token.path);
        let first = keyed(&app, "k", Method::PUT, &roll, json!({})).await;
        let value = result(&first).as_str().unwrap().to_owned();
        let (status, errors) = failure(&keyed(&app, "k", Method::PUT, &roll, json!({})).await);
        assert_eq!(status, 409);
        assert!(errors[0].starts_with("1003 value_shown_once"), "{errors:?}");
        assert_eq!(look(&app, &with_value(&value)).await, 200);
    }
}
