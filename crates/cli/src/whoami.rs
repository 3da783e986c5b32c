//! `coffer whoami`.

use clap::Args;
use coffer_types::AccountId;
use serde::{Deserialize, Serialize};

use crate::api::{Answer, Api, ApiError};
use crate::failure::Failure;
use crate::output::{self, Table, facts};
use crate::remote::{self, ServerFlags};

#[derive(Debug, Args)]
pub(crate) struct Whoami {
    /// Show only this account, by its id or name
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

/// Who the credentials are for.
#[derive(Serialize)]
struct Identity {
    api_url: String,
    /// Where the credentials come from: a variable of the environment, or `coffer login`.
    credentials: &'static str,
    /// `null` for a token of an account.
    email: Option<String>,
    accounts: Vec<Account>,
}

#[derive(Deserialize, Serialize)]
struct Account {
    id: AccountId,
    name: String,
    /// What the user is there; empty for a token of the account.
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Deserialize)]
struct User {
    email: String,
}

#[derive(Deserialize)]
struct Membership {
    account: AccountOf,
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Deserialize)]
struct AccountOf {
    id: AccountId,
}

impl Whoami {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = remote::api(&self.server)?;
        let mut identity = identity(&api).await?;
        if let Some(wanted) = &self.account {
            identity
                .accounts
                .retain(|account| account.id.to_string() == *wanted || account.name == *wanted);
            if identity.accounts.is_empty() {
                return Err(Failure::not_found(format!(
                    "these credentials know no account {wanted}: leave --account out to see those that they know"
                )));
            }
        }
        if output::is_json() {
            output::json(&identity);
        } else {
            show(&identity);
        }
        Ok(())
    }
}

async fn identity(api: &Api) -> Result<Identity, Failure> {
    let user: Result<Answer<User>, ApiError> = api.read("/user", &[]).await;
    let mut accounts: Vec<Account> = match api.read_all("/accounts", &[]).await {
        Ok(accounts) => accounts,
        // A token without any account may still be a user's.
        Err(error) if user.is_ok() && error.status() == Some(http::StatusCode::FORBIDDEN) => {
            Vec::new()
        }
        Err(error) => return Err(error.into()),
    };
    if user.is_ok() {
        let memberships: Vec<Membership> =
            api.read_all("/memberships", &[]).await.unwrap_or_default();
        for membership in memberships {
            let mut mine = accounts.iter_mut();
            if let Some(account) = mine.find(|account| account.id == membership.account.id) {
                account.roles = membership.roles;
            }
        }
    }
    Ok(Identity {
        api_url: api.place(),
        credentials: remote::credentials_source(),
        email: user.ok().map(|answer| answer.result.email),
        accounts,
    })
}

fn show(identity: &Identity) {
    let email = identity.email.clone();
    facts(&[
        ("Server", identity.api_url.clone()),
        (
            "User",
            email.unwrap_or_else(|| {
                "unknown to this token (a token of an account, or a narrow one)".to_owned()
            }),
        ),
        ("Credentials", format!("from {}", identity.credentials)),
    ]);
    if identity.accounts.is_empty() {
        return;
    }
    output::data("");
    let mut table = Table::new(&["ACCOUNT", "ID", "ROLES"]);
    for account in &identity.accounts {
        table.row([
            account.name.clone(),
            account.id.to_string(),
            account.roles.join(", "),
        ]);
    }
    table.print();
}
