//! Secrets Stores.

use coffer_types::{AccountId, StoreId, StoreName, Timestamp};

use crate::cache::Touched;
use crate::connection::{Rows, Tx, execute, execute_counted, on};
use crate::error::StoreError;
use crate::rows::{Direction, Slice, parsed, unsigned};

/// A Secrets Store.
#[derive(Clone, Debug)]
pub struct StoreRow {
    /// The store.
    pub id: StoreId,
    /// The account that owns it.
    pub account_id: AccountId,
    /// Its name, unique in the account.
    pub name: StoreName,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

/// What stores can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreOrder {
    /// The name.
    Name,
    /// When it was made.
    Created,
    /// When it was last changed.
    Modified,
}

/// Makes a store if the account's limit allows; `false` if it does not.
///
/// # Errors
/// [`StoreError::Taken`] if the name is.
pub async fn insert(
    tx: &mut Tx<'_>,
    store: &StoreRow,
    max_stores: u32,
) -> Result<bool, StoreError> {
    let done = execute_counted!(
        tx,
        "INSERT INTO stores (id, account_id, name, created_at, modified_at) \
             SELECT $1, $2, $3, $4, $4 WHERE (SELECT count(*) FROM stores WHERE account_id = $2) < $5",
        store.id.to_string(),
        store.account_id.to_string(),
        store.name.as_str().to_owned(),
        store.created_at.as_micros(),
        i64::from(max_stores)
    );
    tx.touch(Touched::Store(store.id));
    Ok(done == 1)
}

/// Removes a store that holds no secret.
///
/// # Errors
/// [`StoreError`] if the database fails, also when it still holds one.
pub async fn delete(tx: &mut Tx<'_>, id: StoreId) -> Result<(), StoreError> {
    execute!(tx, "DELETE FROM stores WHERE id = $1", id.to_string());
    tx.touch(Touched::Store(id));
    Ok(())
}

/// The account's store with this id.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    account_id: AccountId,
    id: StoreId,
) -> Result<Option<StoreRow>, StoreError> {
    let found: Option<StoreTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, name, created_at, modified_at FROM stores WHERE id = $1 AND account_id = $2",
        )
        .bind(id.to_string())
        .bind(account_id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// The store with this id, of whichever account.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find_any(rows: &mut impl Rows, id: StoreId) -> Result<Option<StoreRow>, StoreError> {
    let found: Option<StoreTuple> = on!(rows, connection => {
        sqlx::query_as("SELECT id, account_id, name, created_at, modified_at FROM stores WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(connection)
            .await?
    });
    found.map(from_tuple).transpose()
}

/// A slice of the account's stores, and how many there are.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn list(
    rows: &mut impl Rows,
    account_id: AccountId,
    order: StoreOrder,
    direction: Direction,
    slice: Slice,
) -> Result<(Vec<StoreRow>, u32), StoreError> {
    let column = match order {
        StoreOrder::Name => "name",
        StoreOrder::Created => "created_at",
        StoreOrder::Modified => "modified_at",
    };
    let sql = format!(
        "SELECT id, account_id, name, created_at, modified_at FROM stores WHERE account_id = $1 \
         ORDER BY {column} {direction}, id {direction} LIMIT $2 OFFSET $3",
        direction = direction.sql(),
    );
    let found: Vec<StoreTuple> = on!(rows, connection => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(account_id.to_string())
            .bind(slice.limit_sql())
            .bind(slice.offset_sql())
            .fetch_all(connection)
            .await?
    });
    let total: i64 = on!(rows, connection => {
        sqlx::query_scalar("SELECT count(*) FROM stores WHERE account_id = $1")
            .bind(account_id.to_string())
            .fetch_one(connection)
            .await?
    });
    let stores = found
        .into_iter()
        .map(from_tuple)
        .collect::<Result<_, _>>()?;
    Ok((stores, unsigned("count of stores", total)?))
}

type StoreTuple = (String, String, String, i64, i64);

fn from_tuple(tuple: StoreTuple) -> Result<StoreRow, StoreError> {
    let (id, account_id, name, created_at, modified_at) = tuple;
    Ok(StoreRow {
        id: parsed("store id", &id)?,
        account_id: parsed("account id", &account_id)?,
        name: parsed("store name", &name)?,
        created_at: Timestamp::from_micros(created_at),
        modified_at: Timestamp::from_micros(modified_at),
    })
}
