//! `GET /user/coffer/sessions`.

use axum::extract::State;
use coffer_engine::ViewUser;
use coffer_protocol::sessions::Session;
use coffer_types::limits::MAX_SESSIONS_PER_USER;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::PermittedUser;
use crate::app::App;

/// The sessions of the user who asks, the newest first.
pub(super) async fn list(
    State(app): State<App>,
    PermittedUser(permit): PermittedUser<ViewUser>,
    query: Query,
) -> ApiResult<Answer<Vec<Session>>> {
    let page = query.page(1..=MAX_SESSIONS_PER_USER, MAX_SESSIONS_PER_USER)?;
    let (sessions, info) = page.of(app.engine.own_sessions(&permit).await?);
    Ok(Answer::page(sessions, info))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Clock;
    use serde_json::{Value, json};

    use crate::testing::{Actor, TestApp, failure, result, session_text, text_at};

    const SESSIONS: &str = "/user/coffer/sessions";
    const HOUR_MICROS: i64 = 3600 * 1_000_000;

    async fn list(app: &TestApp, actor: &Actor, query: &str) -> Vec<Value> {
        let path = format!("{SESSIONS}{query}");
        let answer = app.request_as(actor, Method::GET, &path, None).await;
        result(&answer).as_array().unwrap().clone()
    }

    #[tokio::test]
    async fn a_user_sees_the_own_sessions_the_newest_first() {
        let app = TestApp::new().await;
        app.session_of(app.add_user().await).await;
        let first = app.sign_in().await;
        let first = (text_at(result(&first), "/id"), session_text(&first));
        let begun = app.clock.now();
        app.clock.advance_micros(HOUR_MICROS);
        let second = session_text(&app.sign_in().await);
        let seen = list(&app, &Actor::session(&first.1), "").await;
        assert_eq!(seen.len(), 2);
        assert_eq!(
            seen[1],
            json!({
                "id": first.0,
                "created_on": begun,
                "expires_on": begun.plus_micros(7 * 24 * HOUR_MICROS),
                "last_used_on": app.clock.now(),
                "ip": null,
                "user_agent": null,
                "current": true,
            })
        );
        assert_eq!(seen[0]["current"], false);
        assert_eq!(
            list(&app, &Actor::session(&second), "").await[0]["current"],
            true
        );
        // By a token there is no current one.
        let seen = list(&app, &app.admin(), "?per_page=1&page=2").await;
        assert_eq!((seen.len(), &seen[0]["id"]), (1, &json!(first.0)));
        assert_eq!(seen[0]["current"], false);
        let beyond = list(&app, &app.admin(), "?page=2").await;
        assert!(beyond.is_empty());
        let answer = app
            .request(Method::GET, &format!("{SESSIONS}?per_page=51"), None)
            .await;
        assert_eq!(failure(&answer).0, 400);
    }

    #[tokio::test]
    async fn what_ran_out_is_not_listed() {
        let app = TestApp::new().await;
        app.sign_in().await;
        app.clock.advance_micros(12 * HOUR_MICROS - 1);
        assert_eq!(list(&app, &app.admin(), "").await.len(), 1);
        app.clock.advance_micros(1);
        assert!(list(&app, &app.admin(), "").await.is_empty());
    }

    #[tokio::test]
    async fn where_and_with_what_is_told() {
        let app = TestApp::new().await;
        let actor = Actor::with_headers(&[("user-agent", "a browser")]);
        let body = json!({
            "email": "admin@example.com",
            "password": app.first.password.expose_secret(),
        });
        let answer = app
            .request_as(&actor, Method::POST, SESSIONS, Some(body))
            .await;
        result(&answer);
        let seen = list(&app, &app.admin(), "").await;
        assert_eq!(seen[0]["user_agent"], "a browser");
    }
}
