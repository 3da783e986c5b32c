//! Members: users in accounts, with roles.

use coffer_types::{
    AccountId, Email, MemberId, MembershipStatus, Permissions, PersonName, Role, Timestamp, UserId,
};

use crate::cache::Touched;
use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::{Direction, Slice, from_json, parsed, to_json, unsigned};

/// A user's membership of one account.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// The membership.
    pub id: MemberId,
    /// The account.
    pub account_id: AccountId,
    /// The user.
    pub user_id: UserId,
    /// The user's roles there, now or once the user accepts.
    pub roles: Vec<Role>,
    /// Whether the user is in the account.
    pub status: MembershipStatus,
    /// When the user was made a member, or invited first.
    pub created_at: Timestamp,
}

impl MemberRow {
    /// What the membership permits: what the roles permit together, once it is accepted.
    pub fn permissions(&self) -> Permissions {
        match self.status {
            MembershipStatus::Accepted => Role::permissions_of(&self.roles),
            MembershipStatus::Pending | MembershipStatus::Rejected => Permissions::NONE,
        }
    }
}

/// A member with what an account's members know of the user.
#[derive(Clone, Debug)]
pub struct MemberWithUser {
    /// The membership.
    pub member: MemberRow,
    /// The user's address.
    pub email: Email,
    /// The user's first name.
    pub first_name: Option<PersonName>,
    /// The user's last name.
    pub last_name: Option<PersonName>,
    /// Whether the user is asked for a second factor at sign-in.
    pub has_second_factor: bool,
}

/// What members are listed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberOrder {
    /// The user's first name.
    FirstName,
    /// The user's last name.
    LastName,
    /// The user's address.
    Email,
    /// The membership's status.
    Status,
}

/// Makes a user a member, or invites the user.
///
/// # Errors
/// [`StoreError::Taken`] if the user is one already.
pub async fn insert(tx: &mut Tx<'_>, member: &MemberRow) -> Result<(), StoreError> {
    let roles = to_json("roles", &member.roles)?;
    execute!(
        tx,
        "INSERT INTO members (id, account_id, user_id, roles, status, created_at, modified_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $6)",
        member.id.to_string(),
        member.account_id.to_string(),
        member.user_id.to_string(),
        roles,
        member.status.as_str(),
        member.created_at.as_micros()
    );
    tx.touch(Touched::Members(member.user_id));
    Ok(())
}

/// Keeps a member's roles and status as they are now.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn update(tx: &mut Tx<'_>, member: &MemberRow, now: Timestamp) -> Result<(), StoreError> {
    let roles = to_json("roles", &member.roles)?;
    execute!(
        tx,
        "UPDATE members SET roles = $2, status = $3, modified_at = $4 WHERE id = $1",
        member.id.to_string(),
        roles,
        member.status.as_str(),
        now.as_micros()
    );
    tx.touch(Touched::Members(member.user_id));
    Ok(())
}

/// Ends a membership, and an invitation with it.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, member: &MemberRow) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM members WHERE id = $1",
        member.id.to_string()
    );
    tx.touch(Touched::Members(member.user_id));
    Ok(())
}

/// A user's memberships, by account id, those included that the user has not accepted.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_user(rows: &mut impl Rows, user_id: UserId) -> Result<Vec<MemberRow>, StoreError> {
    let found: Vec<MemberTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, user_id, roles, status, created_at FROM members WHERE user_id = $1 \
             ORDER BY account_id",
        )
        .bind(user_id.to_string())
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

/// A user's membership of an account.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_user_in(
    rows: &mut impl Rows,
    user_id: UserId,
    account_id: AccountId,
) -> Result<Option<MemberRow>, StoreError> {
    let found: Option<MemberTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, user_id, roles, status, created_at FROM members \
             WHERE account_id = $1 AND user_id = $2",
        )
        .bind(account_id.to_string())
        .bind(user_id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// The membership with this id, of whichever account.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find_any(rows: &mut impl Rows, id: MemberId) -> Result<Option<MemberRow>, StoreError> {
    let found: Option<MemberTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, user_id, roles, status, created_at FROM members WHERE id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// The account's member with this id.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    account_id: AccountId,
    id: MemberId,
) -> Result<Option<MemberWithUser>, StoreError> {
    let found: Option<MemberWithUserTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT m.id, m.account_id, m.user_id, m.roles, m.status, m.created_at, \
             u.email, u.first_name, u.last_name, (SELECT count(*) FROM second_factors \
             WHERE user_id = u.id AND confirmed_at IS NOT NULL) FROM members AS m JOIN users AS u ON u.id = m.user_id \
             WHERE m.id = $1 AND m.account_id = $2",
        )
        .bind(id.to_string())
        .bind(account_id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(with_user).transpose()
}

/// A slice of the account's members of a status, or of all, and how many there are.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn list(
    rows: &mut impl Rows,
    account_id: AccountId,
    status: Option<MembershipStatus>,
    (order, direction): (MemberOrder, Direction),
    slice: Slice,
) -> Result<(Vec<MemberWithUser>, u32), StoreError> {
    // The engines put what is missing at different ends, so nothing is missing.
    let column = match order {
        MemberOrder::FirstName => "COALESCE(u.first_name, '')",
        MemberOrder::LastName => "COALESCE(u.last_name, '')",
        MemberOrder::Email => "u.email",
        MemberOrder::Status => "m.status",
    };
    let sql = format!(
        "SELECT m.id, m.account_id, m.user_id, m.roles, m.status, m.created_at, u.email, u.first_name, \
         u.last_name, (SELECT count(*) FROM second_factors \
         WHERE user_id = u.id AND confirmed_at IS NOT NULL) FROM members AS m JOIN users AS u ON u.id = m.user_id \
         WHERE m.account_id = $1 AND ($2 = '' OR m.status = $2) \
         ORDER BY {column} {direction}, m.id {direction} LIMIT $3 OFFSET $4",
        direction = direction.sql(),
    );
    let status = status.map_or("", MembershipStatus::as_str);
    let found: Vec<MemberWithUserTuple> = on!(rows, connection => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(account_id.to_string())
            .bind(status)
            .bind(slice.limit_sql())
            .bind(slice.offset_sql())
            .fetch_all(connection)
            .await?
    });
    let total: i64 = on!(rows, connection => {
        sqlx::query_scalar("SELECT count(*) FROM members WHERE account_id = $1 AND ($2 = '' OR status = $2)")
            .bind(account_id.to_string())
            .bind(status)
            .fetch_one(connection)
            .await?
    });
    let members = found.into_iter().map(with_user).collect::<Result<_, _>>()?;
    Ok((members, unsigned("count of members", total)?))
}

/// How many members the account has, those included who are invited.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn count(rows: &mut impl Rows, account_id: AccountId) -> Result<u32, StoreError> {
    let total: i64 = on!(rows, connection => {
        sqlx::query_scalar("SELECT count(*) FROM members WHERE account_id = $1")
            .bind(account_id.to_string())
            .fetch_one(connection)
            .await?
    });
    unsigned("count of members", total)
}

/// Whether somebody else than this member is an accepted Super Administrator of the account.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn has_another_super_administrator(
    rows: &mut impl Rows,
    member: &MemberRow,
) -> Result<bool, StoreError> {
    let role = format!("%\"{}\"%", Role::SuperAdministrator.as_str());
    let found: Option<i64> = on!(rows, connection => {
        sqlx::query_scalar(
            "SELECT 1 FROM members WHERE account_id = $1 AND id <> $2 AND status = 'accepted' \
             AND roles LIKE $3 LIMIT 1",
        )
        .bind(member.account_id.to_string())
        .bind(member.id.to_string())
        .bind(role)
        .fetch_optional(connection)
        .await?
    });
    Ok(found.is_some())
}

type MemberTuple = (String, String, String, String, String, i64);

fn from_tuple(tuple: MemberTuple) -> Result<MemberRow, StoreError> {
    let (id, account_id, user_id, roles, status, created_at) = tuple;
    Ok(MemberRow {
        id: parsed("member id", &id)?,
        account_id: parsed("account id", &account_id)?,
        user_id: parsed("user id", &user_id)?,
        roles: from_json("roles", &roles)?,
        status: parsed("membership status", &status)?,
        created_at: Timestamp::from_micros(created_at),
    })
}

type MemberWithUserTuple = (
    String,
    String,
    String,
    String,
    String,
    i64,
    String,
    Option<String>,
    Option<String>,
    i64,
);

fn with_user(tuple: MemberWithUserTuple) -> Result<MemberWithUser, StoreError> {
    let (
        id,
        account_id,
        user_id,
        roles,
        status,
        created_at,
        email,
        first_name,
        last_name,
        second_factors,
    ) = tuple;
    let name = |name: Option<String>| name.map(|name| parsed("name", &name)).transpose();
    Ok(MemberWithUser {
        member: from_tuple((id, account_id, user_id, roles, status, created_at))?,
        email: parsed("e-mail address", &email)?,
        first_name: name(first_name)?,
        last_name: name(last_name)?,
        has_second_factor: second_factors > 0,
    })
}
