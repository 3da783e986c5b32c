//! `coffer key status`.

use coffer_protocol::keys::{AccountKeysStatus, KeyStatus};

use crate::arguments::DataSettings;
use crate::failure::Failure;
use crate::output::{self, Table};

/// Shows which keys there are.
pub(super) async fn run(settings: &DataSettings) -> Result<(), Failure> {
    let operated = super::operated(settings).await?;
    let status = operated.look("/keys").await;
    operated.close().await;
    let status: KeyStatus = status?;
    if output::is_json() {
        output::json(&status);
        return Ok(());
    }
    output::data(&format!(
        "root key {}, in {}\n",
        status.root_key.fingerprint,
        status.root_key.file.display()
    ));
    let mut masters = Table::new(&["MASTER KEY", "CREATED", "WRAPS ACCOUNT KEYS", ""]);
    for key in &status.master_keys {
        let current = if key.current { "current" } else { "" };
        masters.row([
            key.version.to_string(),
            key.created_at.to_string(),
            key.account_keys.to_string(),
            current.to_owned(),
        ]);
    }
    masters.print();
    for account in &status.accounts {
        let name = output::printable(&account.account_name);
        output::data(&format!("\naccount {} ({name})\n", account.account_id));
        keys(account).print();
    }
    let outdated: u64 = status.accounts.iter().map(|one| one.outdated_values).sum();
    if outdated > 0 {
        output::warning(format_args!(
            "{outdated} values are sealed under older keys: `coffer key rotate account --all --continue` seals them anew"
        ));
    }
    Ok(())
}

fn keys(account: &AccountKeysStatus) -> Table {
    let mut table = Table::new(&["KEY", "CREATED", "MASTER KEY", "SEALS VALUES", ""]);
    for key in &account.keys {
        let current = if key.version == account.current_version {
            "current"
        } else {
            ""
        };
        table.row([
            key.version.to_string(),
            key.created_at.to_string(),
            key.master_version.to_string(),
            key.values.to_string(),
            current.to_owned(),
        ]);
    }
    table
}
