//! The server that commands of the API go to, if the environment names one.

use serde::Deserialize;

use super::finding::Finding;
use crate::environment;
use crate::remote::{self, ServerFlags};

#[derive(Deserialize)]
struct Account {
    name: String,
}

/// Asks the server which accounts the token knows.
pub(super) async fn look() -> Option<Finding> {
    const CHECK: &str = "API";
    environment::first(&["COFFER_API_TOKEN", "CLOUDFLARE_API_TOKEN"])?;
    let flags = ServerFlags::default();
    let url = remote::url(&flags);
    let advice = "correct COFFER_API_URL and COFFER_API_TOKEN, or unset them";
    let api = match remote::api(&flags) {
        Ok(api) => api,
        Err(failure) => return Some(Finding::fail(CHECK, failure.message(), advice)),
    };
    let accounts = api.read_all::<Account>("/accounts", &[]).await;
    Some(match accounts {
        Ok(accounts) => {
            let names: Vec<_> = accounts.into_iter().map(|account| account.name).collect();
            let names = names.join(", ");
            Finding::ok(CHECK, format!("{url} answers; the token knows {names}"))
        }
        Err(error) => Finding::fail(CHECK, format!("{url}: {error}"), advice),
    })
}
