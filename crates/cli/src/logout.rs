//! `coffer logout`: removes what `coffer login` kept, here and on the server.

use clap::Args;
use coffer_protocol::tokens::RemovedToken;
use http::{Method, StatusCode};
use serde::Serialize;

use crate::api::{Answer, Api, ApiError, Body, Transport};
use crate::failure::Failure;
use crate::login::{ASK, saved, with_token};
use crate::output;
use crate::remote;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer logout\n  coffer logout --api-url https://coffer.example.com"
)]
pub(crate) struct Logout {
    /// The server [default: COFFER_API_URL, else CLOUDFLARE_API_BASE_URL, else that of the last login]
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
}

/// What was done, as JSON.
#[derive(Serialize)]
struct Done {
    api_url: String,
    /// Whether there was a login to remove.
    was_signed_in: bool,
}

impl Logout {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let mut saved = saved::read()?;
        let origin = Transport::to(&remote::url_of(self.api_url.as_deref()))?.place();
        let login = saved.servers.remove(&origin);
        if let Some(login) = &login {
            if saved.current.as_ref() == Some(&origin) {
                saved.current = None;
            }
            let api = with_token(&origin, &login.token)?;
            saved::write(&saved)?;
            revoke(&api).await.map_err(|error| {
                Failure::from(error).after(format_args!(
                    "the login was removed here, but the server did not take back the token {:?}: remove it in the \
                     dashboard under your API tokens",
                    login.name
                ))
            })?;
        }
        if output::is_json() {
            output::json(&Done {
                api_url: origin,
                was_signed_in: login.is_some(),
            });
        } else if login.is_some() {
            output::data(&format!("Signed out of {origin}; the token was removed."));
        } else {
            output::data(&format!("There is no login for {origin}."));
        }
        if let Some(name) = remote::environment_credentials() {
            output::warning(format_args!("{name} is still set: commands go on using it"));
        }
        Ok(())
    }
}

/// Removes the token that asks on its server. One that the server does not know any more is removed already.
pub(crate) async fn revoke(api: &Api) -> Result<(), ApiError> {
    let path = format!("{ASK}/token");
    let removed: Result<Answer<RemovedToken>, ApiError> =
        api.write(Method::DELETE, &path, &[], Body::none()).await;
    match removed {
        Ok(_) => Ok(()),
        Err(error) if error.status() == Some(StatusCode::UNAUTHORIZED) => Ok(()),
        Err(error) => Err(error),
    }
}
