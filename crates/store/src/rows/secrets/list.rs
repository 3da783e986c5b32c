//! Lists of a store's secrets: narrowed, sorted, and a page at a time.

use coffer_types::{Scopes, StoreId};
use sqlx::Row;

use super::{COLUMNS, SecretRow, SecretTuple, from_tuple};
use crate::connection::{Rows, on};
use crate::dialect::LIKE_ANY_CASE;
use crate::error::StoreError;
use crate::rows::{Direction, Slice, unsigned};

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
    /// When it was last read; first those that never were.
    LastRead,
    /// How many Workers have a version that binds it.
    Workers,
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

impl SecretFilter {
    /// Whether it leaves out secrets of the store.
    fn is_narrow(&self) -> bool {
        self.search.is_some() || self.pending.is_some() || !self.scopes.is_empty()
    }
}

/// How the database finds a page.
#[derive(Clone, Copy, Debug)]
enum Search {
    /// By the index of the order, from the page's first entry on.
    Walked(&'static str),
    /// By sorting what matches: only the keys, because of all that is before the page nothing else is needed.
    Sorted(&'static str),
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
    let total = count(rows, filter, applied).await?;
    let secrets = if order == SecretOrder::Status && !filter.is_narrow() {
        by_status(rows, filter, direction, slice, applied, total).await?
    } else {
        let search = search_of(filter, order);
        page(rows, filter, search, direction, slice, applied).await?
    };
    Ok((secrets, total))
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
    let search = search_of(filter, order);
    let sql = format!("EXPLAIN QUERY PLAN {}", page_sql(search, direction));
    let steps = on!(rows, connection => {
        sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(connection).await?
    });
    let details = steps.iter().map(|step| step.try_get("detail"));
    Ok(details.collect::<Result<_, _>>()?)
}

/// A slice of all secrets of a store by status: those of one, then those of the other, each in the order of an index.
async fn by_status(
    rows: &mut impl Rows,
    filter: &SecretFilter,
    direction: Direction,
    slice: Slice,
    applied: u64,
    total: u32,
) -> Result<Vec<SecretRow>, StoreError> {
    let group = |pending| SecretFilter {
        pending: Some(pending),
        ..filter.clone()
    };
    let pending = count(rows, &group(true), applied).await?;
    // `active` sorts before `pending`, as the words do.
    let active = (false, total.saturating_sub(pending));
    let groups = match direction {
        Direction::Ascending => [active, (true, pending)],
        Direction::Descending => [(true, pending), active],
    };
    let Slice {
        mut limit,
        mut offset,
    } = slice;
    let mut secrets = Vec::new();
    for (pending, size) in groups {
        let part = Slice { limit, offset };
        if offset < u64::from(size) {
            let search = Search::Walked("id");
            let found = page(rows, &group(pending), search, direction, part, applied).await?;
            limit = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(limit));
            secrets.extend(found);
        }
        offset = offset.saturating_sub(u64::from(size));
    }
    Ok(secrets)
}

async fn count(
    rows: &mut impl Rows,
    filter: &SecretFilter,
    applied: u64,
) -> Result<u32, StoreError> {
    let sql = format!("SELECT count(*) FROM secrets WHERE {}", matches());
    let total: i64 = on!(rows, connection => {
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(filter.store_id.to_string())
            .bind(filter.search.as_deref().map(like_pattern))
            .bind(i64::from(filter.scopes.bits()))
            .bind(filter.pending.map_or(-1, i64::from))
            .bind(i64::try_from(applied).unwrap_or(i64::MAX))
            .fetch_one(connection)
            .await?
    });
    unsigned("count of secrets", total)
}

async fn page(
    rows: &mut impl Rows,
    filter: &SecretFilter,
    search: Search,
    direction: Direction,
    slice: Slice,
    applied: u64,
) -> Result<Vec<SecretRow>, StoreError> {
    let sql = page_sql(search, direction);
    let found: Vec<SecretTuple> = on!(rows, connection => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(filter.store_id.to_string())
            .bind(filter.search.as_deref().map(like_pattern))
            .bind(i64::from(filter.scopes.bits()))
            .bind(filter.pending.map_or(-1, i64::from))
            .bind(i64::try_from(applied).unwrap_or(i64::MAX))
            .bind(slice.limit_sql())
            .bind(slice.offset_sql())
            .fetch_all(connection)
            .await?
    });
    found.into_iter().map(from_tuple).collect()
}

/// Of a few among many, an index in the order of the page would look up every secret of the store. A key to which
/// something is appended is found in the index that has all a list shows.
fn search_of(filter: &SecretFilter, order: SecretOrder) -> Search {
    let walked = match order {
        SecretOrder::Name => "name",
        SecretOrder::Comment => "coalesce(comment, '')",
        SecretOrder::Created => "created_at",
        // Its index is the one that has all.
        SecretOrder::Modified => return Search::Walked("modified_at"),
        SecretOrder::Status if !filter.is_narrow() => "id",
        SecretOrder::Status => {
            return Search::Sorted("(CASE WHEN change_seq > $5 THEN 1 ELSE 0 END)");
        }
        SecretOrder::LastRead => "last_read_at",
        SecretOrder::Workers => "workers",
    };
    if !filter.is_narrow() {
        return Search::Walked(walked);
    }
    Search::Sorted(match order {
        SecretOrder::Created => "created_at + 0",
        SecretOrder::LastRead => "last_read_at + 0",
        SecretOrder::Workers => "workers + 0",
        SecretOrder::Comment => "coalesce(comment, '') || ''",
        _ => "name || ''",
    })
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
fn page_sql(search: Search, direction: Direction) -> String {
    let (matches, direction) = (matches(), direction.sql());
    match search {
        Search::Walked("id") => format!(
            "SELECT {COLUMNS} FROM secrets WHERE {matches} ORDER BY id {direction} LIMIT $6 OFFSET $7"
        ),
        Search::Walked(key) => format!(
            "SELECT {COLUMNS} FROM secrets WHERE {matches} \
             ORDER BY {key} {direction}, id {direction} LIMIT $6 OFFSET $7"
        ),
        Search::Sorted(key) => format!(
            "SELECT {COLUMNS} FROM secrets WHERE id IN \
                 (SELECT id FROM secrets WHERE {matches} \
                 ORDER BY {key} {direction}, id {direction} LIMIT $6 OFFSET $7) \
             ORDER BY {key} {direction}, id {direction}"
        ),
    }
}

/// A `LIKE` pattern that finds the text anywhere and takes no character of it as a wildcard.
pub(in crate::rows) fn like_pattern(text: &str) -> String {
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
