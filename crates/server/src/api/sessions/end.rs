//! `DELETE /user/coffer/sessions` and `DELETE /user/coffer/sessions/{session_id}`.

use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{AppendHeaders, IntoResponse};
use coffer_engine::{Ended, Error, ManageUser, Missing};
use coffer_protocol::sessions::EndedSessions;
use coffer_types::SessionId;

use crate::api::answer::Answer;
use crate::api::body::UserChange;
use crate::api::error::ApiResult;
use crate::api::session_cookie;
use crate::app::App;

/// Ends a session of the user who asks.
pub(super) async fn end(
    State(app): State<App>,
    Path(id): Path<String>,
    UserChange { permit, body: () }: UserChange<ManageUser, ()>,
) -> ApiResult<impl IntoResponse> {
    // What is no id names no session.
    let id: SessionId = id.parse().map_err(|_| Error::NotFound(Missing::Session))?;
    Ok(answer(app.engine.end_session(&permit, id).await?))
}

/// Ends all of them.
pub(super) async fn end_all(
    State(app): State<App>,
    UserChange { permit, body: () }: UserChange<ManageUser, ()>,
) -> ApiResult<impl IntoResponse> {
    Ok(answer(app.engine.end_all_sessions(&permit).await?))
}

/// How many were ended; a browser whose own session is among them is told to forget it.
fn answer(ended: Ended) -> impl IntoResponse {
    let cookie: Option<(HeaderName, HeaderValue)> = ended
        .current
        .then(|| (SET_COOKIE, session_cookie::taken_away()));
    let result = EndedSessions {
        sessions_ended: ended.sessions,
    };
    (AppendHeaders(cookie), Answer::ok(result))
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, header};
    use serde_json::json;

    use crate::testing::{Actor, Answer, TestApp, failure, result, session_text, text_at};

    const SESSIONS: &str = "/user/coffer/sessions";

    async fn status(app: &TestApp, text: &str) -> u16 {
        let actor = Actor::session(text);
        let answer = app.request_as(&actor, Method::GET, "/user", None).await;
        answer.0.as_u16()
    }

    async fn delete(app: &TestApp, actor: &Actor, id: &str) -> Answer {
        let path = format!("{SESSIONS}{id}");
        app.request_as(actor, Method::DELETE, &path, None).await
    }

    async fn signed_in(app: &TestApp) -> (String, String) {
        let answer = app.sign_in().await;
        let id = text_at(result(&answer), "/id");
        (format!("/{id}"), session_text(&answer))
    }

    #[tokio::test]
    async fn a_session_is_over_at_once_and_the_browser_forgets_its_own() {
        let app = TestApp::new().await;
        let (here, there) = (signed_in(&app).await, signed_in(&app).await);
        assert_eq!(
            (status(&app, &here.1).await, status(&app, &there.1).await),
            (200, 200)
        );
        let actor = Actor::session(&here.1);
        let answer = delete(&app, &actor, &there.0).await;
        assert_eq!(result(&answer), &json!({ "sessions_ended": 1 }));
        assert!(!answer.1.contains_key(header::SET_COOKIE));
        assert_eq!(
            (status(&app, &here.1).await, status(&app, &there.1).await),
            (200, 401)
        );
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("delete", "session")
        );
        assert_eq!(format!("/{}", event.resource_id), there.0);

        let again = failure(&delete(&app, &actor, &there.0).await);
        assert_eq!(
            (again.0, &again.1[0][..22]),
            (404, "1003 session_not_found")
        );

        let answer = delete(&app, &actor, &here.0).await;
        assert_eq!(result(&answer), &json!({ "sessions_ended": 1 }));
        assert_eq!(
            answer.1[header::SET_COOKIE],
            "__Host-coffer_session=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"
        );
        assert_eq!(status(&app, &here.1).await, 401);
    }

    #[tokio::test]
    async fn signing_out_everywhere_takes_the_last_along() {
        let app = TestApp::new().await;
        let (here, there) = (signed_in(&app).await, signed_in(&app).await);
        let other = app.session_of(app.add_user().await).await;
        let events = app.audit_events().await.len();
        let answer = delete(&app, &Actor::session(&here.1), "").await;
        assert_eq!(result(&answer), &json!({ "sessions_ended": 2 }));
        assert!(answer.1.contains_key(header::SET_COOKIE));
        assert_eq!(
            (status(&app, &here.1).await, status(&app, &there.1).await),
            (401, 401)
        );
        assert_eq!(app.audit_events().await.len(), events + 2);
        // Another user's goes on, and so do tokens.
        let answer = app.request_as(&other, Method::GET, "/user", None).await;
        result(&answer);
        let answer = delete(&app, &app.admin(), "").await;
        assert_eq!(result(&answer), &json!({ "sessions_ended": 0 }));
        assert_eq!(app.audit_events().await.len(), events + 3);
    }

    #[tokio::test]
    async fn what_is_not_the_user_s_own_is_not_there() {
        let app = TestApp::new().await;
        let (id, text) = signed_in(&app).await;
        let stranger = app.session_of(app.add_user().await).await;
        for id in [id.as_str(), "/0123456789abcdef0123456789abcdef", "/x"] {
            let answer = delete(&app, &stranger, id).await;
            assert_eq!(failure(&answer).0, 404, "{id}");
        }
        assert_eq!(status(&app, &text).await, 200);
    }
}
