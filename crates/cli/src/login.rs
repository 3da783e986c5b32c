//! `coffer login`: the user approves this machine in the dashboard, and a token is kept for it.

mod browser;
mod poll;
pub(crate) mod saved;

use std::path::PathBuf;

use clap::Args;
use coffer_crypto::SecretValue;
use coffer_types::Timestamp;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use crate::api::{Answer, Api, ApiError, Body, Credentials, Transport};
use crate::failure::Failure;
use crate::logout;
use crate::output::{self, moment, printable};
use crate::remote;
use saved::{Login as SavedLogin, Saved};

/// Where devices ask.
pub(crate) const ASK: &str = "/user/coffer/device_logins";

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer login\n  coffer login --api-url https://coffer.example.com\n  coffer login --no-browser"
)]
pub(crate) struct Login {
    /// The server [default: COFFER_API_URL, else CLOUDFLARE_API_BASE_URL, else that of the last login]
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// Whether to open the page in the browser
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        default_value_t = true,
        default_missing_value = "true",
        action = clap::ArgAction::Set
    )]
    browser: bool,
    /// Print the page's address and wait, even where nobody can be asked
    #[arg(long)]
    no_browser: bool,
}

/// What the server gives a device that asks.
#[derive(Deserialize)]
struct Asked {
    device_code: SecretValue,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u64,
    interval: u64,
}

/// What was done, as JSON.
#[derive(Serialize)]
struct Done {
    api_url: String,
    email: String,
    token_name: String,
    expires_on: Option<Timestamp>,
    file: PathBuf,
}

#[derive(Deserialize)]
struct User {
    email: String,
}

impl Login {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let opens = self.browser && !self.no_browser;
        if opens && !output::may_ask() {
            return Err(Failure::usage(
                "there is no terminal with somebody who could approve: run `coffer login` in a terminal, or with \
                 --no-browser, which prints the page's address and waits; programs use COFFER_API_TOKEN",
            ));
        }
        // What cannot be kept is not asked for.
        let saved = saved::read()?;
        saved::path()?;
        let url = remote::url_of(self.api_url.as_deref());
        let api = Api::new(Transport::to(&url)?, None);
        let asked = ask(&api).await?;
        show(&asked, opens);
        let login = tokio::select! {
            polled = poll::until_answered(&api, &asked) => polled?,
            _ = tokio::signal::ctrl_c() => {
                return Err(Failure::sentence("the login was interrupted, and nothing was saved; deny it if the page is open"));
            }
        };
        finish(&api, saved, login).await
    }
}

async fn ask(api: &Api) -> Result<Asked, Failure> {
    let body = Body::json(&json!({ "name": host_name() }));
    let asked: Result<Answer<Asked>, ApiError> = api.write(Method::POST, ASK, &[], body).await;
    match asked {
        Ok(answer) => Ok(answer.result),
        Err(error) if error.status() == Some(http::StatusCode::TOO_MANY_REQUESTS) => {
            Err(Failure::denied(
                "too many machines wait to be signed in from this address: answer them, or try again in ten minutes",
            ))
        }
        Err(error) => Err(error.into()),
    }
}

fn show(asked: &Asked, opens: bool) {
    let (page, code) = (
        printable(&asked.verification_uri_complete),
        printable(&asked.user_code),
    );
    if opens && browser::open(&page) {
        output::note(format_args!("Your browser opens {page}"));
    } else {
        output::note(format_args!(
            "Open {page}\nor enter the code at {}",
            printable(&asked.verification_uri)
        ));
    }
    output::note(format_args!(
        "Approve there if the page shows the code {code}. It counts for {} minutes.",
        asked.expires_in / 60
    ));
}

/// Keeps the token, ends the one that was kept before, and says whom it is for.
async fn finish(api: &Api, mut saved: Saved, login: SavedLogin) -> Result<(), Failure> {
    let origin = api.place();
    let signed_in = with_token(&origin, &login.token)?;
    let (token_name, expires_on) = (login.name.clone(), login.expires_on);
    let before = saved.servers.insert(origin.clone(), login);
    saved.current = Some(origin.clone());
    let file = match saved::write(&saved) {
        Ok(file) => file,
        Err(failure) => {
            // A token that nobody has stays for nobody to find.
            let _ = logout::revoke(&signed_in).await;
            return Err(failure);
        }
    };
    if let Some(before) = before {
        let _ = logout::revoke(&with_token(&origin, &before.token)?).await;
    }
    let user: Answer<User> = signed_in.read("/user", &[]).await?;
    let done = Done {
        api_url: origin,
        email: user.result.email,
        token_name,
        expires_on,
        file,
    };
    tell(&done);
    Ok(())
}

fn tell(done: &Done) {
    if output::is_json() {
        output::json(done);
    } else {
        let until = done.expires_on.map(|at| format!(" until {}", moment(at)));
        output::data(&format!(
            "Signed in to {} as {}{}.",
            done.api_url,
            printable(&done.email),
            until.unwrap_or_default()
        ));
        output::note(format_args!(
            "The token {:?} is kept in {}; `coffer logout` removes it.",
            done.token_name,
            done.file.display()
        ));
    }
    if let Some(name) = remote::environment_credentials() {
        output::warning(format_args!(
            "{name} is set and wins over this login: unset it to use the login"
        ));
    }
}

/// The API as whoever holds a token.
pub(crate) fn with_token(origin: &str, token: &SecretValue) -> Result<Api, Failure> {
    let text = Zeroizing::new(token.expose_secret().to_owned());
    let credentials = Credentials::Token(text);
    Ok(Api::new(Transport::to(origin)?, Some(credentials)))
}

/// What this machine calls itself.
fn host_name() -> String {
    let told = ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok());
    told.map(|name| name.trim().to_owned()).unwrap_or_default()
}
