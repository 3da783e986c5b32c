//! Usage models, of a Worker and of an account. They are kept and given back, and mean nothing here.

use coffer_types::UsageModel;
use serde::{Deserialize, Serialize};

/// A Worker's usage model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageSettings {
    /// The model.
    pub usage_model: UsageModel,
    /// What the user allows; absent until a client sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_limits: Option<UserLimits>,
}

/// What a user allows a Worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserLimits {
    /// Milliseconds of computing per request.
    pub cpu_ms: Option<u32>,
}

/// What an account has set for all of its Workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkersAccountSettings {
    /// The usage model that the account would have for new Workers.
    pub default_usage_model: UsageModel,
    /// Whether Workers would run where power is green.
    pub green_compute: bool,
}
