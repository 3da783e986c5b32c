//! Invitations to accounts. Of an invitation's text only a MAC is kept.

use coffer_types::{Email, MemberId, Timestamp};

use crate::connection::{Rows, Tx, execute, execute_counted, on};
use crate::error::StoreError;
use crate::rows::parsed;

/// An invitation that was not answered yet.
#[derive(Clone)]
pub struct InvitationRow {
    /// The membership that it is for. One has one invitation at the most.
    pub member_id: MemberId,
    /// The public part of its text.
    pub prefix: String,
    /// The MAC of its text.
    pub mac: Vec<u8>,
    /// Who invites; `None` if no user did.
    pub invited_by: Option<Email>,
    /// When it was made.
    pub created_at: Timestamp,
    /// It is refused from here on.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for InvitationRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvitationRow")
            .field("member_id", &self.member_id)
            .finish_non_exhaustive()
    }
}

/// Keeps a membership's invitation in the place of the one that it had.
///
/// # Errors
/// [`StoreError::Taken`] if another one has the same public part.
pub async fn put(tx: &mut Tx<'_>, invitation: &InvitationRow) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM invitations WHERE member_id = $1",
        invitation.member_id.to_string()
    );
    execute!(
        tx,
        "INSERT INTO invitations (member_id, prefix, mac, invited_by, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        invitation.member_id.to_string(),
        invitation.prefix.clone(),
        invitation.mac.clone(),
        invitation
            .invited_by
            .as_ref()
            .map(|email| email.as_str().to_owned()),
        invitation.created_at.as_micros(),
        invitation.expires_at.as_micros()
    );
    Ok(())
}

/// Takes a membership's invitation away; `false` if it has none.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, member_id: MemberId) -> Result<bool, StoreError> {
    let done = execute_counted!(
        tx,
        "DELETE FROM invitations WHERE member_id = $1",
        member_id.to_string()
    );
    Ok(done == 1)
}

/// The invitation whose text begins with a public prefix.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn with_prefix(
    rows: &mut impl Rows,
    prefix: &str,
) -> Result<Option<InvitationRow>, StoreError> {
    let found: Option<InvitationTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT member_id, prefix, mac, invited_by, created_at, expires_at FROM invitations \
             WHERE prefix = $1",
        )
        .bind(prefix.to_owned())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// A membership's invitation.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_member(
    rows: &mut impl Rows,
    member_id: MemberId,
) -> Result<Option<InvitationRow>, StoreError> {
    let found: Option<InvitationTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT member_id, prefix, mac, invited_by, created_at, expires_at FROM invitations \
             WHERE member_id = $1",
        )
        .bind(member_id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

type InvitationTuple = (String, String, Vec<u8>, Option<String>, i64, i64);

fn from_tuple(tuple: InvitationTuple) -> Result<InvitationRow, StoreError> {
    let (member_id, prefix, mac, invited_by, created_at, expires_at) = tuple;
    Ok(InvitationRow {
        member_id: parsed("member id", &member_id)?,
        prefix,
        mac,
        invited_by: invited_by
            .map(|email| parsed("e-mail address", &email))
            .transpose()?,
        created_at: Timestamp::from_micros(created_at),
        expires_at: Timestamp::from_micros(expires_at),
    })
}
