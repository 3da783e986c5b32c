//! `GET …/tokens/{token_id}`.

use axum::extract::{Path, State};
use coffer_engine::{ViewTokens, ViewUserTokens};
use coffer_protocol::tokens::Token;

use super::fields::TokenPath;
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::{Permitted, PermittedUser};
use crate::app::App;

/// A token of the user who asks.
pub(super) async fn of_user(
    State(app): State<App>,
    PermittedUser(permit): PermittedUser<ViewUserTokens>,
    path: Path<TokenPath>,
) -> ApiResult<Answer<Token>> {
    let id = TokenPath::id(&path)?;
    Ok(Answer::ok(app.engine.token(&permit.into(), id).await?))
}

/// A token of the account itself.
pub(super) async fn of_account(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewTokens>,
    path: Path<TokenPath>,
) -> ApiResult<Answer<Token>> {
    let id = TokenPath::id(&path)?;
    Ok(Answer::ok(app.engine.token(&permit.into(), id).await?))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_store::rows::tokens::{self, TokenOwner};
    use coffer_store::{Files, Store};
    use coffer_types::Clock;
    use serde_json::json;

    use crate::api::tokens::testing::{OF_ACCOUNT, OF_USER, look, made, reader, with};
    use crate::testing::{TestApp, result};

    #[tokio::test]
    async fn the_last_use_is_told_at_once_and_kept_later() {
        let app = TestApp::new().await;
        for path in [OF_USER, OF_ACCOUNT] {
            let token = made(&app, path, reader(&app)).await;
            let last_use = async || {
                let answer = app.request(Method::GET, &token.path, None).await;
                let listed = app.request(Method::GET, path, None).await;
                assert!(
                    result(&listed)
                        .as_array()
                        .unwrap()
                        .contains(result(&answer))
                );
                result(&answer).get("last_used_on").cloned()
            };
            assert_eq!(last_use().await, None);
            app.clock.advance_seconds(60);
            let writes = app.engine.write_counts();
            look(&app, &token.actor()).await;
            let first = app.now();
            assert_eq!(last_use().await.unwrap(), first);
            // A request that only reads writes nothing.
            assert_eq!(app.engine.write_counts(), writes);

            app.engine.write_uses().await.unwrap();
            assert_ne!(app.engine.write_counts(), writes);
            assert_eq!(last_use().await.unwrap(), first);
            // What was written is not held in memory for ever; it is found all the same.
            app.engine.write_uses().await.unwrap();
            assert_eq!(last_use().await.unwrap(), first);

            app.clock.advance_seconds(60);
            look(&app, &token.actor()).await;
            assert_eq!(last_use().await.unwrap(), app.now());
        }
    }

    #[tokio::test]
    async fn the_last_use_is_kept_at_the_end() {
        let mut app = TestApp::new().await;
        let token = made(&app, OF_USER, reader(&app)).await;
        look(&app, &token.actor()).await;
        let (owner, used_at) = (TokenOwner::User(app.admin_id().await), app.clock.now());
        app.engine.close().await;
        let directory = std::mem::replace(&mut app.directory, tempfile::tempdir().unwrap());
        drop(app);
        let store = Store::open(&Files::new(directory.path())).await.unwrap();
        let mut reader = store.reader().await.unwrap();
        let found = tokens::find(&mut reader, owner, token.id.parse().unwrap()).await;
        assert_eq!(found.unwrap().unwrap().1, Some(used_at));
    }

    #[tokio::test]
    async fn a_refused_token_was_not_used() {
        let app = TestApp::new().await;
        let token = made(&app, OF_USER, reader(&app)).await;
        let body = with(reader(&app), json!({ "status": "disabled" }));
        result(&app.request(Method::PUT, &token.path, Some(body)).await);
        assert_eq!(look(&app, &token.actor()).await, 401);
        let answer = app.request(Method::GET, &token.path, None).await;
        assert_eq!(result(&answer).get("last_used_on"), None);
    }
}
