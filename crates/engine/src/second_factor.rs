//! Second factors: an authenticator app, whose codes are asked for after the password.
//!
//! A user sets one up with the password and a first code of the app, and gets recovery codes to use in its place. Each
//! code counts once. Between password and code there is no session, only a text that says that the password was right
//! a moment ago; it opens nothing. What is asked with a token or a global API key needs no second factor: these are
//! not typed by people.

mod code;
mod enrol;
mod operator;
mod pending;
mod remove;

pub use enrol::RecoveryCodes;
pub use pending::{PendingSignIn, SignInStep};

pub(crate) use code::Proof;

use coffer_crypto::SecretValue;
use coffer_store::rows::second_factors;
use coffer_types::Timestamp;
use coffer_types::audit::{Action, ResourceKind};
use serde_json::Value;

use crate::authorize::{UserPermit, ViewUser};
use crate::engine::Engine;
use crate::error::Result;
use crate::mutate::About;

/// The field of a code in every request with one.
const CODE: &str = "/code";
/// The field of the password.
const PASSWORD: &str = "/password";

/// What a user has set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// Since when.
    pub since: Timestamp,
    /// How many recovery codes are left.
    pub recovery_codes: u32,
}

/// What an authenticator app is told, once.
#[derive(Debug)]
pub struct NewSecondFactor {
    /// The shared secret in Base32.
    pub secret: SecretValue,
}

impl Engine {
    /// The second factor of the user who asks; `None` if there is none.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn second_factor(
        &self,
        permit: &UserPermit<ViewUser>,
    ) -> Result<Option<SecondFactor>> {
        let mut reader = self.store.reader().await?;
        let found = second_factors::find(&mut reader, permit.user_id()).await?;
        let Some(since) = found.and_then(|row| row.confirmed_at) else {
            return Ok(None);
        };
        let recovery_codes =
            second_factors::recovery_codes_left(&mut reader, permit.user_id()).await?;
        Ok(Some(SecondFactor {
            since,
            recovery_codes,
        }))
    }
}

fn about<P>(permit: &UserPermit<P>, details: Value) -> About {
    About {
        action: Action::Update,
        resource_kind: ResourceKind::User,
        resource_id: permit.user_id().to_string(),
        details,
    }
}
