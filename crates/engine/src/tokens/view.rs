//! A token as its owner sees it, and as the audit log tells of it.

use aws_lc_rs::digest::{self, SHA256};
use coffer_protocol::tokens::{Condition, Policy, PolicyGroup, RequestIp, Token, TokenStatus};
use coffer_store::rows::tokens::{TokenRow, UsedToken};
use coffer_types::{IpCondition, IpRange, PermissionGroup, Timestamp, TokenId};
use serde_json::{Value, json};

use crate::engine::Engine;

impl Engine {
    /// A token with the last use that is known of, written or not.
    pub(crate) fn token_view(&self, (row, written_use): UsedToken) -> Token {
        let last_used_on = self.token_uses.latest(row.id, written_use);
        let status = status_of(&row, self.clock.now());
        let policies = row.policies.iter().enumerate();
        Token {
            status,
            last_used_on,
            policies: policies
                .map(|(index, policy)| policy_view(row.id, index, policy))
                .collect(),
            condition: condition_view(&row.condition),
            id: row.id,
            name: row.name,
            issued_on: row.issued_at,
            modified_on: row.modified_at,
            not_before: row.not_before,
            expires_on: row.expires_at,
        }
    }
}

/// An expired token is told as such, whether it was switched off or not.
fn status_of(row: &TokenRow, now: Timestamp) -> TokenStatus {
    if row.expires_at.is_some_and(|until| until <= now) {
        TokenStatus::Expired
    } else if row.enabled {
        TokenStatus::Active
    } else {
        TokenStatus::Disabled
    }
}

fn policy_view(token_id: TokenId, index: usize, policy: &coffer_types::Policy) -> Policy {
    let group = |id: &String| PolicyGroup {
        id: id.clone(),
        name: group_name(id).to_owned(),
    };
    Policy {
        id: policy_id(token_id, index),
        effect: policy.effect,
        permission_groups: policy.permission_groups.iter().map(group).collect(),
        resources: policy
            .resources
            .iter()
            .map(|resource| (resource.to_string(), "*".to_owned()))
            .collect(),
    }
}

/// The id of a policy: the same as long as it stays in its place.
fn policy_id(token_id: TokenId, index: usize) -> String {
    let place = (index as u64).to_be_bytes();
    let digest = digest::digest(
        &SHA256,
        &[&b"policy"[..], token_id.as_bytes(), &place].concat(),
    );
    hex::encode(&digest.as_ref()[..16])
}

fn group_name(id: &str) -> &str {
    PermissionGroup::by_id(id).map_or(id, |group| group.name)
}

fn condition_view(condition: &IpCondition) -> Option<Condition> {
    let list = |ranges: &[IpRange]| {
        (!ranges.is_empty()).then(|| ranges.iter().map(ToString::to_string).collect())
    };
    (!condition.is_empty()).then(|| Condition {
        request_ip: Some(RequestIp {
            within: list(&condition.within),
            not_in: list(&condition.not_in),
        }),
    })
}

/// What the audit log tells of a token: what it may do by the names of its groups, never its text or what is kept
/// of it.
pub(crate) fn described(row: &TokenRow) -> Value {
    let policies: Vec<_> = row
        .policies
        .iter()
        .map(|policy| {
            let groups: Vec<_> = policy
                .permission_groups
                .iter()
                .map(|id| group_name(id))
                .collect();
            json!({ "effect": policy.effect, "permission_groups": groups, "resources": policy.resources })
        })
        .collect();
    let mut described = json!({
        "name": row.name,
        "status": if row.enabled { "active" } else { "disabled" },
        "policies": policies,
    });
    if !row.condition.is_empty() {
        described["condition"] = json!({ "request_ip": row.condition });
    }
    if let Some(not_before) = row.not_before {
        described["not_before"] = json!(not_before);
    }
    if let Some(expires_at) = row.expires_at {
        described["expires_on"] = json!(expires_at);
    }
    described
}
