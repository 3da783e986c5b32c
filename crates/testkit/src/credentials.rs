//! What `coffer init --json` prints, once.

use std::fmt;

use serde::Deserialize;

/// The first account and its administrator.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The account's id: 32 hexadecimal digits.
    pub account_id: String,
    /// The account's name.
    pub account_name: String,
    /// The Super Administrator's e-mail address.
    pub email: String,
    /// The Super Administrator's password.
    pub password: String,
    /// An API token with every permission of the account.
    pub api_token: String,
    /// The Super Administrator's global API key.
    pub global_api_key: String,
    /// Where a browser goes.
    pub dashboard_url: String,
    /// What clients are given as `CLOUDFLARE_API_BASE_URL`.
    pub api_base_url: String,
    /// Where Workers answer.
    pub workers_url: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("account_id", &self.account_id)
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}
