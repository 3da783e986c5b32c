//! The roles that an account's members can have.

use coffer_protocol::members::Role as RoleView;
use coffer_types::Role;

use super::view;
use crate::authorize::{Permit, ViewMembers};
use crate::engine::Engine;
use crate::error::{Missing, Result};

impl Engine {
    /// Every role.
    pub fn roles(&self, _permit: &Permit<ViewMembers>) -> Vec<RoleView> {
        Role::ALL.into_iter().map(view::role).collect()
    }

    /// The role with this id.
    ///
    /// # Errors
    /// [`Missing::Role`].
    pub fn role(&self, _permit: &Permit<ViewMembers>, id: &str) -> Result<RoleView> {
        let role = Role::by_id(id).ok_or(Missing::Role)?;
        Ok(view::role(role))
    }
}
