//! Looking at one member.

use coffer_protocol::members::Member;
use coffer_store::rows::members;
use coffer_types::MemberId;

use super::view;
use crate::authorize::{Permit, ViewMembers};
use crate::engine::Engine;
use crate::error::{Missing, Result};

impl Engine {
    /// The account's member with this id.
    ///
    /// # Errors
    /// [`Missing::Member`].
    pub async fn member(&self, permit: &Permit<ViewMembers>, id: MemberId) -> Result<Member> {
        let mut reader = self.store.reader().await?;
        let found = members::find(&mut reader, permit.account_id(), id).await?;
        let row = found.ok_or(Missing::Member)?;
        Ok(view::member(&row))
    }
}
