//! Accounts, their limits and their keys.

use coffer_types::{AccountId, AccountName, Subdomain, Timestamp, UsageModel, WrappedAccountKey};
use serde::Serialize;

use crate::cache::Touched;
use crate::connection::{Rows, Tx, execute, execute_counted, on};
use crate::error::StoreError;
use crate::rows::{account_keys, parsed, unsigned};

/// An account.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// The account.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// Its label in host names, if it has one.
    pub subdomain: Option<Subdomain>,
    /// What it may hold.
    pub limits: AccountLimits,
    /// Its keys, oldest first.
    pub keys: Vec<WrappedAccountKey>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What an account may hold. The operator sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AccountLimits {
    /// Secrets Stores.
    pub stores: u32,
    /// Secrets in all of them together.
    pub secrets: u32,
    /// Bytes of one secret's value.
    pub value_bytes: u32,
    /// Workers.
    pub workers: u32,
}

/// What an account has set for all of its Workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkersSettings {
    /// The usage model that the account would have for new Workers.
    pub default_usage_model: UsageModel,
    /// Whether Workers would run where power is green.
    pub green_compute: bool,
}

/// Makes an account, with its keys.
///
/// # Errors
/// [`StoreError::Taken`] if the id or the subdomain is.
pub async fn insert(tx: &mut Tx<'_>, account: &AccountRow) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO accounts (id, name, subdomain, max_stores, max_secrets, max_value_bytes, \
             max_workers, created_at, modified_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        account.id.to_string(),
        account.name.clone(),
        subdomain_column(account.id, account.subdomain.as_ref()),
        i64::from(account.limits.stores),
        i64::from(account.limits.secrets),
        i64::from(account.limits.value_bytes),
        i64::from(account.limits.workers),
        account.created_at.as_micros()
    );
    for key in &account.keys {
        account_keys::insert(tx, account.id, key, account.created_at).await?;
    }
    tx.touch(Touched::Account(account.id));
    Ok(())
}

/// Sets an account's limits; `false` if there is no such account.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn update_limits(
    tx: &mut Tx<'_>,
    id: AccountId,
    limits: AccountLimits,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = execute_counted!(
        tx,
        "UPDATE accounts SET max_stores = $2, max_secrets = $3, max_value_bytes = $4, max_workers = $5, \
             modified_at = $6 WHERE id = $1",
        id.to_string(),
        i64::from(limits.stores),
        i64::from(limits.secrets),
        i64::from(limits.value_bytes),
        i64::from(limits.workers),
        now.as_micros()
    );
    tx.touch(Touched::Account(id));
    Ok(done == 1)
}

/// Gives an account another name.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn rename(
    tx: &mut Tx<'_>,
    id: AccountId,
    name: &AccountName,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE accounts SET name = $2, modified_at = $3 WHERE id = $1",
        id.to_string(),
        name.as_str(),
        now.as_micros()
    );
    tx.touch(Touched::Account(id));
    Ok(())
}

/// Gives an account another label in host names, or none.
///
/// # Errors
/// [`StoreError::Taken`] if another account has it.
pub async fn set_subdomain(
    tx: &mut Tx<'_>,
    id: AccountId,
    subdomain: Option<&Subdomain>,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE accounts SET subdomain = $2, modified_at = $3 WHERE id = $1",
        id.to_string(),
        subdomain_column(id, subdomain),
        now.as_micros()
    );
    tx.touch(Touched::Account(id));
    Ok(())
}

/// The account that has this label in host names.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_subdomain(
    rows: &mut impl Rows,
    subdomain: &Subdomain,
) -> Result<Option<AccountId>, StoreError> {
    let found: Option<String> = on!(rows, connection => {
        sqlx::query_scalar("SELECT id FROM accounts WHERE subdomain = $1")
            .bind(subdomain.as_str().to_owned())
            .fetch_optional(connection)
            .await?
    });
    found.map(|id| parsed("account id", &id)).transpose()
}

/// Sets whether a secret that a deployed version binds is kept from being deleted; `false` if there is no such
/// account.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn set_protects_bound_secrets(
    tx: &mut Tx<'_>,
    id: AccountId,
    protects: bool,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = execute_counted!(
        tx,
        "UPDATE accounts SET protect_bound_secrets = $2, modified_at = $3 WHERE id = $1",
        id.to_string(),
        i64::from(protects),
        now.as_micros()
    );
    tx.touch(Touched::Account(id));
    Ok(done == 1)
}

/// Whether a secret that a deployed version binds is kept from being deleted. It is read where it counts, in
/// the transaction that would delete.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn protects_bound_secrets(
    rows: &mut impl Rows,
    id: AccountId,
) -> Result<bool, StoreError> {
    let protects: Option<i64> = on!(rows, connection => {
        sqlx::query_scalar("SELECT protect_bound_secrets FROM accounts WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(connection)
            .await?
    });
    Ok(protects == Some(1))
}

/// Sets what the account has set for all of its Workers; `false` if there is no such account.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn set_workers_settings(
    tx: &mut Tx<'_>,
    id: AccountId,
    settings: WorkersSettings,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = execute_counted!(
        tx,
        "UPDATE accounts SET default_usage_model = $2, green_compute = $3, modified_at = $4 WHERE id = $1",
        id.to_string(),
        settings.default_usage_model.as_str(),
        i64::from(settings.green_compute),
        now.as_micros()
    );
    tx.touch(Touched::Account(id));
    Ok(done == 1)
}

/// What the account has set for all of its Workers; of an account that is not there, what a new one has.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn workers_settings(
    rows: &mut impl Rows,
    id: AccountId,
) -> Result<WorkersSettings, StoreError> {
    let found: Option<(String, i64)> = on!(rows, connection => {
        sqlx::query_as("SELECT default_usage_model, green_compute FROM accounts WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(connection)
            .await?
    });
    let Some((model, green_compute)) = found else {
        return Ok(WorkersSettings::default());
    };
    Ok(WorkersSettings {
        default_usage_model: parsed("usage model", &model)?,
        green_compute: green_compute != 0,
    })
}

/// Counts `added` more secrets if the limit allows; `false` if it does not and nothing was counted. In a batch
/// it is always `true`, and the batch fails.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn reserve_secrets(
    tx: &mut Tx<'_>,
    id: AccountId,
    added: u32,
) -> Result<bool, StoreError> {
    // Over the limit the count would be NULL, which the column refuses.
    const RESERVE: &str = "UPDATE accounts SET secret_count = \
         CASE WHEN secret_count + $2 <= max_secrets THEN secret_count + $2 END WHERE id = $1";
    let values = vec![id.to_string().into(), i64::from(added).into()];
    match tx.execute(RESERVE, values).await {
        Ok(()) => Ok(true),
        Err(StoreError::Null) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Counts `removed` fewer secrets.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn release_secrets(
    tx: &mut Tx<'_>,
    id: AccountId,
    removed: u32,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE accounts SET secret_count = secret_count - $2 WHERE id = $1",
        id.to_string(),
        i64::from(removed)
    );
    Ok(())
}

/// How many secrets the account holds.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn secret_count(rows: &mut impl Rows, id: AccountId) -> Result<u32, StoreError> {
    let count: i64 = on!(rows, connection => {
        sqlx::query_scalar("SELECT secret_count FROM accounts WHERE id = $1")
            .bind(id.to_string())
            .fetch_one(connection)
            .await?
    });
    unsigned("secret count", count)
}

/// The account with this id.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(rows: &mut impl Rows, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
    let found: Option<AccountTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, name, subdomain, max_stores, max_secrets, max_value_bytes, max_workers, created_at \
             FROM accounts WHERE id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
    });
    match found {
        Some(tuple) => Ok(Some(with_keys(rows, tuple).await?)),
        None => Ok(None),
    }
}

/// Every account, by id.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn all(rows: &mut impl Rows) -> Result<Vec<AccountRow>, StoreError> {
    let found: Vec<AccountTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, name, subdomain, max_stores, max_secrets, max_value_bytes, max_workers, created_at \
             FROM accounts ORDER BY id",
        )
        .fetch_all(connection)
        .await?
    });
    let mut accounts = Vec::with_capacity(found.len());
    for tuple in found {
        accounts.push(with_keys(rows, tuple).await?);
    }
    Ok(accounts)
}

/// Begins what stands in place of the label of an account without one. No label begins so, and the account's id
/// after it keeps the column unique.
const NO_SUBDOMAIN: char = '-';

fn subdomain_column(id: AccountId, subdomain: Option<&Subdomain>) -> String {
    subdomain.map_or_else(
        || format!("{NO_SUBDOMAIN}{id}"),
        |subdomain| subdomain.as_str().to_owned(),
    )
}

type AccountTuple = (String, String, String, i64, i64, i64, i64, i64);

async fn with_keys(rows: &mut impl Rows, tuple: AccountTuple) -> Result<AccountRow, StoreError> {
    let (id, name, subdomain, stores, secrets, value_bytes, workers, created_at) = tuple;
    let keys: Vec<(i64, i64, Vec<u8>)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT version, master_version, wrapped FROM account_keys WHERE account_id = $1 ORDER BY version",
        )
        .bind(id.clone())
        .fetch_all(connection)
        .await?
    });
    let keys = keys
        .into_iter()
        .map(|(version, master_version, wrapped)| {
            Ok(WrappedAccountKey {
                version: unsigned("account key version", version)?,
                master_version: unsigned("master key version", master_version)?,
                wrapped,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(AccountRow {
        id: parsed("account id", &id)?,
        name,
        subdomain: Some(subdomain)
            .filter(|column| !column.starts_with(NO_SUBDOMAIN))
            .map(|label| parsed("subdomain", &label))
            .transpose()?,
        limits: AccountLimits {
            stores: unsigned("max_stores", stores)?,
            secrets: unsigned("max_secrets", secrets)?,
            value_bytes: unsigned("max_value_bytes", value_bytes)?,
            workers: unsigned("max_workers", workers)?,
        },
        keys,
        created_at: Timestamp::from_micros(created_at),
    })
}
