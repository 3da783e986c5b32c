//! `GET /user/tokens/verify` and `GET /accounts/{account_id}/tokens/verify`.

use axum::extract::State;
use coffer_engine::{Error, Unauthenticated};
use coffer_protocol::identity::TokenState;

use crate::api::answer::Answer;
use crate::api::authentication::Recognised;
use crate::api::error::{ApiError, ApiResult};
use crate::api::permitted::AccountPath;
use crate::app::App;

/// The state of a user's token. Clients tell an account's own token by the code 1000 of the refusal.
pub(super) async fn user_token(
    State(app): State<App>,
    caller: Result<Recognised, ApiError>,
) -> ApiResult<Answer<TokenState>> {
    let Recognised(caller) = caller.map_err(as_token_check)?;
    app.engine
        .user_token_state(&caller.actor)
        .map(Answer::ok)
        .map_err(|error| as_token_check(error.into()))
}

/// The state of an account's own token.
pub(super) async fn account_token(
    State(app): State<App>,
    AccountPath(account_id): AccountPath,
    caller: Result<Recognised, ApiError>,
) -> ApiResult<Answer<TokenState>> {
    let Recognised(caller) = caller.map_err(as_token_check)?;
    let state = app.engine.account_token_state(&caller.actor, account_id);
    state
        .map(Answer::ok)
        .map_err(|error| as_token_check(error.into()))
}

/// The codes by which a token check refuses.
fn as_token_check(error: ApiError) -> ApiError {
    match error {
        ApiError::Engine(Error::Unauthenticated(Unauthenticated::Missing)) => ApiError::NoToken,
        ApiError::Engine(Error::Unauthenticated(_)) => ApiError::NotAUserToken,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::{Clock, PermissionGroup};
    use serde_json::json;

    use crate::testing::{Actor, Answer, TestApp, TokenTimes, failure, result, text_at};

    const OF_USER: &str = "/user/tokens/verify";
    const OF_ACCOUNT: &str = "/accounts/{account_id}/tokens/verify";

    async fn verify(app: &TestApp, actor: &Actor, path: &str) -> Answer {
        app.request_as(actor, Method::GET, path, None).await
    }

    #[tokio::test]
    async fn a_token_is_active_where_it_belongs() {
        let app = TestApp::new().await;
        let own = app
            .account_token(&[PermissionGroup::SECRETS_STORE_READ])
            .await;
        let not_a_token_of_that_kind = (401, vec!["1000 Invalid API Token".to_owned()]);
        for (right, wrong, actor) in [
            (OF_USER, OF_ACCOUNT, app.admin()),
            (OF_ACCOUNT, OF_USER, own),
        ] {
            let answer = verify(&app, &actor, right).await;
            let id = text_at(result(&answer), "/id");
            assert_eq!(result(&answer), &json!({ "id": id, "status": "active" }));
            assert_eq!(
                failure(&verify(&app, &actor, wrong).await),
                not_a_token_of_that_kind
            );
            let elsewhere = format!("/accounts/{}/tokens/verify", app.other_account().await.id);
            assert_eq!(
                failure(&verify(&app, &actor, &elsewhere).await),
                not_a_token_of_that_kind
            );
        }
    }

    #[tokio::test]
    async fn the_times_of_a_token_are_told() {
        let app = TestApp::new().await;
        let (before, after) = (
            app.clock.now().plus_micros(-1),
            app.clock.now().plus_micros(60_000_000),
        );
        let times = TokenTimes {
            not_before: Some(before),
            expires_at: Some(after),
            ..TokenTimes::default()
        };
        let answer = verify(&app, &app.timed_token(times).await, OF_USER).await;
        let state = result(&answer);
        assert_eq!(
            (&state["not_before"], &state["expires_on"]),
            (&json!(before), &json!(after))
        );
    }

    #[tokio::test]
    async fn what_is_no_usable_token_is_told_by_the_code_of_the_check() {
        let app = TestApp::new().await;
        let expired = TokenTimes {
            expires_at: Some(app.clock.now()),
            ..TokenTimes::default()
        };
        let disabled = TokenTimes {
            enabled: false,
            ..TokenTimes::default()
        };
        for path in [OF_USER, OF_ACCOUNT] {
            let missing = failure(&verify(&app, &Actor::nobody(), path).await);
            assert_eq!(
                missing,
                (401, vec!["1001 Missing authentication".to_owned()])
            );
            for actor in [
                Actor::wrong_token(),
                Actor::with_headers(&[("authorization", "Bearer nonsense")]),
                Actor::with_headers(&[("authorization", "Basic abc")]),
                app.admin_by_key(),
                app.timed_token(expired).await,
                app.timed_token(disabled).await,
            ] {
                let refused = failure(&verify(&app, &actor, path).await);
                assert_eq!(
                    refused,
                    (401, vec!["1000 Invalid API Token".to_owned()]),
                    "{path}"
                );
            }
        }
    }

    #[tokio::test]
    async fn an_account_that_is_none_is_not_there() {
        let app = TestApp::new().await;
        for account in ["x", "0123456789ABCDEF0123456789ABCDEF", "%ff"] {
            let path = format!("/accounts/{account}/tokens/verify");
            let (status, errors) = failure(&verify(&app, &app.admin(), &path).await);
            assert_eq!((status, &errors[0][..5]), (404, "7003 "), "{account}");
        }
    }
}
