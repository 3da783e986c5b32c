//! `coffer admin`: what the operator does, on a running server or on the data directory of a stopped one.

mod account;
mod limits;
mod user;

use coffer_protocol::operator::Account;
use coffer_types::AccountId;

use crate::arguments::{Admin, AdminAction, DataSettings};
use crate::failure::Failure;
use crate::operator::Operated;

/// Runs a command.
pub(crate) async fn run(admin: Admin) -> Result<(), Failure> {
    match admin.action {
        AdminAction::Account(account) => account::run(account.action).await,
        AdminAction::User(user) => user::run(user.action).await,
        AdminAction::Limits(limits) => limits::run(&limits).await,
        AdminAction::Accounts(settings) => account::list(&settings).await,
    }
}

/// The installation of a command's data directory.
async fn operated(settings: &DataSettings) -> Result<Operated, Failure> {
    Operated::of(&crate::start_on(settings)?).await
}

/// The account of this id, or the only one there is.
async fn chosen(operated: &Operated, id: Option<AccountId>) -> Result<Account, Failure> {
    let accounts: Vec<Account> = operated.look("/accounts").await?;
    let count = accounts.len();
    let mut matching = accounts
        .into_iter()
        .filter(|account| id.is_none_or(|id| id == account.id));
    match (matching.next(), id) {
        (Some(_), None) if count > 1 => Err(Failure::usage(
            "there are several accounts: choose one with --account; `coffer admin account list` shows them",
        )),
        (Some(account), _) => Ok(account),
        (None, _) => Err(Failure::not_found(
            "no such account: `coffer admin account list` shows them",
        )),
    }
}
