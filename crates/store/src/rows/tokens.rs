//! API tokens. Of a token's text only a MAC is kept.

use coffer_types::{AccountId, IpCondition, Policy, Timestamp, TokenId, TokenName, UserId};

use crate::cache::Touched;
use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::{Direction, Slice, from_json, parsed, to_json, unsigned};

/// An API token.
#[derive(Clone)]
pub struct TokenRow {
    /// The token.
    pub id: TokenId,
    /// Whose it is.
    pub owner: TokenOwner,
    /// What its owner calls it.
    pub name: TokenName,
    /// The public part of its text.
    pub prefix: String,
    /// The MAC of its text.
    pub mac: Vec<u8>,
    /// Whether it may be used.
    pub enabled: bool,
    /// What it allows.
    pub policies: Vec<Policy>,
    /// From where it may be used.
    pub condition: IpCondition,
    /// It is refused before.
    pub not_before: Option<Timestamp>,
    /// It is refused from here on.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its present text was made.
    pub issued_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

impl std::fmt::Debug for TokenRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenRow")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Whose a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenOwner {
    /// A user's: it can never do more than the user.
    User(UserId),
    /// An account's own.
    Account(AccountId),
}

impl TokenOwner {
    /// The ids as they are kept: one of them is there.
    fn columns(self) -> (Option<String>, Option<String>) {
        match self {
            Self::User(id) => (Some(id.to_string()), None),
            Self::Account(id) => (None, Some(id.to_string())),
        }
    }
}

/// A token, and when it was last used as far as that was kept.
pub type UsedToken = (TokenRow, Option<Timestamp>);

/// Keeps a new token.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn insert(tx: &mut Tx<'_>, token: &TokenRow) -> Result<(), StoreError> {
    let (user_id, account_id) = token.owner.columns();
    execute!(
        tx,
        "INSERT INTO tokens (id, user_id, account_id, name, prefix, mac, enabled, policies, condition, not_before, \
             expires_at, created_at, issued_at, modified_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        token.id.to_string(),
        user_id,
        account_id,
        token.name.as_str(),
        token.prefix.clone(),
        token.mac.clone(),
        i64::from(token.enabled),
        to_json("policies", &token.policies)?,
        condition_column(token)?,
        token.not_before.map(Timestamp::as_micros),
        token.expires_at.map(Timestamp::as_micros),
        token.created_at.as_micros(),
        token.issued_at.as_micros(),
        token.modified_at.as_micros()
    );
    tx.touch(Touched::Tokens(token.prefix.clone()));
    Ok(())
}

/// Writes what can change of a token that is there. `old_prefix` is that of the text it had until now.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn update(tx: &mut Tx<'_>, token: &TokenRow, old_prefix: &str) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE tokens SET name = $2, prefix = $3, mac = $4, enabled = $5, policies = $6, condition = $7, \
             not_before = $8, expires_at = $9, issued_at = $10, modified_at = $11 WHERE id = $1",
        token.id.to_string(),
        token.name.as_str(),
        token.prefix.clone(),
        token.mac.clone(),
        i64::from(token.enabled),
        to_json("policies", &token.policies)?,
        condition_column(token)?,
        token.not_before.map(Timestamp::as_micros),
        token.expires_at.map(Timestamp::as_micros),
        token.issued_at.as_micros(),
        token.modified_at.as_micros()
    );
    tx.touch(Touched::Tokens(old_prefix.to_owned()));
    tx.touch(Touched::Tokens(token.prefix.clone()));
    Ok(())
}

/// Removes a token.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, token: &TokenRow) -> Result<(), StoreError> {
    execute!(tx, "DELETE FROM tokens WHERE id = $1", token.id.to_string());
    tx.touch(Touched::Tokens(token.prefix.clone()));
    Ok(())
}

const WITH_PREFIX: &str = "SELECT id, user_id, account_id, name, prefix, mac, enabled, policies, condition, not_before, \
     expires_at, created_at, issued_at, modified_at, NULL AS last_used_at FROM tokens \
     WHERE prefix = $1 ORDER BY id";

/// The tokens whose text begins with a public prefix: nearly always one or none.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn with_prefix(rows: &mut impl Rows, prefix: &str) -> Result<Vec<TokenRow>, StoreError> {
    let found: Vec<TokenTuple> = on!(rows, connection => {
        sqlx::query_as(WITH_PREFIX)
            .bind(prefix.to_owned())
            .fetch_all(connection)
            .await?
    });
    found
        .into_iter()
        .map(|tuple| from_tuple(tuple).map(|(token, _)| token))
        .collect()
}

/// The owner's token with this id.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    owner: TokenOwner,
    id: TokenId,
) -> Result<Option<UsedToken>, StoreError> {
    let (user_id, account_id) = owner.columns();
    let found: Option<TokenTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, user_id, account_id, name, prefix, mac, enabled, policies, condition, not_before, \
             expires_at, created_at, issued_at, modified_at, \
             (SELECT last_used_at FROM token_uses WHERE token_id = tokens.id) AS last_used_at FROM tokens \
             WHERE id = $1 AND (user_id = $2 OR account_id = $3)",
        )
        .bind(id.to_string())
        .bind(user_id)
        .bind(account_id)
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// A slice of the owner's tokens that are not expired at a moment, or of all; in the order in which they were made.
/// And how many there are.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn list(
    rows: &mut impl Rows,
    owner: TokenOwner,
    not_expired_at: Option<Timestamp>,
    direction: Direction,
    slice: Slice,
) -> Result<(Vec<UsedToken>, u32), StoreError> {
    let owner_id = match owner {
        TokenOwner::User(id) => id.to_string(),
        TokenOwner::Account(id) => id.to_string(),
    };
    let matching = matching(owner);
    let sql = list_sql(owner, direction);
    // Without a moment, every token has yet to expire.
    let after = not_expired_at.map_or(i64::MIN, Timestamp::as_micros);
    let found: Vec<TokenTuple> = on!(rows, connection => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(owner_id.clone())
            .bind(after)
            .bind(slice.limit_sql())
            .bind(slice.offset_sql())
            .fetch_all(connection)
            .await?
    });
    let sql = format!("SELECT count(*) FROM tokens WHERE {matching}");
    let total: i64 = on!(rows, connection => {
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(owner_id)
            .bind(after)
            .fetch_one(connection)
            .await?
    });
    let tokens = found.into_iter().map(from_tuple);
    Ok((
        tokens.collect::<Result<_, _>>()?,
        unsigned("count of tokens", total)?,
    ))
}

/// How many tokens the owner has, those included that are expired.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn count(rows: &mut impl Rows, owner: TokenOwner) -> Result<u32, StoreError> {
    let (sql, owner_id) = match owner {
        TokenOwner::User(id) => (
            "SELECT count(*) FROM tokens WHERE user_id = $1",
            id.to_string(),
        ),
        TokenOwner::Account(id) => (
            "SELECT count(*) FROM tokens WHERE account_id = $1",
            id.to_string(),
        ),
    };
    let total: i64 = on!(rows, connection => {
        sqlx::query_scalar(sql).bind(owner_id).fetch_one(connection).await?
    });
    unsigned("count of tokens", total)
}

/// The owner's tokens that expire after a moment, or never.
fn matching(owner: TokenOwner) -> String {
    let column = match owner {
        TokenOwner::User(_) => "user_id",
        TokenOwner::Account(_) => "account_id",
    };
    format!("{column} = $1 AND (expires_at IS NULL OR expires_at > $2)")
}

fn list_sql(owner: TokenOwner, direction: Direction) -> String {
    format!(
        "SELECT id, user_id, account_id, name, prefix, mac, enabled, policies, condition, not_before, expires_at, \
         created_at, issued_at, modified_at, \
         (SELECT last_used_at FROM token_uses WHERE token_id = tokens.id) AS last_used_at FROM tokens \
         WHERE {matching} ORDER BY created_at {direction}, id {direction} LIMIT $3 OFFSET $4",
        matching = matching(owner),
        direction = direction.sql(),
    )
}

/// A condition that limits nothing is not kept.
fn condition_column(token: &TokenRow) -> Result<Option<String>, StoreError> {
    let kept = (!token.condition.is_empty()).then_some(&token.condition);
    kept.map(|condition| to_json("token condition", condition))
        .transpose()
}

type TokenTuple = (
    String,
    Option<String>,
    Option<String>,
    String,
    String,
    Vec<u8>,
    i64,
    String,
    Option<String>,
    Option<i64>,
    Option<i64>,
    i64,
    i64,
    i64,
    Option<i64>,
);

fn from_tuple(tuple: TokenTuple) -> Result<UsedToken, StoreError> {
    let (
        id,
        user_id,
        account_id,
        name,
        prefix,
        mac,
        enabled,
        policies,
        condition,
        not_before,
        expires_at,
        created_at,
        issued_at,
        modified_at,
        last_used_at,
    ) = tuple;
    let owner = match (user_id, account_id) {
        (Some(id), None) => TokenOwner::User(parsed("user id", &id)?),
        (None, Some(id)) => TokenOwner::Account(parsed("account id", &id)?),
        _ => {
            return Err(StoreError::damaged(
                "token owner",
                "neither a user nor an account",
            ));
        }
    };
    let condition = condition.map(|text| from_json("token condition", &text));
    let token = TokenRow {
        id: parsed("token id", &id)?,
        owner,
        name: parsed("token name", &name)?,
        prefix,
        mac,
        enabled: enabled != 0,
        policies: from_json("policies", &policies)?,
        condition: condition.transpose()?.unwrap_or_default(),
        not_before: not_before.map(Timestamp::from_micros),
        expires_at: expires_at.map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(created_at),
        issued_at: Timestamp::from_micros(issued_at),
        modified_at: Timestamp::from_micros(modified_at),
    };
    Ok((token, last_used_at.map(Timestamp::from_micros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn plan(sql: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("database");
        let mut connection = crate::open::create(&path).await.unwrap();
        let explained: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                .fetch_all(&mut connection)
                .await
                .unwrap();
        explained.into_iter().map(|(.., step)| step).collect()
    }

    #[tokio::test]
    async fn a_token_is_looked_up_by_one_probe_of_an_index() {
        assert_eq!(
            plan(WITH_PREFIX).await,
            ["SEARCH tokens USING INDEX tokens_by_prefix (prefix=?)"]
        );
    }

    #[tokio::test]
    async fn a_list_is_read_in_the_order_of_an_index() {
        for (owner, index) in [
            (
                TokenOwner::User(UserId::from_bytes([1; 16])),
                "SEARCH tokens USING INDEX tokens_by_user (user_id=?)",
            ),
            (
                TokenOwner::Account(AccountId::from_bytes([1; 16])),
                "SEARCH tokens USING INDEX tokens_by_account (account_id=?)",
            ),
        ] {
            for direction in [Direction::Ascending, Direction::Descending] {
                let plan = plan(&list_sql(owner, direction)).await;
                assert_eq!(plan[0], index);
                assert!(
                    !plan.iter().any(|step| step.contains("TEMP B-TREE")),
                    "{plan:?}"
                );
            }
        }
    }
}
