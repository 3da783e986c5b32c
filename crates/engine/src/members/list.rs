//! Listing members.

use coffer_protocol::members::Member;
use coffer_store::rows::members::{self, MemberOrder};
use coffer_store::rows::{Direction, Slice};
use coffer_types::MembershipStatus;

use super::view;
use crate::authorize::{Permit, ViewMembers};
use crate::engine::Engine;
use crate::error::Result;

/// Which members to list.
#[derive(Clone, Copy, Debug)]
pub struct MemberList {
    /// Only those of this status.
    pub status: Option<MembershipStatus>,
    /// What they are listed by.
    pub order: MemberOrder,
    /// In which direction.
    pub direction: Direction,
    /// Which part of the list.
    pub slice: Slice,
}

/// A part of a list of members.
#[derive(Clone, Debug)]
pub struct MemberPage {
    /// The members.
    pub members: Vec<Member>,
    /// How many the whole list has.
    pub total: u32,
}

impl Engine {
    /// The account's members.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn members(
        &self,
        permit: &Permit<ViewMembers>,
        list: &MemberList,
    ) -> Result<MemberPage> {
        let mut reader = self.store.reader().await?;
        let order = (list.order, list.direction);
        let (rows, total) = members::list(
            &mut reader,
            permit.account_id(),
            list.status,
            order,
            list.slice,
        )
        .await?;
        let members = rows.iter().map(view::member).collect();
        Ok(MemberPage { members, total })
    }
}
