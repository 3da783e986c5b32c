//! `PUT /user/coffer/password`.

use axum::extract::State;
use coffer_engine::{ManageUser, SecretValue};
use coffer_protocol::sessions::EndedSessions;
use serde::Deserialize;

use super::create::tried;
use crate::api::answer::Answer;
use crate::api::body::{UserChange, WithPassword};
use crate::api::error::ApiResult;
use crate::app::App;

/// The password, and what it is to be.
#[derive(Deserialize)]
pub(super) struct NewPassword {
    current_password: SecretValue,
    new_password: SecretValue,
}

/// Changes the password, and ends all other sessions.
pub(super) async fn change(
    State(app): State<App>,
    UserChange { permit, body }: UserChange<ManageUser, WithPassword<NewPassword>>,
) -> ApiResult<Answer<EndedSessions>> {
    let WithPassword(NewPassword {
        current_password,
        new_password,
    }) = body;
    let current = tried(current_password, "/current_password")?;
    let sessions_ended = app
        .engine
        .change_password(&permit, current, new_password)
        .await?;
    Ok(Answer::ok(EndedSessions { sessions_ended }))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::testing::{Actor, Answer, TestApp, failure, result, session_text, text_at};

    const PASSWORD: &str = "/user/coffer/password";
    const NEW: &str = "another, and a longer one";

    async fn change(app: &TestApp, actor: &Actor, current: &str, new: &str) -> Answer {
        let body = json!({ "current_password": current, "new_password": new });
        app.request_as(actor, Method::PUT, PASSWORD, Some(body))
            .await
    }

    async fn status(app: &TestApp, actor: &Actor) -> u16 {
        let answer = app.request_as(actor, Method::GET, "/user", None).await;
        answer.0.as_u16()
    }

    #[tokio::test]
    async fn a_changed_password_ends_all_sessions_but_the_one_that_asks() {
        let app = TestApp::new().await;
        let here = Actor::session(&session_text(&app.sign_in().await));
        let there = Actor::session(&session_text(&app.sign_in().await));
        assert_eq!(status(&app, &there).await, 200);
        let current = app.first.password.expose_secret();
        let answer = change(&app, &here, current, NEW).await;
        assert_eq!(result(&answer), &json!({ "sessions_ended": 1 }));
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("update", "user")
        );
        assert_eq!(
            event.details,
            json!({ "password_modified": true, "sessions_ended": 1 })
        );
        assert_eq!(
            (status(&app, &here).await, status(&app, &there).await),
            (200, 401)
        );
        assert_eq!(app.sign_in().await.0.as_u16(), 401);
        result(&app.sign_in_with("admin@example.com", NEW).await);
        // Tokens and the key stay, and the new password shows the key.
        assert_eq!(status(&app, &app.admin()).await, 200);
        assert_eq!(status(&app, &app.admin_by_key()).await, 200);
        let body = Some(json!({ "password": NEW }));
        let view = "/user/coffer/global_key/view";
        let answer = app.request_as(&here, Method::POST, view, body).await;
        assert_eq!(
            text_at(result(&answer), "/value"),
            app.first.global_api_key.expose_secret()
        );
    }

    #[tokio::test]
    async fn by_a_token_every_session_ends() {
        let app = TestApp::new().await;
        let session = Actor::session(&session_text(&app.sign_in().await));
        let current = app.first.password.expose_secret();
        let answer = change(&app, &app.admin(), current, NEW).await;
        assert_eq!(result(&answer), &json!({ "sessions_ended": 1 }));
        assert_eq!(status(&app, &session).await, 401);
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_by_its_field_and_changes_nothing() {
        let app = TestApp::new().await;
        let current = app.first.password.expose_secret();
        let session = Actor::session(&session_text(&app.sign_in().await));
        for (tried, new, expected) in [
            (
                "wrong",
                NEW,
                "1001 password_wrong: this is not your current password at /current_password",
            ),
            (
                "",
                NEW,
                "1001 password_wrong: this is not your current password at /current_password",
            ),
            (
                &"x".repeat(1025),
                NEW,
                "1001 password_too_long: a password may have at most 256 characters at /current_password",
            ),
            (
                current,
                "short",
                "1001 password_too_short: a password needs at least 12 characters at /new_password",
            ),
            (
                current,
                &"x".repeat(257),
                "1001 password_too_long: a password may have at most 256 characters at /new_password",
            ),
            (
                current,
                "admin@example.com",
                "1001 password_is_email: a password must not be the e-mail address at /new_password",
            ),
            (
                current,
                current,
                "1001 password_unchanged: the new password must differ from the current one at /new_password",
            ),
        ] {
            let answer = change(&app, &session, tried, new).await;
            assert_eq!(failure(&answer), (400, vec![expected.to_owned()]));
        }
        for body in [
            json!({}),
            json!({ "current_password": current }),
            json!({ "current_password": current, "new_password": 5 }),
        ] {
            let answer = app
                .request_as(&session, Method::PUT, PASSWORD, Some(body))
                .await;
            assert!(failure(&answer).1[0].starts_with("1001 invalid_json_body"));
        }
        result(&app.sign_in().await);
        assert_eq!(status(&app, &session).await, 200);
    }

    #[tokio::test]
    async fn a_wrong_password_is_in_the_audit_log_and_counts_as_one() {
        let app = TestApp::new().await;
        change(&app, &app.admin(), "wrong", NEW).await;
        let event = app.last_event().await;
        assert_eq!(
            event.details,
            json!({ "purpose": "change the password", "reason": "wrong password" })
        );
        assert_eq!(app.last_event().await.outcome, "failure");
        let mut limited = false;
        for _ in 0..100 {
            limited |= change(&app, &app.admin(), "wrong", NEW).await.0.as_u16() == 429;
        }
        assert!(limited);
        let current = app.first.password.expose_secret();
        let answer = change(&app, &app.admin(), current, NEW).await;
        assert_eq!(answer.0.as_u16(), 429);
    }

    #[tokio::test]
    async fn of_two_changes_at_once_one_is_made() {
        let app = TestApp::new().await;
        let current = app.first.password.expose_secret();
        let (actor, other) = (app.admin(), "yet another, longer one");
        let (one, two) = tokio::join!(
            change(&app, &actor, current, NEW),
            change(&app, &actor, current, other)
        );
        let mut statuses = [one.0.as_u16(), two.0.as_u16()];
        statuses.sort_unstable();
        // The other is refused by the change, or comes after it with a password that is the former by then.
        assert!(matches!(statuses, [200, 400 | 409]), "{statuses:?}");
        let kept = if one.0.is_success() { NEW } else { other };
        result(&app.sign_in_with("admin@example.com", kept).await);
    }

    #[tokio::test]
    async fn there_is_no_idempotency_key() {
        let app = TestApp::new().await;
        let actor = app.admin().and("idempotency-key", "once");
        let body = json!({
            "current_password": app.first.password.expose_secret(),
            "new_password": NEW,
        });
        let body = Body::from(body.to_string());
        let answer = app
            .send(app.build(&actor, Method::PUT, PASSWORD, body))
            .await;
        let (status, errors) = failure(&answer);
        assert_eq!(status, 400);
        assert!(
            errors[0].contains("Idempotency-Key cannot be"),
            "{errors:?}"
        );
        result(&app.sign_in().await);
    }

    #[tokio::test]
    async fn an_account_s_own_token_has_no_password() {
        let app = TestApp::new().await;
        let token = app.account_token(&coffer_types::PermissionGroup::ALL).await;
        let answer = change(&app, &token, "x", NEW).await;
        let (status, errors) = failure(&answer);
        assert_eq!((status, &errors[0][..5]), (403, "9109 "));
        assert_eq!(answer.2["result"], Value::Null);
    }
}
