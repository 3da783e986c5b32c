//! `POST /user/coffer/device_logins`.

use axum::extract::State;
use coffer_engine::{NewDeviceLogin, SecretValue};
use coffer_types::limits::{DEVICE_LOGIN_SECONDS, DEVICE_POLL_SECONDS};
use serde::{Deserialize, Serialize};

use crate::api::answer::Answer;
use crate::api::body::{Anyone, Json};
use crate::api::error::ApiResult;
use crate::app::App;
use crate::dashboard;

/// Who asks.
#[derive(Deserialize)]
pub(super) struct Ask {
    /// What the device calls itself.
    #[serde(default)]
    name: String,
}

/// What it is given. Defined here, because it tells a code.
#[derive(Serialize)]
pub(super) struct Asked {
    device_code: Shown,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u32,
    interval: u32,
}

/// A secret that its answer shows, once.
pub(super) struct Shown(pub(super) SecretValue);

impl Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

pub(super) async fn ask(
    State(app): State<App>,
    Anyone { request, body }: Anyone<Json<Ask>>,
) -> ApiResult<Answer<Asked>> {
    let Json(Ask { name }) = body;
    let asked = app
        .engine
        .ask_device_login(&request, &NewDeviceLogin { name })?;
    let page = format!("{}{}", app.public_url, dashboard::DEVICE_PATH);
    Ok(Answer::ok(Asked {
        verification_uri_complete: format!("{page}?code={}", asked.user_code),
        verification_uri: page,
        device_code: Shown(asked.device_code),
        user_code: asked.user_code,
        expires_in: DEVICE_LOGIN_SECONDS,
        interval: DEVICE_POLL_SECONDS,
    }))
}
