//! The server that a command acts on: which, as whom, and for which account.

use clap::Args;
use coffer_types::AccountId;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::api::{Api, Credentials, Transport};
use crate::environment;
use crate::failure::Failure;
use crate::login::saved;
use crate::output;

/// Where a server is if nothing says where.
const DEFAULT_URL: &str = "http://127.0.0.1:7070";
/// Variables with an API token, the first of which counts.
const TOKENS: [&str; 2] = ["COFFER_API_TOKEN", "CLOUDFLARE_API_TOKEN"];
/// The variable with the address of a global key's user.
const EMAIL: &str = "CLOUDFLARE_EMAIL";
/// The variable with a global key.
const KEY: &str = "CLOUDFLARE_API_KEY";

/// Flags of every command that acts on a server.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerFlags {
    /// The API [default: COFFER_API_URL, else CLOUDFLARE_API_BASE_URL, else that of `coffer login`].
    #[arg(long, value_name = "URL")]
    pub(crate) api_url: Option<String>,
    /// The account [default: COFFER_ACCOUNT_ID, else CLOUDFLARE_ACCOUNT_ID, else that of the configuration, else the only one].
    #[arg(long, value_name = "ID")]
    pub(crate) account_id: Option<AccountId>,
}

/// A server's API with an account on it.
#[derive(Debug)]
pub(crate) struct Server {
    /// The API.
    pub(crate) api: Api,
    /// The account.
    pub(crate) account: AccountId,
}

#[derive(Deserialize)]
struct Account {
    id: AccountId,
    name: String,
}

/// The server that flags, environment and `coffer login` name. `configured` is the account of a project's
/// configuration.
///
/// # Errors
/// Denied if there is no token; a usage error if the account is not clear.
pub(crate) async fn connect(
    flags: &ServerFlags,
    configured: Option<AccountId>,
) -> Result<Server, Failure> {
    let api = api(flags)?;
    let account = match named_account(flags, configured)? {
        Some(account) => account,
        None => only_account(&api).await?,
    };
    Ok(Server { api, account })
}

/// The API alone, for what belongs to no account.
///
/// # Errors
/// Denied if there is no token.
pub(crate) fn api(flags: &ServerFlags) -> Result<Api, Failure> {
    let transport = Transport::to(&url(flags))?;
    let credentials = credentials(&transport)?.ok_or_else(|| {
        Failure::denied(
            "no API token: set COFFER_API_TOKEN (or CLOUDFLARE_API_TOKEN), or run `coffer login`",
        )
    })?;
    Ok(Api::new(transport, Some(credentials)))
}

/// The API's address.
pub(crate) fn url(flags: &ServerFlags) -> String {
    url_of(flags.api_url.as_deref())
}

/// The API's address where a flag may name it.
pub(crate) fn url_of(flag: Option<&str>) -> String {
    flag.map(str::to_owned)
        .or_else(|| environment::first(&["COFFER_API_URL", "CLOUDFLARE_API_BASE_URL"]))
        // A file that cannot be read is told of where its token is looked for.
        .or_else(|| saved::read().ok()?.current)
        .unwrap_or_else(|| DEFAULT_URL.to_owned())
}

/// The environment's variable that names credentials, which win over those of `coffer login`.
pub(crate) fn environment_credentials() -> Option<&'static str> {
    let is_set = |name: &str| environment::first(&[name]).is_some();
    if let Some(name) = TOKENS.into_iter().find(|name| is_set(name)) {
        return Some(name);
    }
    (is_set(EMAIL) && is_set(KEY)).then_some(KEY)
}

/// Where the credentials for a server come from, for people.
pub(crate) fn credentials_source() -> &'static str {
    environment_credentials().unwrap_or("coffer login")
}

fn credentials(transport: &Transport) -> Result<Option<Credentials>, Failure> {
    if let Some(token) = environment::first(&TOKENS) {
        return Ok(Some(Credentials::Token(Zeroizing::new(token))));
    }
    if let (Some(email), Some(key)) = (environment::first(&[EMAIL]), environment::first(&[KEY])) {
        let key = Zeroizing::new(key);
        return Ok(Some(Credentials::GlobalKey { email, key }));
    }
    let saved = saved::read()?;
    let login = transport
        .origin()
        .and_then(|origin| saved.servers.get(origin));
    Ok(login
        .map(|login| Credentials::Token(Zeroizing::new(login.token.expose_secret().to_owned()))))
}

fn named_account(
    flags: &ServerFlags,
    configured: Option<AccountId>,
) -> Result<Option<AccountId>, Failure> {
    if let Some(account) = flags.account_id {
        return Ok(Some(account));
    }
    match environment::first(&["COFFER_ACCOUNT_ID", "CLOUDFLARE_ACCOUNT_ID"]) {
        None => Ok(configured),
        Some(text) => text.parse().map(Some).map_err(|error| {
            Failure::usage(format!("the account id in the environment is {error}"))
        }),
    }
}

async fn only_account(api: &Api) -> Result<AccountId, Failure> {
    let accounts: Vec<Account> = api.read_all("/accounts", &[]).await?;
    match accounts.as_slice() {
        [one] => Ok(one.id),
        [] => Err(Failure::denied(
            "the token may use no account: choose another, or name the account with --account-id",
        )),
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|account| format!("\n  {}  {}", account.id, output::printable(&account.name)))
                .collect();
            Err(Failure::usage(format!(
                "there are several accounts; choose one with --account-id or COFFER_ACCOUNT_ID:{}",
                names.concat()
            )))
        }
    }
}
