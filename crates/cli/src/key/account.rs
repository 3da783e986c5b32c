//! `coffer key rotate account`.

use coffer_protocol::keys::{
    AccountKeysStatus, KeyStatus, NewAccountKey, Reseal, Resealed, RotateAccountKey,
};
use coffer_types::AccountId;
use serde::Serialize;

use crate::arguments::RotateAccount;
use crate::backup::counted;
use crate::failure::Failure;
use crate::operator::Operated;
use crate::output::{self, Bar};

/// Walks through an account's values at the most: after the first there is left only what requests that were under way
/// sealed meanwhile.
const MAX_WALKS: u32 = 3;

/// What became of an account.
#[derive(Serialize)]
struct Rotated {
    account_id: AccountId,
    account_name: String,
    /// The version that values are sealed under.
    version: u32,
    /// Values that were sealed anew.
    resealed: u64,
    /// Values that are still sealed under older keys.
    outdated_values: u64,
}

/// Gives accounts new keys and seals their values anew.
pub(super) async fn run(arguments: &RotateAccount) -> Result<(), Failure> {
    let operated = super::operated(&arguments.settings).await?;
    let done = rotate(&operated, arguments).await;
    operated.close().await;
    let rotated = done?;
    if output::is_json() {
        output::json(&rotated);
    } else {
        for one in &rotated {
            output::data(&format!(
                "account {} ({}): key version {}, {} sealed anew",
                one.account_id,
                output::printable(&one.account_name),
                one.version,
                counted(one.resealed, "value")
            ));
        }
    }
    let left: u64 = rotated.iter().map(|one| one.outdated_values).sum();
    if left > 0 {
        return Err(Failure::sentence(format!(
            "{} stayed under older keys: the server's log tells of those that do not open; `coffer key status` shows \
             where they are, and --continue tries them again",
            counted(left, "value")
        )));
    }
    Ok(())
}

async fn rotate(operated: &Operated, arguments: &RotateAccount) -> Result<Vec<Rotated>, Failure> {
    let accounts = chosen(operated, arguments).await?;
    let mut rotated = Vec::with_capacity(accounts.len());
    for account in accounts {
        if !arguments.only_continue {
            let asked = RotateAccountKey {
                account_id: account.account_id,
            };
            let NewAccountKey { .. } = operated.ask("/keys/account/rotate", &asked).await?;
        }
        let resealed = reseal(operated, account.account_id)
            .await
            .map_err(|failure| {
                failure.advised("`coffer key rotate account --continue` goes on where this stopped")
            })?;
        let now = of(operated, account.account_id).await?;
        rotated.push(Rotated {
            account_id: now.account_id,
            account_name: now.account_name,
            version: now.current_version,
            resealed,
            outdated_values: now.outdated_values,
        });
    }
    Ok(rotated)
}

/// Seals an account's values anew, step by step.
async fn reseal(operated: &Operated, account_id: AccountId) -> Result<u64, Failure> {
    let mut resealed = 0;
    for _ in 0..MAX_WALKS {
        let outdated = of(operated, account_id).await?.outdated_values;
        if outdated == 0 {
            break;
        }
        let bar = Bar::start("Sealing values anew", outdated);
        let mut walked = 0;
        let mut step = Reseal {
            account_id,
            after: None,
        };
        loop {
            let done: Resealed = operated.ask("/keys/account/reseal", &step).await?;
            walked += u64::from(done.resealed);
            bar.reach(walked);
            step.after = match done.next {
                Some(next) => Some(next),
                None => break,
            };
        }
        resealed += walked;
        // What is left does not open: another walk would find the same.
        if walked == 0 {
            break;
        }
    }
    Ok(resealed)
}

async fn chosen(
    operated: &Operated,
    arguments: &RotateAccount,
) -> Result<Vec<AccountKeysStatus>, Failure> {
    let status: KeyStatus = operated.look("/keys").await?;
    let mut accounts = status.accounts;
    if arguments.all {
        return Ok(accounts);
    }
    if arguments.account.is_none() && accounts.len() > 1 {
        return Err(Failure::usage(
            "there are several accounts: choose one with --account, or --all; `coffer key status` shows them",
        ));
    }
    accounts.retain(|one| arguments.account.is_none_or(|id| id == one.account_id));
    if accounts.is_empty() {
        return Err(Failure::not_found(
            "no such account: `coffer key status` shows them",
        ));
    }
    Ok(accounts)
}

async fn of(operated: &Operated, account_id: AccountId) -> Result<AccountKeysStatus, Failure> {
    let status: KeyStatus = operated.look("/keys").await?;
    let mut accounts = status.accounts.into_iter();
    let found = accounts.find(|one| one.account_id == account_id);
    found.ok_or_else(|| Failure::not_found("the account is gone"))
}
