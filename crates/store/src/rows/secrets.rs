//! Secrets of a store: metadata, and values that are sealed.

use std::collections::HashSet;

use coffer_types::{
    AccountId, Comment, Scopes, SecretId, SecretName, StoreId, Timestamp, ValueVersion,
};

use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};

use crate::cache::Touched;
use crate::connection::{Rows, Tx, execute, execute_counted, on};
use crate::dialect::LIKE_ANY_CASE;
use crate::error::StoreError;
use crate::rows::{Direction, Slice, parsed, unsigned};

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

/// What secrets can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretOrder {
    /// The name.
    Name,
    /// The comment.
    Comment,
    /// When it was made.
    Created,
    /// When it was last changed.
    Modified,
    /// Pending or active.
    Status,
}

/// Which secrets of a store to list.
#[derive(Clone, Debug)]
pub struct SecretFilter {
    /// The store.
    pub store_id: StoreId,
    /// Text to find in the name or comment, without regard to ASCII case.
    pub search: Option<String>,
    /// At least one of these scopes; empty means any.
    pub scopes: Scopes,
    /// Only those that wait for an edge to apply their last change, or only those that do not; `None` means any.
    pub pending: Option<bool>,
}

/// Keeps a new secret.
///
/// # Errors
/// [`StoreError::Taken`] if the name is.
pub async fn insert(tx: &mut Tx<'_>, secret: &SecretRow, sealed: &[u8]) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO secrets (id, account_id, store_id, name, comment, scopes, value_version, sealed, \
             change_seq, created_at, modified_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
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

/// A slice of a store's secrets, and how many match. `applied` is the last change that every edge serves.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn list(
    rows: &mut impl Rows,
    filter: &SecretFilter,
    order: SecretOrder,
    direction: Direction,
    slice: Slice,
    applied: u64,
) -> Result<(Vec<SecretRow>, u32), StoreError> {
    let sql = page_sql(filter, order, direction);
    let pattern = filter.search.as_deref().map(like_pattern);
    let pending = filter.pending.map_or(-1, i64::from);
    let applied = i64::try_from(applied).unwrap_or(i64::MAX);
    let found: Vec<SecretTuple> = on!(rows, connection => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(filter.store_id.to_string())
            .bind(pattern.clone())
            .bind(i64::from(filter.scopes.bits()))
            .bind(pending)
            .bind(applied)
            .bind(slice.limit_sql())
            .bind(slice.offset_sql())
            .fetch_all(connection)
            .await?
    });
    let count = format!("SELECT count(*) FROM secrets WHERE {}", matches());
    let total: i64 = on!(rows, connection => {
        sqlx::query_scalar(sqlx::AssertSqlSafe(count))
            .bind(filter.store_id.to_string())
            .bind(pattern)
            .bind(i64::from(filter.scopes.bits()))
            .bind(pending)
            .bind(applied)
            .fetch_one(connection)
            .await?
    });
    let secrets = found
        .into_iter()
        .map(from_tuple)
        .collect::<Result<_, _>>()?;
    Ok((secrets, unsigned("count of secrets", total)?))
}

/// How the database would find a page of a list, a line a step, for the test that it reads no more than it must.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn plan(
    rows: &mut impl Rows,
    filter: &SecretFilter,
    order: SecretOrder,
    direction: Direction,
) -> Result<Vec<String>, StoreError> {
    let sql = format!("EXPLAIN QUERY PLAN {}", page_sql(filter, order, direction));
    let steps = on!(rows, connection => {
        sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(connection).await?
    });
    let details = steps.iter().map(|step| step.try_get("detail"));
    Ok(details.collect::<Result<_, _>>()?)
}

/// `$1` to `$5`: the store, a pattern, scopes, whether pending, and the last change that every edge serves.
fn matches() -> String {
    format!(
        "store_id = $1 \
         AND ($2 IS NULL OR name {LIKE_ANY_CASE} $2 ESCAPE '!' OR comment {LIKE_ANY_CASE} $2 ESCAPE '!') \
         AND ($3 = 0 OR (scopes & $3) <> 0) \
         AND ($4 < 0 OR (CASE WHEN change_seq > $5 THEN 1 ELSE 0 END) = $4)"
    )
}

/// What finds a page: besides the parameters of [`matches`], `$6` and `$7` are its slice.
fn page_sql(filter: &SecretFilter, order: SecretOrder, direction: Direction) -> String {
    let is_narrowed =
        filter.search.is_some() || filter.pending.is_some() || !filter.scopes.is_empty();
    let key = match order {
        // Of a few among many, an index in the order of the page would look up every secret of the store. A column
        // to which something is appended is found in the index that has all a list shows.
        SecretOrder::Name if is_narrowed => "name || ''",
        SecretOrder::Created if is_narrowed => "created_at + 0",
        SecretOrder::Name => "name",
        SecretOrder::Comment => "coalesce(comment, '')",
        SecretOrder::Created => "created_at",
        SecretOrder::Modified => "modified_at",
        // `active` sorts before `pending`, as the words do.
        SecretOrder::Status => "(CASE WHEN change_seq > $5 THEN 1 ELSE 0 END)",
    };
    format!(
        "SELECT {COLUMNS} FROM secrets WHERE {} \
         ORDER BY {key} {direction}, id {direction} LIMIT $6 OFFSET $7",
        matches(),
        direction = direction.sql(),
    )
}

/// A `LIKE` pattern that finds the text anywhere and takes no character of it as a wildcard.
pub(super) fn like_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern
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
