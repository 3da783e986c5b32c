//! Secrets of a store: metadata, and values that are sealed.

mod list;

use std::collections::HashSet;

use coffer_types::{
    AccountId, Comment, Scopes, SecretId, SecretName, StoreId, Timestamp, ValueVersion,
};

use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};

use crate::cache::Touched;
use crate::connection::{Rows, Tx, execute, execute_counted, on};
use crate::error::StoreError;
use crate::rows::{parsed, unsigned};

pub(super) use list::like_pattern;
pub use list::{SecretFilter, SecretOrder, list, plan};

/// A secret's metadata.
#[derive(Clone, Debug)]
pub struct SecretRow {
    /// The secret.
    pub id: SecretId,
    /// The account that owns it.
    pub account_id: AccountId,
    /// Its store.
    pub store_id: StoreId,
    /// Its name, unique in the store.
    pub name: SecretName,
    /// What people say of it; `None` if they never said anything.
    pub comment: Option<Comment>,
    /// Who may use it.
    pub scopes: Scopes,
    /// Which value it has.
    pub value_version: ValueVersion,
    /// Its last change: edges that are past it serve its present state.
    pub change_seq: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

/// Keeps a new secret.
///
/// # Errors
/// [`StoreError::Taken`] if the name is.
pub async fn insert(tx: &mut Tx<'_>, secret: &SecretRow, sealed: &[u8]) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO secrets (id, account_id, store_id, name, comment, scopes, value_version, sealed, \
             change_seq, created_at, modified_at, workers) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
             (SELECT count(*) FROM secret_workers WHERE store_id = $3 AND secret_name = $4))",
        secret.id.to_string(),
        secret.account_id.to_string(),
        secret.store_id.to_string(),
        secret.name.as_str().to_owned(),
        secret
            .comment
            .as_ref()
            .map(|comment| comment.as_str().to_owned()),
        i64::from(secret.scopes.bits()),
        i64::from(secret.value_version.0),
        sealed.to_vec(),
        i64::try_from(secret.change_seq).unwrap_or(i64::MAX),
        secret.created_at.as_micros(),
        secret.modified_at.as_micros()
    );
    tx.touch(Touched::Secret(secret.id));
    Ok(())
}

/// Writes a secret's metadata and, if given, its new sealed value.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn update(
    tx: &mut Tx<'_>,
    secret: &SecretRow,
    sealed: Option<&[u8]>,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE secrets SET comment = $2, scopes = $3, value_version = $4, sealed = coalesce($5, sealed), \
             change_seq = $6, modified_at = $7 WHERE id = $1",
        secret.id.to_string(),
        secret
            .comment
            .as_ref()
            .map(|comment| comment.as_str().to_owned()),
        i64::from(secret.scopes.bits()),
        i64::from(secret.value_version.0),
        sealed.map(<[u8]>::to_vec),
        i64::try_from(secret.change_seq).unwrap_or(i64::MAX),
        secret.modified_at.as_micros()
    );
    tx.touch(Touched::Secret(secret.id));
    Ok(())
}

/// Removes a secret with its value; `false` if it was gone already.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, id: SecretId) -> Result<bool, StoreError> {
    let done = execute_counted!(tx, "DELETE FROM secrets WHERE id = $1", id.to_string());
    tx.touch(Touched::Secret(id));
    Ok(done == 1)
}

const COLUMNS: &str = "id, account_id, store_id, name, comment, scopes, value_version, change_seq, created_at, modified_at";

/// The secret with this id, of whichever account.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(rows: &mut impl Rows, id: SecretId) -> Result<Option<SecretRow>, StoreError> {
    let found: Option<SecretTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, store_id, name, comment, scopes, value_version, change_seq, created_at, \
             modified_at FROM secrets WHERE id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// The secret of a store with this name.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn with_name(
    rows: &mut impl Rows,
    store_id: StoreId,
    name: &SecretName,
) -> Result<Option<SecretRow>, StoreError> {
    let found: Option<SecretTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, store_id, name, comment, scopes, value_version, change_seq, created_at, \
             modified_at FROM secrets WHERE store_id = $1 AND name = $2",
        )
        .bind(store_id.to_string())
        .bind(name.as_str().to_owned())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// Those of the names that secrets of the store have.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn taken(
    rows: &mut impl Rows,
    store_id: StoreId,
    names: &[SecretName],
) -> Result<HashSet<SecretName>, StoreError> {
    if names.is_empty() {
        return Ok(HashSet::new());
    }
    let places: Vec<String> = (2..names.len() + 2)
        .map(|place| format!("${place}"))
        .collect();
    let sql = format!(
        "SELECT name FROM secrets WHERE store_id = $1 AND name IN ({})",
        places.join(", ")
    );
    let found: Vec<String> = on!(rows, connection => {
        let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(store_id.to_string());
        for name in names {
            query = query.bind(name.as_str().to_owned());
        }
        query.fetch_all(connection).await?
    });
    found
        .iter()
        .map(|name| parsed("secret name", name))
        .collect()
}

/// A secret with its sealed value. They are read together, because a value opens only as the version that it
/// was sealed as.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find_sealed(
    rows: &mut impl Rows,
    id: SecretId,
) -> Result<Option<(SecretRow, Vec<u8>)>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, sealed FROM secrets WHERE id = $1");
    let found = on!(rows, connection => {
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).fetch_optional(connection).await?
    });
    found.as_ref().map(from_sealed_row).transpose()
}

/// Those secrets of a store that have one of these names, with their sealed values.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn sealed_with_names(
    rows: &mut impl Rows,
    store_id: StoreId,
    names: &[SecretName],
) -> Result<Vec<(SecretRow, Vec<u8>)>, StoreError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (2..names.len() + 2)
        .map(|place| format!("${place}"))
        .collect();
    let sql = format!(
        "SELECT {COLUMNS}, sealed FROM secrets WHERE store_id = $1 AND name IN ({})",
        places.join(", ")
    );
    let found = on!(rows, connection => {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(store_id.to_string());
        for name in names {
            query = query.bind(name.as_str().to_owned());
        }
        query.fetch_all(connection).await?
    });
    found.iter().map(from_sealed_row).collect()
}

/// Every secret with its sealed value, for a replica.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn all_sealed(rows: &mut impl Rows) -> Result<Vec<(SecretRow, Vec<u8>)>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, sealed FROM secrets ORDER BY id");
    let found = on!(rows, connection => {
        sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(connection).await?
    });
    found.iter().map(from_sealed_row).collect()
}

type SecretTuple = (
    String,
    String,
    String,
    String,
    Option<String>,
    i64,
    i64,
    i64,
    i64,
    i64,
);

fn from_sealed_row<'r, R: Row>(row: &'r R) -> Result<(SecretRow, Vec<u8>), StoreError>
where
    SecretTuple: FromRow<'r, R>,
    &'static str: ColumnIndex<R>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
    let sealed = row.try_get("sealed")?;
    Ok((from_tuple(SecretTuple::from_row(row)?)?, sealed))
}

fn from_tuple(tuple: SecretTuple) -> Result<SecretRow, StoreError> {
    let (
        id,
        account_id,
        store_id,
        name,
        comment,
        scopes,
        value_version,
        change_seq,
        created_at,
        modified_at,
    ) = tuple;
    Ok(SecretRow {
        id: parsed("secret id", &id)?,
        account_id: parsed("account id", &account_id)?,
        store_id: parsed("store id", &store_id)?,
        name: parsed("secret name", &name)?,
        comment: comment.map(|text| parsed("comment", &text)).transpose()?,
        scopes: Scopes::from_bits(u8::try_from(scopes).unwrap_or(0)),
        value_version: ValueVersion(unsigned("value version", value_version)?),
        change_seq: u64::try_from(change_seq).unwrap_or(0),
        created_at: Timestamp::from_micros(created_at),
        modified_at: Timestamp::from_micros(modified_at),
    })
}
