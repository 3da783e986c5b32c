//! `coffer admin`: what the owner of a data directory does.

use coffer_engine::{AccountLimits, AccountSummary, Installation};

use crate::arguments::{Admin, AdminAction, Limits};
use crate::failure::Failure;
use crate::{installation, output};

/// Runs a command on the data directory; a server that uses it must be stopped.
pub(crate) async fn run(admin: Admin) -> Result<(), Failure> {
    match admin.action {
        AdminAction::Accounts(settings) => {
            let installation = installation::open(&crate::start_on(&settings)?).await?;
            show(&installation.accounts().await?);
        }
        AdminAction::Limits(arguments) => {
            let installation = installation::open(&crate::start_on(&arguments.settings)?).await?;
            limits(&installation, &arguments).await?;
        }
    }
    Ok(())
}

async fn limits(installation: &Installation, arguments: &Limits) -> Result<(), Failure> {
    let mut account = chosen(installation.accounts().await?, arguments)?;
    let present = account.limits;
    let wanted = AccountLimits {
        stores: arguments.stores.unwrap_or(present.stores),
        secrets: arguments.secrets.unwrap_or(present.secrets),
        value_bytes: arguments.value_bytes.unwrap_or(present.value_bytes),
        workers: arguments.workers.unwrap_or(present.workers),
    };
    if wanted != present {
        installation.set_limits(account.id, wanted).await?;
        account.limits = wanted;
    }
    show(&[account]);
    Ok(())
}

fn chosen(accounts: Vec<AccountSummary>, arguments: &Limits) -> Result<AccountSummary, Failure> {
    let count = accounts.len();
    let mut matching = accounts
        .into_iter()
        .filter(|account| arguments.account.is_none_or(|id| id == account.id));
    match (matching.next(), arguments.account) {
        (Some(_), None) if count > 1 => Err(Failure::usage(
            "there are several accounts: choose one with --account",
        )),
        (Some(account), _) => Ok(account),
        (None, _) => Err(Failure::not_found(
            "no such account: `coffer admin accounts` shows them",
        )),
    }
}

fn show(accounts: &[AccountSummary]) {
    if output::is_json() {
        output::json(&accounts);
        return;
    }
    for account in accounts {
        let AccountSummary {
            id,
            name,
            subdomain,
            secrets,
            limits,
        } = account;
        let subdomain = subdomain
            .as_ref()
            .map_or("no subdomain", |subdomain| subdomain.as_str());
        output::data(&format!(
            "{id}  {name} ({subdomain})\n  secrets {secrets} of {}, stores {}, value {} bytes, Workers {}",
            limits.secrets, limits.stores, limits.value_bytes, limits.workers
        ));
    }
}
