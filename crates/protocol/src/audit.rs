//! The shapes of the audit log's APIs. None of them has room for a value.

use coffer_types::{AccountId, AuditEventId, RequestId, Timestamp, TokenId};
use serde::Serialize;
use serde_json::{Map, Value};

/// An event as the second version of the API tells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditLog {
    /// The event.
    pub id: AuditEventId,
    /// The account it happened in.
    pub account: AuditAccount,
    /// What was done.
    pub action: AuditAction,
    /// By whom.
    pub actor: AuditActor,
    /// In which request.
    pub raw: AuditRequest,
    /// To what.
    pub resource: AuditResource,
}

/// The account of an event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditAccount {
    /// The account.
    pub id: AccountId,
    /// What it is called now.
    pub name: String,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditAction {
    /// In one word of the log: `access`, `create`, `update` or `delete`.
    pub description: &'static str,
    /// `success` or `failure`.
    pub result: &'static str,
    /// When.
    pub time: Timestamp,
    /// In one word of the API: `view`, `create`, `update` or `delete`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditActor {
    /// `dash`, `api_key` or `api_token`; absent for Coffer itself, for which the API has no word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<&'static str>,
    /// The user's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The user, the account's token, or the Worker that read a secret.
    pub id: String,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// With which token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_id: Option<TokenId>,
    /// What the token was called then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_name: Option<String>,
    /// `user`, `account` or `system`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// The request of an event. What no request from outside did has only an id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditRequest {
    /// The request, as its answer named it in `cf-ray`.
    pub cf_ray_id: RequestId,
    /// Its method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The status of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// Its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The client's name of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditResource {
    /// The resource; absent if it was refused before it had an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The product it belongs to, such as `secrets_store`.
    pub product: &'static str,
    /// What was asked for and what it was asked of: `before`, and what the action adds, such as
    /// `value_modified` and `duplicated_from_id`.
    pub request: Map<String, Value>,
    /// The resource's metadata afterwards; empty if there is none.
    pub response: Map<String, Value>,
    /// `accounts`, `user` or `memberships`.
    pub scope: &'static str,
    /// Its kind, such as `secret`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// Where a page of the second version stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CursorInfo {
    /// The events on this page, as a text.
    pub count: String,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The same, where clients look for it.
    pub cursors: Cursors,
}

/// Where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cursors {
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Where a page of a resource's history stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryInfo {
    /// The events on this page.
    pub count: usize,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The same, where clients look for it.
    pub cursors: Cursors,
    /// `exact`, or `unavailable` if it is not known what the event is about.
    pub history_status: &'static str,
}

/// A product category with the products that it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProductCategory {
    /// The category, as the filter takes it.
    pub value: &'static str,
    /// The category for people.
    pub label: &'static str,
    /// Its products.
    pub products: Vec<Product>,
}

/// A product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Product {
    /// The product, as events name it.
    pub value: &'static str,
    /// The product for people.
    pub label: &'static str,
}

/// An event as the first version of the API tells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditLogV1 {
    /// The event.
    pub id: AuditEventId,
    /// What was done.
    pub action: ActionV1,
    /// By whom.
    pub actor: ActorV1,
    /// By which door: `API`, `UI` or `System`.
    pub interface: &'static str,
    /// What the action adds, such as `value_modified` and `duplicated_from_id`.
    pub metadata: Map<String, Value>,
    /// The resource's metadata afterwards, as JSON; empty if there is none.
    pub new_value: String,
    /// The resource's metadata before, as JSON; empty if there was none.
    pub old_value: String,
    /// Whose log it is in.
    pub owner: OwnerV1,
    /// To what.
    pub resource: ResourceV1,
    /// When.
    pub when: Timestamp,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ActionV1 {
    /// Whether it was done.
    pub result: bool,
    /// `access`, `create`, `update` or `delete`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActorV1 {
    /// The user, the account's token, or the Worker that read a secret.
    pub id: String,
    /// The user's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// `user`, or `Cloudflare`, which is the API's word for the system itself.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// Whose log an event is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnerV1 {
    /// The account; for what belongs to no account, who did it.
    pub id: String,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceV1 {
    /// The resource; empty if it was refused before it had an id.
    pub id: String,
    /// Its kind, such as `secret`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// Where a page of the first version stands. How many events there are in all is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AuditPageInfo {
    /// The page, from 1.
    pub page: u32,
    /// The most events a page holds.
    pub per_page: u32,
    /// The events on this page.
    pub count: usize,
}
