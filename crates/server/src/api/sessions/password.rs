//! `PUT /user/coffer/password`.

use axum::extract::State;
use coffer_engine::{ManageUser, SecretValue};
use coffer_protocol::sessions::EndedSessions;
use serde::Deserialize;

use super::create::tried;
use crate::api::answer::Answer;
use crate::api::body::{Json, UserChange};
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
    UserChange { permit, body }: UserChange<ManageUser, Json<NewPassword>>,
) -> ApiResult<Answer<EndedSessions>> {
    let Json(NewPassword {
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
