//! `PUT …/tokens/{token_id}`.

use axum::extract::{Path, State};
use coffer_engine::{ManageTokens, ManageUserTokens, TokensPermit};
use coffer_protocol::tokens::{Token, TokenRequest};

use super::fields::{self, TokenPath};
use crate::api::answer::Answer;
use crate::api::body::{Change, Json, UserChange};
use crate::api::error::ApiResult;
use crate::app::App;

/// Changes a token of the user who asks.
pub(super) async fn of_user(
    State(app): State<App>,
    path: Path<TokenPath>,
    UserChange { permit, body }: UserChange<ManageUserTokens, Json<TokenRequest>>,
) -> ApiResult<Answer<Token>> {
    update(&app, &permit.into(), &path, body.0).await
}

/// Changes a token of the account itself.
pub(super) async fn of_account(
    State(app): State<App>,
    path: Path<TokenPath>,
    Change { permit, body }: Change<ManageTokens, Json<TokenRequest>>,
) -> ApiResult<Answer<Token>> {
    update(&app, &permit.into(), &path, body.0).await
}

async fn update(
    app: &App,
    permit: &TokensPermit<ManageTokens>,
    path: &Path<TokenPath>,
    request: TokenRequest,
) -> ApiResult<Answer<Token>> {
    let id = TokenPath::id(path)?;
    let settings = match fields::settings(request) {
        Ok(settings) => settings,
        Err(refusal) => {
            // An unknown token is told before what it is asked to be.
            app.engine.known_token(permit, id).await?;
            return Err(refusal.into());
        }
    };
    Ok(Answer::ok(
        app.engine.update_token(permit, id, settings).await?,
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::{Clock, PermissionGroup};
    use serde_json::{Value, json};

    use crate::api::tokens::testing::{
        OF_ACCOUNT, OF_USER, keyed, look, made, policy, reader, with,
    };
    use crate::testing::{Answer, TestApp, failure, result, text_at};

    async fn update(app: &TestApp, path: &str, body: Value) -> Answer {
        app.request(Method::PUT, path, Some(body)).await
    }

    #[tokio::test]
    async fn all_that_the_owner_chooses_is_replaced() {
        let app = TestApp::new().await;
        for path in [OF_USER, OF_ACCOUNT] {
            let limited = json!({
                "expires_on": "2999-01-01T00:00:00Z",
                "not_before": "2020-01-01T00:00:00Z",
                "condition": { "request_ip": { "not_in": ["203.0.113.7"] } },
            });
            let token = made(&app, path, with(reader(&app), limited)).await;
            let before = app.request(Method::GET, &token.path, None).await;
            app.clock.advance_seconds(60);
            let all = "com.cloudflare.api.account.*";
            let body = json!({
                "name": "writer",
                "policies": [policy(PermissionGroup::SECRETS_STORE_WRITE, all)],
            });
            let answer = update(&app, &token.path, body).await;
            let before = result(&before);
            assert_eq!(
                result(&answer),
                &json!({
                    "id": token.id,
                    "name": "writer",
                    "status": "active",
                    "issued_on": before["issued_on"],
                    "modified_on": app.now(),
                    "policies": [{
                        // The policy in the same place has the same id.
                        "id": before["policies"][0]["id"],
                        "effect": "allow",
                        "permission_groups": [{
                            "id": PermissionGroup::SECRETS_STORE_WRITE.id,
                            "name": "Secrets Store Write",
                        }],
                        "resources": { all: "*" },
                    }],
                })
            );
            let event = app.last_event().await;
            assert_eq!(
                (event.action.as_str(), &event.resource_id),
                ("update", &token.id)
            );
            let (before, after) = (&event.details["before"], &event.details["after"]);
            assert_eq!(
                (&before["name"], &after["name"]),
                (&json!("reader"), &json!("writer"))
            );
            assert_eq!(
                before["condition"],
                json!({ "request_ip": { "not_in": ["203.0.113.7"] } })
            );
            assert_eq!(after.get("condition"), None);
            // It counts at once.
            let stores = "/accounts/{account_id}/secrets_store/stores";
            let body = json!({ "name": format!("made{}", path.len()) });
            let made = app
                .request_as(&token.actor(), Method::POST, stores, Some(body))
                .await;
            assert_ne!(made.0, 403);
        }
    }

    #[tokio::test]
    async fn a_disabled_token_is_refused_until_it_is_enabled() {
        let app = TestApp::new().await;
        let token = made(&app, OF_USER, reader(&app)).await;
        let (user, same) = (token.actor(), reader(&app));
        for (status, told, seen) in [
            (json!("disabled"), "disabled", 401),
            (Value::Null, "disabled", 401),
            (json!("active"), "active", 200),
            (Value::Null, "active", 200),
        ] {
            let body = with(same.clone(), json!({ "status": status }));
            let answer = update(&app, &token.path, body).await;
            assert_eq!(result(&answer)["status"], told);
            assert_eq!(look(&app, &user).await, seen);
        }
    }

    #[tokio::test]
    async fn an_expired_token_is_told_as_such_and_can_be_prolonged() {
        let app = TestApp::new().await;
        let end = app.clock.now().plus_micros(10_000_000);
        let token = made(
            &app,
            OF_USER,
            with(reader(&app), json!({ "expires_on": end })),
        )
        .await;
        app.clock.advance_micros(9_999_999);
        assert_eq!(look(&app, &token.actor()).await, 200);
        app.clock.advance_micros(1);
        assert_eq!(look(&app, &token.actor()).await, 401);
        let told = app.request(Method::GET, &token.path, None).await;
        assert_eq!(result(&told)["status"], "expired");
        // The same end is in the past now.
        let same = with(reader(&app), json!({ "expires_on": end }));
        assert_eq!(failure(&update(&app, &token.path, same).await).0, 400);
        let later = with(reader(&app), json!({ "expires_on": end.plus_micros(1) }));
        assert_eq!(
            result(&update(&app, &token.path, later).await)["status"],
            "active"
        );
        assert_eq!(look(&app, &token.actor()).await, 200);
    }

    #[tokio::test]
    async fn tokens_of_others_are_not_there() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        let theirs = json!({
            "name": "theirs",
            "policies": [policy(PermissionGroup::SECRETS_STORE_READ, "com.cloudflare.api.account.*")],
        });
        let theirs = app
            .request_as(&other.admin, Method::POST, OF_USER, Some(theirs))
            .await;
        let theirs = text_at(result(&theirs), "/id");
        let mine = made(&app, OF_USER, reader(&app)).await.id;
        let own = made(&app, OF_ACCOUNT, reader(&app)).await.id;
        let events = app.audit_events().await.len();
        let unknown = [
            "x",
            "0123456789abcdef0123456789abcdef",
            &mine.to_uppercase(),
        ];
        let of_user = unknown.into_iter().chain([theirs.as_str(), &own]);
        let of_user = of_user.map(|id| format!("{OF_USER}/{id}"));
        let of_account = unknown.into_iter().chain([theirs.as_str(), &mine]);
        let of_account = of_account.map(|id| format!("{OF_ACCOUNT}/{id}"));
        for path in of_user.chain(of_account) {
            let value = format!("{path}/value");
            for (method, path, body) in [
                (Method::GET, &path, None),
                (Method::PUT, &path, Some(reader(&app))),
                // What is not there is told before what is wrong with the request.
                (Method::PUT, &path, Some(json!({}))),
                (Method::DELETE, &path, None),
                (Method::PUT, &value, Some(json!({}))),
            ] {
                let (status, errors) = failure(&app.request(method.clone(), path, body).await);
                assert_eq!((status, errors.len()), (404, 1), "{method} {path}");
                assert!(errors[0].starts_with("1003 token_not_found"), "{errors:?}");
            }
        }
        assert_eq!(app.audit_events().await.len(), events);
    }

    #[tokio::test]
    async fn a_repeated_change_answers_as_the_first_did() {
        let app = TestApp::new().await;
        let token = made(&app, OF_USER, reader(&app)).await;
        let body = with(reader(&app), json!({ "name": "renamed" }));
        let first = keyed(&app, "k", Method::PUT, &token.path, body.clone()).await;
        result(&app.request(Method::DELETE, &token.path, None).await);
        let again = keyed(&app, "k", Method::PUT, &token.path, body).await;
        assert_eq!(result(&first), result(&again));
    }
}
