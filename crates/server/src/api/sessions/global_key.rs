//! `/user/coffer/global_key`: the key of the user who asks. Each request needs the password once more.

use axum::extract::State;
use axum::response::Response;
use coffer_engine::{ManageUser, SecretValue, TokenText};
use coffer_protocol::sessions::GlobalKeyState;
use serde::{Deserialize, Serialize};

use super::create::tried;
use crate::api::answer::Answer;
use crate::api::body::{UserChange, WithPassword};
use crate::api::error::ApiResult;
use crate::app::App;

/// The password.
#[derive(Deserialize)]
pub(super) struct Confirmed {
    password: SecretValue,
}

/// Whether the key may be used.
#[derive(Deserialize)]
pub(super) struct Enabling {
    enabled: bool,
    password: SecretValue,
}

/// A key that is shown. It goes into the answer and nowhere else.
#[derive(Serialize)]
struct Shown<'k> {
    value: &'k str,
}

/// Shows the key.
pub(super) async fn view(
    State(app): State<App>,
    UserChange { permit, body }: UserChange<ManageUser, WithPassword<Confirmed>>,
) -> ApiResult<Response> {
    let WithPassword(Confirmed { password }) = body;
    let password = tried(password, PASSWORD)?;
    Ok(shown(&app.engine.view_global_key(&permit, password).await?))
}

/// Replaces the key, and shows the new one.
pub(super) async fn roll(
    State(app): State<App>,
    UserChange { permit, body }: UserChange<ManageUser, WithPassword<Confirmed>>,
) -> ApiResult<Response> {
    let WithPassword(Confirmed { password }) = body;
    let password = tried(password, PASSWORD)?;
    Ok(shown(&app.engine.roll_global_key(&permit, password).await?))
}

/// Enables or disables the key.
pub(super) async fn enable(
    State(app): State<App>,
    UserChange { permit, body }: UserChange<ManageUser, WithPassword<Enabling>>,
) -> ApiResult<Answer<GlobalKeyState>> {
    let WithPassword(Enabling { enabled, password }) = body;
    let password = tried(password, PASSWORD)?;
    app.engine
        .enable_global_key(&permit, password, enabled)
        .await?;
    Ok(Answer::ok(GlobalKeyState { enabled }))
}

/// The field of the password.
const PASSWORD: &str = "/password";

fn shown(key: &TokenText) -> Response {
    use axum::response::IntoResponse;
    let value = key.expose_secret();
    Answer::ok(Shown { value }).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Method;
    use coffer_crypto::TokenText;
    use coffer_store::rows::users;
    use serde_json::{Value, json};

    use crate::testing::{Actor, Answer, TestApp, failure, result, text_at};

    const KEY: &str = "/user/coffer/global_key";

    async fn send(
        app: &TestApp,
        actor: &Actor,
        method: Method,
        below: &str,
        body: Value,
    ) -> Answer {
        let path = format!("{KEY}{below}");
        app.request_as(actor, method, &path, Some(body)).await
    }

    async fn confirmed(app: &TestApp, below: &str) -> Answer {
        let body = json!({ "password": app.first.password.expose_secret() });
        send(app, &app.admin(), Method::POST, below, body).await
    }

    async fn enable(app: &TestApp, enabled: bool) -> Answer {
        let password = app.first.password.expose_secret();
        let body = json!({ "enabled": enabled, "password": password });
        send(app, &app.admin(), Method::PUT, "", body).await
    }

    async fn status(app: &TestApp, key: &str) -> u16 {
        let key = TokenText::parse(key).unwrap();
        let actor = Actor::global_key("admin@example.com", &key);
        let answer = app.request_as(&actor, Method::GET, "/user", None).await;
        answer.0.as_u16()
    }

    #[tokio::test]
    async fn the_password_shows_the_key_and_the_audit_log_knows() {
        let app = TestApp::new().await;
        let answer = confirmed(&app, "/view").await;
        assert_eq!(
            text_at(result(&answer), "/value"),
            app.first.global_api_key.expose_secret()
        );
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("access", "user")
        );
        assert_eq!(event.details, json!({ "global_key": "viewed" }));
    }

    #[tokio::test]
    async fn a_rolled_key_is_refused_at_once_and_the_new_one_is_shown() {
        let app = TestApp::new().await;
        let old = app.first.global_api_key.expose_secret();
        assert_eq!(status(&app, old).await, 200);
        let new = text_at(result(&confirmed(&app, "/roll").await), "/value");
        let event = app.last_event().await;
        assert_eq!(event.details, json!({ "global_key": "rolled" }));
        assert_eq!(
            (status(&app, old).await, status(&app, &new).await),
            (401, 200)
        );
        let shown = confirmed(&app, "/view").await;
        assert_eq!(text_at(result(&shown), "/value"), new);
    }

    #[tokio::test]
    async fn no_digest_is_kept_of_a_password_so_there_is_no_idempotency_key() {
        let app = TestApp::new().await;
        let actor = app.admin().and("idempotency-key", "once");
        for (method, below) in [
            (Method::POST, "/view"),
            (Method::POST, "/roll"),
            (Method::PUT, ""),
        ] {
            let body = json!({ "password": app.first.password.expose_secret(), "enabled": false });
            let path = format!("{KEY}{below}");
            let request = app.build(&actor, method, &path, Body::from(body.to_string()));
            let (code, errors) = failure(&app.send(request).await);
            assert_eq!(code, 400, "{below}");
            assert!(
                errors[0].contains("Idempotency-Key cannot be"),
                "{errors:?}"
            );
        }
        let key = app.first.global_api_key.expose_secret();
        assert_eq!(status(&app, key).await, 200);
    }

    #[tokio::test]
    async fn a_disabled_key_is_refused_until_it_is_enabled() {
        let app = TestApp::new().await;
        let key = app.first.global_api_key.expose_secret();
        assert_eq!(
            result(&enable(&app, false).await),
            &json!({ "enabled": false })
        );
        let event = app.last_event().await;
        assert_eq!(
            event.details,
            json!({
                "before": { "global_key_enabled": true },
                "after": { "global_key_enabled": false },
            })
        );
        let answer = app
            .request_as(&app.admin_by_key(), Method::GET, "/user", None)
            .await;
        let expected = (401, vec!["10000 Authentication error".to_owned()]);
        assert_eq!(failure(&answer), expected);
        // A new one does not count either.
        let new = text_at(result(&confirmed(&app, "/roll").await), "/value");
        assert_eq!(status(&app, &new).await, 401);
        assert_eq!(
            result(&enable(&app, true).await),
            &json!({ "enabled": true })
        );
        assert_eq!(
            (status(&app, key).await, status(&app, &new).await),
            (401, 200)
        );
    }

    #[tokio::test]
    async fn without_the_password_nothing_is_shown_and_nothing_changes() {
        let app = TestApp::new().await;
        let key = app.first.global_api_key.expose_secret();
        for (method, below, body) in [
            (Method::POST, "/view", json!({ "password": "wrong" })),
            (Method::POST, "/roll", json!({ "password": "wrong" })),
            (
                Method::PUT,
                "",
                json!({ "password": "wrong", "enabled": false }),
            ),
        ] {
            let answer = send(&app, &app.admin(), method, below, body).await;
            let expected = "1001 password_wrong: this is not your current password at /password";
            assert_eq!(failure(&answer), (400, vec![expected.to_owned()]));
            assert_eq!(app.last_event().await.outcome, "failure");
        }
        let password = app.first.password.expose_secret();
        for (method, below, body) in [
            (Method::POST, "/view", json!({})),
            (Method::POST, "/roll", json!({ "password": null })),
            (Method::PUT, "", json!({ "enabled": false })),
            (Method::PUT, "", json!({ "password": password })),
            (
                Method::PUT,
                "",
                json!({ "password": password, "enabled": "no" }),
            ),
            (
                Method::POST,
                "/view",
                json!({ "password": "x".repeat(1025) }),
            ),
        ] {
            let answer = send(&app, &app.admin(), method, below, body).await;
            assert_eq!(failure(&answer).0, 400);
        }
        assert_eq!(status(&app, key).await, 200);
    }

    #[tokio::test]
    async fn a_key_of_before_keys_were_kept_is_to_be_rolled() {
        let app = TestApp::new().await;
        let mut reader = app.store.reader().await.unwrap();
        let found = users::with_email(&mut reader, &app.first.email).await;
        let mut user = found.unwrap().unwrap();
        user.global_key_sealed = None;
        app.add_rows(move |tx| {
            let user = user.clone();
            Box::pin(async move { users::update_credentials(tx, &user).await })
        })
        .await;
        let (code, errors) = failure(&confirmed(&app, "/view").await);
        assert_eq!(code, 409);
        assert!(errors[0].contains("roll it"), "{errors:?}");
        let new = text_at(result(&confirmed(&app, "/roll").await), "/value");
        let shown = confirmed(&app, "/view").await;
        assert_eq!(text_at(result(&shown), "/value"), new);
    }

    #[tokio::test]
    async fn of_two_rolls_at_once_one_key_counts() {
        let app = TestApp::new().await;
        let (one, two) = tokio::join!(confirmed(&app, "/roll"), confirmed(&app, "/roll"));
        let mut counting = 0;
        for answer in [one, two] {
            if answer.0.is_success() {
                let key = text_at(result(&answer), "/value");
                counting += u32::from(status(&app, &key).await == 200);
            } else {
                assert_eq!(failure(&answer).0, 409);
            }
        }
        assert_eq!(counting, 1);
    }
}
