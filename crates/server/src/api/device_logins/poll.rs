//! `POST /user/coffer/device_logins/token`.

use axum::extract::State;
use coffer_engine::{CreatedToken, DevicePoll, SecretValue};
use coffer_protocol::device_logins::{DeviceLoginStatus, DeviceToken};
use serde::{Deserialize, Serialize};

use super::ask::Shown;
use crate::api::answer::Answer;
use crate::api::body::{Anyone, Json};
use crate::api::error::ApiResult;
use crate::app::App;

/// Who asks.
#[derive(Deserialize)]
pub(super) struct Poll {
    device_code: SecretValue,
}

/// How it stands. Defined here, because it tells a token.
#[derive(Serialize)]
pub(super) struct Polled {
    status: DeviceLoginStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<DeviceToken>,
}

pub(super) async fn poll(
    State(app): State<App>,
    Anyone { request, body }: Anyone<Json<Poll>>,
) -> ApiResult<Answer<Polled>> {
    let Json(Poll { device_code }) = body;
    let polled = app.engine.poll_device_login(request, &device_code).await?;
    Ok(Answer::ok(match polled {
        DevicePoll::Pending => without_token(DeviceLoginStatus::AuthorizationPending),
        DevicePoll::SlowDown => without_token(DeviceLoginStatus::SlowDown),
        DevicePoll::Denied => without_token(DeviceLoginStatus::AccessDenied),
        DevicePoll::Expired => without_token(DeviceLoginStatus::ExpiredToken),
        DevicePoll::Approved(created) => with_token(&created),
    }))
}

const fn without_token(status: DeviceLoginStatus) -> Polled {
    Polled {
        status,
        access_token: None,
        token: None,
    }
}

fn with_token(created: &CreatedToken) -> Polled {
    let text = SecretValue::new(created.text.expose_secret().to_owned());
    Polled {
        status: DeviceLoginStatus::Approved,
        access_token: Some(Shown(text)),
        token: Some(DeviceToken {
            id: created.token.id,
            name: created.token.name.to_string(),
            expires_on: created.token.expires_on,
        }),
    }
}
