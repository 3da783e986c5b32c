//! Members: users in accounts, with roles.

use coffer_types::{AccountId, MemberId, Permissions, Role, Timestamp, UserId};

use crate::cache::Touched;
use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::{from_json, parsed, to_json};

/// A user's membership of one account.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// The membership.
    pub id: MemberId,
    /// The account.
    pub account_id: AccountId,
    /// The user.
    pub user_id: UserId,
    /// The user's roles there.
    pub roles: Vec<Role>,
    /// When the membership began.
    pub created_at: Timestamp,
}

impl MemberRow {
    /// What the roles together permit.
    pub fn permissions(&self) -> Permissions {
        self.roles
            .iter()
            .fold(Permissions::NONE, |sum, role| sum.union(role.permissions()))
    }
}

/// Makes a user a member.
///
/// # Errors
/// [`StoreError::Taken`] if the user is one already.
pub async fn insert(tx: &mut Tx<'_>, member: &MemberRow) -> Result<(), StoreError> {
    let roles = to_json("roles", &member.roles)?;
    execute!(
        tx,
        "INSERT INTO members (id, account_id, user_id, roles, created_at) VALUES ($1, $2, $3, $4, $5)",
        member.id.to_string(),
        member.account_id.to_string(),
        member.user_id.to_string(),
        roles,
        member.created_at.as_micros()
    );
    tx.touch(Touched::Members(member.user_id));
    Ok(())
}

/// A user's memberships, by account id.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_user(rows: &mut impl Rows, user_id: UserId) -> Result<Vec<MemberRow>, StoreError> {
    let found: Vec<(String, String, String, String, i64)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, user_id, roles, created_at FROM members WHERE user_id = $1 ORDER BY account_id",
        )
        .bind(user_id.to_string())
        .fetch_all(connection)
        .await?
    });
    found
        .into_iter()
        .map(|(id, account_id, user_id, roles, created_at)| {
            Ok(MemberRow {
                id: parsed("member id", &id)?,
                account_id: parsed("account id", &account_id)?,
                user_id: parsed("user id", &user_id)?,
                roles: from_json("roles", &roles)?,
                created_at: Timestamp::from_micros(created_at),
            })
        })
        .collect()
}
