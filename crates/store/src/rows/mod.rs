//! One file a table: its rows as domain types, and every statement on it.

pub mod account_assets;
pub mod account_keys;
pub mod accounts;
pub mod asset_sessions;
pub mod audit;
pub mod audit_checkpoints;
pub mod audit_query;
pub mod audit_tiles;
pub mod blobs;
pub mod changes;
pub mod deployments;
pub mod health;
pub mod idempotency;
pub mod instance;
pub mod invitations;
pub mod manifest_blobs;
pub mod members;
pub mod pages_deployment_secrets;
pub mod pages_deployments;
pub mod pages_projects;
pub mod pages_secrets;
pub mod passkeys;
pub mod sealed_values;
pub mod second_factors;
pub mod secret_read_hours;
pub mod secret_reads;
pub mod secret_uses;
mod secret_workers;
pub mod secrets;
pub(crate) mod session_uses;
pub mod sessions;
pub mod stores;
pub(crate) mod token_uses;
pub mod tokens;
pub mod users;
pub mod version_secrets;
pub mod versions;
pub mod worker_hosts;
pub mod worker_routes;
pub mod worker_secrets;
pub mod workers;

use std::fmt::Display;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

/// A direction of sorting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

impl Direction {
    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}

/// Which part of a list to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Rows to read at the most.
    pub limit: u32,
    /// Rows to pass over.
    pub offset: u64,
}

impl Slice {
    /// Everything.
    pub const ALL: Self = Self {
        limit: u32::MAX,
        offset: 0,
    };

    pub(crate) const fn limit_sql(self) -> i64 {
        self.limit as i64
    }

    pub(crate) fn offset_sql(self) -> i64 {
        i64::try_from(self.offset).unwrap_or(i64::MAX)
    }
}

/// Parses a stored text into what it should be.
pub(crate) fn parsed<T: FromStr>(what: &'static str, text: &str) -> Result<T, StoreError>
where
    T::Err: Display,
{
    text.parse()
        .map_err(|error| StoreError::damaged(what, error))
}

/// Reads a stored JSON text as what it should be.
pub(crate) fn from_json<T: DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::damaged(what, error))
}

/// The JSON text of something that always has one.
pub(crate) fn to_json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::damaged(what, error))
}

/// A stored count or size as unsigned.
pub(crate) fn unsigned(what: &'static str, number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|error| StoreError::damaged(what, error))
}
