//! `/user/coffer/global_key`: the key of the user who asks. Each request needs the password once more.

use axum::extract::State;
use axum::response::Response;
use coffer_engine::{ManageUser, SecretValue, TokenText};
use coffer_protocol::sessions::GlobalKeyState;
use serde::{Deserialize, Serialize};

use super::create::tried;
use crate::api::answer::Answer;
use crate::api::body::{Json, UserChange};
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
    UserChange { permit, body }: UserChange<ManageUser, Json<Confirmed>>,
) -> ApiResult<Response> {
    let Json(Confirmed { password }) = body;
    let password = tried(password, PASSWORD)?;
    Ok(shown(&app.engine.view_global_key(&permit, password).await?))
}

/// Replaces the key, and shows the new one.
pub(super) async fn roll(
    State(app): State<App>,
    UserChange { permit, body }: UserChange<ManageUser, Json<Confirmed>>,
) -> ApiResult<Response> {
    let Json(Confirmed { password }) = body;
    let password = tried(password, PASSWORD)?;
    Ok(shown(&app.engine.roll_global_key(&permit, password).await?))
}

/// Enables or disables the key.
pub(super) async fn enable(
    State(app): State<App>,
    UserChange { permit, body }: UserChange<ManageUser, Json<Enabling>>,
) -> ApiResult<Answer<GlobalKeyState>> {
    let Json(Enabling { enabled, password }) = body;
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
