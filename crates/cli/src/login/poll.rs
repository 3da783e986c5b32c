//! Waiting for the user's answer.

use std::time::Duration;

use coffer_crypto::SecretValue;
use coffer_protocol::device_logins::{DeviceLoginStatus, DeviceToken};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::Asked;
use super::saved::Login;
use crate::api::{Answer, Api, ApiError, Body};
use crate::failure::Failure;
use crate::output::{self, Spinner};

/// Where a device asks again.
const POLL: &str = "/user/coffer/device_logins/token";
/// What is added where the server says that it is asked too often.
const SLOWER: Duration = Duration::from_secs(5);
/// The longest wait between two questions, while the server is away.
const SLOWEST: Duration = Duration::from_secs(30);

/// How it stands.
#[derive(Deserialize)]
struct Polled {
    status: DeviceLoginStatus,
    access_token: Option<SecretValue>,
    token: Option<DeviceToken>,
}

/// Asks until the user answered, or the code is too old.
pub(super) async fn until_answered(api: &Api, asked: &Asked) -> Result<Login, Failure> {
    let spinner = Spinner::start("Waiting for your answer in the browser");
    // A server that says 0 or years is not believed.
    let life = Duration::from_secs(asked.expires_in.clamp(1, 3600));
    let interval = Duration::from_secs(asked.interval.clamp(1, 60));
    let answered = tokio::time::timeout(life, ask_on(api, asked, interval, &spinner)).await;
    drop(spinner);
    answered.unwrap_or_else(|_| Err(too_late()))
}

async fn ask_on(
    api: &Api,
    asked: &Asked,
    mut interval: Duration,
    spinner: &Spinner,
) -> Result<Login, Failure> {
    let mut wait = interval;
    let mut is_away = false;
    loop {
        tokio::time::sleep(wait).await;
        let body = Body::json(&json!({ "device_code": asked.device_code.expose_secret() }));
        let polled: Result<Answer<Polled>, ApiError> =
            api.write(Method::POST, POLL, &[], body).await;
        let polled = match polled {
            Ok(answer) => answer.result,
            Err(error) if may_pass(&error) => {
                if !is_away {
                    output::warning(format_args!(
                        "{error}; asking again until the code is too old"
                    ));
                    spinner.say("Waiting for the server");
                    is_away = true;
                }
                wait = (wait * 2).min(SLOWEST);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if is_away {
            spinner.say("Waiting for your answer in the browser");
            is_away = false;
        }
        match polled.status {
            DeviceLoginStatus::AuthorizationPending => {}
            DeviceLoginStatus::SlowDown => interval += SLOWER,
            DeviceLoginStatus::AccessDenied => {
                return Err(Failure::denied(
                    "the login was denied in the dashboard, and nothing was saved",
                ));
            }
            DeviceLoginStatus::ExpiredToken => return Err(too_late()),
            DeviceLoginStatus::Approved => return login(polled),
        }
        wait = interval;
    }
}

/// Whether the server may answer otherwise soon.
fn may_pass(error: &ApiError) -> bool {
    match error {
        ApiError::Away { .. } => true,
        error => error.status().is_some_and(|status| {
            status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
        }),
    }
}

fn login(polled: Polled) -> Result<Login, Failure> {
    match (polled.access_token, polled.token) {
        (Some(text), Some(token)) => Ok(Login {
            token: text,
            name: token.name,
            expires_on: token.expires_on,
        }),
        _ => Err(Failure::sentence(
            "the server approved the login without a token: use the coffer of the server's version",
        )),
    }
}

fn too_late() -> Failure {
    Failure::denied(
        "the code is too old, or the server was restarted meanwhile, and nothing was saved: run `coffer login` again. \
         A token that your list in the dashboard shows without you having it can be removed there",
    )
}
