//! The secrets of a store.

mod compare;
mod create;
mod delete;
mod duplicate;
mod find;
mod list;
mod taken;
mod update;

pub use compare::Candidate;
pub use create::NewSecret;
pub use duplicate::DuplicateSecret;
pub use list::{SecretList, SecretPage};
pub use update::SecretChanges;

use coffer_crypto::SecretValue;
use coffer_protocol::secrets_store::Secret;
use coffer_store::rows::secrets::SecretRow;
use coffer_types::{Owner, Place};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::error::{Error, Problem, Result};

/// Where the secret's present value lives.
fn place_of(secret: &SecretRow) -> Place {
    Place {
        account_id: secret.account_id,
        owner: Owner::Store(secret.store_id, secret.id),
        value_version: secret.value_version,
    }
}

/// What the audit log says of a secret: everything but the value.
pub(crate) fn described(secret: &SecretRow) -> Value {
    json!({
        "store_id": secret.store_id,
        "name": secret.name,
        "comment": secret.comment,
        "scopes": secret.scopes,
    })
}

impl Problem {
    /// What is wrong with a value, if it is empty or over the account's limit in bytes.
    pub fn of_value(value: &SecretValue, limit: u32) -> Option<Self> {
        match value.len() {
            0 => Some(Self::ValueEmpty),
            bytes if bytes > limit as usize => Some(Self::ValueTooLarge { bytes, limit }),
            _ => None,
        }
    }
}

/// Refuses a value that is empty or over the account's limit.
fn check_value(pointer: &str, value: &SecretValue, limit: u32) -> Result<()> {
    match Problem::of_value(value, limit) {
        None => Ok(()),
        Some(problem) => Err(Error::invalid(pointer, problem)),
    }
}

impl Engine {
    /// The secret as clients see it.
    pub(crate) fn secret_view(&self, row: &SecretRow) -> Secret {
        Secret {
            id: row.id,
            store_id: row.store_id,
            name: row.name.clone(),
            comment: row.comment.clone(),
            scopes: row.scopes,
            status: self.status_of(row.change_seq),
            created: row.created_at,
            modified: row.modified_at,
        }
    }
}
