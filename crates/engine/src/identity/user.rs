//! The user who asks.

use std::sync::Arc;

use coffer_protocol::identity::User;
use coffer_store::rows::users::{self, UserRow};
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{AccountId, PersonName, UserId};
use serde_json::json;

use crate::authorize::{ManageUser, UserPermit, ViewUser};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::mutate::About;

/// What to change of a user; `None` leaves a part as it is, `Some(None)` takes it away.
#[derive(Clone, Debug, Default)]
pub struct UserChanges {
    /// The first name.
    pub first_name: Option<Option<PersonName>>,
    /// The last name.
    pub last_name: Option<Option<PersonName>>,
}

impl Engine {
    /// The user who asks.
    pub fn own_user(&self, permit: &UserPermit<ViewUser>) -> User {
        view(&permit.user)
    }

    /// Edits the user who asks.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn edit_user(
        &self,
        permit: &UserPermit<ManageUser>,
        changes: UserChanges,
    ) -> Result<User> {
        let (engine, permit, changes) = (self.clone(), permit.clone(), Arc::new(changes));
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit, changes) = (engine.clone(), permit.clone(), Arc::clone(&changes));
            Box::pin(async move { engine.change_user(tx, &permit, &changes).await })
        })
        .await
    }

    async fn change_user(
        &self,
        tx: &mut Tx<'_>,
        permit: &UserPermit<ManageUser>,
        changes: &UserChanges,
    ) -> Result<Written<User>> {
        let before = own_row(tx, permit.user_id()).await?;
        let mut after = before.clone();
        if let Some(name) = &changes.first_name {
            after.first_name.clone_from(name);
        }
        if let Some(name) = &changes.last_name {
            after.last_name.clone_from(name);
        }
        after.modified_at = self.clock.now();
        users::update_names(tx, &after).await?;
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::User,
            resource_id: after.id.to_string(),
            details: json!({ "before": described(&before), "after": described(&after) }),
        };
        let event = self.event(&permit.caller, None::<AccountId>, about);
        Ok(Written::new(view(&after), event))
    }
}

async fn own_row(tx: &mut Tx<'_>, id: UserId) -> Result<UserRow> {
    users::find(tx, id).await?.ok_or(Error::NoUser)
}

fn described(user: &UserRow) -> serde_json::Value {
    json!({ "first_name": user.first_name, "last_name": user.last_name })
}

fn view(user: &UserRow) -> User {
    let email = user.email.clone();
    User {
        id: user.id,
        username: email
            .as_str()
            .split('@')
            .next()
            .unwrap_or_default()
            .to_owned(),
        email,
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        country: None,
        telephone: None,
        zipcode: None,
        two_factor_authentication_enabled: user.has_second_factor,
        two_factor_authentication_locked: false,
        suspended: false,
        created_on: user.created_at,
        modified_on: user.modified_at,
    }
}
