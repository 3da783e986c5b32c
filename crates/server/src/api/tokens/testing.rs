//! Tokens for the tests of this area.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Method;
use coffer_types::PermissionGroup;
use serde_json::{Value, json};

use crate::testing::{Actor, Answer, TestApp, result, text_at};

/// Where the tokens of the user who asks are.
pub(super) const OF_USER: &str = "/user/tokens";
/// Where the account's own tokens are.
pub(super) const OF_ACCOUNT: &str = "/accounts/{account_id}/tokens";
/// Something that a token with these groups may look at.
pub(super) const STORES: &str = "/accounts/{account_id}/secrets_store/stores";

/// What makes a token that may read the secrets of the first account.
pub(super) fn reader(app: &TestApp) -> Value {
    let account = format!("com.cloudflare.api.account.{}", app.first.account_id);
    json!({ "name": "reader", "policies": [policy(PermissionGroup::SECRETS_STORE_READ, &account)] })
}

/// A policy that allows one group over one resource.
pub(super) fn policy(group: PermissionGroup, resource: &str) -> Value {
    json!({
        "effect": "allow",
        "permission_groups": [{ "id": group.id }],
        "resources": { resource: "*" },
    })
}

/// The same with some fields set; a `null` takes the field away.
pub(super) fn with(mut body: Value, fields: Value) -> Value {
    let (Some(body_fields), Value::Object(fields)) = (body.as_object_mut(), fields) else {
        panic!("two objects");
    };
    for (name, value) in fields {
        body_fields.remove(&name);
        if !value.is_null() {
            body_fields.insert(name, value);
        }
    }
    body
}

/// A token that the Super Administrator made.
pub(super) struct Made {
    pub(super) id: String,
    pub(super) value: String,
    pub(super) path: String,
}

impl Made {
    /// Someone with the token.
    pub(super) fn actor(&self) -> Actor {
        with_value(&self.value)
    }
}

/// Someone with a token of this text.
pub(super) fn with_value(value: &str) -> Actor {
    Actor::with_headers(&[("authorization", &format!("Bearer {value}"))])
}

/// Makes a token.
pub(super) async fn made(app: &TestApp, tokens: &str, body: Value) -> Made {
    let answer = app.request(Method::POST, tokens, Some(body)).await;
    let id = text_at(result(&answer), "/id");
    Made {
        value: text_at(result(&answer), "/value"),
        path: format!("{tokens}/{id}"),
        id,
    }
}

/// What someone is told who looks at stores, by status.
pub(super) async fn look(app: &TestApp, actor: &Actor) -> u16 {
    let answer = app.request_as(actor, Method::GET, STORES, None).await;
    answer.0.as_u16()
}

/// The same from an address.
pub(super) async fn look_from(app: &TestApp, actor: &Actor, address: &str) -> Answer {
    let mut request = app.build(actor, Method::GET, STORES, Body::empty());
    let peer = SocketAddr::new(address.parse().unwrap(), 40_000);
    request.extensions_mut().insert(ConnectInfo(peer));
    app.send(request).await
}

/// Sends a request of the Super Administrator with an `Idempotency-Key`.
pub(super) async fn keyed(
    app: &TestApp,
    key: &str,
    method: Method,
    path: &str,
    body: Value,
) -> Answer {
    let mut request = app.build(&app.admin(), method, path, Body::from(body.to_string()));
    let headers = request.headers_mut();
    headers.insert("idempotency-key", key.parse().unwrap());
    app.send(request).await
}
