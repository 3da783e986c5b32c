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
