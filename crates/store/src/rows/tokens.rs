//! API tokens. Of a token's text only a MAC is kept.

use coffer_types::{AccountId, Policy, Timestamp, TokenId, UserId};

use crate::cache::Touched;
use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::{from_json, parsed, to_json};

/// An API token.
#[derive(Clone)]
pub struct TokenRow {
    /// The token.
    pub id: TokenId,
    /// Whose it is.
    pub owner: TokenOwner,
    /// What its owner calls it.
    pub name: String,
    /// The public part of its text.
    pub prefix: String,
    /// The MAC of its text.
    pub mac: Vec<u8>,
    /// Whether it may be used.
    pub enabled: bool,
    /// What it allows.
    pub policies: Vec<Policy>,
    /// It is refused before.
    pub not_before: Option<Timestamp>,
    /// It is refused from here on.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
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

/// Keeps a new token.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn insert(tx: &mut Tx<'_>, token: &TokenRow) -> Result<(), StoreError> {
    let policies = to_json("policies", &token.policies)?;
    let (user_id, account_id) = match token.owner {
        TokenOwner::User(id) => (Some(id.to_string()), None),
        TokenOwner::Account(id) => (None, Some(id.to_string())),
    };
    execute!(
        tx,
        "INSERT INTO tokens (id, user_id, account_id, name, prefix, mac, enabled, policies, not_before, \
             expires_at, created_at, modified_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        token.id.to_string(),
        user_id,
        account_id,
        token.name.clone(),
        token.prefix.clone(),
        token.mac.clone(),
        i64::from(token.enabled),
        policies,
        token.not_before.map(Timestamp::as_micros),
        token.expires_at.map(Timestamp::as_micros),
        token.created_at.as_micros()
    );
    tx.touch(Touched::Tokens(token.prefix.clone()));
    Ok(())
}

/// The tokens whose text begins with a public prefix: nearly always one or none.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn with_prefix(rows: &mut impl Rows, prefix: &str) -> Result<Vec<TokenRow>, StoreError> {
    let found: Vec<TokenTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, user_id, account_id, name, prefix, mac, enabled, policies, not_before, expires_at, \
             created_at FROM tokens WHERE prefix = $1 ORDER BY id",
        )
        .bind(prefix.to_owned())
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
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
    Option<i64>,
    Option<i64>,
    i64,
);

fn from_tuple(tuple: TokenTuple) -> Result<TokenRow, StoreError> {
    let (
        id,
        user_id,
        account_id,
        name,
        prefix,
        mac,
        enabled,
        policies,
        not_before,
        expires_at,
        created_at,
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
    Ok(TokenRow {
        id: parsed("token id", &id)?,
        owner,
        name,
        prefix,
        mac,
        enabled: enabled != 0,
        policies: from_json("policies", &policies)?,
        not_before: not_before.map(Timestamp::from_micros),
        expires_at: expires_at.map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(created_at),
    })
}
