//! `GET /user`.

use axum::extract::State;
use coffer_engine::{Error, ViewUser};
use coffer_protocol::identity::User;

use crate::api::answer::Answer;
use crate::api::error::{ApiError, ApiResult};
use crate::api::permitted::PermittedUser;
use crate::app::App;

/// The user who asks. Clients know by this answer's code that a token does not tell its user.
pub(super) async fn find(
    State(app): State<App>,
    permitted: Result<PermittedUser<ViewUser>, ApiError>,
) -> ApiResult<Answer<User>> {
    let PermittedUser(permit) = permitted.map_err(|error| match error {
        ApiError::Engine(Error::Denied) => Error::NoUser.into(),
        other => other,
    })?;
    Ok(Answer::ok(app.engine.own_user(&permit)))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::PermissionGroup;
    use serde_json::json;

    use crate::testing::{TestApp, failure, result};

    #[tokio::test]
    async fn the_user_behind_a_token_or_key_is_shown() {
        let app = TestApp::new().await;
        for actor in [
            app.admin(),
            app.admin_by_key(),
            app.token_with(&[PermissionGroup::USER_DETAILS_READ]).await,
        ] {
            let answer = app.request_as(&actor, Method::GET, "/user", None).await;
            assert_eq!(
                result(&answer),
                &json!({
                    "id": app.admin_id().await,
                    "email": "admin@example.com",
                    "username": "admin",
                    "first_name": null,
                    "last_name": null,
                    "two_factor_authentication_enabled": false,
                    "suspended": false,
                    "created_on": app.now(),
                    "modified_on": app.now(),
                })
            );
        }
    }

    #[tokio::test]
    async fn no_user_stands_behind_an_account_s_own_token() {
        let app = TestApp::new().await;
        let token = app.account_token(&PermissionGroup::ALL).await;
        let answer = app.request_as(&token, Method::GET, "/user", None).await;
        let expected = (
            403,
            vec!["9109 Unauthorized to access requested resource".to_owned()],
        );
        assert_eq!(failure(&answer), expected);
    }
}
