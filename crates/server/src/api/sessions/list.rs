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
