//! `coffer admin account`.

use coffer_crypto::SecretValue;
use coffer_protocol::operator::{self, Account, User};
use serde::Deserialize;
use serde_json::json;

use super::operated;
use crate::arguments::{AccountAction, CreateAccount, DataSettings, RenameAccount};
use crate::failure::Failure;
use crate::output::{self, Table};

/// An account that was made.
#[derive(Deserialize)]
struct Created {
    account: Account,
    user: User,
    /// Of a user who was made with it. It is told once.
    password: Option<SecretValue>,
}

pub(super) async fn run(action: AccountAction) -> Result<(), Failure> {
    match action {
        AccountAction::List(settings) => list(&settings).await,
        AccountAction::Create(arguments) => create(arguments).await,
        AccountAction::Rename(arguments) => rename(arguments).await,
    }
}

pub(super) async fn list(settings: &DataSettings) -> Result<(), Failure> {
    let operated = operated(settings).await?;
    let accounts: Vec<Account> = operated.look("/accounts").await?;
    operated.close().await;
    show(&accounts);
    Ok(())
}

async fn create(arguments: CreateAccount) -> Result<(), Failure> {
    let operated = operated(&arguments.settings).await?;
    let new = operator::NewAccount {
        name: arguments.name,
        subdomain: arguments.subdomain,
        email: arguments.email,
    };
    let created: Created = operated.ask("/accounts", &new).await?;
    operated.close().await;
    let password = created.password.as_ref().map(SecretValue::expose_secret);
    if output::is_json() {
        output::json(&json!({
            "account": created.account,
            "user": created.user,
            "password": password,
        }));
        return Ok(());
    }
    let mut facts = vec![
        ("account", created.account.name),
        ("id", created.account.id.to_string()),
        ("email", created.user.email.to_string()),
    ];
    match password {
        Some(password) => {
            facts.push(("password", password.to_owned()));
            output::facts(&facts);
            output::note("The password is shown once.");
        }
        None => {
            output::facts(&facts);
            output::note("The user was one before, and keeps the password.");
        }
    }
    Ok(())
}

async fn rename(arguments: RenameAccount) -> Result<(), Failure> {
    let operated = operated(&arguments.settings).await?;
    let rename = operator::RenameAccount {
        account: arguments.account,
        name: arguments.name,
    };
    let account: Account = operated.ask("/accounts/rename", &rename).await?;
    operated.close().await;
    show(&[account]);
    Ok(())
}

/// Shows accounts: an array with `--json`, else a table.
pub(super) fn show(accounts: &[Account]) {
    if output::is_json() {
        output::json(&accounts);
        return;
    }
    let mut table = Table::new(&[
        "ID",
        "Name",
        "Subdomain",
        "Secrets",
        "Stores",
        "Value bytes",
        "Workers",
    ]);
    for account in accounts {
        let limits = account.limits;
        let subdomain = account.subdomain.as_ref().map(ToString::to_string);
        table.row([
            account.id.to_string(),
            account.name.clone(),
            subdomain.unwrap_or_else(|| "-".to_owned()),
            format!("{} of {}", account.secrets, limits.secrets),
            format!("at most {}", limits.stores),
            format!("at most {}", limits.value_bytes),
            format!("at most {}", limits.workers),
        ]);
    }
    table.print();
}
